"""What is looked at before a handler is given any event: is it one, and are the types those of events."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any, get_args

from till._errors import InvalidRequest
from till._names import nearest
from till._payments import PaymentStatus

EVENT_TYPES = (
    "payment.created",
    *(f"payment.{status}" for status in get_args(PaymentStatus)),
    "payment.mismatch",
    "refund.created",
)
"""Every type that an event can have."""


def check_types(types: Collection[str] | None) -> frozenset[str] | None:
    """The types that are wanted; None for all. `InvalidRequest` when an event never has one of them."""
    if types is None:
        return None
    if isinstance(types, str):
        raise TypeError("types is a collection of texts, not one text")
    for one in types:
        if not isinstance(one, str):
            raise TypeError(f"types must be texts, not {type(one).__name__}")
        if one not in EVENT_TYPES:
            raise _unknown_type(one)
    return frozenset(types)


def _unknown_type(given: str) -> InvalidRequest:
    near = nearest(given, EVENT_TYPES)
    meant = f", perhaps {near!r} is meant" if near else ""
    return InvalidRequest(
        f"no event has the type {given[:60]!r}{meant}; there are {', '.join(EVENT_TYPES)}",
        code="unknown_event_type",
        field="types",
    )


def check_on_error(on_error: object) -> None:
    """`TypeError` when it cannot be told anything."""
    if on_error is not None and not callable(on_error):
        raise TypeError(f"on_error must be callable, not {type(on_error).__name__}")


def check_handler(handler: object) -> None:
    """`TypeError` when nobody can call it, or when it is known to return what has to be awaited."""
    if _returns_awaitable(_callable(handler)):
        raise TypeError("a coroutine function is handled by an AsyncGateway")


def check_async_handler(handler: object) -> None:
    """`TypeError` when nobody can call it, or when it is a function or method made with a plain `def`.

    What a lambda or another object returns is not known before it is called, and neither is what a decorator
    around a coroutine function returns: those are let through.
    """
    called = _callable(handler)
    if not _returns_awaitable(called) and _is_plain(called):
        raise TypeError(
            "an AsyncGateway needs a coroutine function (`async def`); a plain one is for a Gateway"
        )


def _callable(handler: object) -> Callable[..., Any]:
    if not callable(handler):
        raise TypeError(f"the handler must be callable, not {type(handler).__name__}")
    while isinstance(handler, functools.partial):
        handler = handler.func
    called: Callable[..., Any] = handler
    return called


def _returns_awaitable(called: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(called) or inspect.iscoroutinefunction(type(called).__call__)


def _is_plain(called: Callable[..., Any]) -> bool:
    innermost = inspect.unwrap(called)
    made_by_def = inspect.isfunction(innermost) or inspect.ismethod(innermost)
    return made_by_def and innermost.__name__ != "<lambda>" and not _returns_awaitable(innermost)
