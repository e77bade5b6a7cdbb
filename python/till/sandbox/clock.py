"""Time as the simulators see it: the machine's clock plus whatever a test added."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """A clock that can be moved forward.

    `source` returns seconds since 1970 and defaults to the machine's clock. Safe to read from any
    thread; `advance` is called from the server's own thread only.
    """

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self._source() * 1000) + self._offset_ms

    def advance(self, milliseconds: int) -> None:
        """Moves the clock forward. A negative step is a `ValueError`: time does not go back."""
        if milliseconds < 0:
            raise ValueError("the clock only goes forward")
        self._offset_ms += milliseconds


def iso(time_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds, as both services print it: `2026-02-11T09:30:43.473Z`."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"
