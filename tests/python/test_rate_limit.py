"""`rate_limit_wait`: a gateway that waits instead of raising `RateLimited`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import till
from till.sandbox import Control

Gateways = Callable[..., till.Gateway]


def statuses(control: Control) -> list[int]:
    return [request["status"] for request in control.requests() if request["method"] == "POST"]


def test_without_it_a_refusal_is_raised_at_once(gateway: Gateways, payer: Callable[[str], Control]) -> None:
    control = payer("bitpay")
    control.fault("status_429", retry_after=0)
    with pytest.raises(till.RateLimited) as caught:
        gateway("bitpay").payments.create(till.Money("10.00", "USD"))
    assert caught.value.retry_after == 0
    assert statuses(control) == [429]


def test_a_refused_payment_is_sent_again_after_the_wait(
    gateway: Gateways, payer: Callable[[str], Control]
) -> None:
    control = payer("bitpay")
    control.fault("status_429", retry_after=0, count=2)
    shop = gateway("bitpay", rate_limit_wait=5)
    assert shop.payments.create(till.Money("10.00", "USD")).status == "pending"
    assert statuses(control)[:3] == [429, 429, 200]


def test_waiting_holds_up_no_event_loop(gateway: Gateways, payer: Callable[[str], Control]) -> None:
    payer("bitpay").fault("status_429", retry_after=1)
    shop = gateway("bitpay", kind=till.AsyncGateway, rate_limit_wait=5)

    async def pay_and_tick() -> int:
        paying = asyncio.ensure_future(shop.payments.create(till.Money("10.00", "USD")))  # type: ignore[call-overload]
        ticks = 0
        while not paying.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert paying.result().status == "pending"
        return ticks

    assert asyncio.run(pay_and_tick()) > 20


def test_a_longer_wait_than_allowed_is_raised_at_once(
    gateway: Gateways, payer: Callable[[str], Control]
) -> None:
    payer("bitpay").fault("status_429", retry_after=60)
    with pytest.raises(till.RateLimited) as caught:
        gateway("bitpay", rate_limit_wait=59).payments.create(till.Money("10.00", "USD"))
    assert caught.value.retry_after == 60


def test_a_host_is_told_how_long_to_wait(gateway: Gateways) -> None:
    exchange = gateway("bitpay", rate_limit_wait=30).exchange(
        "payments.create", {"amount": till.Money("10.00", "USD")}
    )
    assert exchange.wait == 0
    exchange.reply(429, {"Retry-After": "20"}, b"{}")
    assert exchange.request is not None
    assert 10 < exchange.wait <= 20


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf")])
def test_what_is_no_span_of_time_is_refused(gateway: Gateways, wrong: float) -> None:
    with pytest.raises(till.ConfigurationError) as caught:
        gateway("bitpay", rate_limit_wait=wrong)
    assert caught.value.field == "rate_limit_wait"


def test_zero_is_the_same_as_none(gateway: Gateways, payer: Callable[[str], Control]) -> None:
    payer("bitpay").fault("status_429", retry_after=0)
    with pytest.raises(till.RateLimited):
        gateway("bitpay", rate_limit_wait=0).payments.create(till.Money("10.00", "USD"))
