"""Replies that are not as documented: a typed error or harmless, never a crash, never a paid payment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import till
from till.conformance.bench import Bench, Reply
from till.conformance.case import Case, Problem, must
from till.conformance.checks.writes import WRITES
from till.conformance.pointer import MISSING, changed, get, places
from till.conformance.scenario import Flow
from till.conformance.subject import Subject

_HTML = b"<html><body><h1>Bad gateway</h1></body></html>"
_BODIES: list[tuple[str, int, bytes]] = [
    ("an empty body", 200, b""),
    ("null", 200, b"null"),
    ("an empty object", 200, b"{}"),
    ("an empty list", 200, b"[]"),
    ("a number", 200, b"7"),
    ("a text", 200, b'"paid"'),
    ("a page", 200, _HTML),
    ("half a document", 200, b'{"data": {"id": "x", "stat'),
    ("a deep document", 200, b"[" * 5000 + b"]" * 5000),
    ("bytes that are no text", 200, b"\xff\xfe{}"),
    ("no content", 204, b""),
    ("a redirection", 302, b""),
    ("an unknown refusal", 418, b"{}"),
    ("a page of a gateway that failed", 502, _HTML),
]
_OTHER_VALUES: list[tuple[str, Any]] = [
    ("missing", MISSING),
    ("null", None),
    ("a text", "till"),
    ("a number", 7),
    ("a negative number", -1),
    ("a list", []),
    ("an object", {}),
    ("true", True),
]


def cases(subject: Subject) -> Iterator[Case]:
    """Bodies that are wrong as a whole, for each read and write; then each member of the true replies."""
    for name, status, body in _BODIES:
        reply = Reply(status, (("content-type", "application/json"),), body)
        yield Case(subject.provider, "reply", name, partial(_is_an_error, reply))
    for operation in subject.manifest["capabilities"]:
        if operation == "payments.watch":
            continue  # not one exchange but many; the replies to payments.get decide there, too
        if operation == "payments.create" or operation not in WRITES:
            run = partial(_drifts, operation)
            yield Case(subject.provider, "reply", f"every member of {operation} drifts", run)


def _is_an_error(reply: Reply, bench: Bench) -> None:
    payment = bench.call("payments.create", {})
    for operation, arguments in (("payments.get", {"id": payment["id"]}), ("payments.create", {})):
        try:
            result = bench.answered(operation, arguments, reply)
        except till.PluginError as error:
            raise Problem(f"{operation} breaks the script: {error}") from None
        except till.TillError as error:
            certain = isinstance(error, till.OutcomeUnknown) or 300 <= reply.status < 500
            must(
                operation == "payments.get" or certain,
                f"{operation} ends in {type(error).__name__}, though the write may have been carried out",
            )
        else:
            raise Problem(f"{operation} takes it for an answer: {result['status']}")


def _drifts(operation: str, bench: Bench) -> None:
    """Payments are unpaid ones; anything else is called as in the first scenario that uses it."""
    flow = Flow(bench)
    if operation in ("payments.create", "payments.get", "payments.list"):
        flow.run([{"call": "payments.create"}])
        inputs = {"payments.get": {"id": flow.payment["id"]}, "payments.list": bench.book.list_input}
        arguments = inputs.get(operation, {})
    else:
        before, step = bench.book.first_use(operation)
        arguments = flow.run(before).filled(step.get("with", {}))
        arguments = flow.delivered(step["delivered"]) if "delivered" in step else arguments
    _, replies, _ = bench.recorded(operation, arguments)
    _each_drift(replies, lambda answer: bench.stepped(operation, arguments, answer))


def _each_drift(replies: list[Reply], ask: Callable[[Any], Any]) -> None:
    for at, reply in enumerate(replies):
        for place in places(reply.json):
            for name, value in _OTHER_VALUES:
                if type(get(reply.json, place)) is type(value) and value is not None:
                    continue
                changed_reply = reply.with_json(changed(reply.json, place, value))
                played = [*replies[:at], changed_reply, *replies[at + 1 :]]
                _is_harmless(played, ask, f"{place} {name}")


def _is_harmless(replies: list[Reply], ask: Callable[[Any], Any], what: str) -> None:
    try:
        result = ask(lambda at, request: replies[min(at, len(replies) - 1)])
    except till.PluginError as error:
        raise Problem(f"{what} breaks the script: {error}") from None
    except till.TillError:
        return
    for item in result.get("items", [result]):
        must(item.get("status") != "paid", f"{what} makes it paid")
