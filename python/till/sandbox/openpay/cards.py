"""Cards as OpenPay treats them: verification of new ones, simulated declines, the abuse block."""

from __future__ import annotations

import hashlib
import hmac
import random
import secrets
from dataclasses import dataclass, field
from decimal import Decimal

MAX_FAILED_ATTEMPTS = 2  # documented: after two failed attempts the card is blocked


@dataclass(frozen=True)
class Outcome:
    """What the card network says. The response codes of declines are the sandbox's own choice."""

    approved: bool
    message: str
    response_code: str


APPROVED = Outcome(True, "Payment processed successfully", "APPROVED")
DECLINES = {  # suffix -> simulated result, as the service's test mode documents them
    "1000": Outcome(False, "Insufficient Funds", "INSUFFICIENT_FUNDS"),
    "2000": Outcome(False, "Declined", "DECLINED"),
    "3000": Outcome(False, "CVV Mismatch", "CVV_MISMATCH"),
    "4000": Outcome(False, "Expired Card", "EXPIRED_CARD"),
    "5000": Outcome(False, "Processing Error", "PROCESSING_ERROR"),
}


@dataclass
class Verification:
    """A micro charge that waits for its amount to be confirmed."""

    transaction_id: str
    amount: Decimal
    currency: str
    failed_attempts: int = 0


@dataclass
class Card:
    """What the service knows about a card. The number itself is never kept."""

    last_four: str
    scheme: str
    expiry: tuple[int, int]
    verified: bool = False
    blocked: bool = False
    verification: Verification | None = None
    declined_at_ms: list[int] = field(default_factory=list)


class Cards:
    """All cards seen, found again by a keyed digest of their number."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._cards: dict[bytes, Card] = {}

    def find(self, number: str) -> Card | None:
        """The card, if it was seen before."""
        return self._cards.get(self._digest(number))

    def meet(self, number: str, month: str, year: str) -> Card:
        """The card; a number seen for the first time becomes a new, unverified card."""
        return self._cards.setdefault(
            self._digest(number), Card(number[-4:], scheme_of(number), (int(month), int(year)))
        )

    def clear(self) -> None:
        """Forgets every card."""
        self._cards.clear()

    def _digest(self, number: str) -> bytes:
        return hmac.new(self._key, number.encode(), hashlib.sha256).digest()


def outcome_of(number: str, *, test_mode: bool) -> Outcome:
    """The result of a charge. Suffixes choose it in test mode only."""
    return DECLINES.get(number[-4:], APPROVED) if test_mode else APPROVED


def scheme_of(number: str) -> str:
    """The card scheme by the first digit, in the service's spelling where that is documented."""
    schemes = {"2": "Mastercard", "4": "Visa", "5": "Mastercard", "6": "Discover"}
    return schemes.get(number[0], "Unknown")


def micro_amount(chance: random.Random, currency: str) -> Decimal:
    """A random micro charge between 1.00 and 5.00 BZD (the range is the sandbox's own choice).

    An even number of cents in BZD, so that the 2:1 equivalent in USD is exact to two decimals.
    """
    usd = Decimal(chance.randrange(50, 251)) / 100
    return (usd * 2 if currency == "BZD" else usd).quantize(Decimal("0.01"))


def confirms(submitted: Decimal, charged: Decimal, currency: str) -> bool:
    """Whether a submitted amount confirms a charge: the same, or its 2:1 equivalent, exactly.

    What the service means by "approximate equivalent" is documented nowhere, so no tolerance is made up.
    """
    other = charged / 2 if currency == "BZD" else charged * 2
    return submitted in (charged, other)
