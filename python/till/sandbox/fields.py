"""Checks of what a caller sent: which fields may be there, of which type, within which limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from till.sandbox import wire

MAX_TEXT = 500  # the sandbox's own limit for free text
MAX_AMOUNT = Decimal("1000000000")  # the sandbox's own limit; no maximum is documented

Check = Callable[[object], str | None]
"""Returns what is wrong with a value, or None."""


class FieldError(ValueError):
    """A field is missing, unknown or wrong; the text says which one and why, `field` has its name."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Field:
    """One documented field."""

    name: str
    check: Check
    required: bool = False


def check_fields(
    given: Mapping[str, object], documented: Sequence[Field], *, name_known: bool = False
) -> None:
    """Raises `FieldError` for the first undocumented, missing or wrong field; with `name_known` it says which
    fields there are, which is for the sandbox's own API and not for what plays a service."""
    known = {field.name for field in documented}
    for name in given:
        if name not in known:
            there_are = f"; there are {', '.join(sorted(known))}" if name_known else ""
            raise FieldError(f"Unknown field: {name[:60]}{there_are}", name[:60])
    for field in documented:
        if field.name not in given:
            if field.required:
                raise FieldError(f"Missing required field: {field.name}", field.name)
            continue
        problem = field.check(given[field.name])
        if problem is not None:
            raise FieldError(f"Invalid {field.name}: {problem}", field.name)


def text(value: object) -> str | None:
    """A string that is neither empty nor very long."""
    if not isinstance(value, str):
        return "must be a string"
    if not value.strip():
        return "must not be empty"
    return None if len(value) <= MAX_TEXT else f"must have at most {MAX_TEXT} characters"


def optional_text(value: object) -> str | None:
    """A string, possibly empty."""
    return None if value == "" else text(value)


def boolean(value: object) -> str | None:
    """`true` or `false`."""
    return None if isinstance(value, bool) else "must be a boolean"


def money(places: int) -> Check:
    """A JSON number above zero in major units with at most `places` decimals."""

    def check(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            return "must be a number"
        if value <= 0:
            return "must be greater than 0"
        if value > MAX_AMOUNT:
            return "is too large"
        return None if wire.decimals(value) <= places else f"must have at most {places} decimals"

    return check


def matching(pattern: str, problem: str) -> Check:
    """A string that matches `pattern` as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        return None if compiled.fullmatch(value) else problem

    return check


def one_of(*choices: str) -> Check:
    """One of the listed strings."""

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        return None if value in choices else f"must be one of {', '.join(choices)}"

    return check


def whole(minimum: int, maximum: int) -> Check:
    """A whole JSON number within limits."""

    def check(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return "must be a whole number"
        return None if minimum <= value <= maximum else f"must be between {minimum} and {maximum}"

    return check


def whole_text(minimum: int, maximum: int) -> Check:
    """The text of a whole number within limits, as a query has it."""

    def check(value: object) -> str | None:
        given = str(value)
        good = re.fullmatch(r"[0-9]{1,9}", given, re.ASCII) is not None
        if not good or not minimum <= int(given) <= maximum:
            return f"must be a whole number from {minimum} to {maximum}"
        return None

    return check


def web_address(value: object) -> str | None:
    """An absolute http or https URL."""
    problem = text(value)
    if problem is not None:
        return problem
    try:
        parts = urlsplit(str(value))
    except ValueError:
        return "must be an absolute URL"
    good = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in str(value)
    return None if good else "must be an absolute URL"


email = matching(r"[^@\s]{1,64}@[^@\s]{1,190}", "must be an email address")
