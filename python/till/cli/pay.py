"""`till pay` and `till payments`: asking for an amount, and looking at what became of it."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import till
from till.cli._account import (
    add_account_options,
    gateway_from,
    pairs,
    read_json_object,
    seconds,
    typed,
)
from till.cli._output import NOT_PAID, OK, Failure, Progress, payment_json, print_json, table, tell

_FINAL = ("paid", "expired", "cancelled", "failed")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    pay = commands.add_parser("pay", help="ask for an amount")
    add_account_options(pay)
    pay.add_argument("amount", metavar="AMOUNT", help="such as 150.00")
    pay.add_argument("currency", metavar="CURRENCY", help="such as BZD")
    pay.add_argument("--reference", help="your order's id")
    pay.add_argument("--description", help="what the payer sees")
    pay.add_argument("--return-url", metavar="URL", help="where the payer goes afterwards")
    pay.add_argument("--customer-name", metavar="NAME")
    pay.add_argument("--customer-email", metavar="EMAIL")
    pay.add_argument(
        "--card",
        metavar="FILE",
        help="charge a card: JSON with number, expiry_month, expiry_year, "
        "cvv and holder_name; - for standard input; exit status 4 when it must be verified first",
    )
    pay.add_argument(
        "--option", metavar="NAME=VALUE", action="append", default=[], help="one of the provider's own"
    )
    pay.add_argument("--idempotency-key", metavar="KEY", help="calling again with it sends nothing new")
    pay.add_argument(
        "--wait",
        metavar="SECONDS",
        nargs="?",
        type=seconds,
        const=900.0,
        help="wait until it is paid or over (900); its id and address are told first, on stderr",
    )
    pay.add_argument("--json", action="store_true", help="print JSON")
    pay.set_defaults(run=_pay)

    payments = commands.add_parser("payments", help="look at payments")
    actions = payments.add_subparsers(metavar="ACTION", required=True)
    _add_show(actions.add_parser("show", help="one payment as it is now"))
    _add_list(actions.add_parser("list", help="the provider's own list, a page at a time"))


def _add_show(show: argparse.ArgumentParser) -> None:
    add_account_options(show)
    show.add_argument("id", metavar="ID", help="till's id of the payment, or the provider's own")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(run=_show)


def _add_list(listing: argparse.ArgumentParser) -> None:
    add_account_options(listing)
    listing.add_argument("--since", metavar="TIME", help="such as 2026-02-01 or 2026-02-01T09:00:00Z")
    listing.add_argument("--until", metavar="TIME")
    listing.add_argument("--reference", help="your order's id")
    listing.add_argument("--limit", metavar="N", type=int, help="payments on a page")
    listing.add_argument("--cursor", help="the next page, as the page before said")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=_list)


def _pay(options: argparse.Namespace) -> int:
    gateway = gateway_from(options)
    amount = till.Money(options.amount, options.currency)
    schema = gateway.runtime.describe(options.provider)["capabilities"].get("payments.create", {})
    card = _card(options.card) if options.card else None
    customer = {"name": options.customer_name, "email": options.customer_email}
    payment = gateway.payments.create(
        amount,
        reference=options.reference,
        description=options.description,
        customer={name: value for name, value in customer.items() if value} or None,
        return_url=options.return_url,
        card=card,
        options=typed(pairs(options.option, "--option"), schema.get("options") or {}) or None,
        idempotency_key=options.idempotency_key,
    )
    if payment.status == "requires_action" and not payment.provider_id:
        _print(payment, as_json=options.json)
        tell(_next_step(payment))
        return NOT_PAID
    if options.wait is not None:
        waiting = _Waiting(gateway, payment)
        try:
            payment = waiting.run(options.wait)
        except KeyboardInterrupt:
            _print(waiting.payment, as_json=options.json)
            raise
    _print(payment, as_json=options.json)
    ended_unpaid = payment.status in ("failed", "expired", "cancelled")
    return NOT_PAID if ended_unpaid or (options.wait is not None and payment.status != "paid") else OK


def _card(place: str) -> till.Card:
    data = read_json_object(place, "the card")
    unknown = set(data) - {"number", "expiry_month", "expiry_year", "cvv", "holder_name"}
    missing = {"number", "expiry_month", "expiry_year"} - set(data)
    if unknown or missing:
        raise Failure(
            "a card has number, expiry_month, expiry_year, cvv and holder_name; "
            f"{'missing' if missing else 'unknown'}: {', '.join(sorted(missing or unknown))}"
        )
    return till.Card(**{name: str(value) for name, value in data.items()})


def _next_step(payment: till.Payment) -> str:
    """What to do about a card that the provider charges only once its owner has confirmed an amount."""
    call = (payment.next_action or {}).get("call", "cards.confirm")
    return (
        "till: not paid: the card must be verified first. Its owner reads the small charge on the bank\n"
        f"  statement; confirm it in Python with gateway.{call}(card, till.Money(AMOUNT, CURRENCY)),\n"
        "  then pay again with a new --idempotency-key."
    )


class _Waiting:
    """Asks about a payment until it is over. `payment` is what was seen last."""

    def __init__(self, gateway: till.Gateway, payment: till.Payment) -> None:
        self._gateway = gateway
        self.payment = payment

    def run(self, seconds: float) -> till.Payment:
        """The payment when it is over, or when the time is."""
        where = f", to be paid at {self.payment.checkout_url}" if self.payment.checkout_url else ""
        tell(f"payment {self.payment.id}{where}")
        deadline = time.monotonic() + seconds
        pause = _FIRST_PAUSE
        with Progress().step("waiting for the payer") as notes:
            while self.payment.status not in _FINAL and self.payment.id and time.monotonic() < deadline:
                time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
                pause = min(pause * 1.5, _LONGEST_PAUSE)
                self._ask(self.payment.id)
            notes.append(self.payment.status)
        return self.payment

    def _ask(self, payment_id: str) -> None:
        """A failure that may pass is left to the next time."""
        try:
            self.payment = self._gateway.payments.get(payment_id)
        except till.TillError as error:
            if not error.retryable:
                raise


def _show(options: argparse.Namespace) -> int:
    gateway = gateway_from(options)
    ours = options.id.startswith("pay_")
    payment = gateway.payments.get(options.id) if ours else gateway.payments.get(provider_id=options.id)
    _print(payment, as_json=options.json)
    return OK


def _list(options: argparse.Namespace) -> int:
    page = gateway_from(options).payments.list(
        since=options.since,
        until=options.until,
        reference=options.reference,
        limit=options.limit,
        cursor=options.cursor,
    )
    if options.json:
        items = [payment_json(payment) for payment in page]
        print_json({"items": items, "next": page.next, "total": page.total})
        return OK
    rows = [
        [
            payment.created_at.isoformat(timespec="seconds") if payment.created_at else "",
            payment.status,
            str(payment.amount or ""),
            payment.reference or "",
            payment.id or "",
            payment.provider_id or "",
        ]
        for payment in page
    ]
    print(
        table(["Created", "Status", "Amount", "Reference", "Payment", "Provider id"], rows, right=["Amount"])
    )
    if page.next:
        print(f"\nMore: --cursor {page.next}")
    return OK


def _print(payment: till.Payment, *, as_json: bool) -> None:
    """Shows the payment; where that cannot be done, its id at least."""
    try:
        _write(payment, as_json=as_json)
        sys.stdout.flush()
    except OSError:
        tell(f"payment {payment.id} is {payment.status}; it could not be written to standard output")
        raise


def _write(payment: till.Payment, *, as_json: bool) -> None:
    if as_json:
        print_json(payment_json(payment))
        return
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
        "expires": payment.expires_at,
    }
    for name, value in lines.items():
        if value is not None:
            print(f"{name:<12} {value}")
