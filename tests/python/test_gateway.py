"""Gateways: settings, what is refused before anything is sent, sharing, event loops, interrupts."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import till
from stub_server import StubServer
from till._gateway import _DECODERS
from till._runtime import shared_runtime
from till.sandbox import Control

KEY = {"api_key": "sk_test_0123456789abcdef"}


def test_wrong_settings_are_refused_at_once_and_never_repeated(runtime: till.Runtime) -> None:
    for settings, field in [
        ({}, "$.api_key"),
        ({"api_key": "short"}, "$.api_key"),
        ({**KEY, "api_kee": "sk_secret_value"}, "$.api_kee"),
        ({**KEY, "mode": "tset"}, "$.mode"),
        ({**KEY, "base_url": "http://example.com"}, "$.base_url"),
        ({**KEY, "base_url": "ftp://example.com"}, "$.base_url"),
    ]:
        with pytest.raises(till.ConfigurationError) as caught:
            till.Gateway("openpay", settings, runtime=runtime)
        assert caught.value.field == field
        assert caught.value.sent == "no"
        assert "sk_secret" not in str(caught.value)


def test_an_unknown_provider_is_not_found_and_the_error_names_those_there_are(runtime: till.Runtime) -> None:
    with pytest.raises(till.NotFound, match="openpay"):
        till.Gateway("opnpay", KEY, runtime=runtime)


def test_a_float_in_settings_or_input_is_a_type_error(runtime: till.Runtime) -> None:
    with pytest.raises(TypeError):
        till.Gateway("openpay", {"api_key": 1.5}, runtime=runtime)
    shop = till.Gateway("openpay", KEY, runtime=runtime)
    with pytest.raises(TypeError, match=r"\$\.metadata\.x"):
        shop.payments.create(till.Money(1, "BZD"), metadata={"x": 0.1})
    with pytest.raises(TypeError):
        shop.payments.create("150.00")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        shop.payments.create(150.0)  # type: ignore[arg-type]


def test_secrets_show_in_no_repr(shop: till.Gateway) -> None:
    assert repr(shop) == "Gateway('openpay/test')"
    assert "sk_" not in repr(shop) + repr(shop.__dict__) + repr(shop.runtime)


def test_what_a_provider_cannot_do_is_unsupported_and_sends_nothing(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    with pytest.raises(till.Unsupported, match="dashboard"):
        shop.refunds.create("pay_1")
    with pytest.raises(till.Unsupported):
        shop.rates.list()
    with pytest.raises(till.Unsupported):
        shop.native("NoSuchCall")
    assert payer("openpay").requests() == []


def test_input_is_checked_before_anything_is_sent(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: shop.payments.create(till.Money("1", "EUR")), "$.amount.currency"),
        (lambda: shop.payments.create(till.Money("0", "BZD")), "$.amount.amount"),
        (lambda: shop.payments.create(till.Money("-1", "BZD")), "$.amount.amount"),
        (lambda: shop.payments.create(till.Money("1", "BZD"), reference="x" * 256), "$.reference"),
        (lambda: shop.payments.create(till.Money("1", "BZD"), return_url="thanks"), "$.return_url"),
        (lambda: shop.payments.create(till.Money("1", "BZD"), customer={"mail": "a@b.c"}), "$.customer.mail"),
        (lambda: shop.payments.create(till.Money("1", "BZD"), options={"x": 1}), "$.options"),
        (lambda: shop.payments.create(till.Money("1", "BZD"), metadata={"x": "y" * 20_000}), "$.metadata"),
    ]
    for call, field in wrong:
        with pytest.raises(till.InvalidRequest) as caught:
            call()
        assert caught.value.field == field
        assert caught.value.sent == "no"
    assert payer("openpay").requests() == []


def test_gateways_share_one_runtime_per_set_of_options(tmp_path: Path) -> None:
    first = till.Gateway("openpay", KEY, store=tmp_path / "a")
    assert till.Gateway("bitpay", {}, store=tmp_path / "a").runtime is first.runtime
    assert till.Gateway("openpay", KEY, store=tmp_path / "b").runtime is not first.runtime
    assert not (tmp_path / "a").exists()


def test_a_runtime_and_its_options_exclude_each_other(runtime: till.Runtime) -> None:
    with pytest.raises(TypeError):
        till.Gateway("openpay", KEY, runtime=runtime, store="memory")


def test_many_threads_get_the_same_shared_runtime(tmp_path: Path) -> None:
    found = []
    barrier = threading.Barrier(8)

    def look() -> None:
        barrier.wait()
        found.append(shared_runtime(store=tmp_path / "shared"))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_a_runtime_says_where_its_store_is_and_refuses_unknown_options(tmp_path: Path) -> None:
    assert till.Runtime(store=tmp_path / "x.sqlite3").store.place == str(tmp_path / "x.sqlite3")
    assert till.Runtime(store="memory").store.place == "memory"
    with pytest.raises(TypeError):
        till.Runtime(stoer="memory")  # type: ignore[call-arg]


def test_the_exchange_decodes_what_the_nouns_decode(runtime: till.Runtime) -> None:
    capabilities = set()
    for provider in runtime.providers():
        capabilities |= set(runtime.describe(provider)["capabilities"])
    assert capabilities - {"payments.watch"} <= set(_DECODERS)  # a watch is no call with one answer


def test_one_async_gateway_serves_several_event_loops(gateway: Callable[..., till.Gateway]) -> None:
    shop = gateway("openpay", kind=till.AsyncGateway)

    async def check() -> bool:
        return (await shop.check()).ok  # type: ignore[misc]

    assert [asyncio.run(check()) for _ in range(3)] == [True] * 3


def test_an_error_is_raised_by_the_await(gateway: Callable[..., till.Gateway]) -> None:
    shop = gateway("openpay", kind=till.AsyncGateway)

    async def refund() -> None:
        with pytest.raises(till.Unsupported):
            await shop.refunds.create("pay_1")  # type: ignore[misc]

    asyncio.run(refund())


def test_a_cancelled_call_leaves_its_loop_working(tmp_path: Path) -> None:
    async def scenario(base_url: str) -> int:
        shop = till.AsyncGateway(
            "openpay", KEY, base_url=base_url, runtime=till.Runtime(store=tmp_path / "t.sqlite3")
        )
        task = asyncio.create_task(shop.payments.create(till.Money(1, "BZD"), idempotency_key="k1"))
        while server.count < 1:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        second = await shop.payments.create(till.Money(2, "BZD"))
        # The cancelled one went on in the core, and its outcome is the one that its key gives from now on.
        first = await shop.payments.create(till.Money(1, "BZD"), idempotency_key="k1")
        return len({first.id, second.id})

    with StubServer(hold=2) as server:
        assert asyncio.run(scenario(server.base_url)) == 2
        assert server.count == 2


def test_ctrl_c_interrupts_a_waiting_call(tmp_path: Path) -> None:
    script = (
        "import signal, sys, till\n"
        # A job in the background inherits "ignored" for SIGINT.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"shop = till.Gateway('openpay', {KEY!r}, base_url=sys.argv[1], store='memory')\n"
        "print('ready', flush=True)\n"
        "try: shop.payments.create(till.Money(1, 'BZD'))\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    with StubServer(hold=2) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", script, server.base_url],
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 30
        while server.count < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        begin = time.monotonic()
        child.send_signal(signal.SIGINT)
        rest, _ = child.communicate(timeout=30)
        assert rest == "interrupted\n"
        assert time.monotonic() - begin < 20  # the call itself would have waited for 30 s


# What a program that ends, or lets go, while a payment is under way must not do: crash, or hang.
LETS_GO = """
import asyncio, gc, sys, till
async def main():
    runtime = till.Runtime(store=sys.argv[2])
    settings = {"api_key": "sk_test_12345678"}
    shop = till.AsyncGateway("openpay", settings, base_url=sys.argv[1], runtime=runtime)
    task = asyncio.create_task(shop.payments.create(till.Money(1, "BZD")))
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
asyncio.run(main())
gc.collect()
print("gone", flush=True)
"""
LINGERS = 'sys.stdin.readline(); shop = till.Runtime(store="memory"); print("alive")'


@pytest.mark.parametrize("lingers", [False, True])
def test_a_program_may_let_go_of_everything_while_a_payment_is_under_way(
    tmp_path: Path, lingers: bool
) -> None:
    script = LETS_GO + (LINGERS if lingers else "")
    with StubServer(hold=2) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", script, server.base_url, str(tmp_path / "till.sqlite3")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "gone\n"
        if lingers:
            # The answer comes when nobody but the core holds the gateway any more.
            other = till.Gateway("openpay", KEY, base_url=server.base_url, store=tmp_path / "other.sqlite3")
            other.payments.create(till.Money(1, "BZD"))
        rest, _ = child.communicate("go on\n", timeout=30)
        assert rest == ("alive\n" if lingers else "")
        assert child.returncode == 0


@pytest.mark.parametrize(
    "seconds", [0, -1, -0.001, float("nan"), float("inf"), -float("inf"), 1e308, 10**400]
)
def test_a_timeout_that_is_no_span_of_time_is_refused(runtime: till.Runtime, seconds: float) -> None:
    with pytest.raises(till.ConfigurationError) as caught:
        till.Gateway("openpay", KEY, timeout=seconds, runtime=runtime)
    assert caught.value.field == "timeout"
    with pytest.raises(till.ConfigurationError) as caught:
        till.Runtime(store="memory", connect_timeout=seconds)
    assert caught.value.field == "connect_timeout"
    for wrong in (True, "30"):
        with pytest.raises(TypeError, match="number of seconds"):
            till.Gateway("openpay", KEY, timeout=wrong, runtime=runtime)  # type: ignore[arg-type]


def test_one_folder_as_plugin_path_is_a_type_error(tmp_path: Path) -> None:
    for wrong in (str(tmp_path), tmp_path):
        with pytest.raises(TypeError, match="list of folders"):
            till.Runtime(store="memory", plugin_path=wrong)  # type: ignore[arg-type]


def test_a_runtime_of_ones_own_lets_go_of_its_store_when_its_gateways_are_collected(tmp_path: Path) -> None:
    def open_files() -> list[str]:
        folder = Path("/proc/self/fd")
        return [str(one.readlink()) for one in folder.iterdir() if one.is_symlink()]

    place = str(tmp_path / "till.sqlite3")
    shop = till.Gateway("openpay", KEY, runtime=till.Runtime(store=place))
    assert len(shop.payments.stored()) == 0
    assert place in open_files()
    del shop
    gc.collect()
    assert place not in open_files()
