"""A server that answers whatever does harm: a typed error in time, bounded memory, and a next payment."""

from __future__ import annotations

import contextlib
import itertools
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import till

PRICE = till.Money("150.00", "BZD")
TIMEOUT = 2
MAX_GROWTH_MB = 64

Answer = Callable[[socket.socket], None]
LINKS = itertools.count()


def answer(body: bytes, more: bytes = b"", size: int | None = None) -> bytes:
    length = len(body) if size is None else size
    head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return head + b"Content-Length: %d\r\n" % length + more + b"\r\n" + body


def paylink(amount: str = "150.00", link: bytes = b"cafe62fc") -> bytes:
    return (
        b'{"success":true,"data":{"id":"' + link + b'","url":"https://merchant.openpay.bz/payment/1",'
        b'"amount":' + amount.encode() + b',"currency":"BZD","status":"active",'
        b'"created_at":"2026-02-11T09:30:43.473Z"}}'
    )


def stall(peer: socket.socket) -> None:
    peer.recv(1)  # until the client has gone


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def two_gigabytes(peer: socket.socket) -> None:
    peer.sendall(answer(b'{"padding":"', size=2 << 30))
    block = b"x" * (1 << 20)
    for _ in range(2 << 10):
        peer.sendall(block)


def sends(reply: bytes) -> Answer:
    return lambda peer: peer.sendall(reply)


HOSTILE: dict[str, Answer] = {
    "stalls": stall,
    "resets": reset,
    "truncates": sends(answer(paylink(), size=4000)),
    "answers 2 GB": two_gigabytes,
    "sends 10,000 headers": sends(answer(paylink(), b"X-A: b\r\n" * 10_000)),
    "answers invalid UTF-8": sends(answer(paylink(link=b"cafe\xff"))),
    "answers 1e400": sends(answer(paylink("1e400"))),
    "answers with a NaN": sends(answer(paylink("NaN"))),
    "nests 100,000 deep": sends(answer(b"[" * 100_000)),
    "speaks no HTTP": sends(b"\x15\x03\x01\x00\x02\x02\x46" * 20),
}


class HostileServer:
    """Answers one request of each connection: as it is told once, and then as OpenPay would."""

    def __init__(self) -> None:
        self.next: Answer | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(30)
                with contextlib.suppress(OSError):  # the client had enough
                    self._answer(peer)

    def _answer(self, peer: socket.socket) -> None:
        request = b""
        while not request.endswith(b"}"):
            request += peer.recv(65536)
        amount = json.loads(request.partition(b"\r\n\r\n")[2], parse_float=str)["amount"]
        told, self.next = self.next, None
        link = f"link{next(LINKS)}".encode()
        (told or sends(answer(paylink(amount, link))))(peer)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    server = HostileServer()
    yield server
    server.close()


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("harm", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_answer_is_a_typed_error_in_time_and_the_next_payment_works(
    server: HostileServer, harm: Answer
) -> None:
    settings = {"api_key": "sk_test_12345678"}
    shop = till.Gateway("openpay", settings, base_url=server.base_url, store="memory", timeout=TIMEOUT)
    server.next = harm
    peak = peak_mb()
    begin = time.monotonic()
    with pytest.raises(till.OutcomeUnknown) as caught:  # the request had gone out
        shop.payments.create(PRICE)
    assert time.monotonic() - begin < 4 * TIMEOUT
    assert caught.value.sent in ("maybe", "yes")
    assert peak_mb() - peak < MAX_GROWTH_MB
    assert shop.payments.create(PRICE).status == "pending"
