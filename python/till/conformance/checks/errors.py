"""Errors: each documented refusal is of its class, and says truly how far the request went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import till
from till.conformance.bench import Bench, Reply
from till.conformance.case import Case, Problem, must
from till.conformance.subject import Subject
from till.sandbox import wire

_READ: tuple[str, dict[str, Any]] = ("check", {})
_WRITE: tuple[str, dict[str, Any]] = ("payments.create", {})


class Sample(NamedTuple):
    """A documented refusal: the reply, and the class of error that it is."""

    name: str
    reply: Reply
    kind: str


def cases(subject: Subject) -> Iterator[Case]:
    """Two for each documented refusal: of a read and of a write; and what happens without any answer."""
    for sample in samples(subject):
        yield Case(subject.provider, "error", f"{sample.name}, of a read", partial(_of_a_read, sample))
        yield Case(subject.provider, "error", f"{sample.name}, of a write", partial(_of_a_write, sample))
    yield Case(subject.provider, "error", "every rule of the manifest has a sample", _rules_have_samples)
    for sent in ("no", "maybe", "yes"):
        yield Case(subject.provider, "error", f"no answer, sent: {sent}", partial(_of_nobody, sent))


def samples(subject: Subject) -> list[Sample]:
    """The documented refusals: fixtures of `check` whose names begin with "error", and those of the book."""
    found = []
    for path in subject.fixtures():
        fixture = json.loads(path.read_text())
        is_refusal = fixture.get("exchanges") and "error" in fixture
        if is_refusal and fixture["operation"] == "check" and fixture["name"].startswith("error"):
            reply = _reply_of(fixture["exchanges"][-1]["reply"])
            found.append(Sample(fixture["name"], reply, fixture["error"]["kind"]))
    for error in subject.book.errors:
        found.append(Sample(error["name"], _reply_of(error), error["kind"]))
    return found


def _reply_of(reply: dict[str, Any]) -> Reply:
    body = wire.write(reply["json"]) if "json" in reply else reply.get("text", "")
    headers = {"content-type": "application/json", **reply.get("headers", {})}
    return Reply(int(reply["status"]), tuple(headers.items()), body.encode())


def _of_a_read(sample: Sample, bench: Bench) -> None:
    error = _error(bench, _READ, sample.reply)
    must(type(error).__name__ == sample.kind, f"it is {type(error).__name__} instead of {sample.kind}")
    must(error.sent == "yes", f"sent is {error.sent}")


def _of_a_write(sample: Sample, bench: Bench) -> None:
    """A refusal by a server that failed, even one that says so under a 200, may come after it acted; any
    other says that nothing happened."""
    of_a_read = _error(bench, _READ, sample.reply)
    failed = isinstance(of_a_read, till.ProviderError) and of_a_read.retryable and sample.reply.status < 300
    undecided = failed or sample.reply.status >= 500 or sample.reply.status == 408
    error = _error(bench, _WRITE, sample.reply)
    wanted = "OutcomeUnknown" if undecided else sample.kind
    must(type(error).__name__ == wanted, f"it is {type(error).__name__} instead of {wanted}")
    must(error.sent == "yes", f"sent is {error.sent}")
    must(not undecided or error.payment_id, "the payment whose outcome is unknown is not named")


def _error(bench: Bench, call: tuple[str, dict[str, Any]], reply: Reply) -> till.TillError:
    try:
        bench.answered(*call, reply)
    except till.TillError as error:
        return error
    raise Problem("it is taken for an answer")


def _rules_have_samples(bench: Bench) -> None:
    kinds = {sample.kind for sample in samples(bench)}
    for rule in bench.manifest["errors"]["rules"]:
        must(rule["kind"] in kinds, f"no documented refusal is a {rule['kind']}")


def _of_nobody(sent: str, bench: Bench) -> None:
    for (operation, arguments), is_write in ((_READ, False), (_WRITE, True)):
        wanted = "OutcomeUnknown" if is_write and sent != "no" else "TransportError"
        try:
            bench.lost(operation, arguments, sent)
        except till.TillError as error:
            must(type(error).__name__ == wanted, f"{operation} ends in {type(error).__name__}, not {wanted}")
            must(error.sent == sent, f"{operation} says sent: {error.sent}")
        else:
            raise Problem(f"{operation} comes through without an answer")
