"""Many at once: threads, coroutines, and forked children."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import till
from stub_server import StubServer

KEY = {"api_key": "sk_test_0123456789abcdef"}
PRICE = till.Money("150.00", "BZD")


def pay_from_threads(shop: till.Gateway, threads: int, each: int) -> list[till.Payment]:
    payments: list[till.Payment] = []
    problems: list[BaseException] = []

    def pay(worker: int) -> None:
        try:
            for at in range(each):
                payments.append(shop.payments.create(PRICE, reference=f"{worker}-{at}"))
        except BaseException as error:
            problems.append(error)

    workers = [threading.Thread(target=pay, args=(worker,)) for worker in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []
    return payments


def in_child(task: Callable[[], bool]) -> int:
    """The exit status of a forked child that runs the task."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if task() else 1)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(2)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return 124


def test_8_threads_of_200_payments_each_then_200_in_a_forked_child(tmp_path: Path) -> None:
    with StubServer() as server:
        shop = till.Gateway("openpay", KEY, base_url=server.base_url, store=tmp_path / "till.sqlite3")
        payments = pay_from_threads(shop, 8, 200)
        assert len({payment.id for payment in payments}) == 1600
        assert len({payment.provider_id for payment in payments}) == 1600
        assert {payment.status for payment in payments} == {"pending"}

        assert in_child(lambda: len(pay_from_threads(shop, 4, 50)) == 200) == 0
        assert len(pay_from_threads(shop, 2, 10)) == 20
        assert server.count == 1600 + 200 + 20


def test_1000_payments_in_flight_on_one_event_loop(tmp_path: Path) -> None:
    async def pay(base_url: str) -> list[till.Payment]:
        runtime = till.Runtime(store=tmp_path / "till.sqlite3", max_connections_per_origin=1000)
        shop = till.AsyncGateway("openpay", KEY, base_url=base_url, runtime=runtime, timeout=120)
        return await asyncio.gather(*[shop.payments.create(PRICE, reference=str(at)) for at in range(1000)])

    # The server answers none of them before all are there.
    with StubServer(hold=1000) as server:
        payments = asyncio.run(pay(server.base_url))
    assert [payment.reference for payment in payments] == [str(at) for at in range(1000)]
    assert len({payment.id for payment in payments}) == 1000


def test_more_payments_than_connections_wait_in_line(tmp_path: Path) -> None:
    async def pay(base_url: str) -> list[till.Payment]:
        runtime = till.Runtime(store=tmp_path / "till.sqlite3", max_connections_per_origin=4)
        shop = till.AsyncGateway("openpay", KEY, base_url=base_url, runtime=runtime, timeout=60)
        return await asyncio.gather(*[shop.payments.create(PRICE) for _ in range(100)])

    with StubServer() as server:
        assert len({payment.id for payment in asyncio.run(pay(server.base_url))}) == 100


def test_a_forked_child_may_use_asyncio_after_the_parent_did(tmp_path: Path) -> None:
    with StubServer() as server:
        shop = till.AsyncGateway("openpay", KEY, base_url=server.base_url, store=tmp_path / "till.sqlite3")

        async def pay() -> bool:
            payments = await asyncio.gather(*[shop.payments.create(PRICE) for _ in range(20)])
            return len({payment.id for payment in payments}) == 20

        assert asyncio.run(pay())
        assert in_child(lambda: asyncio.run(pay())) == 0
        assert asyncio.run(pay())


def test_a_payment_of_the_parent_is_known_to_the_child(tmp_path: Path) -> None:
    with StubServer() as server:
        shop = till.Gateway("openpay", KEY, base_url=server.base_url, store=tmp_path / "till.sqlite3")
        first = shop.payments.create(PRICE, idempotency_key="once")

        def again() -> bool:
            return shop.payments.create(PRICE, idempotency_key="once").id == first.id

        assert in_child(again) == 0
        assert server.count == 1


@pytest.mark.parametrize("forks", [3])
def test_children_of_children_work(tmp_path: Path, forks: int) -> None:
    with StubServer() as server:
        shop = till.Gateway("openpay", KEY, base_url=server.base_url, store=tmp_path / "till.sqlite3")

        def descend(left: int) -> bool:
            shop.payments.create(PRICE)
            return left == 0 or in_child(lambda: descend(left - 1)) == 0

        assert descend(forks)
        assert server.count == forks + 1
