"""Events: what happened to payments, and the inbox where each waits until it was handled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from till import _values
from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._page import Page, async_items, blocking_items, page_of
from till._payments import Payment, payment
from till._runtime import milliseconds

if TYPE_CHECKING:
    import asyncio
    import threading

    from till import _native
    from till._handling import Handled

EventState = Literal["waiting", "taken", "done", "dead"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a payment, and how far its handling came.

    `id` is the same each time the event is given: by it a handler knows what it handled before. `type` is
    `payment.` and the new status, or such as `payment.created` and `refund.created`. `payment` is the payment
    as it is now, which may be later than the event; it comes with `get` and `take`. `lease` comes with `take`
    only.
    """

    id: str
    type: str
    payment_id: str | None
    gateway: str
    source: str
    at: datetime
    state: EventState
    attempts: int
    due_at: datetime | None = None
    last_error: str | None = None
    lease: str | None = field(default=None, repr=False)
    payment: Payment | None = field(default=None, repr=False)
    detail: Mapping[str, Any] = field(default_factory=dict, repr=False)


def event(value: Any) -> Event:
    """An `Event` from its JSON."""
    found = value.get("payment")
    return Event(
        id=value["id"],
        type=value["type"],
        payment_id=value["payment_id"],
        gateway=value["gateway"],
        source=value["source"],
        at=datetime.fromisoformat(value["at"]),
        state=value["state"],
        attempts=value["attempts"],
        due_at=_values.time(value["due_at"]),
        last_error=value["last_error"],
        lease=value["lease"],
        payment=None if found is None else payment(found),
        detail=_values.mapping(value["detail"]),
    )


def _taken(value: Any) -> tuple[Event, ...]:
    return tuple([event(one) for one in value["items"]])


def list_(
    *,
    state: EventState | None = None,
    payment_id: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Event]]:
    """One page of this gateway's events, newest first: all, those in one state, or those of one payment.

    >>> shop.events.list(payment_id=payment.id)[0].type
    'payment.created'
    >>> len(shop.events.list(state="dead"))
    0
    """
    return Call.of(
        "events.list", page_of(event), state=state, payment_id=payment_id, limit=limit, cursor=cursor
    )


def get(event_id: str) -> Call[Event]:
    """One event, with its payment as it is now.

    >>> known = shop.events.list(payment_id=payment.id)[0]
    >>> shop.events.get(known.id).payment.id == payment.id
    True
    """
    return Call.of("events.get", event, event_id=event_id)


def take(limit: int | None = None, *, lease: float | None = None) -> Call[tuple[Event, ...]]:
    """Takes up to `limit` (10) events that are due, oldest first; `handle` does that for you.

    They are yours for `lease` (60) seconds, all of them together. End each with `done` or `fail` before; then
    somebody else is given it. Of one payment only the first event that is neither done nor dead is given, and
    one that was taken before comes alone.

    >>> for event in shop.events.take(limit=5):
    ...     assert event.attempts == 1
    ...     _ = shop.events.done(event)
    """
    return Call.of("events.take", _taken, limit=limit, lease_ms=milliseconds(lease, "lease"))


def done(taken: Event) -> Call[Event]:
    """A taken event was handled. `Conflict` with code `lease_lost` when its time was over: then somebody else
    may handle it, too.

    >>> order = shop.payments.create(till.Money("20.00", "BZD"))
    >>> {shop.events.done(event).state for event in shop.events.take()}
    {'done'}
    """
    return Call.of("events.done", event, event_id=taken.id, lease=taken.lease or "")


def fail(taken: Event, message: str | None = None, *, retry_after: float | None = None) -> Call[Event]:
    """A taken event could not be handled: it comes again after a pause that grows, or after `retry_after`
    seconds, and is dead after about a day. `message` says why; the gateway's secrets are hidden in it.

    >>> order = shop.payments.create(till.Money("20.00", "BZD"))
    >>> for event in shop.events.take():
    ...     failed = shop.events.fail(event, "the mail server is away", retry_after=3600)
    >>> failed.state, failed.last_error
    ('waiting', 'the mail server is away')
    """
    retry_after_ms = milliseconds(retry_after, "retry_after", least=0)
    return Call.of(
        "events.fail",
        event,
        event_id=taken.id,
        lease=taken.lease or "",
        message=message,
        retry_after_ms=retry_after_ms,
    )


def release(taken: Event) -> Call[Event]:
    """Gives a taken event back as if it had not been taken.

    >>> order = shop.payments.create(till.Money("20.00", "BZD"))
    >>> [shop.events.release(event).attempts for event in shop.events.take(limit=1)]
    [0]
    """
    return Call.of("events.release", event, event_id=taken.id, lease=taken.lease or "")


