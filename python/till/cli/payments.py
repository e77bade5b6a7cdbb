"""`till payments`: looking at what became of payments."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from datetime import date
from typing import Any, get_args

import till
from till import _events, _payments
from till._reconcile import reconcile, report, settle
from till.cli._account import add_account_options, gateway_from, moment, must_be_there
from till.cli._output import FAILED, OK, UNKNOWN, Failure, moment_text, print_json, table, tell
from till.cli._told import all_told, told
from till.cli.events import event_rows

_TIMES = "2026-02-01 or 2026-02-01T09:00:00Z"


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    payments = commands.add_parser("payments", help="look at payments")
    actions = payments.add_subparsers(metavar="ACTION", required=True)
    _add_show(actions.add_parser("show", aliases=["get"], help="one payment as it is now"))
    _add_list(actions.add_parser("list", help="the provider's own list, or the store's, a page at a time"))
    _add_reconcile(actions.add_parser("reconcile", help="ask the provider about what has no known end"))
    _add_settle(actions.add_parser("settle", help="say how a call ended, after a look on the dashboard"))


def _add_show(show: argparse.ArgumentParser) -> None:
    add_account_options(show)
    show.add_argument("id", metavar="ID", help="till's id of the payment, or the provider's own")
    show.add_argument("--stored", action="store_true", help="as it was last seen; the provider is not asked")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(run=_show)


def _add_list(listing: argparse.ArgumentParser) -> None:
    add_account_options(listing)
    listing.add_argument("--since", metavar="TIME", help=f"such as {_TIMES}")
    listing.add_argument("--until", metavar="TIME", help="as --since; not included itself")
    listing.add_argument("--reference", help="your order's id")
    listing.add_argument("--status", choices=get_args(till.PaymentStatus), help="those in this state only")
    listing.add_argument("--stored", action="store_true", help="the store's list; the provider is not asked")
    listing.add_argument("--unknown", action="store_true", help="stored ones that were perhaps made")
    listing.add_argument("--limit", metavar="N", type=int, help="payments on a page")
    listing.add_argument("--cursor", help="the next page, as the page before said")
    listing.add_argument("--all", action="store_true", help="this page and all that follow it")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=_list)


def _add_reconcile(parser: argparse.ArgumentParser) -> None:
    add_account_options(parser)
    parser.add_argument("--limit", metavar="N", type=int, help="ask about so many at most (100)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_reconcile)


def _add_settle(settle: argparse.ArgumentParser) -> None:
    add_account_options(settle)
    settle.add_argument("payment", metavar="PAYMENT", nargs="?", help="till's id of the payment")
    settle.add_argument(
        "--write",
        metavar="ID",
        help="instead of PAYMENT: one call, as `reconcile --json` lists what is unknown",
    )
    word = settle.add_mutually_exclusive_group(required=True)
    word.add_argument("--provider-id", metavar="ID", help="it was made, and the provider calls it so")
    word.add_argument("--not-done", action="store_true", help="the call never had its effect")
    settle.add_argument("--json", action="store_true", help="print JSON")
    places = {"payment_id": "PAYMENT", "provider_id": "--provider-id"}
    settle.set_defaults(run=_settle, places=places)


def _show(options: argparse.Namespace) -> int:
    gateway = gateway_from(options)
    found = _found(gateway, options)
    show_payment(found, as_json=options.json)
    if options.json or not found["id"]:
        return OK
    history = all_told(gateway, _events.list_(payment_id=found["id"]))["items"]
    if history:
        rows = event_rows([_events.event(event) for event in reversed(history)])
        print("\n" + table(["At", "Event", "Known from", "Handling"], rows))
    return OK


def _found(gateway: till.Gateway, options: argparse.Namespace) -> Any:
    ours = options.id.startswith("pay_")
    if not options.stored:
        _check_named_store(gateway, options)
        return told(gateway, _payments.get(options.id) if ours else _payments.get(provider_id=options.id))
    if not ours:
        raise Failure("--stored takes till's id of the payment: see `till payments list PROVIDER --stored`")
    must_be_there(gateway.runtime.store)
    page = told(gateway, _payments.stored(options.id))
    if not page["items"]:
        raise Failure(f"the store has no payment {options.id} of {gateway.name}", FAILED)
    return page["items"][0]


def _list(options: argparse.Namespace) -> int:
    gateway = gateway_from(options)
    stored = options.stored or options.unknown
    page = _stored_page(gateway, options) if stored else _provider_page(gateway, options)
    if options.json:
        print_json(page)
        return OK
    print(_table_of(_read(page)))
    if page.get("next"):
        print(f"\nMore: --cursor {page['next']}, or --all")
    return OK


def _read(page: Any) -> list[till.Payment]:
    return [_payments.payment(one) for one in page["items"]]


def _check_named_store(gateway: till.Gateway, options: argparse.Namespace) -> None:
    """A store that was named must be there. The usual one may be new: what the provider tells needs none."""
    if options.store or os.environ.get("TILL_STORE"):
        must_be_there(gateway.runtime.store)


def _provider_page(gateway: till.Gateway, options: argparse.Namespace) -> Any:
    names = ("reference", "status", "limit", "cursor")
    filters: dict[str, Any] = {name: getattr(options, name) for name in names}
    _check_named_store(gateway, options)
    filters |= {"since": _time(options.since, "--since"), "until": _time(options.until, "--until")}
    return (all_told if options.all else told)(gateway, _payments.list_(**filters))


def _time(text: str | None, option: str) -> date | None:
    """A day, which is its beginning in UTC, or a moment."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return moment(text, option, _TIMES)


