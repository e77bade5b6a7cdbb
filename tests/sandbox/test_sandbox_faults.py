"""Faults on request, seen from a raw TLS connection where bytes and resets matter."""

from __future__ import annotations

import errno
import json
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from bitpay_client import BitPayClient
from openpay_client import OpenPayClient

from till.sandbox import Control, ControlFailed, Sandbox

BODY = b'{"amount":150.00,"currency":"BZD"}'


class RawCaller:
    """One TLS connection that sends a request as bytes and shows what comes back.

    TLS runs on memory buffers over a plain socket: Python's own TLS sockets report a TCP reset as a
    normal end, and that difference is what these tests are about.
    """

    def __init__(self, sandbox: Sandbox, trust: ssl.SSLContext) -> None:
        self._provider = sandbox.providers["openpay"]
        parts = urlsplit(self._provider.base_url)
        self.host = parts.netloc
        self._plain = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self._plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trust.wrap_bio(self._in, self._out, server_hostname=parts.hostname)
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._in.write(self._plain.recv(65536))
        self._flush()

    def _flush(self) -> None:
        if self._out.pending:
            self._plain.sendall(self._out.read())

    def send(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def receive(self) -> bytes:
        """The next bytes; empty at an orderly end of TLS, `ConnectionResetError` at a TCP reset."""
        while True:
            try:
                return self._tls.read(65536)
            except ssl.SSLWantReadError:
                part = self._plain.recv(65536)
                if part:
                    self._in.write(part)
                else:
                    self._in.write_eof()
            except ssl.SSLZeroReturnError:
                return b""

    def close(self) -> None:
        self._plain.close()

    def request(self, path: str = "/v1/paylinks", verb: str = "POST") -> bytes:
        head = [
            f"{verb} {path} HTTP/1.1",
            f"Host: {self.host}",
            f"X-Api-Key: {self._provider.settings['api_key']}",
            "Content-Type: application/json",
            f"Content-Length: {len(BODY)}",
        ]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + BODY

    def read_all(self) -> bytes:
        """Everything until the server closes in an orderly way; raises when it does not."""
        received = b""
        while part := self.receive():
            received += part
        return received

    def read_reply(self) -> bytes:
        """One reply of a connection that stays open."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.receive()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.receive()
        return head + b"\r\n\r\n" + body


@pytest.fixture
def caller(sandbox: Sandbox, trust: ssl.SSLContext, openpay_control: Control) -> Iterator[RawCaller]:
    raw = RawCaller(sandbox, trust)
    yield raw
    raw.close()


def is_reset(raw: RawCaller) -> bool:
    try:
        raw.read_all()
    except ConnectionResetError as error:
        return error.errno == errno.ECONNRESET
    return False


def test_raw_caller_is_answered_without_a_fault(caller: RawCaller) -> None:
    caller.send(caller.request())
    assert caller.read_reply().startswith(b"HTTP/1.1 201 ")


def test_reset_before_read_is_a_tcp_reset_without_effect(caller: RawCaller, openpay_control: Control) -> None:
    openpay_control.fault("reset_before_read")
    caller.send(caller.request())
    assert is_reset(caller)
    assert openpay_control.payments() == []
    (seen,) = openpay_control.requests()
    assert (seen["fault"], seen["status"], seen["body"]) == ("reset_before_read", None, None)


def test_reset_before_read_strikes_a_reused_connection_and_slow_bytes(
    caller: RawCaller, openpay_control: Control
) -> None:
    caller.send(caller.request())
    caller.read_reply()
    openpay_control.fault("reset_before_read", path="/v1/paylinks")
    request = caller.request()
    caller.send(request[:3])
    time.sleep(0.05)  # lets the server see a part of the request line on its own
    caller.send(request[3:40])
    assert is_reset(caller)


def test_request_that_a_fault_does_not_match_is_read_whole(
    caller: RawCaller, openpay_control: Control
) -> None:
    openpay_control.fault("reset_before_read", path="/v1/payments")
    for byte in caller.request():
        caller.send(bytes([byte]))
    assert caller.read_reply().startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize(("effect", "made"), [(True, 1), (False, 0)])
def test_reset_after_read_takes_effect_or_not(
    caller: RawCaller, openpay_control: Control, effect: bool, made: int
) -> None:
    openpay_control.fault("reset_after_read", effect=effect)
    caller.send(caller.request())
    assert is_reset(caller)
    assert len(openpay_control.payments()) == made


def test_truncated_body_is_shorter_than_announced(caller: RawCaller, openpay_control: Control) -> None:
    openpay_control.fault("truncate", keep_bytes=20)
    caller.send(caller.request())
    head, _, body = caller.read_all().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201 ") and len(body) == 20
    assert int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) > 20
    assert len(openpay_control.payments()) == 1


@pytest.mark.parametrize(("effect", "made"), [(False, 0), (True, 1)])
def test_status_500_in_the_services_shape(
    openpay: OpenPayClient, openpay_control: Control, effect: bool, made: int
) -> None:
    openpay_control.fault("status_500", effect=effect)
    reply = openpay.post("/paylinks", BODY.decode())
    assert reply.status_code == 500
    assert reply.json() == {"success": False, "message": "Something went wrong on our end"}
    assert len(openpay_control.payments()) == made


def test_status_429_says_when_to_retry(bitpay: BitPayClient, bitpay_control: Control) -> None:
    bitpay_control.fault("status_429", retry_after=7)
    reply = bitpay.post("getRates")
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")
    assert list(reply.json()) == ["error"]


def test_wrong_content_type_keeps_the_body(openpay: OpenPayClient, openpay_control: Control) -> None:
    openpay_control.fault("wrong_content_type")
    reply = openpay.post("/paylinks", BODY.decode())
    assert reply.headers["content-type"].startswith("text/html")
    assert json.loads(reply.text)["success"] is True


def test_latency_delays_the_answer_and_nothing_else(openpay: OpenPayClient, openpay_control: Control) -> None:
    openpay_control.fault("latency", seconds=0.3)
    before = time.monotonic()
    assert openpay.post("/paylinks", BODY.decode()).status_code == 201
    assert time.monotonic() - before >= 0.3


def test_drip_sends_piece_by_piece(
    openpay: OpenPayClient, openpay_control: Control, http: httpx.Client
) -> None:
    openpay_control.fault("drip", chunk_bytes=100, interval_seconds=0.02)
    headers = {**openpay.headers, "content-type": "application/json"}
    url = openpay.base_url + "/paylinks"
    with http.stream("POST", url, content=BODY, headers=headers) as reply:
        pieces = list(reply.iter_raw())
    assert len(pieces) > 1
    assert json.loads(b"".join(pieces))["success"] is True


@pytest.mark.parametrize(
    "fault", [{"kind": "drip", "interval_seconds": 60}, {"kind": "latency", "seconds": 60}]
)
def test_a_slow_answer_that_its_caller_gave_up_ends_without_a_trace(
    fault: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox() as own, httpx.Client(verify=ssl.create_default_context(cafile=own.ca_file)) as caller:
        place = own.providers["openpay"]
        headers = {"x-api-key": place.settings["api_key"], "content-type": "application/json"}
        own.control("openpay").fault(**fault)
        with pytest.raises(httpx.ReadTimeout):
            caller.post(place.base_url + "/paylinks", content=BODY, headers=headers, timeout=0.5)
    assert caplog.text == ""


def test_count_skip_and_path_choose_the_requests(openpay: OpenPayClient, openpay_control: Control) -> None:
    openpay_control.fault("status_500", count=2, skip=1, path="/v1/transactions")
    statuses = [openpay.get("/transactions").status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    openpay_control.fault("status_500", count=0)
    assert [openpay.get("/transactions").status_code for _ in range(3)] == [500] * 3
    openpay_control.clear_faults()
    assert openpay.get("/transactions").status_code == 200
    assert openpay_control.faults() == []


def test_rpc_method_chooses_the_requests(bitpay: BitPayClient, bitpay_control: Control) -> None:
    bitpay_control.fault("status_500", rpc_method="getCurrencies")
    assert bitpay.post("getRates").status_code == 200
    assert bitpay.post("getCurrencies").status_code == 500


def test_faults_of_one_provider_leave_the_other_and_the_control_alone(
    openpay: OpenPayClient, openpay_control: Control, bitpay: BitPayClient, bitpay_control: Control
) -> None:
    openpay_control.fault("reset_before_read", count=0)
    openpay_control.fault("status_500", count=0)
    assert bitpay.post("getRates").status_code == 200
    assert len(openpay_control.faults()) == 2
    openpay_control.reset()
    assert openpay.get("/transactions").status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "explode"},
        {"kind": "latency", "seconds": -1},
        {"kind": "latency", "seconds": 1e9},
        {"kind": "truncate", "half": True},
        {"kind": "status_500", "count": 1.5},
        {"kind": "reset_before_read", "rpc_method": "getRates"},
    ],
)
def test_wrong_fault_is_refused(openpay_control: Control, options: dict[str, Any]) -> None:
    with pytest.raises(ControlFailed) as refused:
        openpay_control.fault(**options)
    assert refused.value.status == 400
    assert openpay_control.faults() == []


def test_next_request_after_each_fault_works(openpay: OpenPayClient, openpay_control: Control) -> None:
    for kind in ("reset_before_read", "reset_after_read", "truncate"):
        openpay_control.fault(kind)
        with pytest.raises(httpx.TransportError):
            openpay.post("/paylinks", BODY.decode())
        assert openpay.post("/paylinks", BODY.decode()).status_code == 201
