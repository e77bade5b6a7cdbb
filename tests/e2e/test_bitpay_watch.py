"""BitPay's event bus as an iterator: a payment is followed while things happen to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

import till
from till.sandbox import Control

PRICE = till.Money("25.00", "USD")


@pytest.fixture
def control(payer: Callable[[str], Control]) -> Control:
    return payer("bitpay")


def invoice(bitpay: till.Gateway) -> tuple[str, str]:
    payment = bitpay.payments.create(PRICE)
    return payment.id or "", payment.provider_id or ""


def wait_for_listeners(control: Control, drop: bool = False) -> None:
    """Waits until somebody listens to the bus; `drop` cuts them all off."""
    end = time.monotonic() + 10
    while True:
        listening = control.command("drop_listeners" if drop else "listeners")
        if listening:
            return
        assert time.monotonic() < end, "nobody came to listen"
        time.sleep(0.02)


def test_an_invoice_is_followed_to_its_end(bitpay: till.Gateway, control: Control) -> None:
    ours, theirs = invoice(bitpay)
    begin, seen = time.monotonic(), []
    for payment in bitpay.payments.watch(ours, timeout=30):
        seen.append(payment.status)
        if payment.status == "pending":
            wait_for_listeners(control)
            control.underpay(theirs)
        elif payment.status == "underpaid":
            control.pay(theirs)
        elif payment.status == "processing":
            control.confirm(theirs, 6)
    assert seen == ["pending", "underpaid", "processing", "paid"]
    assert time.monotonic() - begin < 6  # by the bus: asking alone takes 2 s for each step, and longer


def test_an_invoice_is_followed_over_a_lost_connection(bitpay: till.Gateway, control: Control) -> None:
    ours, theirs = invoice(bitpay)
    seen = []
    for payment in bitpay.payments.watch(ours, timeout=30):
        seen.append(payment.status)
        if payment.status == "pending":
            wait_for_listeners(control, drop=True)
            control.pay(theirs)  # nobody hears of it; whoever connects again asks
        elif payment.status == "processing":
            wait_for_listeners(control)
            control.confirm(theirs, 6)
    assert seen == ["pending", "processing", "paid"]


def test_an_invoice_that_nobody_pays_ends_its_watch(bitpay: till.Gateway, control: Control) -> None:
    ours, _ = invoice(bitpay)
    seen = []
    for payment in bitpay.payments.watch(ours, timeout=30):
        seen.append(payment.status)
        if payment.status == "pending":
            wait_for_listeners(control)
            control.advance_clock(901)
    assert seen == ["pending", "expired"]


def test_a_watch_ends_with_its_time(bitpay: till.Gateway, control: Control) -> None:
    ours, _ = invoice(bitpay)
    assert [payment.status for payment in bitpay.payments.watch(ours, timeout=1)] == ["pending"]


def test_a_watch_can_be_awaited(gateway: Callable[..., till.AsyncGateway], control: Control) -> None:
    async def follow() -> list[str]:
        shop = gateway("bitpay", till.AsyncGateway)
        payment = await shop.payments.create(PRICE)
        seen = []
        async for now in shop.payments.watch(payment.id, timeout=30):
            seen.append(now.status)
            if now.status == "pending":
                await asyncio.to_thread(control.pay, payment.provider_id or "")
            elif now.status == "processing":
                await asyncio.to_thread(control.confirm, payment.provider_id or "", 6)
        return seen

    assert asyncio.run(follow()) == ["pending", "processing", "paid"]
