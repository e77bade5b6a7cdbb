"""What the core says to a call, as it says it: printed with --json, and decoded for people."""

from __future__ import annotations

from typing import Any

import till
from till._call import Call
from till._page import _Walk, page_of


def told(gateway: till.Gateway, call: Call[Any]) -> Any:
    """The result of a call as its JSON (docs/schemas)."""
    return gateway._run(Call(call.operation, call.input, as_it_is))


def all_told(gateway: till.Gateway, first: Call[Any]) -> Any:
    """The page that a list's call begins with, and all that follow it, as one page."""
    walk = _Walk(Call(first.operation, first.input, page_of(as_it_is)))
    items: list[Any] = []
    while (call := walk.call) is not None:
        items += walk.step(call, gateway._run(call))
    return {"items": items, "next": None, "total": None}


def as_it_is(value: Any) -> Any:
    """The decoder that leaves the JSON alone."""
    return value
