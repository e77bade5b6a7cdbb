"""A small HTTP server on loopback that answers as OpenPay would, and can hold back its answers."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from types import TracebackType
from typing import Self


class StubServer:
    """Answers every `POST /paylinks` with a new paylink. With `hold=N` the first N answers leave only when N
    requests are there, so that all N were under way at once. Runs on a thread; `base_url` is plain HTTP."""

    def __init__(self, hold: int = 0) -> None:
        self.base_url = ""
        self.count = 0
        self._hold = hold
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=2048)
        )
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._started.set()
        self._loop.run_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
                body = await reader.readexactly(length)
                self.count += 1
                if self.count >= self._hold:
                    self._released.set()
                await self._released.wait()
                writer.write(_answer(json.loads(body)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def _answer(asked: dict[str, object]) -> bytes:
    link = str(uuid.uuid4())
    data = {
        "id": link,
        "url": f"https://merchant.openpay.bz/payment/{link}",
        "qr_code": f"https://api.openpay.bz/qr/{link}.png",
        "amount": asked["amount"],
        "currency": asked["currency"],
        "status": "active",
        "created_at": "2026-02-11T09:30:43.473Z",
    }
    body = json.dumps({"success": True, "data": data}).encode()
    head = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
