"""What a payer's page shows, whichever service it belongs to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One button. `name` is an action of the control API; `weight` picks its looks."""

    name: str
    label: str
    weight: str = "plain"


@dataclass(frozen=True)
class Checkout:
    """A payment as its payer sees it.

    `tone` is `waiting`, `good`, `warning` or `bad`. `version` changes whenever the page would look
    different, and is what the page polls. Times are milliseconds since 1970.
    """

    payment_id: str
    service: str
    shop: str
    description: str
    amount: str
    currency: str
    status: str
    tone: str
    headline: str
    explanation: str
    method: str
    qr_text: str | None
    qr_label: str
    copyable: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    actions: tuple[Action, ...]
    created_ms: int
    now_ms: int
    expires_ms: int | None
    wallet_url: str | None
    return_url: str | None
    version: str
