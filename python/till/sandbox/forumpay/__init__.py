"""A strict local ForumPay: quotes, payments, the networks of the coins behind them, notifications."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from till.sandbox import wire
from till.sandbox.call import Answer, Call
from till.sandbox.checkout import Checkout
from till.sandbox.clock import Clock, iso
from till.sandbox.fields import Check, boolean, one_of, whole
from till.sandbox.forumpay.api import Api
from till.sandbox.forumpay.coins import UNIT, written
from till.sandbox.forumpay.pages import checkout_of
from till.sandbox.forumpay.payments import REFUND_MS, NotNow, Payment, Quote
from till.sandbox.forumpay.replies import Replies
from till.sandbox.page import json_answer, qr_png
from till.sandbox.simulator import Command, ControlError, Simulator

_EVENTS = {  # the documented events, by the state that they tell of
    "confirmed": "payment.confirmed",
    "zero_confirmed": "payment.confirmed",
    "cancelled": "payment.cancelled",
    "underpayment": "payment.underpaid",
    "refunded": "payment.refunded",
}
_MAX_QR_TEXT = 500


class ForumPay(Simulator):
    """One merchant of the service, with one API key."""

    id = "forumpay"
    title = "ForumPay"
    api_prefix = "/pay/v2"
    option_checks: ClassVar[Mapping[str, Check]] = {
        "fields": one_of("page", "maker"),
        "list_shape": one_of("array", "invoices"),
        "numbers": one_of("integers", "strings"),
        "errors_with_status_200": boolean,
        "accepted_invoice": one_of("keep", "replace"),
        "payment_seconds": whole(1, 1_000_000),
        "webhook_body": one_of("page", "maker"),
    }

    def __init__(self, origin: str, clock: Clock, shop: str) -> None:
        super().__init__(origin, clock, shop)
        self.username = str(uuid.uuid4())
        self.api_key = secrets.token_urlsafe(45)
        self.quotes: dict[str, Quote] = {}
        self.payments: dict[str, Payment] = {}
        self.kyc_requests: list[str] = []
        self.replies = Replies(self)
        self._api = Api(self)

    def default_options(self) -> dict[str, object]:
        """What the page shows, where it shows it; the maker's plugins give a payer five minutes."""
        return {
            "fields": "page",
            "list_shape": "array",
            "numbers": "integers",
            "errors_with_status_200": False,
            "accepted_invoice": "keep",
            "payment_seconds": 300,
            "webhook_body": "page",
        }

    @property
    def maker(self) -> bool:
        """Whether the fields and actions of the maker's client are known beside the page's."""
        return self.options["fields"] == "maker"

    @property
    def payment_seconds(self) -> int:
        """How long a payer has."""
        return int(str(self.options["payment_seconds"]))

    # The service

    def answer(self, call: Call) -> Answer:
        """See `Simulator.answer`."""
        return self._api.answer(call)

    def error_body(self, message: str) -> object:
        """The documented error body."""
        return {"err": message}

    @property
    def base_url(self) -> str:
        """Stands in for `https://sandbox.api.forumpay.com/pay/v2`."""
        return self.origin + "/pay/v2"

    @property
    def payer_url_template(self) -> str:
        """The page of a payment."""
        return self.origin + "/payment/{id}"

    def gateway_settings(self) -> dict[str, str]:
        """The merchant's API user and key, and a point of service."""
        return {"username": self.username, "api_key": self.api_key, "pos_id": "WEB1"}

    def routes(self) -> list[Route]:
        """The pictures behind `qr_img` and `qr_alt_img`."""

        async def picture(request: Request) -> Response:
            text = request.query_params.get("d", "")
            if not 0 < len(text) <= _MAX_QR_TEXT:
                return json_answer(400, self.error_body("d must be the text of the code"))
            return qr_png(text)

        return [Route("/api/qr/", picture)]

    # Notifications

    def announce(self, payment: Payment) -> None:
        """Tells the shop of a state that it was not told of before, and of finished refunds."""
        now_ms = self.clock.now_ms()
        state = payment.state(now_ms)
        if state in _EVENTS and _EVENTS[state] != _EVENTS.get(payment.announced):
            self.webhook(_EVENTS[state], payment)
        payment.announced = state
        for refund in payment.refunds:
            if not refund.done and now_ms >= refund.requested_ms + REFUND_MS:
                refund.done = True
                self.webhook(_EVENTS["refunded"], payment)

    def webhook(self, event: str, payment: Payment) -> None:
        """Sends one notification, unsigned; the address of the payment comes before the account's."""
        url = payment.extras.get("webhook_url")
        if not url and not self.webhooks.url:
            return
        message: dict[str, object] = {
            "event": event,
            "payment_id": payment.id,
            "pos_id": payment.quote.pos_id,
            "status": event.partition(".")[2],
            "amount": written(payment.needed),
            "currency": payment.coin.code,
            "timestamp": iso(self.clock.now_ms()).partition(".")[0] + "Z",
        }
        if self.options["webhook_body"] == "maker":
            message = {"payment_id": payment.id, "reference_no": payment.extras.get("reference_no")}
        self.webhooks.send(url, event, wire.write(message).encode())

    def webhook_test(self, url: str) -> None:
        """What Ping sends to try a shop's address."""
        self.webhooks.send(url, "webhook_test", wire.write({"webhook_test": True}).encode())

    def time_passed(self) -> None:
        """Payments lapse and refunds arrive."""
        for payment in self.payments.values():
            self.announce(payment)

    # Payers and tests

    def payment(self, payment_id: str) -> dict[str, object]:
        """A payment as CheckPayment shows it, with what only the network knows."""
        payment = self._payment(payment_id)
        refunds = [
            {"amount": written(refund.amount), "address": refund.address, "done": refund.done}
            for refund in payment.refunds
        ]
        place = {"payment_id": payment.id, "pos_id": payment.quote.pos_id, "address": payment.address}
        return {**place, **self.replies.checked(payment), "refunds": refunds}

    def payment_ids(self) -> list[str]:
        """All started payments."""
        return list(self.payments)

    def act(self, payment_id: str, action: str, arguments: Mapping[str, object]) -> None:
        """The payer's wallet, the network, and the service's examination of coins."""
        payment, now_ms = self._payment(payment_id), self.clock.now_ms()
        try:
            if action in ("pay", "underpay", "overpay"):
                payment.receive(_coins(payment, action, arguments.get("amount")), now_ms)
            elif action == "confirm":
                payment.confirm(_count(arguments.get("confirmations", 1)), now_ms)
            elif action == "expire":
                self._expire(payment, now_ms)
            elif action == "decline":
                self._block(payment, now_ms)
            else:
                raise ControlError(f"ForumPay has no action {action[:40]}", 404)
        except NotNow as error:
            raise ControlError(str(error), 409) from None
        self.announce(payment)

    def checkout(self, payment_id: str) -> Checkout:
        """The payment's page."""
        return checkout_of(self, self._payment(payment_id))

    def commands(self) -> dict[str, Command]:
        """The end of a refund, and who was asked to prove their identity."""
        return {
            "finish_refund": self._finish_refund,
            "kyc_requests": lambda arguments: list(self.kyc_requests),
        }

    def forget(self) -> None:
        """Drops quotes and payments."""
        self.quotes.clear()
        self.payments.clear()
        self.kyc_requests.clear()

    def _payment(self, payment_id: str) -> Payment:
        payment = self.payments.get(payment_id)
        if payment is None:
            raise ControlError("There is no such payment.", 404)
        return payment

    @staticmethod
    def _expire(payment: Payment, now_ms: int) -> None:
        if payment.state(now_ms) not in ("waiting", "underpayment"):
            raise NotNow("This payment can no longer expire.")
        payment.expires_ms = now_ms

    @staticmethod
    def _block(payment: Payment, now_ms: int) -> None:
        """The origin of the coins is not in order."""
        if not payment.coins:
            payment.receive(payment.missing, now_ms)
        if payment.state(now_ms) == "confirmed":
            raise NotNow("This payment can no longer be blocked.")
        payment.blocked = True

    def _finish_refund(self, arguments: Mapping[str, object]) -> object:
        """The coins of a payment's refunds arrive before their time."""
        payment = self._payment(str(arguments.get("payment_id", "")))
        if not payment.refunds:
            raise ControlError("There is no refund of this payment.", 404)
        for refund in payment.refunds:
            refund.requested_ms = min(refund.requested_ms, self.clock.now_ms() - REFUND_MS)
        self.announce(payment)
        return {"refunded": written(sum((refund.amount for refund in payment.refunds), Decimal(0)))}


def _coins(payment: Payment, action: str, given: object) -> Decimal:
    """What the wallet sends: what is due, half of it, half more, or a given decimal amount of the coin."""
    if given is None:
        factor = {"underpay": Decimal("0.5"), "overpay": Decimal("1.5")}.get(action, Decimal(1))
        due = (payment.missing * factor).quantize(UNIT, ROUND_DOWN)
        if due <= 0:
            raise NotNow("This payment lacks nothing.")
        return due
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        raise ControlError("amount must be a decimal number of coins") from None
    if isinstance(given, bool) or not amount.is_finite() or not 0 < amount <= 21_000_000:
        raise ControlError("amount must be above zero")
    if wire.decimals(amount) > 8:
        raise ControlError("amount must have at most 8 decimals")
    return amount


def _count(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= 1000:
        raise ControlError("confirmations must be a whole number from 1 to 1000")
    return given
