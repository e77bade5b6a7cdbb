"""`gateway.payments.watch`: a payment that is followed until it is final."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import till
from till.sandbox import Control, Sandbox

PROVIDERS = Path(__file__).resolve().parents[2] / "plugins" / "providers"
Payer = Callable[[str], Control]


@pytest.fixture
def listening(sandbox: Sandbox, payer: Payer, tmp_path: Path) -> dict[str, Any]:
    """A BitPay merchant who listens to the bus."""
    payer("bitpay")
    shutil.copytree(PROVIDERS / "bitpay", tmp_path / "bitpay", ignore=shutil.ignore_patterns("fixtures"))
    manifest = json.loads((tmp_path / "bitpay" / "manifest.json").read_text("utf-8"))
    manifest["capabilities"]["payments.watch"] = {}
    (tmp_path / "bitpay" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    runtime = till.Runtime(plugin_path=[tmp_path], store="memory", ca_file=sandbox.ca_file)
    return {"runtime": runtime, "mode": "test", "base_url": sandbox.providers["bitpay"].base_url}


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_each_change_is_told_as_the_bus_tells_of_it(
    listening: dict[str, Any], sandbox: Sandbox, payer: Payer
) -> None:
    shop = till.Gateway("bitpay", sandbox.providers["bitpay"].settings, **listening)
    invoice = shop.payments.create(till.Money("10.00", "USD"))
    control = sandbox.control("bitpay")
    with shop.payments.watch(invoice.id, timeout=60) as watch:
        assert next(watch).status == "pending"
        assert within(10, lambda: control.command("listeners") == 1), "from then on nothing is missed"
        control.pay(invoice.provider_id or "")
        begun = time.monotonic()
        assert next(watch).status == "processing"
        control.confirm(invoice.provider_id or "")
        assert next(watch).status == "paid"
        assert time.monotonic() - begun < 1.9, "before the first question without a stream would be due"
        assert list(watch) == []


def test_a_payment_that_is_over_is_told_once(shop: till.Gateway, payer: Payer) -> None:
    payment = shop.payments.create(till.Money("20.00", "BZD"))
    payer("openpay").pay(payment.provider_id or "")
    seen = list(shop.payments.watch(payment.id))
    assert [one.status for one in seen] == ["paid"]
    assert seen[0].id == payment.id


def test_the_loop_ends_when_the_time_is_over(shop: till.Gateway) -> None:
    payment = shop.payments.create(till.Money("20.00", "BZD"))
    begun = time.monotonic()
    assert [one.status for one in shop.payments.watch(payment.id, timeout=0.3)] == ["pending"]
    assert 0.2 < time.monotonic() - begun < 5


def test_async_waits_hold_up_no_loop(gateway: Callable[..., Any], payer: Payer) -> None:
    async def follow() -> tuple[list[str], int]:
        shop = gateway("openpay", kind=till.AsyncGateway)
        payment = await shop.payments.create(till.Money("20.00", "BZD"))
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        statuses = []
        async for seen in shop.payments.watch(payment.id, timeout=30):
            statuses.append(seen.status)
            if seen.status == "pending":
                await asyncio.to_thread(payer("openpay").pay, payment.provider_id or "")
        ticking.cancel()
        return statuses, ticks

    statuses, ticks = asyncio.run(follow())
    assert statuses[-1] == "paid"
    assert ticks > 5


def test_a_cancelled_wait_loses_nothing(gateway: Callable[..., Any]) -> None:
    async def follow() -> list[str]:
        shop = gateway("openpay", kind=till.AsyncGateway)
        payment = await shop.payments.create(till.Money("20.00", "BZD"))
        async with shop.payments.watch(payment.id, timeout=1) as watch:
            statuses = [(await anext(watch)).status]
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(watch), 0.05)
            statuses += [seen.status async for seen in watch]
        return statuses

    assert asyncio.run(follow()) == ["pending"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A job in the background inherits "ignored" for SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_interrupts_a_wait(shop: till.Gateway) -> None:
    payment = shop.payments.create(till.Money("20.00", "BZD"))
    watch = shop.payments.watch(payment.id)
    next(watch)
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        next(watch)
    assert time.monotonic() - begun < 2
    watch.close()
    assert list(watch) == []


def test_another_thread_may_wait_too(shop: till.Gateway) -> None:
    payment = shop.payments.create(till.Money("20.00", "BZD"))
    seen: list[till.Payment] = []
    watch = shop.payments.watch(payment.id)
    thread = threading.Thread(target=lambda: seen.extend(watch))
    thread.start()
    assert within(10, lambda: len(seen) == 1)
    watch.close()
    thread.join(10)
    assert not thread.is_alive()


def test_what_cannot_be_followed_is_an_error(shop: till.Gateway) -> None:
    with pytest.raises(till.NotFound):
        list(shop.payments.watch("pay_nope"))
    with pytest.raises(till.InvalidRequest) as caught:
        shop.payments.watch("pay_nope", options={"nope": 1})
    assert caught.value.field == "$.options"
    with pytest.raises(till.ConfigurationError):
        shop.payments.watch("pay_nope", timeout=0)
