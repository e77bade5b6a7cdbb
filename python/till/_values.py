"""Decoders that several models share, where what the core left out or set to null is None; and times and
other arguments on their way into the core."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from till._card import Card
from till._errors import InvalidRequest
from till._money import Money

# Parameter -> the type it takes, and how that is written.
_ARGUMENTS: dict[str, tuple[type, str]] = {
    "amount": (Money, 'till.Money("10.00", "EUR")'),
    "card": (Card, "till.Card(number, expiry_month, expiry_year, cvv=..., holder_name=...)"),
    "event_id": (str, "event.id"),
    "payment_id": (str, "payment.id"),
    "provider_id": (str, "payment.provider_id"),
    "refund_id": (str, "refund.id"),
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def money(value: Any) -> Money | None:
    """Money, where there is some."""
    return None if value is None else Money.from_json(value)


def time(value: Any) -> datetime | None:
    """A time in UTC, from ISO 8601 text or from milliseconds since 1970, as scripts write it."""
    if isinstance(value, int):
        return _EPOCH + timedelta(milliseconds=value)
    return None if value is None else datetime.fromisoformat(value)


def decimal(value: Any) -> Decimal | None:
    """A decimal number written as text or as a number."""
    return None if value is None else Decimal(value)


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; an empty one for null."""
    return value or {}


def check_argument(name: str, value: object) -> None:
    """A `TypeError` for what is not the parameter's type: what it takes, and how that is written. Never shows
    the value."""
    if name not in _ARGUMENTS or value is None:
        return
    kind, written = _ARGUMENTS[name]
    if not isinstance(value, kind):
        wanted = "str" if kind is str else f"till.{kind.__name__}"
        raise TypeError(f"{name} must be a {wanted}, not {type(value).__name__}: write {written}")


def moment(value: date | str | None, name: str) -> str | None:
    """A time as the core reads it: a `datetime`, a `date` (its beginning in UTC), or text as it is. Without a
    zone nobody knows which moment a `datetime` is: `InvalidRequest` at the parameter's `name`."""
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, date):
        raise TypeError(f"{name} is a datetime, a date or ISO 8601 text, not {type(value).__name__}")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        raise InvalidRequest(
            "a datetime needs a time zone here, as in datetime.now(timezone.utc)",
            code="no_time_zone",
            field=f"$.{name}",
        )
    return value.isoformat(timespec="milliseconds")
