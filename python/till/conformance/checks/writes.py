"""Writes: one key, one effect; a write that nobody answered is unknown, never failed, never sent again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import till
from till.conformance.bench import Bench
from till.conformance.case import Case, Problem, must
from till.conformance.scenario import Flow
from till.conformance.subject import Subject

WRITES = (
    "cards.confirm",
    "cards.verify",
    "payments.accept",
    "payments.cancel",
    "payments.create",
    "refunds.create",
    "tokens.approve",
    "tokens.create",
)
"""The operations that change something at a provider."""


def cases(subject: Subject) -> Iterator[Case]:
    """Three for each operation that writes."""
    for operation in WRITES:
        if operation in subject.manifest["capabilities"]:
            yield Case(subject.provider, "write", f"{operation}, same key again", partial(_again, operation))
            yield Case(subject.provider, "write", f"{operation}, answer lost", partial(_lost, operation))
    yield Case(subject.provider, "write", "payments.create, same key and another amount", _other_input)
    yield Case(subject.provider, "write", "payments.create, no answer in time", _late)


def _again(operation: str, bench: Bench) -> None:
    """The first outcome comes back; one that handed out a secret was not kept, and says so."""
    arguments = _arguments(operation, bench)
    first = bench.call(operation, arguments)
    seen = len(bench.requests())
    try:
        again = bench.call(operation, arguments)
    except till.Conflict as error:
        must(bench.manifest["capabilities"][operation].get("returns_secrets"), f"it is a Conflict: {error}")
    else:
        must(again == first, "the second outcome is another one")
    must(len(bench.requests()) == seen, "it was sent again")


def _lost(operation: str, bench: Bench) -> None:
    arguments = _arguments(operation, bench)
    bench.control.fault("reset_after_read", **bench.book.writes[operation]["request"])
    error = _failure(bench, operation, arguments)
    if error is None:
        must(bench.manifest["idempotency"], "it was sent again, though the provider knows no key")
        must(len(bench.control.payments()) <= 1, "the second attempt took effect as well")
        return
    must(isinstance(error, till.OutcomeUnknown), f"it ends in {type(error).__name__}")
    must(error.sent in ("maybe", "yes"), f"sent is {error.sent}")
    seen = len(bench.requests())
    must(_faults(bench) == 1, "the request was lost more than once")
    error = _failure(bench, operation, arguments)
    must(isinstance(error, till.OutcomeUnknown), "the same key again is something else than unknown")
    must(len(bench.requests()) == seen, "the same key again sends something")


def _other_input(bench: Bench) -> None:
    arguments = {"idempotency_key": "till-conformance"}
    bench.call("payments.create", arguments)
    seen = len(bench.requests())
    amount = till.Money.from_json(bench.book.create["amount"])
    error = _failure(bench, "payments.create", {**arguments, "amount": amount + amount})
    must(isinstance(error, till.Conflict), f"it ends in {type(error).__name__}")
    must(len(bench.requests()) == seen, "it was sent")


def _late(bench: Bench) -> None:
    bench.control.fault("latency", seconds=2, **bench.book.writes["payments.create"]["request"])
    try:
        bench.call("payments.create", {}, bench.gateway(timeout=0.5))
    except till.OutcomeUnknown as error:
        must(error.payment_id, "the payment is not named")
        must(error.sent in ("maybe", "yes"), f"sent is {error.sent}")
    else:
        raise Problem("it came through")


def _arguments(operation: str, bench: Bench) -> dict[str, Any]:
    """A right input, after the steps that make it right."""
    write = bench.book.writes[operation]
    flow = Flow(bench).run(write.get("after", []))
    bench.control.clear_faults()
    return {**flow.filled(write.get("with", {})), "idempotency_key": "till-conformance"}


def _failure(bench: Bench, operation: str, arguments: dict[str, Any]) -> till.TillError | None:
    try:
        bench.call(operation, arguments)
    except till.TillError as error:
        return error
    return None


def _faults(bench: Bench) -> int:
    return sum(request["fault"] is not None for request in bench.requests())
