"""JSON as the simulators read and write it: strict, and with numbers that keep their decimals."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal

MAX_BODY_BYTES = 1 << 20  # the sandbox's own limit; neither service documents one


class WireError(ValueError):
    """The bytes are not JSON as RFC 8259 has it, or repeat a key."""


def read(raw: bytes | str) -> object:
    """Parses JSON. Fractions become `Decimal` (so `150.00` keeps its text), whole numbers `int`.

    Refuses invalid UTF-8, repeated keys, `NaN`, `Infinity` and absurd depth with `WireError`.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        return json.loads(
            text,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_keys,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise WireError(f"not valid JSON: {type(error).__name__}") from error


def write(value: object) -> str:
    """Compact JSON text. A `Decimal` is written as a number with exactly its own decimals."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(k))}:{write(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(write(item) for item in value) + "]"
    if isinstance(value, float):
        raise TypeError("binary floats have no place in these bodies")
    return json.dumps(value, ensure_ascii=False)


def decimals(number: Decimal | int) -> int:
    """How many decimals a number really uses: 1 for `1.50`, since trailing zeros do not count."""
    if isinstance(number, int):
        return 0
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("not a finite number")
    while digits and digits[-1] == 0 and exponent < 0:
        digits, exponent = digits[:-1], exponent + 1
    return max(0, -exponent)


def plain(number: Decimal) -> Decimal | int:
    """The number the way JavaScript prints it: no trailing zeros, whole numbers without a point."""
    if decimals(number) == 0:
        return int(number)
    return Decimal(f"{number:f}".rstrip("0"))


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _unique_keys(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    seen: dict[str, object] = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError("a key appears twice")
        seen[key] = value
    return seen
