"""A strict local BitGPT 402pay: the merchant's API, the page of an invoice, signed webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal, InvalidOperation
from typing import ClassVar

from till.sandbox.bitgpt.api import Api
from till.sandbox.bitgpt.currencies import COINS, decimals_of
from till.sandbox.bitgpt.envelope import envelope
from till.sandbox.bitgpt.invoices import Invoice, Payment
from till.sandbox.bitgpt.keys import FORMS, SCOPES, ApiKey, Keys, new_secret
from till.sandbox.bitgpt.notifications import ENCODINGS, EVENTS, SIGNED, Subscription, headers, message
from till.sandbox.bitgpt.orders import Order
from till.sandbox.bitgpt.pages import checkout_of
from till.sandbox.bitgpt.records import new_id
from till.sandbox.call import Answer, Call
from till.sandbox.checkout import Checkout
from till.sandbox.clock import Clock
from till.sandbox.fields import MAX_AMOUNT, Check, boolean, one_of, whole
from till.sandbox.simulator import Command, ControlError, Simulator

_ACTIONS = ("pay", "underpay", "overpay", "expire", "decline", "confirm")


class BitGpt(Simulator):
    """One BitGPT organization in the development environment."""

    id = "bitgpt"
    title = "BitGPT"
    api_prefix = "/api"
    option_checks: ClassVar[Mapping[str, Check]] = {
        "authorization": one_of(*FORMS),
        "confirmations": whole(0, 100),
        "env": one_of("development", "production"),
        "list_of_one_as_object": boolean,
        "pays_with": one_of("", *COINS),
        "webhook_encoding": one_of(*ENCODINGS),
        "webhook_signs": one_of(*SIGNED),
    }

    def __init__(self, origin: str, clock: Clock, shop: str) -> None:
        super().__init__(origin, clock, shop)
        now_ms = clock.now_ms()
        self.organization_id = new_id("org", now_ms)
        self.api_key = new_secret("sk_test_")
        self.keys = Keys(ApiKey(self.api_key, "Sandbox", now_ms), new_secret("at_"))
        self.invoices: dict[str, Invoice] = {}
        self.subscriptions: list[Subscription] = []
        self._own = Subscription(
            new_id("webhook", now_ms), new_secret("whs_test_"), "sandbox", "", EVENTS, now_ms
        )
        self._api = Api(self)

    def default_options(self) -> dict[str, object]:
        """All of these stand for facts that the service does not document, or documents in two ways."""
        return {
            "authorization": "both",
            "confirmations": 0,
            "env": "development",
            "list_of_one_as_object": False,
            "pays_with": "",
            "webhook_encoding": "hex",
            "webhook_signs": "body",
        }

    # The service

    def answer(self, call: Call) -> Answer:
        """See `Simulator.answer`."""
        return self._api.answer(call)

    def error_body(self, message: str) -> object:
        """The envelope of an internal error."""
        return self.fault_body(500, message)

    def fault_body(self, status: int, message: str) -> object:
        """The envelope, which repeats the HTTP status."""
        return envelope(status, None, str(self.options["env"]), self.clock.now_ms(), error=message)

    @property
    def base_url(self) -> str:
        """Stands in for `https://api.bitgpt.xyz`."""
        return self.origin + "/api"

    @property
    def payer_url_template(self) -> str:
        """The page of an invoice, which stands in for `https://pay.bitgpt.xyz/{id}`."""
        return self.origin + "/pay/{id}"

    def gateway_settings(self) -> dict[str, str]:
        """An API key with all rights, and where the payer's page is."""
        return {"api_key": self.api_key, "checkout_url": self.origin + "/pay"}

    def new_invoice(self, order: Order) -> Invoice:
        """Writes an invoice."""
        now_ms = self.clock.now_ms()
        invoice = Invoice(
            id=new_id("invoice", now_ms),
            organization_id=self.organization_id,
            code=order.code,
            price=order.price,
            items=order.items,
            customer_email=order.customer_email,
            metadata=order.metadata,
            redirect_url=order.redirect_url,
            created_ms=now_ms,
        )
        self.invoices[invoice.id] = invoice
        return invoice

    def payments(self) -> list[Payment]:
        """All payments on all invoices, oldest first."""
        made = [payment for invoice in self.invoices.values() for payment in invoice.payments]
        return sorted(made, key=lambda payment: payment.created_ms)

    def webhook(self, event: str, resource_id: str, payload: Mapping[str, object]) -> None:
        """Tells everyone who subscribed, and the place that a test set."""
        signs, encoding = str(self.options["webhook_signs"]), str(self.options["webhook_encoding"])
        own = [self._own] if self.webhooks.url else []
        for subscription in (*self.subscriptions, *own):
            if event in subscription.events:
                body = message(subscription, event, resource_id, payload, self.clock.now_ms())
                signed = headers(subscription, event, body, signs, encoding)
                self.webhooks.send(subscription.url or None, event, body, signed)

    # Payers and tests

    def payment(self, payment_id: str) -> dict[str, object]:
        """An invoice and what was paid on it."""
        invoice = self._invoice(payment_id)
        return {**invoice.view(), "payments": [payment.view() for payment in invoice.payments]}

    def payment_ids(self) -> list[str]:
        """All invoices."""
        return list(self.invoices)

    def payable(self, invoice: Invoice) -> bool:
        """Whether a payer can still send something."""
        return not invoice.voided and invoice.due > 0

    def coin_for(self, invoice: Invoice) -> str:
        """What the payer pays with: the option, else the invoice's own coin, else USDC."""
        wanted = str(self.options["pays_with"])
        return wanted or (invoice.code if invoice.code in COINS else "USDC")

    def act(self, payment_id: str, action: str, arguments: Mapping[str, object]) -> None:
        """A payer at an invoice's page, the network, or the merchant who voids it."""
        invoice = self._invoice(payment_id)
        if action not in _ACTIONS:
            raise ControlError(f"BitGPT has no action {action[:40]}", 404)
        if action == "confirm":
            self._confirm(invoice, arguments)
        elif not self.payable(invoice):
            raise ControlError(f"This invoice is {invoice.status} and can no longer be paid.", 409)
        elif action == "expire":
            self._void(invoice)
        else:
            self._pay(invoice, action, arguments)

    def checkout(self, payment_id: str) -> Checkout:
        """The invoice's page."""
        return checkout_of(self, self._invoice(payment_id))

    def commands(self) -> dict[str, Command]:
        """What only a signed-in merchant has, and what a shop needs to check the sandbox's own webhooks."""
        return {
            "access_token": lambda arguments: {"access_token": self.keys.access_token},
            "add_api_key": self._add_api_key,
            "webhook_secret": lambda arguments: {"secret": self._own.secret},
        }

    def forget(self) -> None:
        """Drops invoices, webhooks, further API keys and kept answers."""
        self.invoices.clear()
        self.subscriptions.clear()
        self.keys.forget()
        self._api.forget()

    def _add_api_key(self, arguments: Mapping[str, object]) -> object:
        """A merchant makes a key in the dashboard."""
        scopes = arguments.get("scopes", [])
        if not isinstance(scopes, list) or not set(scopes) <= set(SCOPES):
            raise ControlError("scopes must be a list of documented scopes")
        key = ApiKey(new_secret("sk_test_"), "Added", self.clock.now_ms(), scopes=scopes)
        self.keys.add(key)
        return key.view(secret=True)

    def _invoice(self, invoice_id: str) -> Invoice:
        invoice = self.invoices.get(invoice_id)
        if invoice is None:
            raise ControlError("There is no such invoice.", 404)
        return invoice

    def _pay(self, invoice: Invoice, action: str, arguments: Mapping[str, object]) -> None:
        factor = {"underpay": Decimal("0.5"), "overpay": Decimal("1.5")}.get(action, Decimal(1))
        smallest = Decimal(1).scaleb(-decimals_of(invoice.code))
        credit = _amount(
            arguments.get("amount"), (invoice.due * factor).quantize(smallest, ROUND_UP), smallest
        )
        status = "FAILED" if action == "decline" else "PENDING"
        payment = invoice.receive(credit, self.coin_for(invoice), status, self.clock.now_ms())
        self.webhook("payment.created", payment.id, payment.view())
        self._settle(invoice)

    def _confirm(self, invoice: Invoice, arguments: Mapping[str, object]) -> None:
        count = arguments.get("confirmations", 1)
        problem = whole(1, 1000)(count)
        if problem is not None:
            raise ControlError(f"confirmations {problem}")
        if not invoice.waiting:
            raise ControlError("Nothing waits for confirmations.", 409)
        for payment in invoice.waiting:
            payment.confirmations += int(str(count))
        self._settle(invoice)

    def _settle(self, invoice: Invoice) -> None:
        """Completes payments with enough confirmations, and tells about it."""
        before, now_ms = invoice.status, self.clock.now_ms()
        enough = int(str(self.options["confirmations"]))
        for payment in [payment for payment in invoice.waiting if payment.confirmations >= enough]:
            payment.settle("COMPLETED", now_ms)
            invoice.updated_ms = now_ms
            self.webhook("payment.updated", payment.id, payment.view())
        if invoice.status == "COMPLETED" and before != "COMPLETED":
            self.webhook("order.paid", invoice.id, invoice.view())

    def _void(self, invoice: Invoice) -> None:
        now_ms = self.clock.now_ms()
        for payment in invoice.waiting:
            payment.settle("CANCELLED", now_ms)
            self.webhook("payment.updated", payment.id, payment.view())
        invoice.voided, invoice.updated_ms = True, now_ms


def _amount(given: object, default: Decimal, smallest: Decimal) -> Decimal:
    if given is None:
        return default
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        raise ControlError("amount must be a decimal number") from None
    if not amount.is_finite() or not 0 < amount <= MAX_AMOUNT or isinstance(given, bool):
        raise ControlError("amount must be above zero")
    if amount % smallest:
        raise ControlError("amount has more decimals than the currency")
    return amount
