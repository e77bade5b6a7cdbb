"""One event, delivered many times at once by several processes, takes effect exactly once, on both stores.

`TILL_TEST_EVENTS` says how many events there are; `TILL_TEST_STORE` names a store in place of the test's own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import multiprocessing
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import till
from postgres_server import PostgresServer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "providers"
SECRET = "whsec_test_0123456789"
PROCESSES, THREADS = 4, 2
DELIVERIES = PROCESSES * THREADS
EVENTS = int(os.environ.get("TILL_TEST_EVENTS", "500"))


class Answer(NamedTuple):
    """What became of one delivery."""

    number: int
    duplicate: bool
    changed: bool
    http_status: int


class Effect(NamedTuple):
    """What a handler was called with."""

    event_id: str
    type: str
    payment_id: str


Seen = tuple[list[Answer], list[Effect]]
"""What one process of the shop saw."""


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if given := os.environ.get("TILL_TEST_STORE"):
        if request.param == "postgres":
            pytest.skip("TILL_TEST_STORE names the only store")
        yield given
    elif request.param == "sqlite":
        yield str(tmp_path / "till.sqlite3")
    else:
        with PostgresServer() as server:
            yield server.new_store()


def session(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"cs_test_{number}",
        "object": "checkout.session",
        "amount_total": 4825,
        "client_reference_id": f"order-{number}",
        "created": 1770800000,
        "currency": "eur",
        "expires_at": 1770886400,
        "livemode": False,
        "mode": "payment",
        "payment_intent": None,
        "payment_status": "unpaid",
        "status": "open",
        "url": None,
        **more,
    }


def gateway(store: str) -> till.Gateway:
    runtime = till.Runtime(plugin_path=[EXAMPLES], store=store)
    settings = {"secret_key": "sk_test_123456", "webhook_secret": SECRET}
    return till.Gateway("stripe", settings, mode="test", runtime=runtime)


def make_payments(store: str) -> None:
    shop = gateway(store)
    for number in range(EVENTS):
        order = {
            "amount": {"amount": "48.25", "currency": "EUR"},
            "reference": f"order-{number}",
            "return_url": "https://shop.example/thanks",
        }
        exchange = shop.exchange("payments.create", order)
        exchange.reply(200, {}, json.dumps(session(number)).encode())
        exchange.result()


def delivery(number: int) -> tuple[dict[str, str], bytes]:
    told = session(number, payment_status="paid", status="complete")
    event = {"id": f"evt_{number}", "type": "checkout.session.completed", "data": {"object": told}}
    body, at = json.dumps(event).encode(), str(int(time.time()))
    digest = hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={digest}"}, body


def deliver(store: str, seed: int, start: Any, seen: Any) -> None:
    """A process of the shop: two threads, each of which gets every event once, in an order of its own.

    Then it handles what is in the inbox, at the same time as the others.
    """
    shop = gateway(store)
    answers: list[Answer] = []
    effects: list[Effect] = []

    def take(order: list[int]) -> None:
        for number in order:
            result = shop.webhooks.receive(*delivery(number))
            answers.append(Answer(number, result.duplicate, result.changed, result.http_status))

    threads = []
    for thread in range(THREADS):
        order = list(range(EVENTS))
        random.Random(seed * THREADS + thread).shuffle(order)
        threads.append(threading.Thread(target=take, args=(order,)))
    start.wait(60)
    for thread_ in threads:
        thread_.start()
    for thread_ in threads:
        thread_.join()
    shop.events.handle(
        lambda event: effects.append(Effect(event.id, event.type, event.payment_id)), wait=False
    )
    seen.put((answers, effects))


def deliver_by_all(store: str) -> Seen:
    """What all processes saw, together."""
    context = multiprocessing.get_context("spawn")
    start, seen = context.Barrier(PROCESSES), context.Queue()
    workers = [context.Process(target=deliver, args=(store, seed, start, seen)) for seed in range(PROCESSES)]
    for worker in workers:
        worker.start()
    parts: list[Seen] = [seen.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    return [one for part in parts for one in part[0]], [one for part in parts for one in part[1]]


def test_each_event_takes_effect_exactly_once(store: str) -> None:
    make_payments(store)
    answers, effects = deliver_by_all(store)
    once, others = Counter(range(EVENTS)), Counter(dict.fromkeys(range(EVENTS), DELIVERIES - 1))
    assert {one.http_status for one in answers} == {200}
    assert Counter(one.number for one in answers if not one.duplicate) == once
    assert Counter(one.number for one in answers if one.duplicate) == others
    assert Counter(one.number for one in answers if one.changed) == once
    assert not any(one.duplicate and one.changed for one in answers)

    shop = gateway(store)
    inbox = list(shop.events.iterate(limit=100))
    assert {event.state for event in inbox} == {"done"}
    payments = {event.payment_id for event in inbox}
    assert len(payments) == EVENTS
    assert Counter(event.payment_id for event in inbox if event.type == "payment.paid") == Counter(payments)
    assert len(inbox) == 2 * EVENTS  # each was created, and paid
    assert Counter(effects) == Counter(Effect(one.id, one.type, one.payment_id) for one in inbox)
