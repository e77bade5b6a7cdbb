"""`gateway.webhooks.receive`: a notification is a hint, and the payment is fetched."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import till

MANIFEST = {
    "manifest": 1,
    "id": "hooked",
    "version": "0.1.0",
    "name": "Hooked",
    "summary": "A provider for the tests of webhooks.",
    "capabilities": {"payments.create": {}, "payments.get": {}, "webhooks.receive": {}},
    "settings": {"type": "object", "properties": {}, "additionalProperties": False},
    "modes": {"live": {"base_url": "https://hooked.example"}},
    "default_mode": "live",
    "hosts": ["hooked.example"],
    "auth": {"scheme": "none"},
    "webhooks": {"events": {"paid": "It was paid."}, "signed": False, "reason": "Hooked signs nothing."},
}
SCRIPT = """
local function payment(data)
  return {id = data.id, status = data.status, amount = money.of(data.amount, data.currency)}
end
function provider.payments.create(input)
  return payment(http.post("/payments", {json = {}}).json)
end
function provider.payments.get(input)
  return payment(http.get("/payments/{id}", {path = {id = input.provider_id}}).json)
end
function provider.webhooks.receive(input)
  return {event = input.headers["x-event"], payment = {id = input.json.id}}
end
"""


class Service(ThreadingHTTPServer):
    """Hooked: every payment is over 10.00 EUR; `status` is what they all have."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = "pending"
        self.asked: list[str] = []
        self.base_url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append(f"{self.command} {self.path}")
        body = json.dumps({"id": "p1", "status": self.server.status, "amount": "10.00", "currency": "EUR"})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def options(service: Service, tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "hooked"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    (folder / "provider.lua").write_text(SCRIPT)
    runtime = till.Runtime(plugin_path=[tmp_path], store="memory")
    return {"base_url": service.base_url, "runtime": runtime}


def test_the_payment_it_names_is_fetched(service: Service, options: dict[str, Any]) -> None:
    shop = till.Gateway("hooked", {}, **options)
    payment = shop.payments.create(till.Money("10.00", "EUR"))
    service.status = "paid"
    result = shop.webhooks.receive({"X-Event": "paid"}, b'{"id": "p1"}')
    assert (result.event, result.trust, result.changed, result.http_status) == (
        "paid",
        "refetched",
        True,
        200,
    )
    assert result.payment is not None
    assert (result.payment.id, result.payment.status) == (payment.id, "paid")
    assert result.reason is None
    assert service.asked == ["POST /payments", "GET /payments/p1"]
    assert not shop.webhooks.receive([("x-event", "paid")], b'{"id": "p1"}').changed


def test_a_payment_that_is_not_ours_is_not_asked_about(service: Service, options: dict[str, Any]) -> None:
    result = till.Gateway("hooked", {}, **options).webhooks.receive({"X-Event": "paid"}, b'{"id": "p9"}')
    assert result == till.WebhookResult(
        "paid", None, "none", "unverified", False, False, "unknown_payment", 200, ""
    )
    assert service.asked == []


def test_it_is_awaited_too(options: dict[str, Any]) -> None:
    async def receive() -> till.WebhookResult:
        shop = till.AsyncGateway("hooked", {}, **options)
        await shop.payments.create(till.Money("10.00", "EUR"))
        return await shop.webhooks.receive({"X-Event": "seen"}, b'{"id": "p1"}')

    assert asyncio.run(receive()).trust == "refetched"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"id=p1", b"7"])
def test_what_is_no_webhook_is_rejected(options: dict[str, Any], body: bytes) -> None:
    with pytest.raises(till.WebhookRejected) as caught:
        till.Gateway("hooked", {}, **options).webhooks.receive({"X-Event": "paid"}, body)
    assert (caught.value.reason, caught.value.http_status) == ("malformed", 400)


def test_what_is_too_large_is_rejected(options: dict[str, Any]) -> None:
    shop = till.Gateway("hooked", {}, **options)
    for size in (300 * 1024, 3 * 1024 * 1024):
        with pytest.raises(till.WebhookRejected) as caught:
            shop.webhooks.receive({}, b'"' + b"x" * size + b'"')
        assert (caught.value.reason, caught.value.http_status) == ("too_large", 413)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, 7),
        ({}, "{}"),
        ({}, bytearray(b"{}")),
        ({"a": 1}, b"{}"),
        ({b"a": "b"}, b"{}"),
        ([("a", None)], b"{}"),
    ],
)
def test_wrong_types_are_type_errors(options: dict[str, Any], headers: Any, body: Any) -> None:
    with pytest.raises(TypeError):
        till.Gateway("hooked", {}, **options).webhooks.receive(headers, body)


def test_refusals_are_counted(options: dict[str, Any]) -> None:
    shop = till.Gateway("hooked", {}, **options)
    assert shop.webhooks.refusals() == []
    for _ in range(2):
        with pytest.raises(till.WebhookRejected):
            shop.webhooks.receive({}, b"{")
    (one,) = shop.webhooks.refusals()
    assert (one.gateway, one.reason, one.count) == ("hooked/live", "malformed", 2)
    assert one.first_at is not None and one.last_at is not None and one.first_at <= one.last_at


def test_a_host_with_its_own_client_may_step_it(options: dict[str, Any]) -> None:
    shop = till.Gateway("hooked", {}, **options)
    shop.payments.create(till.Money("10.00", "EUR"))
    exchange = shop.exchange("webhooks.receive", {"headers": {"X-Event": "paid"}, "body": '{"id": "p1"}'})
    assert exchange.request is not None and exchange.request.method == "GET"
    exchange.reply(200, {}, b'{"id": "p1", "status": "paid", "amount": "10.00", "currency": "EUR"}')
    result = exchange.result()
    assert isinstance(result, till.WebhookResult)
    assert result.changed
