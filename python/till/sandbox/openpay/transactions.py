"""OpenPay's transactions: how they are kept, listed and shown."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from till.sandbox.clock import iso
from till.sandbox.fields import Field, check_fields, matching, one_of, whole_text

CURRENCIES = ("BZD", "USD")
STATUSES = ("pending", "completed", "failed", "refunded")
TYPES = ("payment", "verification", "refund", "chargeback")
DEFAULT_LIMIT, MAX_LIMIT = 20, 100
UUID_PATTERN = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?", re.ASCII)


@dataclass
class Transaction:
    """One movement of money on a card. Times are milliseconds since 1970, amounts major units."""

    amount: Decimal
    currency: str
    status: str
    kind: str
    card_type: str
    card_last_four: str
    gateway_reference: str
    created_ms: int
    customer_name: str | None = None
    paylink_id: str | None = None
    test_mode: bool = True
    updated_ms: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def __post_init__(self) -> None:
        self.updated_ms = self.updated_ms or self.created_ms

    def set_status(self, status: str, now_ms: int) -> None:
        """Moves on to another status."""
        self.status, self.updated_ms = status, now_ms

    @property
    def counts(self) -> bool:
        """Whether a payer paid with it: a payment that went through, even if refunded later."""
        return self.kind == "payment" and self.status in ("completed", "refunded")

    def listed(self, number: int) -> dict[str, object]:
        """The entry of the list; `number` makes the display id."""
        display_id = f"TX{number:010d}"
        return {
            "id": self.id,
            "display_id": display_id,
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "transaction_type": self.kind,
            "payment_processor": "plug_n_pay",
            "card_type": self.card_type,
            "card_last_four": self.card_last_four,
            "reference_number": display_id,
            "created_at": iso(self.created_ms),
            "updated_at": iso(self.updated_ms),
            "metadata": self._metadata(),
        }

    def shown(self) -> dict[str, object]:
        """The single transaction."""
        return {
            "id": self.id,
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "payment_processor": "plug_n_pay",
            "card_type": self.card_type,
            "card_last_four": self.card_last_four,
            "verification_required": self.kind == "verification" and self.status == "pending",
            "created_at": iso(self.created_ms),
            "metadata": self._metadata(),
        }

    def _metadata(self) -> dict[str, object]:
        metadata: dict[str, object] = {
            "customer_name": self.customer_name,
            "authorization_code": "AUTH" + self.id[:6].upper(),
            "gateway_reference": self.gateway_reference,
        }
        return {**metadata, "test_mode": True} if self.test_mode else metadata


class Transactions:
    """All transactions in the order they happened."""

    def __init__(self) -> None:
        self._all: dict[str, Transaction] = {}

    def add(self, transaction: Transaction) -> Transaction:
        """Keeps a new one."""
        self._all[transaction.id] = transaction
        return transaction

    def get(self, transaction_id: str) -> Transaction | None:
        """One by its id."""
        return self._all.get(transaction_id)

    def of_paylink(self, paylink_id: str) -> list[Transaction]:
        """Those made on a paylink's page, oldest first."""
        return [item for item in self._all.values() if item.paylink_id == paylink_id]

    def clear(self) -> None:
        """Forgets all."""
        self._all.clear()

    def page(self, query: Mapping[str, str]) -> dict[str, object]:
        """The documented list reply, newest first (the order is the sandbox's own choice).

        Raises `FieldError` for a filter that is unknown or malformed.
        """
        check_fields(query, _FILTERS)
        page, limit = int(query.get("page", 1)), int(query.get("limit", DEFAULT_LIMIT))
        numbered = [
            (number, item)
            for number, item in enumerate(self._all.values(), start=1_000_000_001)
            if _matches(item, query)
        ]
        numbered.reverse()
        chosen = numbered[(page - 1) * limit : page * limit]
        return {
            "success": True,
            "data": [item.listed(number) for number, item in chosen],
            "pagination": {
                "total": len(numbered),
                "page": page,
                "limit": limit,
                "total_pages": -(-len(numbered) // limit),
            },
        }


def _date(value: object) -> str | None:
    try:
        parse_date(str(value), end=False)
    except ValueError:
        return "must be an ISO 8601 date"
    return None


def parse_date(text: str, *, end: bool) -> int:
    """ISO 8601 to milliseconds; UTC when no offset is given.

    A bare date is the start of that day, or its last millisecond for an `end` (the sandbox's own choice).
    """
    if not _DATE.fullmatch(text):
        raise ValueError("not ISO 8601")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if end and len(text) == 10:
        moment += timedelta(days=1, milliseconds=-1)
    return int(moment.timestamp() * 1000)


def _matches(item: Transaction, query: Mapping[str, str]) -> bool:
    wanted = {
        "status": item.status,
        "currency": item.currency,
        "transaction_type": item.kind,
        "paylink_id": item.paylink_id,
    }
    if any(name in query and query[name] != value for name, value in wanted.items()):
        return False
    if "start_date" in query and item.created_ms < parse_date(query["start_date"], end=False):
        return False
    return "end_date" not in query or item.created_ms <= parse_date(query["end_date"], end=True)


_FILTERS = (
    Field("page", whole_text(1, 999_999_999)),
    Field("limit", whole_text(1, MAX_LIMIT)),
    Field("status", one_of(*STATUSES)),
    Field("currency", one_of(*CURRENCIES)),
    Field("start_date", _date),
    Field("end_date", _date),
    Field("paylink_id", matching(UUID_PATTERN, "must be a UUID")),
    Field("transaction_type", one_of(*TYPES)),
)
