"""Secrets: no key and no card is seen in results, errors, logs, the store or the sandbox's records."""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import till
from till._gateway import _DECODERS
from till.conformance.bench import Bench, Reply
from till.conformance.case import Case, Problem, must
from till.conformance.pointer import changed, get, places
from till.conformance.scenario import Flow
from till.conformance.subject import Subject
from till.sandbox import wire

_CARD_MEMBERS = ("number", "cvv")
_LONG = 8


def cases(subject: Subject) -> Iterator[Case]:
    """One for each scenario, and one in which the service repeats the secrets wherever it can."""
    for name, steps in subject.book.scenarios.items():
        yield Case(subject.provider, "secret", name, partial(_stay_hidden, steps))
    yield Case(subject.provider, "secret", "that the service repeats", _repeated)


def _stay_hidden(steps: list[dict[str, Any]], bench: Bench) -> None:
    names = set(bench.settings.values()) - set(bench.secret_settings())
    secrets = {
        form for secret in [*bench.secret_settings(), *_cards(steps)] for form in _forms(secret, names)
    }
    with _logged() as log:
        seen = Flow(bench).run(steps).seen
    for place, text in (*map(_observed, seen), ("the log", "".join(log))):
        must(not _shows(text, secrets), f"a secret is seen in {place}")
    requests = wire.write(bench.requests())
    must(not _shows(requests, secrets), "a secret is seen in the sandbox's records")
    for path in _files(bench):
        must(not _shows(path.read_bytes().decode("latin-1"), secrets), "a secret is seen in the store")


def _repeated(bench: Bench) -> None:
    """Each text of a reply in turn holds the secrets; then a refusal does."""
    repeated = " and ".join(["till", *bench.secret_settings()])
    _, replies, payment = bench.recorded("payments.create", {})
    _, got, _ = bench.recorded("payments.get", {"id": payment["id"]})
    for operation, arguments, true in (
        ("payments.create", {}, replies),
        ("payments.get", {"id": payment["id"]}, got),
    ):
        for at, reply in enumerate(true):
            for place in places(reply.json):
                if isinstance(get(reply.json, place), str):
                    told = reply.with_json(changed(reply.json, place, repeated))
                    _hides(bench, operation, arguments, [*true[:at], told, *true[at + 1 :]])
    for status in (400, 401, 500):
        refusal = wire.write({"error": repeated, "message": repeated, "err": repeated}).encode()
        _hides(
            bench, "payments.create", {}, [Reply(status, (("content-type", "application/json"),), refusal)]
        )


def _hides(bench: Bench, operation: str, arguments: dict[str, Any], replies: list[Reply]) -> None:
    result: Any = None
    with _logged() as log:
        try:
            result = bench.stepped(
                operation, arguments, lambda at, request: replies[min(at, len(replies) - 1)]
            )
        except till.TillError as error:
            result = error
    _, text = _observed(result if isinstance(result, Exception) else (operation, result))
    text += "".join(log)
    must(not _shows(text, bench.secret_settings()), f"{operation} repeats a secret")


def _observed(thing: Any) -> tuple[str, str]:
    """What a caller can see of a result or an error, and whose it is."""
    if isinstance(thing, till.TillError):
        words = [str(thing), repr(thing), str(vars(thing)), "".join(traceback.format_exception(thing))]
        return type(thing).__name__, "\n".join(words)
    if isinstance(thing, tuple):
        operation, result = thing
        decode = _DECODERS.get(operation, str)
        return operation, f"{wire.write(result)}\n{decode(result)!r}"
    return "the control API", ""


def _cards(steps: list[dict[str, Any]]) -> list[str]:
    cards = [step.get("with", {}).get("card", {}) for step in steps]
    return [card[name] for card in cards for name in _CARD_MEMBERS if len(card.get(name, "")) > 3]


def _shows(text: str, secrets: Iterable[str]) -> bool:
    """Whether one of them stands in the text; a short one, such as a card's code, as a word of its own: any
    four digits stand in some timestamp."""
    return any(
        secret in text if len(secret) >= _LONG else re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text)
        for secret in secrets
    )


def _forms(secret: str, names: set[str]) -> set[str]:
    """A secret as it may be written; also behind each name, as Basic authentication has it."""
    pairs = [secret, f":{secret}", *[f"{name}:{secret}" for name in names]]
    encoded = {base64.b64encode(pair.encode()).decode().rstrip("=") for pair in pairs}
    return {secret, quote(secret, safe=""), *encoded}


def _files(bench: Bench) -> list[Path]:
    """The store and what SQLite keeps beside it."""
    place = Path(bench.runtime.store.place)
    if not place.is_file():
        raise Problem("the store is no file, so nothing was looked at")
    return [path for path in place.parent.iterdir() if path.name.startswith(place.name)]


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Takes what the core logs at its most talkative; the list holds it afterwards."""
    log: list[str] = []
    before = os.environ.get("TILL_LOG")
    with tempfile.NamedTemporaryFile(prefix="till-log-") as file:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(file.fileno(), 2)
        os.environ["TILL_LOG"] = "debug"
        try:
            yield log
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            log.append(Path(file.name).read_text(errors="replace"))
            os.environ.pop("TILL_LOG")
            if before is not None:
                os.environ["TILL_LOG"] = before
