"""Money in Python: exact, immutable, and never a float."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import till

cents = st.integers(min_value=-(10**15), max_value=10**15)


@pytest.mark.parametrize("amount", [1.5, 0.0, float("nan"), True, None, b"1", [1]])
def test_an_amount_that_is_no_decimal_str_or_int_is_a_type_error(amount: object) -> None:
    with pytest.raises(TypeError):
        till.Money(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "amount", ["", " 1", "1 ", "1,5", "1e3", "+1", "0x1", "1.2.3", "NaN", "٣", "1.001", Decimal("NaN")]
)
def test_an_amount_that_is_not_exact_decimal_text_is_an_invalid_request(amount: str | Decimal) -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        till.Money(amount, "EUR")
    assert caught.value.sent == "no"


def test_an_unknown_currency_is_an_invalid_request() -> None:
    with pytest.raises(till.InvalidRequest):
        till.Money("1", "EURO")
    with pytest.raises(TypeError):
        till.Money("1", 978)  # type: ignore[arg-type]


@given(cents, cents)
def test_sum_and_difference_are_those_of_decimal(left: int, right: int) -> None:
    a, b = till.Money.from_minor(left, "EUR"), till.Money.from_minor(right, "EUR")
    assert (a + b).minor == left + right
    assert (a - b).minor == left - right
    assert (a + b).amount == Decimal(left + right) / 100
    assert (a < b, a <= b, a > b, a >= b, a == b) == (
        left < right,
        left <= right,
        left > right,
        left >= right,
        left == right,
    )


@given(cents)
def test_repr_pickle_copy_and_json_give_the_same_money(minor: int) -> None:
    money = till.Money.from_minor(minor, "BZD")
    assert eval(repr(money), {"Money": till.Money}) == money
    assert pickle.loads(pickle.dumps(money)) == money
    assert copy.deepcopy(money) == money
    assert till.Money.from_json(money.to_json()) == money
    assert hash(till.Money(money.amount, "BZD")) == hash(money)
    assert (-money) + money == till.Money(0, "BZD")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=0, max_value=10**6))
def test_a_decimal_keeps_every_digit(amount: Decimal) -> None:
    assert till.Money(amount, "BTC").amount == amount


def test_a_decimal_with_an_exponent_is_written_out() -> None:
    assert str(till.Money(Decimal("1E+3"), "JPY")) == "1000 JPY"
    assert str(till.Money(Decimal("1E-8"), "BTC")) == "0.00000001 BTC"


def test_different_currencies_never_mix_and_are_never_equal() -> None:
    euro, dollar = till.Money("1", "EUR"), till.Money("1", "USD")
    assert euro != dollar
    for mixed in (lambda: euro + dollar, lambda: euro - dollar, lambda: euro < dollar):
        with pytest.raises(till.InvalidRequest):
            mixed()


def test_money_and_numbers_do_not_mix() -> None:
    money = till.Money("1", "EUR")
    assert money != 1
    with pytest.raises(TypeError):
        _ = money + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        _ = money < 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        _ = 1 + money  # type: ignore[operator]


def test_money_cannot_be_changed() -> None:
    money = till.Money("1", "EUR")
    with pytest.raises(AttributeError):
        money.amount = Decimal(2)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        money._text = "2"


def test_minor_units_beyond_64_bits_are_refused_and_the_amount_is_not() -> None:
    money = till.Money("10000000000000000000", "ETH")
    assert money.amount == Decimal(10) ** 19
    with pytest.raises(till.InvalidRequest):
        _ = money.minor


def test_zero_is_false() -> None:
    assert not till.Money("0.00", "EUR")
    assert till.Money("0.01", "EUR")
    assert str(-till.Money("0", "EUR")) == "0.00 EUR"


@pytest.mark.parametrize("minor", [2**63, -(2**63) - 1, 10**30])
def test_minor_units_beyond_64_bits_are_an_invalid_request(minor: int) -> None:
    with pytest.raises(till.InvalidRequest, match="64 bits"):
        till.Money.from_minor(minor, "EUR")
    assert till.Money.from_minor(2**63 - 1, "EUR").minor == 2**63 - 1
    assert till.Money.from_minor(-(2**63), "EUR").minor == -(2**63)


@pytest.mark.parametrize(
    "value", [{"amount": 48.25, "currency": "EUR"}, {"amount": 48, "currency": "EUR"}, "1"]
)
def test_money_from_json_that_is_not_text_is_a_type_error_in_plain_words(value: object) -> None:
    with pytest.raises(TypeError) as caught:
        till.Money.from_json(value)  # type: ignore[arg-type]
    assert "Invoked with" not in str(caught.value)
    with pytest.raises(till.InvalidRequest, match="needs an amount"):
        till.Money.from_json({"currency": "EUR"})


@pytest.mark.parametrize(
    ("money", "spec", "text"),
    [
        (till.Money("150", "BZD"), "", "150.00 BZD"),
        (till.Money("1234567.5", "BZD"), ",", "1,234,567.50 BZD"),
        (till.Money("-0.50", "BZD"), ",", "-0.50 BZD"),
        (till.Money("1234567", "JPY"), ",", "1,234,567 JPY"),
        (till.Money("9007199254740993", "JPY"), ",", "9,007,199,254,740,993 JPY"),  # no float has it
        (till.Money("150", "BZD"), ">14,", "    150.00 BZD"),
        (till.Money("150", "BZD"), "*^14", "**150.00 BZD**"),
        (till.Money("150", "BZD"), "12", "150.00 BZD  "),
    ],
)
def test_money_in_a_format_keeps_every_digit(money: till.Money, spec: str, text: str) -> None:
    assert format(money, spec) == text


@pytest.mark.parametrize("spec", [".2f", "f", ",.2f", "d", "e", "n", "+", "_", "012", "%"])
def test_a_format_that_could_round_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="Money has no format"):
        format(till.Money("150.00", "BZD"), spec)
