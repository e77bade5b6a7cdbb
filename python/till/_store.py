"""Store: what a runtime keeps, for those who look after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from till._errors import error_from_native
from till._json import decode, encode
from till._names import in_python

if TYPE_CHECKING:
    from till import _native

RecordKind = Literal["payments", "writes", "events", "webhooks", "refusals"]
_KINDS: tuple[RecordKind, ...] = ("payments", "writes", "events", "webhooks", "refusals")


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """What one gateway has open: what waits for something, or for somebody."""

    gateway: str
    payments_unknown: int
    """Payments of which nobody knows whether the provider made them."""
    writes_unsettled: int
    """Calls that were sent and not answered yet, or never."""
    events_waiting: int
    events_taken: int
    events_dead: int
    """Events that no handler could handle; `till events replay` gives one again."""
    webhooks_unmatched: int
    """Webhooks about payments that the store does not know."""
    oldest_event_at: datetime | None
    """Of those waiting and taken."""


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """How much a store holds."""

    place: str
    kind: Literal["sqlite", "postgresql"]
    schema: int
    """The number of its schema; a newer till carries an older one over."""
    bytes: int
    """On the disk, indexes included."""
    payments: int
    events: int
    writes: int
    webhooks: int
    open: tuple[OpenCounts, ...]


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was removed."""

    payments: int = 0
    events: int = 0
    writes: int = 0
    webhooks: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.payments + self.events + self.writes + self.webhooks


class Store:
    """What a runtime keeps: payments, writes, events, webhooks. Any thread; each call waits for the store.

    >>> store = till.Runtime(store="memory").store
    >>> store.place
    'memory'
    >>> store.info().payments
    0
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.NativeRuntime) -> None:
        self._native = native

    @property
    def place(self) -> str:
        """A path, `memory`, or a URL without its password."""
        return self._native.store_place

    def __str__(self) -> str:
        return self.place

    def __repr__(self) -> str:
        return f"Store({self.place!r})"

    def info(self) -> StoreInfo:
        """How much there is, and what is open. Counts every row, so it takes its time."""
        info = self._call("store.info", {})
        info["open"] = tuple(_open_counts(one) for one in info["open"])
        return StoreInfo(**info)

    def prune(
        self,
        *,
        payments: timedelta | None = None,
        events: timedelta | None = None,
        writes: timedelta | None = None,
        webhooks: timedelta | None = None,
        forget_webhooks: bool = False,
        dry_run: bool = False,
    ) -> Pruned:
        """Removes what is over and older than it says; what is left out is kept for ever.

        `payments` go when they are paid, expired, cancelled or failed, nothing about them is unknown and no
        event waits; with them go their events and writes. `events` go when they are done or dead, `writes`
        when they are done for as long: their idempotency keys can be used again. `webhooks` that are gone
        would take effect again, and providers repeat them for up to 30 days: younger ones need
        `forget_webhooks`.
        What waits for something is never removed. With `dry_run` nothing is, and the counts are what would
        go by itself, young webhooks included. Runs in small steps, so that payments go on meanwhile; a second
        call finds the rest.

        >>> from datetime import timedelta
        >>> till.Runtime(store="memory").store.prune(payments=timedelta(days=365)).total
        0
        """
        ages = {"payments": payments, "events": events, "writes": writes, "webhooks": webhooks}
        told: dict[str, Any] = {f"{name}_older_than_ms": _age_ms(age, name) for name, age in ages.items()}
        told |= {"forget_webhooks": bool(forget_webhooks), "dry_run": bool(dry_run)}
        gone = Pruned()
        while True:
            step = self._call("store.prune", told)
            more = step.pop("more")
            gone = Pruned(**{name: getattr(gone, name) + count for name, count in step.items()})
            if not more:
                return gone

    def export(self, *kinds: RecordKind, bodies: bool = False) -> Iterator[tuple[RecordKind, dict[str, Any]]]:
        """The whole history, a record at a time with its kind, newest first within each kind: all of it, or
        the kinds that are named. Memory stays bounded. Writes come without their input, webhooks with their
        body only when `bodies` says so; a body that is no text stands in `body_base64`.

        >>> list(till.Runtime(store="memory").store.export("payments"))
        []
        """
        for kind in kinds or _KINDS:
            cursor: str | None = None
            while True:
                page = self._call("store.export", {"kind": kind, "bodies": bool(bodies), "cursor": cursor})
                for record in page["items"]:
                    yield kind, record
                cursor = page["next"]
                if cursor is None:
                    break

    def _call(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        reply = self._native.call_store(operation, encode(given))
        if isinstance(reply, tuple):
            raise in_python(error_from_native(reply), operation)
        answered: dict[str, Any] = decode(reply)
        return answered


def _open_counts(counts: dict[str, Any]) -> OpenCounts:
    at = counts["oldest_event_at"]
    return OpenCounts(**{**counts, "oldest_event_at": None if at is None else datetime.fromisoformat(at)})


def _age_ms(age: timedelta | None, name: str) -> int | None:
    if age is None:
        return None
    if not isinstance(age, timedelta):
        raise TypeError(f"{name} must be a datetime.timedelta, not {type(age).__name__}")
    return age // timedelta(milliseconds=1)
