"""JSON on its way to the core and back: no float in either direction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any

from till._card import Card
from till._errors import InvalidRequest
from till._money import Money

_MAX_DEPTH = 64  # the core's own limit; here so that a structure that contains itself ends as an error, too


def encode(value: object, path: str = "$") -> str:
    """JSON text of what a caller passed. `Money` and `Card` take their shapes, a `Decimal` becomes a number
    with exactly its digits. A `float`, or anything JSON has no form for, is a `TypeError` that says where."""
    return _encode(value, path, 0)


def _encode(value: object, path: str, depth: int) -> str:
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None or value is True or value is False:
        return _CONSTANTS[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Money):
        return f'{{"amount":"{value._text}","currency":"{value._currency}"}}'
    if isinstance(value, Card):
        return encode_basestring_ascii(value.handle)
    if isinstance(value, Decimal):
        return _number(value, path)
    if depth > _MAX_DEPTH:
        raise InvalidRequest("nested too deeply", code="too_deep", field=path[:200])
    if isinstance(value, Mapping):
        return "{" + ",".join([_member(key, item, path, depth) for key, item in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return (
            "[" + ",".join([_encode(item, f"{path}[{at}]", depth + 1) for at, item in enumerate(value)]) + "]"
        )
    if isinstance(value, float):
        raise TypeError(f"{path}: no binary floats, please: write the number as a str or a Decimal")
    raise TypeError(f"{path}: {type(value).__name__} has no JSON form")


_CONSTANTS: dict[object, str] = {None: "null", True: "true", False: "false"}


def _member(key: object, value: object, path: str, depth: int) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{path}: a key must be a str, not {type(key).__name__}")
    return encode_basestring_ascii(key) + ":" + _encode(value, f"{path}.{key}", depth + 1)


def _number(value: Decimal, path: str) -> str:
    if not value.is_finite():
        raise InvalidRequest("must be a finite number", code="invalid_decimal", field=path)
    return format(value, "f") if abs(value.adjusted()) < 400 else str(value)


_decoder = json.JSONDecoder(parse_float=Decimal)


def decode(text: bytes | str) -> Any:
    """The value of JSON text; numbers with a fraction or an exponent become `Decimal`."""
    return _decoder.decode(text.decode() if isinstance(text, bytes) else text)
