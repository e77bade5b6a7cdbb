"""A strict local OpenPay.bz: the merchant's API, the paylink page, the card holder's bank."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from decimal import ROUND_UP, Decimal, InvalidOperation
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from till.sandbox.call import Answer, Call
from till.sandbox.checkout import Checkout
from till.sandbox.clock import Clock, iso
from till.sandbox.fields import MAX_AMOUNT, Check, boolean, one_of, whole
from till.sandbox.openpay.api import Api
from till.sandbox.openpay.cards import Card, Cards
from till.sandbox.openpay.pages import PAYER_CARD, checkout_of
from till.sandbox.openpay.paylinks import Paylink
from till.sandbox.openpay.transactions import CURRENCIES, Transaction, Transactions
from till.sandbox.page import json_answer, qr_png
from till.sandbox.simulator import Command, ControlError, Simulator


class OpenPay(Simulator):
    """One OpenPay merchant, in test status unless told otherwise."""

    id = "openpay"
    title = "OpenPay"
    api_prefix = "/v1"
    sends_webhooks = False
    option_checks: ClassVar[Mapping[str, Check]] = {
        "test_mode": boolean,
        "processing_currency": one_of(*CURRENCIES),
        "verify_first": boolean,
        "declines_before_block": whole(1, 1_000_000),
        "cooldown_seconds": whole(1, 1_000_000),
    }

    def __init__(self, origin: str, clock: Clock, shop: str) -> None:
        super().__init__(origin, clock, shop)
        self.api_key = "sk_test_" + secrets.token_hex(16)
        self.cards = Cards()
        self.paylinks: dict[str, Paylink] = {}
        self.transactions = Transactions()
        self._api = Api(self)

    def default_options(self) -> dict[str, object]:
        """All of these but `test_mode` stand for facts that the service does not document."""
        return {
            "test_mode": True,
            "processing_currency": "BZD",
            "verify_first": False,
            "declines_before_block": 5,
            "cooldown_seconds": 900,
        }

    @property
    def test_mode(self) -> bool:
        """Whether the merchant is in test status."""
        return self.options["test_mode"] is True

    def option(self, name: str) -> int:
        """A whole-number option."""
        return int(str(self.options[name]))

    # The service

    def answer(self, call: Call) -> Answer:
        """See `Simulator.answer`."""
        return self._api.answer(call)

    def error_body(self, message: str) -> object:
        """The documented error body."""
        return {"success": False, "message": message}

    @property
    def base_url(self) -> str:
        """Stands in for `https://api.openpay.bz/v1`."""
        return self.origin + "/v1"

    @property
    def payer_url_template(self) -> str:
        """The page of a paylink."""
        return self.origin + "/payment/{id}"

    def gateway_settings(self) -> dict[str, str]:
        """The merchant's API key."""
        return {"api_key": self.api_key}

    def charge(
        self,
        amount: Decimal,
        currency: str,
        card: Card,
        *,
        approved: bool,
        kind: str = "payment",
        customer_name: str | None = None,
        paylink_id: str | None = None,
    ) -> Transaction:
        """Sends one charge to the pretended card network and keeps its transaction."""
        now = self.clock.now_ms()
        live = f"BPREF-{secrets.randbelow(900_000) + 100_000}"
        return self.transactions.add(
            Transaction(
                amount=amount,
                currency=currency,
                status="completed" if approved else "failed",
                kind=kind,
                card_type=card.scheme,
                card_last_four=card.last_four,
                gateway_reference=f"TEST-{now}" if self.test_mode else live,
                created_ms=now,
                customer_name=customer_name,
                paylink_id=paylink_id,
                test_mode=self.test_mode,
            )
        )

    # Payers and tests

    def payment(self, payment_id: str) -> dict[str, object]:
        """A paylink and what was paid on it."""
        link = self._paylink(payment_id)
        return {
            **asdict(link),
            "url": self.payer_url_template.replace("{id}", link.id),
            "transactions": [item.shown() for item in self.transactions.of_paylink(link.id)],
        }

    def payment_ids(self) -> list[str]:
        """All paylinks."""
        return list(self.paylinks)

    def act(self, payment_id: str, action: str, arguments: Mapping[str, object]) -> None:
        """A payer at a paylink's page."""
        link = self._paylink(payment_id)
        if action not in ("pay", "underpay", "overpay", "expire", "decline"):
            raise ControlError(f"OpenPay has no action {action[:40]}", 404)
        if link.status != "active":
            raise ControlError("This paylink has expired.", 409)
        due = link.amount - self.paid_on(link)
        if due <= 0:
            raise ControlError("This paylink was already paid.", 409)
        if action == "expire":
            link.status = "expired"
            return
        factor = {"underpay": Decimal("0.5"), "overpay": Decimal("1.5")}.get(action, Decimal(1))
        amount = _amount(arguments.get("amount"), (due * factor).quantize(Decimal("0.01"), ROUND_UP))
        link.declined = "Declined by the card issuer" if action == "decline" else None
        self.charge(
            amount,
            link.currency,
            Card(PAYER_CARD[-4:], "Visa", (12, 2030)),
            approved=action != "decline",
            customer_name=link.customer_name,
            paylink_id=link.id,
        )

    def checkout(self, payment_id: str) -> Checkout:
        """The paylink's page."""
        link = self._paylink(payment_id)
        return checkout_of(self, link, self.transactions.of_paylink(link.id))

    def routes(self) -> list[Route]:
        """The picture behind a paylink's `qr_code`."""

        async def picture(request: Request) -> Response:
            link = self.paylinks.get(request.path_params["id"])
            if link is None:
                return json_answer(404, self.error_body("There is no such paylink."))
            return qr_png(self.payer_url_template.replace("{id}", link.id))

        return [Route("/qr/{id}.png", picture)]

    def commands(self) -> dict[str, Command]:
        """The bank statement, trusted cards, and what a merchant does in the dashboard."""
        return {
            "statement": self._statement,
            "verify_card": self._verify_card,
            "refund_transaction": self._refund_transaction,
        }

    def forget(self) -> None:
        """Drops paylinks, transactions and cards."""
        self.paylinks.clear()
        self.transactions.clear()
        self.cards.clear()

    def paid_on(self, link: Paylink) -> Decimal:
        """What completed payments on a paylink's page add up to."""
        made = self.transactions.of_paylink(link.id)
        return sum((t.amount for t in made if t.counts), Decimal(0))

    def _paylink(self, paylink_id: str) -> Paylink:
        link = self.paylinks.get(paylink_id)
        if link is None:
            raise ControlError("There is no such paylink.", 404)
        return link

    def _statement(self, arguments: Mapping[str, object]) -> object:
        """The micro charge that a card holder finds on the bank statement, or null."""
        number = arguments.get("card_number")
        card = self.cards.find(number) if isinstance(number, str) else None
        if card is None or card.verification is None:
            return None
        pending = card.verification
        charge = self.transactions.get(pending.transaction_id)
        return {
            "transaction_id": pending.transaction_id,
            "card_last_four": card.last_four,
            "amount": f"{pending.amount:f}",
            "currency": pending.currency,
            "charged_at": iso(charge.created_ms) if charge else None,
        }

    def _verify_card(self, arguments: Mapping[str, object]) -> object:
        """Makes a card one that was verified before."""
        number = str(arguments.get("card_number", ""))
        if len(number) != 16 or not number.isdecimal():
            raise ControlError("card_number must have 16 digits")
        month = str(arguments.get("card_expiry_month", "12"))
        year = str(arguments.get("card_expiry_year", "2030"))
        if not (month.isdecimal() and year.isdecimal()):
            raise ControlError("the expiry must be digits")
        card = self.cards.meet(number, month, year)
        card.verified, card.blocked, card.verification = True, False, None
        return {"card_last_four": card.last_four}

    def _refund_transaction(self, arguments: Mapping[str, object]) -> object:
        """A merchant refunds in the dashboard: the API has no endpoint for it."""
        original = self.transactions.get(str(arguments.get("transaction_id", "")))
        if original is None or original.kind != "payment" or original.status != "completed":
            raise ControlError("Only a completed payment can be refunded.", 409)
        original.set_status("refunded", self.clock.now_ms())
        card = Card(original.card_last_four, original.card_type, (12, 2030))
        refund = self.charge(
            original.amount,
            original.currency,
            card,
            approved=True,
            kind="refund",
            customer_name=original.customer_name,
            paylink_id=original.paylink_id,
        )
        return {"transaction_id": refund.id}


def _amount(given: object, default: Decimal) -> Decimal:
    if given is None:
        return default
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        raise ControlError("amount must be a decimal number") from None
    if not amount.is_finite() or not 0 < amount <= MAX_AMOUNT or isinstance(given, bool):
        raise ControlError("amount must be above zero")
    return amount.quantize(Decimal("0.01"))
