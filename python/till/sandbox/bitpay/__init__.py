"""A strict local BitPay (its RPC API): tokens and pairing, invoices, the bitcoin network behind them."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from decimal import ROUND_UP, Decimal, InvalidOperation
from typing import ClassVar

from starlette.routing import Route

from till.sandbox import wire
from till.sandbox.bitpay import identity, notifications
from till.sandbox.bitpay.api import Api
from till.sandbox.bitpay.bus import EventBus
from till.sandbox.bitpay.invoices import COIN, LIFETIME_MS, Invoice, NotNow
from till.sandbox.bitpay.ledger import SALE, Ledger
from till.sandbox.bitpay.methods import RpcError
from till.sandbox.bitpay.pages import checkout_of
from till.sandbox.bitpay.rates import BTC_STEP
from till.sandbox.bitpay.tokens import FACADES, Token, Tokens, new_pairing_code
from till.sandbox.bitpay.web import bitpay_routes
from till.sandbox.call import Answer, Call
from till.sandbox.checkout import Checkout
from till.sandbox.clock import Clock
from till.sandbox.fields import Check, boolean, one_of, whole
from till.sandbox.recorder import shorten
from till.sandbox.simulator import Command, ControlError, Simulator

_HOUR_MS = 3_600_000
_REFUND_STATES = ("pending", "success", "failure", "cancelled")


class BitPay(Simulator):
    """One BitPay merchant whose shop is already paired with one identity."""

    id = "bitpay"
    title = "BitPay"
    api_prefix = "/api"
    option_checks: ClassVar[Mapping[str, Check]] = {
        "nonce": one_of("increasing", "unique", "ignored"),
        "invoice_fields": one_of("documented", "wide"),
        "errors_with_status_200": boolean,
        "invoices_per_hour": whole(0, 1_000_000),
        "full_notifications": boolean,
        "extended_notifications": boolean,
        "signed_notifications": boolean,
    }
    webhook_retry_seconds = notifications.RETRY_SECONDS
    webhook_statuses = (200,)

    def __init__(self, origin: str, clock: Clock, shop: str) -> None:
        super().__init__(origin, clock, shop)
        self.resource = identity.base58(secrets.token_bytes(32))
        self.account = secrets.token_hex(12)
        self.tokens = Tokens()
        self.invoices: dict[str, Invoice] = {}
        self.ledger = Ledger()
        self.public = Token(facade="public", created_ms=clock.now_ms())
        self._private_key = identity.new_private_key()
        sin = identity.sin_of(identity.public_key_of(self._private_key))
        self._paired = self.tokens.add(Token("merchant", clock.now_ms(), [sin]))
        self._api = Api(self)
        self._created: deque[int] = deque()
        self.bus = EventBus()

    def default_options(self) -> dict[str, object]:
        """What the sandbox chose where the service documents nothing."""
        return {
            "nonce": "unique",
            "invoice_fields": "documented",
            "errors_with_status_200": False,
            "invoices_per_hour": 0,
            "full_notifications": False,
            "extended_notifications": False,
            "signed_notifications": False,
        }

    # The service

    def answer(self, call: Call) -> Answer:
        """See `Simulator.answer`."""
        return self._api.answer(call)

    def error_body(self, message: str) -> object:
        """The documented error body."""
        return {"error": message}

    def rpc_method(self, call: Call) -> str:
        """The method in the envelope; empty when the body is none."""
        try:
            body = wire.read(call.body)
        except wire.WireError:
            return ""
        method = body.get("method") if isinstance(body, dict) else None
        return method if isinstance(method, str) else ""

    @property
    def base_url(self) -> str:
        """Stands in for `https://test.bitpay.com`."""
        return self.origin

    @property
    def payer_url_template(self) -> str:
        """The page of an invoice."""
        return self.origin + "/invoice?id={id}"

    def gateway_settings(self) -> dict[str, str]:
        """An identity and the merchant token that was approved for it."""
        return {
            "private_key": self._private_key,
            "token": self._paired.value,
            "facade": "merchant",
        }

    # What the methods and the pages share

    def approve(self, token: Token) -> None:
        """The merchant lets a client in."""
        token.active = True
        self.tokens.use_up(token)

    def waiting_token(self, pairing_code: str) -> Token | None:
        """The token that waits for approval under this code."""
        token = self.tokens.offered(pairing_code, self.clock.now_ms())
        return token if token is not None and token.sins else None

    def open(self, invoice: Invoice) -> None:
        """Lets a new invoice be paid, until its time is over."""
        self.invoices[invoice.id] = invoice
        asyncio.get_running_loop().call_later(LIFETIME_MS / 1000, self.time_passed)

    def settle(self, invoice: Invoice) -> None:
        """Marks an invoice as written to the ledger and tells the event bus."""
        invoice.settled = True
        self.announce(invoice)

    def announce(self, invoice: Invoice) -> None:
        """Tells the event bus what an invoice looks like now, and the shop if its status is a new one."""
        now = self.clock.now_ms()
        self.bus.tell(invoice.id, invoice.shown(self.origin, now, transactions=False))
        status = invoice.status(now)
        if status == invoice.last_status:
            return
        invoice.last_status = status
        full = self.options["full_notifications"] or invoice.extras.get("fullNotifications")
        if status in notifications.TOLD_BY_DEFAULT or (full and status != "new"):
            self.notify(invoice, status)

    def notify(self, invoice: Invoice, happened: str) -> None:
        """Sends a notification, if the invoice or the account says where to."""
        url = str(invoice.extras.get("notificationURL", "")) or self.webhooks.url
        if not url:
            return
        wanted = self.options["extended_notifications"] or invoice.extras.get("extendedNotifications")
        body = notifications.body_of(
            invoice, happened, self.origin, self.clock.now_ms(), extended=bool(wanted)
        )
        headers = {"content-type": "application/json"}
        if self.options["signed_notifications"]:
            key = invoice.merchant_token or self._paired.value
            headers["x-signature"] = notifications.signature(key, body)
        self.webhooks.send(url, notifications.event_name(happened), body, headers)

    def time_passed(self) -> None:
        """Invoices whose time to pay is over have expired."""
        for invoice in self.invoices.values():
            if invoice.status(self.clock.now_ms()) != invoice.last_status:
                self.announce(invoice)

    def limit_creation(self, now_ms: int) -> None:
        """The limit of invoices per hour, when the option sets one."""
        limit = int(str(self.options["invoices_per_hour"]))
        while self._created and self._created[0] <= now_ms - _HOUR_MS:
            self._created.popleft()
        if limit and len(self._created) >= limit:
            raise RpcError("Too many invoices. Please try again later", 429)
        self._created.append(now_ms)

    # Payers and tests

    def payment(self, payment_id: str) -> dict[str, object]:
        """The invoice as its merchant sees it, with its address and refunds."""
        invoice = self._invoice(payment_id)
        shown = invoice.shown(self.origin, self.clock.now_ms(), transactions=True)
        refunds = [
            {**refund.shown(), "amount": f"{refund.amount:f}", "currency": refund.currency}
            for refund in invoice.refunds
        ]
        return {**shown, "address": invoice.address, "refunds": refunds}

    def payment_ids(self) -> list[str]:
        """All invoices."""
        return list(self.invoices)

    def act(self, payment_id: str, action: str, arguments: Mapping[str, object]) -> None:
        """The payer's wallet and the bitcoin network."""
        invoice, now = self._invoice(payment_id), self.clock.now_ms()
        try:
            if action in ("pay", "underpay", "overpay"):
                invoice.receive(_satoshi(invoice, action, arguments.get("amount")), now)
            elif action == "confirm":
                self._confirm(invoice, arguments.get("confirmations", 1), now)
            elif action == "expire":
                self._expire(invoice, now)
            elif action == "decline":
                self._reject(invoice, now)
            else:
                raise ControlError(f"BitPay has no action {action[:40]}", 404)
        except NotNow as error:
            raise ControlError(str(error), 409) from None
        self.announce(invoice)

    def checkout(self, payment_id: str) -> Checkout:
        """The invoice's page."""
        return checkout_of(self, self._invoice(payment_id))

    def routes(self) -> list[Route]:
        """See `Simulator.routes`."""
        return bitpay_routes(self)

    def commands(self) -> dict[str, Command]:
        """Pairing from the merchant's side, refunds, listeners that lose their connection."""
        return {
            "create_pairing_code": self._create_pairing_code,
            "approve_pairing_code": self._approve_pairing_code,
            "set_refund_status": self._set_refund_status,
            "listeners": lambda arguments: self.bus.count(),
            "drop_listeners": lambda arguments: self.bus.drop(),
        }

    def forget(self) -> None:
        """Drops invoices, the ledger and nonces."""
        self.invoices.clear()
        self.ledger.clear()
        self.tokens.forget_invoices()
        self._api.forget()
        self._created.clear()
        self.bus.forget()

    def mask_path(self, path: str) -> str:
        """Hides the token that follows `/api/`."""
        head, slash, token = path.partition("/api/")
        return head + slash + shorten(token) if token else path

    def _invoice(self, invoice_id: str) -> Invoice:
        invoice = self.invoices.get(invoice_id)
        if invoice is None:
            raise ControlError("There is no such invoice.", 404)
        return invoice

    def _confirm(self, invoice: Invoice, count: object, now_ms: int) -> None:
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1000:
            raise ControlError("confirmations must be a whole number from 1 to 1000")
        if invoice.invalid:
            raise NotNow("This invoice is invalid.")
        invoice.confirm(count, now_ms)
        if invoice.status(now_ms) == "complete" and not invoice.settled:
            self.ledger.credit(SALE, int(invoice.btc_price * COIN), invoice, now_ms)
            invoice.settled = True

    @staticmethod
    def _expire(invoice: Invoice, now_ms: int) -> None:
        if invoice.status(now_ms) != "new":
            raise NotNow("This invoice can no longer expire.")
        invoice.expired_early_ms = now_ms

    @staticmethod
    def _reject(invoice: Invoice, now_ms: int) -> None:
        """A payment that the network does not accept, for instance a double spend."""
        if invoice.status(now_ms) not in ("new", "paid"):
            raise NotNow("This invoice can no longer become invalid.")
        invoice.invalid = True

    def _create_pairing_code(self, arguments: Mapping[str, object]) -> object:
        """The merchant makes a code for a client to redeem."""
        facade = str(arguments.get("facade", "merchant"))
        if facade not in FACADES:
            raise ControlError("facade must be merchant or pos")
        code = new_pairing_code()
        token = Token(facade, self.clock.now_ms(), active=False, pairing_code=code)
        self.tokens.add(token)
        return {"pairingCode": code, "pairingExpiration": token.pairing_expires_ms}

    def _approve_pairing_code(self, arguments: Mapping[str, object]) -> object:
        """The merchant approves a client's request, as on the page for it."""
        token = self.waiting_token(str(arguments.get("pairingCode", "")))
        if token is None:
            raise ControlError("There is no request with this pairing code.", 404)
        self.approve(token)
        return {"facade": token.facade, "sins": token.sins}

    def _set_refund_status(self, arguments: Mapping[str, object]) -> object:
        """Lets a refund end; only `pending` is documented for this API."""
        status, wanted = str(arguments.get("status", "success")), arguments.get("refund_id")
        if status not in _REFUND_STATES:
            raise ControlError(f"status must be one of {', '.join(_REFUND_STATES)}")
        for invoice in self.invoices.values():
            for refund in invoice.refunds:
                if refund.id == wanted:
                    refund.status = status
                    if status == "success" and self.options["extended_notifications"]:
                        self.notify(invoice, notifications.REFUNDED)
                    return refund.shown()
        raise ControlError("There is no such refund.", 404)


def _satoshi(invoice: Invoice, action: str, given: object) -> int:
    """What the wallet sends: what is due, half of it, half more, or a given decimal amount of BTC."""
    if given is None:
        factor = {"underpay": Decimal("0.5"), "overpay": Decimal("1.5")}.get(action, Decimal(1))
        step = BTC_STEP if invoice.btc_due > BTC_STEP else Decimal("0.00000001")
        amount = (invoice.btc_due * factor).quantize(step, ROUND_UP)
        if action == "underpay" and amount >= invoice.btc_due:
            amount = invoice.btc_due / 2
        return int(amount * COIN)
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        raise ControlError("amount must be a decimal number of BTC") from None
    if isinstance(given, bool) or not amount.is_finite() or not 0 < amount <= 21_000_000:
        raise ControlError("amount must be above zero")
    if wire.decimals(amount) > 8:
        raise ControlError("amount must have at most 8 decimals")
    return int(amount * COIN)
