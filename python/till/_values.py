"""Decoders that several models share. What the core left out or set to null is None."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from till._money import Money

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
