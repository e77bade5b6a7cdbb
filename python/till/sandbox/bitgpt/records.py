"""How BitGPT names its records and writes times."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)


def new_id(kind: str, now_ms: int) -> str:
    """`invoice_0197d634-7d8e-7615-8007-e37b992cdb30`: the kind and a UUID of version 7."""
    value = now_ms << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    digits = f"{value:032x}"
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f"{kind}_{'-'.join(parts)}"


def mysql(time_ms: int) -> str:
    """`2025-07-04 18:10:53`; UTC is the sandbox's own choice, the documentation names no zone."""
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def mysql_with_ms(time_ms: int) -> str:
    """`2025-08-20 20:56:36.456`, as webhooks have it."""
    return f"{mysql(time_ms)}.{time_ms % 1000:03d}"


def mysql_time(value: object) -> str | None:
    """Check: a string such as `2025-07-04 18:10:53` that is a time."""
    if not isinstance(value, str):
        return "must be a string"
    try:
        if _TIME.fullmatch(value):
            datetime.fromisoformat(value)
            return None
    except ValueError:
        pass
    return "must be a date and time such as 2025-07-04 18:10:53"
