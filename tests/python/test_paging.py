"""Lists over all their pages, and filters in Python's own words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

import pytest

import till
from till._call import BlockingNoun, Call
from till._page import Page, blocking_items, page_of
from till.sandbox import Control


@pytest.fixture
def five(shop: till.Gateway, payer: Callable[[str], Control]) -> Iterator[set[str | None]]:
    """Ids of five payments that OpenPay lists."""
    for _ in range(5):
        payment = shop.payments.create(till.Money("1.00", "BZD"))
        payer("openpay").pay(payment.provider_id or "")
    yield {payment.provider_id for payment in shop.payments.list(limit=100)}


def test_every_payment_of_all_pages_comes_once(
    shop: till.Gateway, five: set[str | None], payer: Callable[[str], Control]
) -> None:
    found = [payment.provider_id for payment in shop.payments.iterate(limit=2)]
    assert len(found) == 5
    assert set(found) == five


def test_pages_are_read_when_they_are_needed(shop: till.Gateway, five: set[str | None]) -> None:
    assert len(five) == 5
    asked = []
    run = shop._run
    shop.payments._run = lambda call: (asked.append(call.input.get("cursor")), run(call))[1]
    payments = shop.payments.iterate(limit=2)
    assert asked == []
    assert len(list(islice(payments, 2))) == 2
    assert asked == [None]
    assert next(payments).status == "paid"
    assert asked == [None, "2"]


def test_async_for_gives_the_same(gateway: Callable[..., Any], five: set[str | None]) -> None:
    shop = gateway("openpay", kind=till.AsyncGateway)

    async def found() -> set[str | None]:
        return {payment.provider_id async for payment in shop.payments.iterate(limit=2)}

    assert asyncio.run(found()) == five


def test_wrong_arguments_are_raised_by_the_call_itself(shop: till.Gateway) -> None:
    with pytest.raises(till.InvalidRequest):
        shop.payments.iterate(since=datetime(2026, 1, 1))
    with pytest.raises(TypeError):
        shop.payments.iterate(sinc="2026-01-01")  # type: ignore[call-arg]


def test_a_list_that_names_its_own_page_as_the_next_ends_in_an_error() -> None:
    def list_() -> Call[Page[int]]:
        return Call("payments.list", {}, page_of(int))

    class Noun(BlockingNoun):
        iterate = blocking_items(list_, "")

    endless = Noun(lambda call: call.decode({"items": [1], "next": "2"})).iterate()
    assert next(endless) == 1
    with pytest.raises(till.ProviderError) as caught:
        next(endless)
    assert caught.value.code == "endless_list"


def test_dates_filter_a_list(shop: till.Gateway, five: set[str | None]) -> None:
    assert {payment.provider_id for payment in shop.payments.iterate(since=date(2026, 1, 1))} == five
    assert list(shop.payments.iterate(until=date(2026, 1, 1))) == []


def test_errors_say_the_names_that_python_has(bitpay: till.Gateway, shop: till.Gateway) -> None:
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: bitpay.payments.list(), "$.since"),
        (lambda: bitpay.payments.list(since="then"), "$.since"),
        (lambda: bitpay.payments.list(since="2026-01-01", until="then"), "$.until"),
        (lambda: bitpay.ledgers.entries("USD"), "$.since"),
        (lambda: bitpay.rates.get("USD", "EUR"), "$.from_currency"),
        (lambda: bitpay.rates.get(""), "$.to_currency"),
        (lambda: shop.payments.get("x" * 300), "$.payment_id"),
        (lambda: shop.payments.get(), "$.payment_id"),
    ]
    for call, field in wrong:
        with pytest.raises(till.InvalidRequest) as caught:
            call()
        assert caught.value.field == field
        assert "$.from" not in str(caught.value).replace("$.from_currency", "")
        assert "$.to" not in str(caught.value).replace("$.to_currency", "")
        assert "`id`" not in str(caught.value)


def test_a_name_that_does_not_exist_comes_with_the_nearest_one(
    bitpay: till.Gateway, gateway: Callable[..., Any]
) -> None:
    with pytest.raises(till.Unsupported, match="did you mean 'getRates'"):
        bitpay.native("GetRate")
    with pytest.raises(till.Unsupported, match=r"did you mean 'payments\.create'"):
        bitpay.exchange("payment.create", {})
    with pytest.raises(till.Unsupported) as caught:
        bitpay.native("SomethingElse")
    assert "did you mean" not in str(caught.value)

    async def ask() -> None:
        await gateway("bitpay", kind=till.AsyncGateway).native("getLedger")

    with pytest.raises(till.Unsupported, match="did you mean 'getLedgers'"):
        asyncio.run(ask())
