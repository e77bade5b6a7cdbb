"""One event, delivered many times at once by several processes, takes effect exactly once."""

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
from pathlib import Path
from typing import Any

import till

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "providers"
SECRET = "whsec_test_0123456789"
PROCESSES, THREADS = 4, 2
EVENTS = int(os.environ.get("TILL_TEST_EVENTS", "40"))
"""How many events; the store is the one of TILL_TEST_STORE, else a file of the test's own."""

Seen = tuple[int, bool, bool, int]
"""The event's number, duplicate, changed, http_status."""


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
    """A process of the shop: two threads, each of which gets every event once, in an order of its own."""
    shop = gateway(store)
    out: list[Seen] = []

    def take(order: list[int]) -> None:
        for number in order:
            result = shop.webhooks.receive(*delivery(number))
            out.append((number, result.duplicate, result.changed, result.http_status))

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
    seen.put(out)


def test_each_event_takes_effect_exactly_once(tmp_path: Path) -> None:
    store = os.environ.get("TILL_TEST_STORE", str(tmp_path / "till.sqlite3"))
    make_payments(store)
    context = multiprocessing.get_context("spawn")
    start, seen = context.Barrier(PROCESSES), context.Queue()
    workers = [context.Process(target=deliver, args=(store, seed, start, seen)) for seed in range(PROCESSES)]
    for worker in workers:
        worker.start()
    results = [one for _ in workers for one in seen.get(timeout=120)]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert len(results) == PROCESSES * THREADS * EVENTS
    assert {status for _, _, _, status in results} == {200}
    took_effect = Counter(number for number, duplicate, _, _ in results if not duplicate)
    changed = Counter(number for number, _, has_changed, _ in results if has_changed)
    once = Counter(range(EVENTS))
    assert took_effect == once
    assert changed == once
