"""Dates as BitPay's samples write them: `2014-8-1`, or ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)


def parse_loose_date(text: str, *, end: bool) -> int:
    """Milliseconds since 1970 in UTC; a bare day as an `end` means all of that day (sandbox-made)."""
    day = _DAY.fullmatch(text)
    if day is not None:
        moment = datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC)
        moment += timedelta(days=1, milliseconds=-1) if end else timedelta()
    elif _MOMENT.fullmatch(text):
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    else:
        raise ValueError("not a date")
    return int(moment.timestamp() * 1000)


def loose_date(value: object) -> str | None:
    """A check for a date in a string."""
    if not isinstance(value, str):
        return "must be a date in a string"
    try:
        parse_loose_date(value, end=True)
    except (ValueError, OverflowError):
        return "must be a date"
    return None