def replay(event_id: str) -> Call[Event]:
    """Makes an event that is done or dead wait once more. `Conflict` when it is neither.

    >>> for event in shop.events.take():
    ...     _ = shop.events.done(event)
    ...     assert shop.events.replay(event.id).state == "waiting"
    """
    return Call.of("events.replay", event, event_id=event_id)


@dataclass(frozen=True, slots=True)
class Options:
    """How often to look, and for how long to take, in seconds."""

    poll: float
    lease: float

    def inbox(self) -> dict[str, object]:
        """As an inbox is opened."""
        return {"poll_ms": milliseconds(self.poll, "poll"), "lease_ms": milliseconds(self.lease, "lease")}


_ITERATE = """Every event of the list, newest first, one by one; pages are read as they are needed.

>>> [event.type for event in shop.events.iterate(payment_id=payment.id)]
['payment.created']
"""

Open = Callable[[Mapping[str, object]], "_native.NativeInbox"]


class Events(BlockingNoun):
    """`gateway.events`"""

    __slots__ = ("_open",)

    def __init__(self, run: Callable[[Call[Any]], Any], open_inbox: Open) -> None:
        super().__init__(run)
        self._open = open_inbox

    list = blocking(list_)
    iterate = blocking_items(list_, _ITERATE)
    get = blocking(get)
    take = blocking(take)
    done = blocking(done)
    fail = blocking(fail)
    release = blocking(release)
    replay = blocking(replay)

    def handle(
        self,
        handler: Callable[[Event], object],
        *,
        types: Collection[str] | None = None,
        stop: threading.Event | None = None,
        wait: bool = True,
        poll: float = 1.0,
        lease: float = 60.0,
        on_error: Callable[[Event, Exception], object] | None = None,
    ) -> Handled:
        """Calls `handler(event)` for each event, one after another, until `stop` is set; without `wait`,
        until nothing is due. What it counted is returned.

        When the handler returns, the event is done. When it raises, the event comes again after a pause that
        grows, and is dead after about a day; other payments' events go on meanwhile, later ones of the same
        payment wait. `on_error` is told, to log it; without it the logger `till` warns, with the event's id
        and the kind of the exception. An event of none of the `types` is done without a call; a type that no
        event has is an `InvalidRequest`.

        The handler has `lease` seconds, and nothing renews them: after that the event is given to somebody
        else, as it is when this process dies. So an event may come twice; its `id` tells. Run this in as many
        threads and processes as you like. What this process commits is handled at once, what others commit
        when this looks again after `poll` seconds.

        >>> order = shop.payments.create(till.Money("20.00", "BZD"), reference="order-7")
        >>> def ship(event):
        ...     if event.payment_id == order.id:
        ...         print(event.type, event.payment.reference)
        >>> shop.events.handle(ship, wait=False).failed
        payment.created order-7
        0
        """
        from till._handling import handle

        return handle(self, handler, Options(poll, lease), types, stop, wait, on_error)


class AsyncEvents(AsyncNoun):
    """`gateway.events` of an `AsyncGateway`"""

    __slots__ = ("_open",)

    def __init__(self, run: Callable[[Call[Any]], Coroutine[Any, Any, Any]], open_inbox: Open) -> None:
        super().__init__(run)
        self._open = open_inbox

    list = awaitable(list_)
    iterate = async_items(list_, _ITERATE)
    get = awaitable(get)
    take = awaitable(take)
    done = awaitable(done)
    fail = awaitable(fail)
    release = awaitable(release)
    replay = awaitable(replay)

    async def handle(
        self,
        handler: Callable[[Event], Awaitable[object]],
        *,
        types: Collection[str] | None = None,
        concurrency: int = 10,
        stop: asyncio.Event | None = None,
        wait: bool = True,
        poll: float = 1.0,
        lease: float = 60.0,
        on_error: Callable[[Event, Exception], object] | None = None,
    ) -> Handled:
        """See `Events.handle`. Up to `concurrency` events, each of another payment, are handled at the same
        time. Once `stop` is set, the handlers under way are waited for; when this is cancelled, they are
        cancelled and their events come again at once. A handler made with a plain `def` is a `TypeError`.

        >>> order = shop.payments.create(till.Money("20.00", "BZD"), reference="order-8")
        >>> async def ship(event):
        ...     if event.payment_id == order.id:
        ...         print(event.type, event.payment.reference)
        >>> asyncio.run(async_shop.events.handle(ship, wait=False)).failed
        payment.created order-8
        0
        """
        from till._handling import handle_async

        return await handle_async(
            self, handler, Options(poll, lease), types, concurrency, stop, wait, on_error
        )
