"""Cards: showing that a card belongs to who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._card import Card
from till._money import Money


@dataclass(frozen=True, slots=True)
class CardVerification:
    """How far the verification of a card is.

    `requires_action`: a small amount was charged; its owner reads it on the bank statement. `failed`: the
    amount was wrong, `remaining_attempts` are left. `blocked`: none is.
    """

    status: Literal["requires_action", "verified", "failed"]
    message: str | None
    next_action: Mapping[str, Any] | None = field(hash=False)
    remaining_attempts: int | None
    blocked: bool


def verification(value: Any) -> CardVerification:
    """A `CardVerification` from its JSON."""
    return CardVerification(
        status=value["status"],
        message=value.get("message"),
        next_action=value.get("next_action"),
        remaining_attempts=value.get("remaining_attempts"),
        blocked=bool(value.get("blocked")),
    )


def verify(
    card: Card,
    *,
    customer: Mapping[str, str] | None = None,
    options: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> Call[CardVerification]:
    """Charges a small amount to the card, which only its owner can read.

    >>> card = till.Card("4111 1111 1111 1111", 12, 2030, cvv="123", holder_name="Ana Cal")
    >>> shop.cards.verify(card).status
    'requires_action'
    """
    return Call.of(
        "cards.verify",
        verification,
        card=card,
        customer=customer,
        options=options,
        idempotency_key=idempotency_key,
    )


def confirm(card: Card, amount: Money, *, idempotency_key: str | None = None) -> Call[CardVerification]:
    """Compares the amount that the card's owner read. A wrong one is no error: see `CardVerification`.

    >>> card = till.Card("4242 4242 4242 4242", 12, 2030, cvv="123", holder_name="Ana Cal")
    >>> _ = shop.cards.verify(card)
    >>> statement = sandbox.control("openpay").statement("4242424242424242")
    >>> shop.cards.confirm(card, till.Money(statement["amount"], statement["currency"])).status
    'verified'
    """
    return Call.of("cards.confirm", verification, card=card, amount=amount, idempotency_key=idempotency_key)


class Cards(BlockingNoun):
    """`gateway.cards`"""

    verify = blocking(verify)
    confirm = blocking(confirm)


class AsyncCards(AsyncNoun):
    """`gateway.cards` of an `AsyncGateway`"""

    verify = awaitable(verify)
    confirm = awaitable(confirm)
