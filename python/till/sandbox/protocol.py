"""The connection under uvicorn, with a way to answer by a real TCP reset."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

BeforeRead = Callable[[str, str], bool]
"""Given verb and target of a request, says whether to reset instead of reading it."""

TRANSPORT = "till.sandbox.transport"
"""Key of the ASGI scope under which an application finds the connection's transport."""

_MAX_REQUEST_LINE = 8192


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection with RST instead of FIN, dropping whatever was not sent yet."""
    sock = transport.get_extra_info("socket")
    # Lingering for zero seconds makes the kernel send RST on close; TLS gets no close_notify either.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def protocol_with_faults(armed: Callable[[], bool], strike: BeforeRead) -> type[H11Protocol]:
    """A protocol class for `uvicorn.Config(http=...)`.

    While `armed()` is true the first line of each request is shown to `strike` before anything is
    parsed; when that says yes the connection is reset.
    """

    class FaultyProtocol(H11Protocol):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._held = b""
            # The exchange before the request whose first line was let through: while it is still the
            # latest one, more of that request's head is arriving.
            self._judged_after: object = self

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            application: Any = self.app

            async def with_transport(scope: Any, receive: Any, send: Any) -> None:
                scope[TRANSPORT] = transport
                await application(scope, receive, send)

            self.app = with_transport

        def data_received(self, data: bytes) -> None:
            if not self._held and not (armed() and self._between_requests()):
                super().data_received(data)
                return
            self._held += data
            line, complete, _ = self._held.partition(b"\r\n")
            if not complete and len(line) < _MAX_REQUEST_LINE:
                return
            method, _, rest = line.decode("latin-1").partition(" ")
            held, self._held = self._held, b""
            if strike(method, rest.partition(" ")[0]):
                reset(self.transport)
            else:
                self._judged_after = self.cycle
                super().data_received(held)

        def shutdown(self) -> None:
            # A graceful TLS close waits for the peer, and an idle client is not reading.
            if self.cycle is None or self.cycle.response_complete:
                self.transport.abort()
            else:
                super().shutdown()

        def _between_requests(self) -> bool:
            idle = self.cycle is None or self.cycle.response_complete
            return idle and self.conn.their_state is h11.IDLE and self._judged_after is not self.cycle

    return FaultyProtocol
