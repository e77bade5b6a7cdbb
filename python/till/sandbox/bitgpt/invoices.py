"""BitGPT's invoices, the payments made on them, and the states in between."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from till.sandbox.bitgpt.currencies import converted, in_usd, method_for, shown
from till.sandbox.bitgpt.records import mysql, new_id

INVOICE_STATUSES = (
    "PENDING",
    "COMPLETED",
    "VOIDED",
    "PROCESSING",
    "WAITING_FOR_CONFIRMATIONS",
    "PARTIALLY_PAID",
)
PAYMENT_STATUSES = ("PENDING", "FAILED", "COMPLETED", "CANCELLED")


@dataclass
class Payment:
    """A transfer of coins for an invoice. `credit` is what it counts for, in the invoice's currency."""

    id: str
    invoice_id: str
    organization_id: str
    code: str
    price: Decimal
    credit: Decimal
    status: str
    created_ms: int
    confirmations: int = 0
    updated_ms: int | None = None

    def settle(self, status: str, now_ms: int) -> None:
        """Moves on to its last status."""
        self.status, self.updated_ms = status, now_ms

    def view(self, expand: Collection[str] = ()) -> dict[str, object]:
        """The documented payment object."""
        view: dict[str, object] = {
            "id": self.id,
            "idempotency_key": f"{self.id.rpartition('-')[2]}-{self.invoice_id}",
            "organization_id": self.organization_id,
            "provider_id": method_for(self.code).id,
            "invoice_id": self.invoice_id,
            "currency": self.code,
            "price": shown(self.price),
            "price_usd": shown(in_usd(self.price, self.code)),
            "status": self.status,
            "created_at": mysql(self.created_ms),
            "updated_at": None if self.updated_ms is None else mysql(self.updated_ms),
            "happened_at": mysql(self.created_ms),
        }
        if "provider" in expand:
            view["provider"] = method_for(self.code).shown()
        return view


@dataclass
class Invoice:
    """One invoice. Its status follows from its payments, unless it was voided."""

    id: str
    organization_id: str
    code: str
    price: Decimal
    items: Sequence[Mapping[str, object]]
    customer_email: str
    metadata: Mapping[str, object]
    redirect_url: str | None
    created_ms: int
    updated_ms: int | None = None
    voided: bool = False
    payments: list[Payment] = field(default_factory=list)

    @property
    def credited(self) -> Decimal:
        """What completed payments add up to, in the invoice's currency."""
        return sum((payment.credit for payment in self.payments if payment.status == "COMPLETED"), Decimal(0))

    @property
    def due(self) -> Decimal:
        """What nobody sent yet; negative when too much came."""
        sent = (payment.credit for payment in self.payments if payment.status in ("PENDING", "COMPLETED"))
        return self.price - sum(sent, Decimal(0))

    @property
    def waiting(self) -> list[Payment]:
        """Payments that lack confirmations."""
        return [payment for payment in self.payments if payment.status == "PENDING"]

    @property
    def status(self) -> str:
        """One of the six documented states."""
        if self.voided:
            return "VOIDED"
        if self.waiting:
            unseen = any(payment.confirmations == 0 for payment in self.waiting)
            return "PROCESSING" if unseen else "WAITING_FOR_CONFIRMATIONS"
        if not self.credited:
            return "PENDING"
        return "COMPLETED" if self.credited >= self.price else "PARTIALLY_PAID"

    @property
    def substatus(self) -> str | None:
        """`OVERPAID` or nothing."""
        return "OVERPAID" if self.status == "COMPLETED" and self.credited > self.price else None

    def receive(self, credit: Decimal, code: str, status: str, now_ms: int) -> Payment:
        """A payer sent coins worth `credit`."""
        payment = Payment(
            id=new_id("payment", now_ms),
            invoice_id=self.id,
            organization_id=self.organization_id,
            code=code,
            price=converted(credit, self.code, code),
            credit=credit,
            status=status,
            created_ms=now_ms,
        )
        self.payments.append(payment)
        self.updated_ms = now_ms
        return payment

    def view(self) -> dict[str, object]:
        """The documented invoice object, nothing expanded."""
        return {
            "id": self.id,
            "organization_id": self.organization_id,
            "status": self.status,
            "substatus": self.substatus,
            "currency": self.code,
            "price": shown(self.price),
            "price_usd": shown(in_usd(self.price, self.code)),
            "customer_email": self.customer_email,
            "metadata": dict(self.metadata),
            "redirect_url": self.redirect_url,
            "created_at": mysql(self.created_ms),
            "updated_at": None if self.updated_ms is None else mysql(self.updated_ms),
        }

    def expanded(self, expand: Collection[str], shop: str, currency: str) -> dict[str, object]:
        """The invoice with the parts that were asked for; their shapes are the sandbox's own."""
        view = self.view()
        if any(name == "payments" or name.startswith("payments.") for name in expand):
            inner = {"provider"} if "payments.provider" in expand else set()
            view["payments"] = [payment.view(inner) for payment in self.payments]
        if any(name == "items" or name.startswith("items.") for name in expand):
            view["items"] = [dict(item) for item in self.items]
        if "calculations" in expand:
            total = converted(self.price, self.code, currency)
            view["calculations"] = {"total": {"currency": currency, "price": shown(total)}}
        if "organization" in expand:
            view["organization"] = {"id": self.organization_id, "name": shop}
        if "currency" in expand:
            view["currency"] = {"code": self.code}
        return view
