"""What a provider cannot do is refused with the manifest's reason, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import till
from till import _native
from till._gateway import _DECODERS
from till.conformance.bench import Bench
from till.conformance.case import Case, Problem, must
from till.conformance.subject import Desk, Subject

# Inputs that are right wherever the operation exists.
_INPUTS: dict[str, dict[str, object]] = {
    "cards.confirm": {"card": {"number": "4111111111111111", "expiry_month": 12, "expiry_year": 2030}},
    "cards.verify": {"card": {"number": "4111111111111111", "expiry_month": 12, "expiry_year": 2030}},
    "ledgers.entries": {"currency": "USD"},
    "payments.accept": {"id": "pay_1"},
    "payments.cancel": {"id": "pay_1"},
    "rates.get": {"to": "USD"},
    "refunds.create": {"payment_id": "pay_1"},
    "refunds.get": {"payment_id": "pay_1", "id": "re_1"},
    "refunds.list": {"payment_id": "pay_1"},
    "tokens.approve": {"pairing_code": "abc"},
}


def operations() -> list[str]:
    """Every operation that a provider may lack, sorted: those that ask the store, reconcile and settle belong
    to every gateway."""
    local = {entry["name"] for entry in json.loads(_native.local_operations())}
    return sorted({*_DECODERS, "webhooks.receive"} - {*local, "reconcile", "settle"})


def cases(subject: Subject) -> Iterator[Case]:
    """One for each operation that the provider does not have."""
    for operation in operations():
        if operation not in subject.manifest["capabilities"]:
            yield Case(subject.provider, "absent", operation, partial(_is_refused, operation))


def _is_refused(operation: str, desk: Bench | Desk) -> None:
    absent = desk.manifest.get("absent", {})
    reason = absent.get(operation) or absent.get(operation.partition(".")[0])
    must(reason, "the manifest says no reason")
    try:
        desk.call(operation, _INPUTS.get(operation, {}))
    except till.Unsupported as error:
        must(reason in error.message, f"the error does not say why: {error.message}")
        must(error.sent == "no", f"sent is {error.sent}")
    else:
        raise Problem("it is not refused")
    must(not desk.requests(), "the service saw a request")
