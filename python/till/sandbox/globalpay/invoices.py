"""GlobalPay's invoices, and the payments made on their pages."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

from till.sandbox.clock import iso

CURRENCIES = ("BTN", "USD", "INR")
STATUSES = ("pending", "paid", "overdue", "cancelled")


def new_id(prefix: str) -> str:
    """`inv_` and the like, then letters and digits (how many is the sandbox's own choice)."""
    return prefix + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24))


@dataclass
class Invoice:
    """One invoice. `amount` counts the smallest unit; times are milliseconds since 1970."""

    customer_id: str
    amount: int
    currency: str
    description: str | None
    created_ms: int
    due_ms: int
    settled: str = ""
    """`paid` or `cancelled`; empty while it is open."""
    declined: bool = False
    updated_ms: int = 0
    id: str = field(default_factory=lambda: new_id("inv_"))

    def __post_init__(self) -> None:
        self.updated_ms = self.updated_ms or self.created_ms

    def status(self, now_ms: int) -> str:
        """An open invoice becomes overdue by itself when its due date comes."""
        return self.settled or ("overdue" if now_ms >= self.due_ms else "pending")

    def settle(self, status: str, now_ms: int) -> None:
        """Ends it as `paid` or `cancelled`."""
        self.settled, self.updated_ms = status, now_ms

    def shown(self, now_ms: int, origin: str) -> dict[str, object]:
        """The documented object."""
        status = self.status(now_ms)
        updated_ms = max(self.updated_ms, self.due_ms) if status == "overdue" else self.updated_ms
        return {
            "id": self.id,
            "customerId": self.customer_id,
            "amount": self.amount,
            "currency": self.currency,
            "status": status,
            "description": self.description,
            "dueDate": iso(self.due_ms),
            "paymentUrl": f"{origin}/pay/{self.id}",
            "createdAt": iso(self.created_ms),
            "updatedAt": iso(updated_ms),
        }


@dataclass
class Payment:
    """One attempt to pay an invoice, `completed` or `failed`."""

    invoice: Invoice
    status: str
    created_ms: int
    id: str = field(default_factory=lambda: new_id("pay_"))

    def shown(self) -> dict[str, object]:
        """A payment as listed. All its members are the sandbox's own choice: none is documented."""
        return {
            "id": self.id,
            "invoiceId": self.invoice.id,
            "customerId": self.invoice.customer_id,
            "amount": self.invoice.amount,
            "currency": self.invoice.currency,
            "status": self.status,
            "createdAt": iso(self.created_ms),
        }
