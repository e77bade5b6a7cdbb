"""Several processes on one store, on each kind of store: nothing twice, nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import till
from postgres_server import PostgresServer
from stub_server import StubServer

KEY = {"api_key": "sk_test_0123456789abcdef"}
PRICE = till.Money("150.00", "BZD")
WORKERS = 4
PAY_ELSEWHERE = f"""
import sys, till
base_url, place, key = sys.argv[1:]
shop = till.Gateway("openpay", {KEY}, base_url=base_url, store=place)
print(shop.payments.create(till.Money("150.00", "BZD"), idempotency_key=key).id)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "till.sqlite3")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_store()


def in_workers(work: Callable[[int], None]) -> None:
    """Runs the work in forked processes at once; each gets its number."""
    children = []
    for worker in range(WORKERS):
        child = os.fork()
        if child == 0:
            try:
                work(worker)
                os._exit(0)
            except BaseException:
                import traceback

                traceback.print_exc()
                os._exit(1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * WORKERS


def test_process_that_comes_and_goes_takes_nothing_from_the_one_that_stays(place: str) -> None:
    """A command that looks at the store is such a process; it ends in good order, unlike a killed one."""
    with StubServer() as server:
        stays = till.Gateway("openpay", KEY, base_url=server.base_url, store=place)
        stays.payments.create(PRICE, idempotency_key="before")
        for key in ("first", "second"):
            look = [sys.executable, "-m", "till", "store", "info", "--store", place]
            subprocess.run(look, check=True, capture_output=True)
            pay = [sys.executable, "-c", PAY_ELSEWHERE, server.base_url, place, key]
            made = subprocess.run(pay, check=True, capture_output=True, text=True).stdout.strip()
            assert stays.payments.create(PRICE, idempotency_key=key).id == made
        assert server.count == 3


def pay_once(shop: till.Gateway, key: str) -> till.Payment:
    """The payment under this key, whoever makes it."""
    while True:
        try:
            return shop.payments.create(PRICE, reference=key, idempotency_key=key)
        except till.Conflict as conflict:
            assert conflict.code == "in_flight"  # another worker is at it


def test_a_key_is_sent_once_whichever_worker_is_first(place: str) -> None:
    with StubServer() as server:

        def work(worker: int) -> None:
            shop = till.Gateway("openpay", KEY, base_url=server.base_url, store=place)
            for at in range(20):
                pay_once(shop, f"order-{at}")

        in_workers(work)
        assert server.count == 20
    assert till.Runtime(store=place).store.info().payments == 20


def test_a_shop_goes_on_after_a_fork(place: str) -> None:
    with StubServer() as server:
        shop = till.Gateway("openpay", KEY, base_url=server.base_url, store=place)
        first = shop.payments.create(PRICE, idempotency_key="once")

        def work(worker: int) -> None:
            assert shop.payments.create(PRICE, idempotency_key="once").id == first.id
            shop.payments.create(PRICE)

        in_workers(work)
        assert shop.payments.create(PRICE, idempotency_key="once").id == first.id
        assert server.count == 1 + WORKERS


@pytest.mark.parametrize("mode", ["fast", "kill"])
def test_payments_go_on_through_a_restart_of_the_database(postgres: PostgresServer, mode: str) -> None:
    place = postgres.new_store()
    with StubServer() as server:
        shop = till.Gateway("openpay", KEY, base_url=server.base_url, store=place)
        over = threading.Event()
        made: list[till.Payment] = []

        def pay() -> None:
            while not over.is_set():
                made.append(shop.payments.create(PRICE, reference=str(len(made))))

        worker = threading.Thread(target=pay)
        worker.start()
        while len(made) < 5:
            over.wait(0.01)
        postgres.stop(mode)
        postgres.start()
        before = len(made)
        while worker.is_alive() and len(made) < before + 5:
            over.wait(0.01)
        over.set()
        worker.join()
        assert len(made) >= before + 5
        assert server.count == len(made) == len({payment.id for payment in made})
    assert shop.runtime.store.info().payments == len(made)
