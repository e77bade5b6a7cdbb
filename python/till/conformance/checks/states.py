"""States: every word that the service documents has its meaning, and no other word ever means `paid`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import till
from till._exchange import Request
from till.conformance.bench import Bench, Reply
from till.conformance.case import Case, Problem, must
from till.conformance.pointer import MISSING, changed, get
from till.conformance.scenario import Flow
from till.conformance.subject import Subject

_UNKNOWN: list[Any] = ["till_new_state", "PAID?", "", " paid ", 7, 0, True, None, {}, [], MISSING]


def cases(subject: Subject) -> Iterator[Case]:
    """For each place where a state stands: one case for each documented word, one for all others."""
    for place in subject.book.states:
        for word, meaning in place["words"]:
            run = partial(_has_its_meaning, place, word, meaning)
            yield Case(subject.provider, "state", f"{place['at']} {_shown(word)} is {meaning}", run)
    for at in dict.fromkeys(place["at"] for place in subject.book.states):
        run = partial(_is_never_paid, [place for place in subject.book.states if place["at"] == at])
        yield Case(subject.provider, "state", f"{at} of another kind is never paid", run)


def _has_its_meaning(place: dict[str, Any], word: Any, meaning: str, bench: Bench) -> None:
    status = _status_with(place, place.get("after", []), word, bench)
    must(status == meaning, f"{_shown(word)} is {status}")


def _is_never_paid(places: list[dict[str, Any]], bench: Bench) -> None:
    """Also after everything was paid; where a state may be null, `harmless`, it may be left out as well."""
    known = [word for place in places for word, _ in place["words"]]
    known += [word for place in places for word in place.get("harmless", [])]
    for word in _UNKNOWN:
        if not any(word is one or (type(word) is type(one) and word == one) for one in known):
            status = _status_with(places[0], bench.book.paid, word, bench)
            must(status != "paid" or (word is MISSING and None in known), f"{_shown(word)} is paid")


def _status_with(place: dict[str, Any], steps: list[dict[str, Any]], word: Any, bench: Bench) -> str:
    """The status of a new payment after the steps, when the service then says the word; or `refused`."""
    bench.control.reset()
    flow = Flow(bench).run([{"call": "payments.create", "with": place.get("with", {})}, *steps])
    replaced = 0

    def answer(_: int, request: Request) -> Reply:
        nonlocal replaced
        reply = bench.forwarded(request)
        if get(reply.json, place["at"]) is MISSING:
            return reply
        replaced += 1
        return reply.with_json(changed(reply.json, place["at"], word))

    try:
        payment = bench.stepped("payments.get", {"id": flow.payment["id"]}, answer)
    except (till.PluginError, till.TransportError):
        raise
    except till.TillError:
        return "refused"
    if not replaced:
        raise Problem(f"no reply has {place['at']}")
    return str(payment["status"])


def _shown(word: Any) -> str:
    return "without it" if word is MISSING else repr(word)
