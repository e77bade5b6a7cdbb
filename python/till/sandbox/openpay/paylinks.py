"""OpenPay's paylinks: a page where a payer pays by card."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from decimal import Decimal

from till.sandbox.clock import iso


@dataclass
class Paylink:
    """One paylink. `status` is `active`; `expired` exists only by a test's order."""

    amount: Decimal
    currency: str
    created_ms: int
    description: str | None = None
    customer_name: str | None = None
    return_url: str | None = None
    status: str = "active"
    declined: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def created(self, origin: str) -> dict[str, object]:
        """The reply to its creation."""
        return {
            "id": self.id,
            "url": f"{origin}/payment/{self.id}",
            "qr_code": f"{origin}/qr/{self.id}.png",
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "created_at": iso(self.created_ms),
        }

    def shown(self, origin: str) -> dict[str, object]:
        """The reply to a look-up: also who and what for."""
        shown = self.created(origin)
        created_at = shown.pop("created_at")
        return {
            **shown,
            "description": self.description,
            "customer_name": self.customer_name,
            "created_at": created_at,
        }
