"""Paths: whatever an id holds stays one segment of the address, or the call is refused before it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import till
from till.conformance.bench import Bench
from till.conformance.case import Case, must
from till.conformance.subject import Desk, Subject

_PLAIN = "till-plain-id"
_HOSTILE = ("a/b", "a/../b", "..", "a?b=c", "a#b", "%2e%2e", "a%2Fb", "a b", "a\\b", "a;b")
_OPERATIONS = ("payments.get", "payments.cancel", "payments.accept")


def cases(subject: Subject) -> Iterator[Case]:
    """One for each operation that takes a provider's id, with the replies of its first fixture."""
    declared = [name for name in _OPERATIONS if name in subject.manifest["capabilities"]]
    for operation in declared:
        if replies := _replies(subject, operation):
            run = partial(_stays_one_segment, operation, replies)
            yield Case(subject.provider, "path", f"ids of {operation}", run)


def _replies(subject: Subject, operation: str) -> list[dict[str, Any]]:
    """Those of the fixture that has most of them."""
    fixtures = [json.loads(path.read_text()) for path in subject.fixtures()]
    played = [one.get("exchanges", []) for one in fixtures if one.get("operation") == operation]
    return [one["reply"] for one in max(played, key=len, default=[])]


def _stays_one_segment(operation: str, replies: list[dict[str, Any]], place: Bench | Desk) -> None:
    plain = _paths(place, operation, _PLAIN, replies)
    for hostile in _HOSTILE:
        wanted = [path.replace(_PLAIN, quote(hostile, safe="")) for path in plain]
        for path, right in zip(_paths(place, operation, hostile, replies), wanted, strict=False):
            must(path == right, f"an id of {hostile!r} makes the path {path}, and not {right}")


def _paths(place: Bench | Desk, operation: str, provider_id: str, replies: list[dict[str, Any]]) -> list[str]:
    """The paths of the requests that are made for the payment with this id."""
    paths: list[str] = []
    try:
        exchange = place.exchange(operation, {"provider_id": provider_id})
        for reply in replies:
            if exchange.request is None:
                break
            paths.append(exchange.request.url.partition("?")[0])
            headers = {"content-type": "application/json", **reply.get("headers", {})}
            body = reply["text"] if "text" in reply else json.dumps(reply.get("json"))
            exchange.reply(reply["status"], list(headers.items()), body.encode())
    except till.TillError:
        pass  # refused before, or by the reply
    return paths