def _stored_page(gateway: till.Gateway, options: argparse.Namespace) -> Any:
    for name in ("since", "until"):
        if getattr(options, name) is not None:
            raise Failure(f"--{name} is for the provider's list: the store's is newest first")
    must_be_there(gateway.runtime.store)
    filters = {"reference": options.reference, "status": options.status, "unknown": options.unknown or None}
    if options.all:
        return all_told(gateway, _payments.stored(**filters))
    return told(gateway, _payments.stored(**filters, limit=options.limit, cursor=options.cursor))


def _reconcile(options: argparse.Namespace) -> int:
    gateway = gateway_from(options)
    must_be_there(gateway.runtime.store)
    before = [] if options.json else _read(all_told(gateway, _payments.stored(unknown=True)))
    done = told(gateway, reconcile(options.limit))
    if options.json:
        print_json(done)
    else:
        now = [payment for one in before for payment in gateway.payments.stored(one.id)]
        settled = [payment for payment in now if payment.outcome == "known"]
        print("\n\n".join(_report_lines(report(done), settled)))
    if done["unknown"]:
        return UNKNOWN
    return FAILED if done["failed"] else OK


def _settle(options: argparse.Namespace) -> int:
    gateway = gateway_from(options)
    must_be_there(gateway.runtime.store)
    if bool(options.payment) == bool(options.write):
        raise Failure("give one of the two: PAYMENT, or --write")
    payment = told(gateway, settle(options.payment, options.write, options.provider_id, options.not_done))
    if options.json:
        print_json(payment)
        return OK
    ended = "not done" if options.not_done else f"{options.provider_id} at {gateway.provider}"
    now = f": payment {payment['id']} is {payment['status']}" if payment else ""
    print(f"settled as {ended}{now}")
    return OK


