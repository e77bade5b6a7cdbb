"""What a simulator remembers of the requests it saw, with secrets and card data masked."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

KEPT_REQUESTS = 10_000

_CARD_FIELDS = {"card_cvv", "card_expiry_month", "card_expiry_year", "card_holder_name"}
_SECRET_HEADERS = {"x-api-key", "authorization", "cookie", "proxy-authorization"}


class Recorder:
    """The last requests in the order of arrival; older ones are dropped beyond a fixed count."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, object]] = deque(maxlen=KEPT_REQUESTS)

    def add(self, entry: dict[str, object]) -> None:
        """Keeps one entry, which must already be masked."""
        self._entries.append(entry)

    def entries(self) -> list[dict[str, object]]:
        """All kept entries, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with secrets shortened to a recognisable start."""
    return {name: shorten(value) if name in _SECRET_HEADERS else value for name, value in headers.items()}


def mask_body(value: object) -> object:
    """A parsed body without card data and without tokens, at any depth."""
    if isinstance(value, list):
        return [mask_body(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _mask_member(key, item) for key, item in value.items()}


def shorten(secret: str) -> str:
    """`sk_test_...`: enough to tell two secrets apart by kind, never enough to use one."""
    return secret[:8] + "..." if len(secret) > 16 else "***"


def _mask_member(key: str, value: object) -> object:
    if key == "card_number":
        # Anything may arrive in this field, so only a tail that cannot be the whole number is kept.
        return "************" + value[-4:] if isinstance(value, str) and len(value) == 16 else "***"
    if key in _CARD_FIELDS:
        return "***"
    if key == "token" and isinstance(value, str):
        return shorten(value)
    return mask_body(value)
