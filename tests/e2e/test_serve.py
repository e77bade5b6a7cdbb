"""`till serve` against the sandbox: it takes calls, and webhooks come to it over the network."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from till.sandbox import Control, Sandbox

TOKEN = "a-token-of-the-tests"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over the service's Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("till", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class Service:
    """A running `till serve` with a gateway for each provider of the sandbox, named as the provider is."""

    def __init__(self, sandbox: Sandbox, folder: Path, **more: Any) -> None:
        gateways = {
            name: {
                "provider": name,
                "settings": {"mode": "test", "base_url": place.base_url, **place.settings},
            }
            for name, place in sandbox.providers.items()
        }
        config = {
            "runtime": {"store": str(folder / "till.sqlite3"), "ca_file": sandbox.ca_file},
            "webhooks": {"listen": "127.0.0.1:0"},
            "api": {"listen": f"unix:{folder}/api.sock", "token": TOKEN},
            "gateways": gateways,
            **more,
        }
        (folder / "till.json").write_text(json.dumps(config))
        self.socket = str(folder / "api.sock")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "till", "serve", "--config", str(folder / "till.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        assert self.process.stdout
        self.webhooks = self.process.stdout.readline().split()[1].removesuffix("GATEWAY")
        self.operator = ""
        for line in self.process.stdout:
            if line == "ready\n":
                break
            if line.startswith("api") and "http://" in line:
                self.operator = line.split()[1] + "/operator/"

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        connection = UnixConnection(self.socket)
        connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}"})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def call(self, gateway: str, operation: str, **values: Any) -> Any:
        status, text = self.ask("POST", f"/v1/{gateway}/{operation}", json.dumps(values))
        assert status == 200, text
        return json.loads(text)

    def metric(self, line: str) -> float:
        """The value of one line of /metrics; 0 when it is not there."""
        for one in self.ask("GET", "/metrics")[1].splitlines():
            if one.startswith(line + " "):
                return float(one.rpartition(" ")[2])
        return 0.0

    def end(self) -> tuple[int, list[dict[str, Any]]]:
        self.process.terminate()
        _, log = self.process.communicate(timeout=60)
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        return self.process.returncode, lines


@pytest.fixture
def service(sandbox: Sandbox, tmp_path: Path) -> Iterator[Service]:
    running = Service(sandbox, tmp_path)
    yield running
    running.process.kill()
    running.process.communicate()


def wait_until(met: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not met():
        assert time.monotonic() < limit
        time.sleep(0.02)


def events(service: Service, payment_id: str) -> list[tuple[str, str]]:
    """What happened to a payment, and from where it is known: the provider is not asked."""
    listed = service.call("bitpay", "events.list", payment_id=payment_id)
    return [(event["type"], event["source"]) for event in listed["items"]]


PRICE = {"amount": "48.25", "currency": "EUR"}


def test_webhook_makes_a_payment_paid(service: Service, payer: Callable[[str], Control]) -> None:
    control = payer("bitpay")
    control.webhook_url(service.webhooks + "bitpay")
    payment = service.call("bitpay", "payments.create", amount=PRICE, reference="order-1")
    assert payment["status"] == "pending"
    control.pay(payment["provider_id"])
    control.confirm(payment["provider_id"], 6)
    wait_until(lambda: ("payment.paid", "webhook") in events(service, payment["id"]))
    accepted = 'till_webhooks_total{gateway="bitpay",result="accepted",reason=""}'
    wait_until(lambda: service.metric(accepted) >= 1)
    status, lines = service.end()
    assert status == 0
    webhooks = [line for line in lines if line.get("route") == "webhooks"]
    assert {line["gateway"] for line in webhooks} == {"bitpay"}
    assert {line["status"] for line in webhooks} == {200}


def test_all_providers_are_served_side_by_side(service: Service, sandbox: Sandbox) -> None:
    for name in sandbox.providers:
        assert service.call(name, "check")["ok"] is True
    status, text = service.ask("GET", "/v1")
    assert status == 200
    assert {one["name"]: one["test"] for one in json.loads(text)["gateways"]} == dict.fromkeys(
        sandbox.providers, True
    )


def test_false_webhook_changes_nothing(service: Service, payer: Callable[[str], Control]) -> None:
    payer("bitpay")
    payment = service.call("bitpay", "payments.create", amount=PRICE, reference="order-1")
    host = service.webhooks.removeprefix("http://").removesuffix("/webhooks/")
    connection = http.client.HTTPConnection(host, timeout=30)
    body = json.dumps({"id": payment["provider_id"], "status": "complete", "price": 48.25, "currency": "EUR"})
    connection.request("POST", "/webhooks/bitpay", body, {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()
    assert service.call("bitpay", "payments.get", id=payment["id"])["status"] == "pending"