_SETTLE = "till payments settle PROVIDER PAYMENT"
_BY_HAND = (
    "look on the provider's dashboard, by reference or by amount and time,\n"
    f"  and say what is there: `{_SETTLE} --provider-id ID`, or `--not-done`;\n"
    "  after --not-done call again, with a new idempotency key"
)
# What to do about a write that is still unknown, by the reason (docs/reconcile.md).
_WHAT_TO_DO = {
    "failed": "the provider could not be asked, or refused the question: wait, or mend the settings",
    "input_not_kept": f"the same request may not be sent again, for it held a card: {_BY_HAND}",
    "key_too_old": f"the same request may not be sent again, for its key may be forgotten: {_BY_HAND}",
    "list_too_long": f"the provider's list is too long to be read: {_BY_HAND}",
    "no_reference": f"the payment has no reference to look for; give every payment one. This time {_BY_HAND}",
    "no_way": f"the provider documents no way to find out: {_BY_HAND}",
    "not_found": f"the provider's list shows nothing like it, which proves nothing: {_BY_HAND}",
    "not_told": "the payment's state does not say whether the call had its effect: look at the payment;\n"
    f"  where it had none: `{_SETTLE} --not-done`",
    "several": f"more than one thing may be it: {_BY_HAND}",
}


def _report_lines(report: till.ReconcileReport, settled: list[till.Payment]) -> list[str]:
    due = f"; the next question is due at {moment_text(report.next_at)}" if report.next_at else ""
    parts = [
        f"asked about {report.looked}: {report.settled} settled, {report.changed} changed,"
        f" {report.failed} not answered{due}"
    ]
    if settled:
        parts.append(f"Settled\n{_table_of(settled)}")
    if report.unknown:
        rows = [
            [
                f"{write.created_at:%Y-%m-%dT%H:%M:%SZ}",
                write.operation,
                write.payment_id or "",
                (write.reason or "not asked yet").replace("_", " "),
            ]
            for write in report.unknown
        ]
        parts.append(f"Still unknown\n{table(['Sent', 'Operation', 'Payment', 'Why'], rows)}")
        reasons = sorted({write.reason for write in report.unknown if write.reason})
        parts += [
            "\n".join(
                f"{reason.replace('_', ' ')}: {_WHAT_TO_DO.get(reason, _BY_HAND)}" for reason in reasons
            )
        ]
        parts += sorted({write.message for write in report.unknown if write.message})
    return [part for part in parts if part]


def _table_of(payments: Iterable[till.Payment]) -> str:
    rows = [
        [
            f"{payment.created_at:%Y-%m-%dT%H:%M:%SZ}" if payment.created_at else "",
            payment.status if payment.outcome == "known" else f"{payment.status}, unknown",
            str(payment.amount or ""),
            payment.reference or "",
            payment.id or "",
            payment.provider_id or "",
        ]
        for payment in payments
    ]
    head = ["Created", "Status", "Amount", "Reference", "Payment", "Provider id"]
    return table(head, rows, right=["Amount"])


def show_payment(shown: Any, *, as_json: bool) -> None:
    """Shows a payment, given as its JSON; where that cannot be done, its id at least."""
    try:
        if as_json:
            print_json(shown)
        else:
            _write(_payments.payment(shown))
        sys.stdout.flush()
    except OSError:
        tell(f"payment {shown['id']} is {shown['status']}; it could not be written to standard output")
        raise


def _write(payment: till.Payment) -> None:
    lines = {
        "payment": payment.id,
        "provider id": payment.provider_id,
        "status": payment.status + (" (test)" if payment.test else ""),
        "outcome": None
        if payment.outcome == "known"
        else "unknown: look for it at the provider before paying twice",
        "amount": payment.amount,
        "paid": payment.amount_paid,
        "due": payment.amount_due,
        "refunded": payment.amount_refunded,
        "reference": payment.reference,
        "declined": payment.decline and (payment.decline.message or payment.decline.code),
        "next": payment.next_action and payment.next_action.get("message", payment.next_action.get("type")),
        "pay at": payment.checkout_url,
        "QR code": payment.qr_url,
        "send": payment.pay_to
        and f"{payment.pay_to.amount} {payment.pay_to.currency} to {payment.pay_to.address}",
        "expires": payment.expires_at and moment_text(payment.expires_at),
    }
    for name, value in lines.items():
        if value is not None:
            print(f"{name:<12} {value}")
