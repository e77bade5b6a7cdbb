"""Watches: a payment that is followed until it is final, waited for or awaited."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Self

from till import _native
from till._errors import NativeError, error_from_native
from till._json import decode
from till._payments import Payment, payment

# How long a wait in the core lasts. The main thread comes back in between to look for Ctrl-C.
_MAIN_THREAD_MS = 100
_OTHER_THREAD_MS = 60_000


class _Watch:
    """What both kinds of watch are."""

    __slots__ = ("_decode", "_done", "_native")

    def __init__(self, native: _native.NativeWatch, decode: Callable[[Any], Payment] = payment) -> None:
        self._native = native
        self._decode = decode
        self._done = False

    def close(self) -> None:
        """Ends it. Nothing happens to the payment."""
        self._done = True
        self._native.close()

    def _take(self, reply: bytes | NativeError) -> Payment | None:
        if isinstance(reply, tuple):
            self.close()
            raise error_from_native(reply)
        news = decode(reply)
        if news["done"]:
            self.close()
        return None if news["payment"] is None else self._decode(news["payment"])


class PaymentWatch(_Watch, Iterator[Payment]):
    """A payment as it changes: the first time as it is, the last time as it ends. Leaving the loop early
    leaves the watch open until it is closed, or collected."""

    __slots__ = ()

    def __next__(self) -> Payment:
        is_main = threading.current_thread() is threading.main_thread()
        while not self._done:
            seen = self._take(self._native.next(_MAIN_THREAD_MS if is_main else _OTHER_THREAD_MS))
            if seen is not None:
                return seen
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncPaymentWatch(_Watch, AsyncIterator[Payment]):
    """A `PaymentWatch` whose payments are awaited."""

    __slots__ = ("_coming",)

    def __init__(self, native: _native.NativeWatch) -> None:
        super().__init__(native)
        self._coming: asyncio.Task[bytes | NativeError] | None = None

    async def __anext__(self) -> Payment:
        while not self._done:
            seen = self._take(await self._news())
            if seen is not None:
                return seen
        raise StopAsyncIteration

    async def _news(self) -> bytes | NativeError:
        # A cancelled wait loses nothing: the next one takes its news.
        from till._completion import completions

        if self._coming is None:
            self._coming = asyncio.ensure_future(completions().next_of(self._native))
        reply = await asyncio.shield(self._coming)
        self._coming = None
        return reply

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
