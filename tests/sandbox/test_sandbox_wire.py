"""JSON in and out of the simulators keeps decimals and refuses what is not JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest

from till.sandbox import wire


def test_decimals_survive_reading_and_writing() -> None:
    assert wire.write(wire.read('{"amount":150.00,"rate":1e2}')) == '{"amount":150.00,"rate":100}'


def test_plain_numbers_look_as_in_javascript() -> None:
    shown = [wire.plain(Decimal(text)) for text in ("100.00", "442.50", "1E+2", "0.0076")]
    assert wire.write(shown) == "[100,442.5,100,0.0076]"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":1e999999999999999999999}',
        b"9" * 5000,
    ],
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.read(raw)


@pytest.mark.parametrize(
    ("text", "places"),
    [("1.50", 1), ("1.00", 0), ("150", 0), ("0.001", 3), ("1." + "0" * 40 + "1", 41), ("1E+3", 0)],
)
def test_decimals_are_counted_exactly(text: str, places: int) -> None:
    assert wire.decimals(Decimal(text)) == places


def test_a_binary_float_is_never_written() -> None:
    with pytest.raises(TypeError):
        wire.write({"amount": 1.1})
