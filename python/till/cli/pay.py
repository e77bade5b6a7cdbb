"""`till pay`: asking for an amount, and waiting for it."""

from __future__ import annotations

import argparse
from typing import Any

import till
from till import _payments
from till._watch import PaymentWatch
from till.cli._account import (
    add_account_options,
    gateway_from,
    pairs,
    read_json_object,
    seconds,
    typed,
)
from till.cli._output import NOT_PAID, OK, STILL_WAITING, Failure, Progress, tell
from till.cli._told import as_it_is, told
from till.cli.payments import show_payment

_ENDED_UNPAID = ("expired", "cancelled", "failed")


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
    pay.add_argument("--pay-currency", metavar="CODE", help="what the payer sends, such as BTC")
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


def _pay(options: argparse.Namespace) -> int:
    gateway = gateway_from(options)
    amount = till.Money(options.amount, options.currency)
    schema = gateway.runtime.describe(options.provider)["capabilities"].get("payments.create", {})
    card = _card(options.card) if options.card else None
    customer = {"name": options.customer_name, "email": options.customer_email}
    call = _payments.create(
        amount,
        reference=options.reference,
        description=options.description,
        customer={name: value for name, value in customer.items() if value} or None,
        return_url=options.return_url,
        pay_currency=options.pay_currency,
        card=card,
        options=typed(pairs(options.option, "--option"), schema.get("options") or {}) or None,
        idempotency_key=options.idempotency_key,
    )
    payment = told(gateway, call)
    if payment["status"] == "requires_action" and not payment["provider_id"]:
        show_payment(payment, as_json=options.json)
        tell(_next_step(payment))
        return NOT_PAID
    if options.wait is not None:
        waiting = _Waiting(gateway, payment)
        try:
            payment = waiting.run(options.wait)
        except KeyboardInterrupt:
            show_payment(waiting.payment, as_json=options.json)
            raise
    show_payment(payment, as_json=options.json)
    if payment["status"] in _ENDED_UNPAID:
        return NOT_PAID
    return OK if options.wait is None or payment["status"] == "paid" else STILL_WAITING


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


def _next_step(payment: Any) -> str:
    """What to do about a card that the provider charges only once its owner has confirmed an amount."""
    call = (payment["next_action"] or {}).get("call", "cards.confirm")
    return (
        "till: not paid: the card must be verified first. Its owner reads the small charge on the bank\n"
        f"  statement; confirm it in Python with gateway.{call}(card, till.Money(AMOUNT, CURRENCY)),\n"
        "  then pay again with a new --idempotency-key."
    )


def _how_to_go_on(payment: Any) -> str:
    """What to do about a payment that was not waited for to its end."""
    return (
        f"till: not paid yet: the payment is {payment['status']}, goes on without this command, and may still"
        f" be paid.\n  Ask again, with the same account and store: till payments show {payment['provider']}"
        f" {payment['id']}"
    )


class _Waiting:
    """Follows a payment until it is over. `payment` is what was seen last, as its JSON."""

    def __init__(self, gateway: till.Gateway, payment: Any) -> None:
        self._gateway = gateway
        self.payment = payment

    @property
    def is_over(self) -> bool:
        return self.payment["status"] in ("paid", *_ENDED_UNPAID)

    def run(self, seconds: float) -> Any:
        """The payment when it is over, or when the time is."""
        page = self.payment["checkout_url"]
        tell(f"payment {self.payment['id']}{f', to be paid at {page}' if page else ''}")
        with Progress().step("waiting for the payer") as notes:
            if not self.is_over:
                self._follow(seconds)
            notes.append(self.payment["status"])
            if not self.is_over:
                notes.word = "wait"
                notes.append("the time to wait is over")
            elif self.payment["status"] != "paid":
                notes.word = "over"
                notes.append("not paid")
        if not self.is_over:
            tell(_how_to_go_on(self.payment))
        return self.payment

    def _follow(self, seconds: float) -> None:
        call = _payments._watched(self.payment["id"], None, None, seconds)
        with PaymentWatch(self._gateway._open_watch(call), as_it_is) as watch:
            for seen in watch:
                self.payment = seen
