"""Texts on their way into the core, checked before its own argument check, which would print them all."""

from __future__ import annotations

from till._errors import InvalidRequest


def checked_text(value: object, name: str) -> str:
    """The text itself. A `TypeError` when it is no str, `InvalidRequest` when it has no UTF-8 form; both say
    the parameter's `name` and never its value, neither in words nor in the exceptions behind them."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if not _has_utf8(value):
        raise InvalidRequest("is no Unicode text: half of a surrogate pair", code="invalid_text", field=name)
    return value


def _has_utf8(text: str) -> bool:
    # A function of its own: the encoder's error holds the text, and would be the context of ours.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
