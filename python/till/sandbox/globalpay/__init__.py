"""A strict local GlobalPay: the merchant's API, the page of an invoice, webhooks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import ClassVar

from till.sandbox import wire
from till.sandbox.call import Answer, Call
from till.sandbox.checkout import Checkout
from till.sandbox.clock import Clock, iso
from till.sandbox.fields import Check, boolean, one_of, text, whole
from till.sandbox.globalpay.api import Api, error_envelope
from till.sandbox.globalpay.invoices import Invoice, Payment
from till.sandbox.globalpay.pages import checkout_of
from till.sandbox.simulator import Command, ControlError, Simulator

_DAY_MS = 86_400_000
_CUSTOMER = "customer-1042"  # the form of these ids is not documented


def _texts(value: object) -> str | None:
    """A list of customers."""
    if not isinstance(value, list):
        return "must be a list"
    return next((problem for problem in map(text, value) if problem), None)


class GlobalPay(Simulator):
    """One GlobalPay merchant with a test key."""

    id = "globalpay"
    title = "GlobalPay"
    api_prefix = "/api"
    option_checks: ClassVar[Mapping[str, Check]] = {
        "requests_per_hour": whole(1, 1_000_000),
        "hour_seconds": whole(1, 3600),
        "customers": _texts,
        "due_days": whole(0, 3650),
        "overdue_payable": boolean,
        "key_may_write": boolean,
        "order": one_of("newest_first", "oldest_first"),
    }

    def __init__(self, origin: str, clock: Clock, shop: str) -> None:
        super().__init__(origin, clock, shop)
        self.api_key = "sk_test_" + secrets.token_hex(16)
        self.invoices: dict[str, Invoice] = {}
        self.payments: list[Payment] = []
        self.refunds: list[dict[str, object]] = []
        self._api = Api(self)

    def default_options(self) -> dict[str, object]:
        """1000 requests an hour is the documented standard plan; the others stand for undocumented facts.

        A shorter hour lets tests wait for its end.
        """
        return {
            "requests_per_hour": 1000,
            "hour_seconds": 3600,
            "customers": [],
            "due_days": 30,
            "overdue_payable": True,
            "key_may_write": True,
            "order": "newest_first",
        }

    def option(self, name: str) -> int:
        """A whole-number option."""
        return int(str(self.options[name]))

    # The service

    def answer(self, call: Call) -> Answer:
        """See `Simulator.answer`."""
        return self._api.answer(call)

    def error_body(self, message: str) -> object:
        """The documented envelope, with the sandbox's own type and code."""
        return error_envelope(message, "api_error", "internal_error")

    @property
    def base_url(self) -> str:
        """Stands in for `https://api.gopay.bt`."""
        return self.origin

    @property
    def payer_url_template(self) -> str:
        """The page of an invoice."""
        return self.origin + "/pay/{id}"

    def gateway_settings(self) -> dict[str, str]:
        """The merchant's test key, and a customer to write invoices to."""
        return {"api_key": self.api_key, "customer_id": _CUSTOMER}

    def new_invoice(self, customer_id: str, amount: int, currency: str, description: str | None) -> Invoice:
        """Writes an invoice and tells the shop's webhook."""
        now_ms = self.clock.now_ms()
        due_ms = now_ms + self.option("due_days") * _DAY_MS
        invoice = Invoice(customer_id, amount, currency, description, now_ms, due_ms)
        self.invoices[invoice.id] = invoice
        self.webhook("invoice.created", self.shown(invoice))
        return invoice

    def shown(self, invoice: Invoice) -> dict[str, object]:
        """An invoice as the API shows it now."""
        return invoice.shown(self.clock.now_ms(), self.origin)

    def webhook(self, event: str, data: Mapping[str, object]) -> None:
        """Tells the shop, if it gave an address. The events are documented, their content is not."""
        if self.webhooks.url:
            message = {"event": event, "createdAt": iso(self.clock.now_ms()), "data": data}
            self.webhooks.send(None, event, wire.write(message).encode())

    # Payers and tests

    def payment(self, payment_id: str) -> dict[str, object]:
        """An invoice and the attempts to pay it."""
        invoice = self._invoice(payment_id)
        return {
            **self.shown(invoice),
            "payments": [payment.shown() for payment in self.payments_of(invoice)],
        }

    def payment_ids(self) -> list[str]:
        """All invoices."""
        return list(self.invoices)

    def payments_of(self, invoice: Invoice) -> list[Payment]:
        """The attempts to pay an invoice, oldest first."""
        return [payment for payment in self.payments if payment.invoice is invoice]

    def payable(self, invoice: Invoice) -> bool:
        """Whether a payer can pay it now."""
        status = invoice.status(self.clock.now_ms())
        return status == "pending" or (status == "overdue" and self.options["overdue_payable"] is True)

    def act(self, payment_id: str, action: str, arguments: Mapping[str, object]) -> None:
        """A payer at an invoice's page, or time going by."""
        invoice = self._invoice(payment_id)
        if action not in ("pay", "decline", "expire"):
            raise ControlError(f"GlobalPay has no action {action[:40]}", 404)
        if arguments:
            raise ControlError("An invoice is paid as a whole: no amount can be given.")
        if not self.payable(invoice):
            status = invoice.status(self.clock.now_ms())
            raise ControlError(f"This invoice is {status} and can no longer be paid.", 409)
        if action == "expire":
            invoice.due_ms = self.clock.now_ms()
        else:
            self._pay(invoice, approved=action == "pay")

    def checkout(self, payment_id: str) -> Checkout:
        """The invoice's page."""
        return checkout_of(self, self._invoice(payment_id))

    def commands(self) -> dict[str, Command]:
        """What a merchant does in the dashboard, and what refunds were asked for."""
        return {"cancel_invoice": self._cancel_invoice, "refunds": lambda arguments: self.refunds}

    def forget(self) -> None:
        """Drops invoices, payments, refunds, kept answers and counted requests."""
        self.invoices.clear()
        self.payments.clear()
        self.refunds.clear()
        self._api.forget()

    def _invoice(self, invoice_id: str) -> Invoice:
        invoice = self.invoices.get(invoice_id)
        if invoice is None:
            raise ControlError("There is no such invoice.", 404)
        return invoice

    def _pay(self, invoice: Invoice, *, approved: bool) -> None:
        now_ms = self.clock.now_ms()
        payment = Payment(invoice, "completed" if approved else "failed", now_ms)
        self.payments.append(payment)
        invoice.declined = not approved
        if not approved:
            self.webhook("payment.failed", payment.shown())
            return
        invoice.settle("paid", now_ms)
        self.webhook("payment.completed", payment.shown())
        self.webhook("invoice.paid", self.shown(invoice))

    def _cancel_invoice(self, arguments: Mapping[str, object]) -> object:
        """A merchant cancels in the dashboard: the API has no endpoint for it."""
        invoice = self._invoice(str(arguments.get("invoice_id", "")))
        if invoice.settled:
            raise ControlError(f"This invoice is already {invoice.settled}.", 409)
        invoice.settle("cancelled", self.clock.now_ms())
        return self.shown(invoice)
