"""`till pay` and `till payments`: asking for an amount, and looking at what became of it."""

from __future__ import annotations

import argparse
import time
from typing import Any

import till
from till.cli._account import add_account_options, gateway_from, pairs, read_json_object, typed
from till.cli._output import NOT_PAID, OK, Failure, Progress, payment_json, print_json

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
        "cvv and holder_name; - for standard input",
    )
    pay.add_argument(
        "--option", metavar="NAME=VALUE", action="append", default=[], help="one of the provider's own"
    )
    pay.add_argument("--idempotency-key", metavar="KEY", help="calling again with it sends nothing new")
    pay.add_argument(
        "--wait",
        metavar="SECONDS",
        nargs="?",
        type=float,
        const=900.0,
        help="wait until it is paid or over (900)",
    )
    pay.add_argument("--json", action="store_true", help="print JSON")
    pay.set_defaults(run=_pay)

    payments = commands.add_parser("payments", help="look at a payment")
    show = payments.add_subparsers(metavar="ACTION", required=True).add_parser("show", help="as it is now")
    add_account_options(show)
    show.add_argument("id", metavar="ID", help="till's id of the payment, or the provider's own")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(run=_show)


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
    if options.wait is not None:
        payment = _waited(gateway, payment, options.wait)
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


def _waited(gateway: till.Gateway, payment: till.Payment, seconds: float) -> till.Payment:
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    where = f" at {payment.checkout_url}" if payment.checkout_url else ""
    with Progress().step(f"waiting for the payer{where}") as notes:
        while payment.status not in _FINAL and payment.id and time.monotonic() < deadline:
            time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            payment = gateway.payments.get(payment.id)
        notes.append(payment.status)
    return payment


def _show(options: argparse.Namespace) -> int:
    gateway = gateway_from(options)
    ours = options.id.startswith("pay_")
    payment = gateway.payments.get(options.id) if ours else gateway.payments.get(provider_id=options.id)
    _print(payment, as_json=options.json)
    return OK


def _print(payment: till.Payment, *, as_json: bool) -> None:
    if as_json:
        print_json(payment_json(payment))
        return
    lines = {
        "payment": payment.id,
        "provider id": payment.provider_id,
        "status": payment.status + (" (test)" if payment.test else ""),
        "outcome": None if payment.outcome == "known" else "unknown: look again before paying twice",
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
