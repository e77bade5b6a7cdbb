"""One idempotency key from many threads of many processes: one request, one payment, and no other input."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import till
from till.sandbox import Control, Sandbox
from till_fixtures import writes

PROCESSES = 3
THREADS = 4

_WORKER = """
import json, sys, threading, till
at = json.loads(sys.argv[1])
runtime = till.Runtime(store=at["store"], ca_file=at["ca_file"])
options = {"mode": "test", "base_url": at["base_url"], "runtime": runtime, "timeout": 20}
shop = till.Gateway("openpay", at["settings"], **options)
said = []

def pay():
    try:
        said.append(shop.payments.create(
            till.Money(at["amount"], "BZD"), reference="1234", idempotency_key="order-1234").id)
    except till.TillError as error:
        said.append(error.code)

threads = [threading.Thread(target=pay) for _ in range(at["threads"])]
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(said))
"""


def _begin(shop: till.Gateway, sandbox: Sandbox, amount: str) -> subprocess.Popen[str]:
    place = sandbox.providers["openpay"]
    at = {
        "store": str(shop.runtime.store),
        "ca_file": str(sandbox.ca_file),
        "settings": place.settings,
        "base_url": place.base_url,
        "amount": amount,
        "threads": THREADS,
    }
    command = [sys.executable, "-c", _WORKER, json.dumps(at)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _said(workers: list[subprocess.Popen[str]]) -> list[str]:
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [word for worker in workers for word in json.loads(worker.communicate(timeout=60)[0])]


def test_a_key_is_used_once_by_all_threads_of_all_processes(
    shop: till.Gateway, payer: Callable[[str], Control], sandbox: Sandbox
) -> None:
    control = payer("openpay")
    said = _said([_begin(shop, sandbox, "150.00") for _ in range(PROCESSES)])
    assert len(said) == PROCESSES * THREADS
    assert len(writes(control)) == 1
    ids = set(said) - {"in_flight"}
    first = shop.payments.create(till.Money("150.00", "BZD"), reference="1234", idempotency_key="order-1234")
    assert ids == {first.id}

    assert set(_said([_begin(shop, sandbox, "151.00")])) == {"idempotency_key_reused"}
    assert len(writes(control)) == 1
