"""GlobalPay's rate limit: so many requests an hour, and three headers on every answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """How many requests are allowed in each window. An hour is documented; tests may have less time."""

    limit: int
    window_ms: int


class RateLimit:
    """Counts requests in windows, each beginning with its first request (own choice)."""

    def __init__(self) -> None:
        self._begin_ms: int | None = None
        self._seen = 0

    def take(self, rule: Rule, now_ms: int) -> bool:
        """Counts one request; False, and nothing is counted, when the window has none left."""
        if self._begin_ms is None or now_ms >= self._begin_ms + rule.window_ms:
            self._begin_ms, self._seen = now_ms, 0
        if self._seen >= rule.limit:
            return False
        self._seen += 1
        return True

    def headers(self, rule: Rule, now_ms: int) -> dict[str, str]:
        """The documented headers; the reset is in seconds since 1970, rounded up."""
        begin_ms, seen = self._begin_ms, self._seen
        if begin_ms is None or now_ms >= begin_ms + rule.window_ms:
            begin_ms, seen = now_ms, 0
        return {
            "x-ratelimit-limit": str(rule.limit),
            "x-ratelimit-remaining": str(max(0, rule.limit - seen)),
            "x-ratelimit-reset": str(-(-(begin_ms + rule.window_ms) // 1000)),
        }

    def clear(self) -> None:
        """Begins afresh."""
        self._begin_ms, self._seen = None, 0
