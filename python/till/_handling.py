"""Handling events: one after another, or several at once on an event loop."""

from __future__ import annotations

import asyncio
import inspect
import logging
import select
import threading
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from till import _native
from till._errors import Conflict, NativeError, TillError, error_from_native
from till._events import AsyncEvents, Event, Events, Options, event
from till._handler_check import check_async_handler, check_handler, check_on_error, check_types
from till._json import decode

OnError = Callable[[Event, Exception], object]

_log = logging.getLogger("till")

# How often a waiting thread looks whether it is to stop.
_STOP_SECONDS = 0.1


@dataclass(slots=True)
class Handled:
    """What became of the events that were given to a handler.

    `done`: it returned. `failed`: it raised, and the event comes again. `dead`: it raised, once too often.
    `skipped`: it was not asked, because of `types`. `lost`: it returned or raised, but too late, or when the
    store could not be told; the event comes again.
    """

    done: int = 0
    failed: int = 0
    dead: int = 0
    skipped: int = 0
    lost: int = 0


class _Book:
    """What both kinds of handling share: which events are wanted, and how each ended."""

    def __init__(self, types: Collection[str] | None, on_error: OnError | None) -> None:
        check_on_error(on_error)
        self.handled = Handled()
        self._types = check_types(types)
        self._on_error = on_error

    def wants(self, given: Event) -> bool:
        return self._types is None or given.type in self._types

    def ended(self, ended: Event, count: str) -> None:
        count = "dead" if ended.state == "dead" else count
        setattr(self.handled, count, getattr(self.handled, count) + 1)

    def raised(self, given: Event, error: Exception) -> None:
        """The handler did. The log is told its kind only: what it says may hold a secret."""
        if self._on_error is not None:
            self._on_error(given, error)
        else:
            _log.warning("the handler of event %s raised %s", given.id, type(error).__name__)

    def not_told(self, error: TillError) -> None:
        """The end of an event could not be kept: that is borne when the event will come again."""
        if not (error.retryable or (isinstance(error, Conflict) and error.code == "lease_lost")):
            raise error
        self.handled.lost += 1


def _message(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _given(reply: bytes | NativeError) -> Event | None:
    if isinstance(reply, tuple):
        raise error_from_native(reply)
    value: Any = decode(reply)
    return None if value is None else event(value)


# ---- one after another


class _Waiting:
    """The next event of an inbox, waited for on this thread; Ctrl-C ends the wait."""

    def __init__(self, inbox: _native.NativeInbox, stop: threading.Event | None) -> None:
        self._inbox = inbox
        self._stop = stop
        self._queue = _native.CompletionQueue()
        self._poll = select.poll()
        self._poll.register(self._queue.fileno(), select.POLLIN)

    def next(self) -> Event | None:
        """None once it is to stop."""
        if self._stopping():
            return None
        self._inbox.start_next(0, self._queue)
        while not self._poll.poll(None if self._stop is None else _STOP_SECONDS * 1000):
            if self._stopping():
                self._inbox.close()  # so that the answer is here, and perhaps an event that was on its way
        ((_, reply),) = self._queue.drain()
        return _given(reply)

    def late(self) -> list[Event]:
        """What came and was not asked for any more, after the inbox was closed."""
        return [given for _, reply in self._queue.drain() if (given := _given(reply)) is not None]

    def _stopping(self) -> bool:
        return self._stop is not None and self._stop.is_set()


def handle(
    events: Events,
    handler: Callable[[Event], object],
    options: Options,
    types: Collection[str] | None,
    stop: threading.Event | None,
    wait: bool,
    on_error: OnError | None,
) -> Handled:
    """`Events.handle`"""
    check_handler(handler)
    book = _Book(types, on_error)
    if not wait:
        while not (stop is not None and stop.is_set()):
            taken = events.take(1, lease=options.lease)
            if not taken:
                break
            _handle_one(events, handler, book, taken[0])
        return book.handled
    inbox = events._open(options.inbox())
    waiting = _Waiting(inbox, stop)
    try:
        while (given := waiting.next()) is not None:
            _handle_one(events, handler, book, given)
    finally:
        inbox.close()
        for given in waiting.late():
            events.release(given)
    return book.handled


def _handle_one(events: Events, handler: Callable[[Event], object], book: _Book, given: Event) -> None:
    try:
        if not book.wants(given):
            book.ended(events.done(given), "skipped")
            return
        try:
            returned = handler(given)
        except Exception as error:
            book.raised(given, error)
            book.ended(events.fail(given, _message(error)), "failed")
        except BaseException as end:  # Ctrl-C or an exit: it comes again at once, elsewhere perhaps
            events.fail(given, _message(end), retry_after=0)
            raise
        else:
            _refuse_coroutine(events, given, returned)
            book.ended(events.done(given), "done")
    except TillError as error:
        book.not_told(error)


def _refuse_coroutine(events: Events, given: Event, returned: object) -> None:
    """A coroutine has not begun, so nothing was handled: the event is given back."""
    if inspect.iscoroutine(returned):
        returned.close()
        events.release(given)
        raise TypeError("the handler returned a coroutine, which is awaited by an AsyncGateway")


# ---- several at once


async def handle_async(
    events: AsyncEvents,
    handler: Callable[[Event], Awaitable[object]],
    options: Options,
    types: Collection[str] | None,
    concurrency: int,
    stop: asyncio.Event | None,
    wait: bool,
    on_error: OnError | None,
) -> Handled:
    """`AsyncEvents.handle`"""
    if concurrency < 1:
        raise ValueError("concurrency is at least 1")
    check_async_handler(handler)
    book = _Book(types, on_error)
    inbox = events._open(options.inbox()) if wait else None

    async def next_event() -> Event | None:
        if stop is not None and stop.is_set():
            return None
        if inbox is not None:
            return await _next(events, inbox)
        taken = await events.take(1, lease=options.lease)
        return taken[0] if taken else None

    async def work() -> None:
        while (given := await next_event()) is not None:
            await _handle_one_async(events, handler, book, given)

    async def close_when_stopped() -> None:
        if stop is not None and inbox is not None:
            await stop.wait()
            inbox.close()

    stopping = asyncio.ensure_future(close_when_stopped())
    workers = [asyncio.ensure_future(work()) for _ in range(concurrency)]
    try:
        await asyncio.gather(*workers)
    finally:
        for task in (stopping, *workers):
            task.cancel()
        await asyncio.gather(stopping, *workers, return_exceptions=True)
        if inbox is not None:
            inbox.close()
    return book.handled


async def _next(events: AsyncEvents, inbox: _native.NativeInbox) -> Event | None:
    from till._completion import completions

    coming = asyncio.ensure_future(completions().next_of(inbox))
    try:
        return _given(await asyncio.shield(coming))
    except asyncio.CancelledError:
        inbox.close()  # so that the answer is here, and perhaps an event that was on its way
        late = _given(await coming)
        if late is not None:
            await events.release(late)
        raise


async def _handle_one_async(
    events: AsyncEvents, handler: Callable[[Event], Awaitable[object]], book: _Book, given: Event
) -> None:
    try:
        if not book.wants(given):
            book.ended(await events.done(given), "skipped")
            return
        try:
            returned = handler(given)
            if inspect.isawaitable(returned):  # else it has run, and running it again would be wrong
                await returned
        except Exception as error:
            book.raised(given, error)
            book.ended(await events.fail(given, _message(error)), "failed")
        except BaseException as end:
            await events.fail(given, _message(end), retry_after=0)
            raise
        else:
            book.ended(await events.done(given), "done")
    except TillError as error:
        book.not_told(error)
