"""Completions: how finished operations of the core reach an asyncio event loop."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from till import _native
from till._errors import NativeError


class Completions:
    """The operations that one event loop waits for.

    The core puts what is finished into a queue and makes a file descriptor readable; one reader callback
    takes all of it. That costs a fifth of a `call_soon_threadsafe` per completion. Used from the loop's
    thread only.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._queue = _native.CompletionQueue()
        self._waiting: dict[int, asyncio.Future[bytes | NativeError]] = {}
        self._last = 0
        loop.add_reader(self._queue.fileno(), self._drain)

    async def run(self, gateway: _native.NativeGateway, operation: str, text: str) -> bytes | NativeError:
        """Starts an operation and waits for its reply. When cancelled, the operation goes on in the core and
        its end is recorded; only nobody waits for it."""
        token, future = self._expect()
        try:
            gateway.start(operation, text, token, self._queue)
            return await future
        finally:
            self._waiting.pop(token, None)

    async def next_of(self, source: _native.NativeWatch | _native.NativeInbox) -> bytes | NativeError:
        """Waits for a watch's news, or an inbox's event."""
        token, future = self._expect()
        try:
            source.start_next(token, self._queue)
            return await future
        finally:
            self._waiting.pop(token, None)

    def _expect(self) -> tuple[int, asyncio.Future[bytes | NativeError]]:
        self._last = token = self._last + 1
        future: asyncio.Future[bytes | NativeError] = asyncio.get_running_loop().create_future()
        self._waiting[token] = future
        return token, future

    def _drain(self) -> None:
        for token, reply in self._queue.drain():
            future = self._waiting.get(token)
            if future is not None and not future.done():
                future.set_result(reply)


_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Completions] = WeakKeyDictionary()


def completions() -> Completions:
    """Those of the running loop."""
    loop = asyncio.get_running_loop()
    found = _loops.get(loop)
    if found is None:
        found = _loops[loop] = Completions(loop)
    return found
