"""JSON between Python and the core: exact both ways, and no floats."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import till
from till._json import decode, encode

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_is_encoded_decodes_to_the_same(value: object) -> None:
    assert decode(encode(value)) == value
    assert json.loads(encode(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_its_value(number: Decimal) -> None:
    again = decode(encode([number]))[0]
    assert Decimal(again) == number


def test_a_decimal_keeps_its_zeros() -> None:
    assert encode({"amount": Decimal("150.00")}) == '{"amount":150.00}'
    assert decode('{"amount":150.00}')["amount"] == Decimal("150.00")
    assert str(decode(b'{"amount":150.00}')["amount"]) == "150.00"


def test_money_takes_its_shape() -> None:
    assert json.loads(encode(till.Money("1.5", "EUR"))) == {"amount": "1.50", "currency": "EUR"}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1, {"b": 1.5}]}, "$.a[1].b"),
        ({"a": object()}, "$.a"),
        ({"a": {1: 2}}, "$.a"),
        ({"a": {"x"}}, "$.a"),
        (b"bytes", "$"),
    ],
)
def test_what_has_no_json_form_is_a_type_error_that_says_where(value: Any, place: str) -> None:
    with pytest.raises(TypeError) as caught:
        encode(value)
    assert str(caught.value).startswith(place + ":")


def test_a_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        encode({"a": Decimal("Infinity")})
    assert caught.value.field == "$.a"


def test_a_structure_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(till.InvalidRequest):
        encode(loop)
