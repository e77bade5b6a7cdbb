"""Reconciling: what the provider says of payments and writes whose end the store does not know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self

from till import _native, _values
from till._call import Call
from till._errors import NativeError, TillError, error_from_native
from till._json import decode
from till._payments import Payment, payment


@dataclass(frozen=True, slots=True)
class UnknownWrite:
    """A write that was perhaps sent, and whose end nobody knows.

    `reason` says why the last question did not settle it: `not_found` (the provider's list has nothing like
    it; that proves nothing), `several` (more than one thing in the list may be it), `no_reference` (the
    payment has none to look for), `no_way` (the provider documents no way to find out), `list_too_long`,
    `input_not_kept` and `key_too_old` (the same request may not be sent again), `not_told` (the payment's
    state does not say), `failed` (the provider could not be asked: `message` says why). None: it was not
    asked about this time.
    """

    write_id: str
    operation: str
    payment_id: str | None
    idempotency_key: str
    created_at: datetime
    reason: (
        Literal[
            "failed",
            "input_not_kept",
            "key_too_old",
            "list_too_long",
            "no_reference",
            "no_way",
            "not_found",
            "not_told",
            "several",
        ]
        | None
    )
    message: str | None


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """What one pass did.

    `looked` counts the writes and payments that were asked about, `changed` the payments that have another
    status now, `settled` the writes whose end is known now, `failed` the questions that were not answered and
    will be asked again. `unknown` lists every write of this gateway whose end is still not known. `next_at`
    is when the next question is due, None when there is none to ask.
    """

    looked: int
    changed: int
    settled: int
    failed: int
    unknown: tuple[UnknownWrite, ...]
    next_at: datetime | None


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


def report(value: Any) -> ReconcileReport:
    """A `ReconcileReport` from its JSON."""
    return ReconcileReport(
        looked=value["looked"],
        changed=value["changed"],
        settled=value["settled"],
        failed=value["failed"],
        unknown=tuple(
            UnknownWrite(**{**write, "created_at": _moment(write["created_at"])})
            for write in value["unknown"]
        ),
        next_at=_values.time(value["next_at"]),
    )


def reconcile(limit: int | None = None) -> Call[ReconcileReport]:
    """One pass, as a call."""
    return Call("reconcile", {} if limit is None else {"limit": limit}, report)


def settled(value: Any) -> Payment | None:
    """What the settled call was about; None where that is no payment."""
    return None if value is None else payment(value)


def settle(
    payment_id: str | None, write_id: str | None, provider_id: str | None, not_done: bool
) -> Call[Payment | None]:
    """What a person found, as a call."""
    return Call.of(
        "settle",
        settled,
        payment_id=payment_id,
        write_id=write_id,
        provider_id=provider_id,
        not_done=not_done or None,
    )


class Reconciler:
    """Passes again and again in the background, until it is closed or collected: keep it, or use it as a
    context (`with` or `async with`). It makes no Python thread and works in one process; a forked worker
    opens its own, and any number of processes and machines share the work."""

    __slots__ = ("_native",)

    def __init__(self, native: _native.NativeReconciler) -> None:
        self._native = native

    @property
    def report(self) -> ReconcileReport | None:
        """What the last pass did; None before the first has ended, and after one that could not be made."""
        reply = self._native.last()
        value = None if isinstance(reply, tuple) else decode(reply)
        return None if value is None else report(value)

    @property
    def error(self) -> TillError | None:
        """Why the last pass could not be made, such as a store that does not answer; the next one is made all
        the same. What single questions met is counted in `report.failed`."""
        reply: bytes | NativeError = self._native.last()
        return error_from_native(reply) if isinstance(reply, tuple) else None

    def close(self) -> None:
        """No pass begins any more. One under way goes on to its end."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
