"""Cards and identities show nothing that they should not."""

from __future__ import annotations

import copy
import gc
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import till
from till import _native
from till.sandbox import Control

NUMBER = "4111111111111111"


def card() -> till.Card:
    return till.Card("4111 1111 1111 1111 ", 12, 2030, cvv="987", holder_name="Ana Cal")


def test_a_card_shows_its_last_four_digits_only() -> None:
    kept = card()
    assert repr(kept) == str(kept) == "Card('**** 1111')"
    assert kept.last4 == "1111"
    assert not hasattr(kept, "__dict__")
    for name in kept.__slots__:
        assert NUMBER not in str(getattr(kept, name, ""))


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_card_cannot_be_pickled_or_copied(copier: object) -> None:
    with pytest.raises(TypeError):
        copier(card())  # type: ignore[operator]


def test_a_closed_card_is_gone_from_the_core(shop: till.Gateway) -> None:
    with card() as kept:
        handle = kept.handle
    with pytest.raises(ValueError, match="closed"):
        _ = kept.handle
    kept.close()
    with pytest.raises(till.InvalidRequest) as caught:
        shop.exchange("cards.verify", {"card": handle})
    assert caught.value.field == "$.card"


def test_a_forgotten_card_is_wiped_with_its_object(shop: till.Gateway) -> None:
    kept = card()
    handle = kept.handle
    del kept
    gc.collect()
    with pytest.raises(till.InvalidRequest):
        shop.exchange("cards.verify", {"card": handle})


@pytest.mark.parametrize(
    ("number", "month", "year", "cvv", "field"),
    [
        ("4111", 12, 2030, "", "$.card.number"),
        ("4111x11111111111", 12, 2030, "", "$.card.number"),
        (NUMBER, 13, 2030, "", "$.card.expiry_month"),
        (NUMBER, 12, 30, "", "$.card.expiry_year"),
        (NUMBER, 12, 2030, "12", "$.card.cvv"),
    ],
)
def test_a_wrong_card_is_refused_without_repeating_it(
    number: str, month: int, year: int, cvv: str, field: str
) -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        till.Card(number, month, year, cvv=cvv)
    assert caught.value.field == field
    assert number not in str(caught.value)


def test_an_identity_shows_its_public_side_only() -> None:
    identity = till.Identity.generate()
    assert identity.reveal_private_key() not in repr(identity)
    assert till.Identity(identity.reveal_private_key()).sin == identity.sin
    with pytest.raises(TypeError):
        pickle.dumps(identity)


def test_a_key_that_is_no_key_is_refused_without_repeating_it() -> None:
    for text in ("", "00" * 32, "zz" * 32, "ff" * 32, "1234"):
        with pytest.raises(till.TillError) as caught:
            till.Identity(text)
        assert not text or text not in str(caught.value)


def test_two_identities_are_never_the_same() -> None:
    assert _native.generate_private_key() != _native.generate_private_key()


def test_the_guide_takes_cards_on_the_providers_page_and_on_the_shops_own(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    openpay = payer("openpay")
    page = (Path(__file__).resolve().parents[2] / "docs" / "cards.md").read_text("utf-8")
    guide: dict[str, Any] = {"till": till}
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(code, guide)
    assert guide["pay_on_a_page"](shop).startswith("https://")
    form = {"number": "4111 1111 1111 1111", "month": 12, "year": 2030, "cvv": "987", "name": "Ana Cal"}
    assert guide["pay_by_card"](shop, form).status == "requires_action"
    statement = openpay.statement(NUMBER)
    assert statement
    assert guide["confirm_and_pay"](shop, form, "0.01") is None
    assert guide["confirm_and_pay"](shop, form, statement["amount"]).status == "paid"
    assert guide["pay_by_card"](shop, form).status == "paid"
    declined = guide["pay_by_card"](shop, {**form, "number": "4000 0000 0008 2000"})
    assert (declined.status, declined.decline.code) == ("failed", "DECLINED")
