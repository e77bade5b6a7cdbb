"""Paths: whatever an id holds stays one segment of the address, or the call is refused before it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

from till._json import decode, encode
from till.conformance.case import Case, Problem
from till.conformance.subject import Subject

_ANY, _PLAIN = "id", "-b"
# What an id ends with. "." and ".." as a whole are not among them: the core lets neither into an address.
_HOSTILE = ("/b", "/../b", "?b=c", "#b", "%2e%2e", "%2Fb", " b", "\\b", ";b")

_REFUSED_INPUT = "$.input"  # the core gives no such input to scripts
_ANOTHER_WAY = re.compile(r"\$\.(input\b.*|exchanges(\[\d+\](\.request\.path)?)?)", re.DOTALL)

_COMES_OF_IT = ("exchanges", "output", "output_is_reply", "error")

Fixture = dict[str, Any]


class Shown(NamedTuple):
    """A fixture, and the text of its input that is a segment of an address."""

    fixture: Fixture
    id: str


def cases(subject: Subject) -> Iterator[Case]:
    """One for each operation and native call of which a fixture shows an id of its input in an address."""
    found: dict[str, dict[tuple[str, ...], Shown]] = {}
    for path in subject.fixtures():
        fixture = decode(path.read_bytes())
        ways = found.setdefault(fixture["operation"], {})
        for given in dict.fromkeys(_texts_in(fixture["input"])):
            way = _addresses(_renamed(fixture, given, _ANY))
            if way != _addresses(fixture) and way not in ways:
                shown = Shown(fixture, given)
                if _is_an_id(shown, subject):
                    ways[way] = shown
    for operation, ways in found.items():
        if ways:
            run = partial(_stays_one_segment, list(ways.values()))
            yield Case(subject.provider, "path", f"ids of {operation}", run)


def _is_an_id(shown: Shown, subject: Subject) -> bool:
    """Whether another one goes the same way. With a word that only reads like a segment that is not so."""
    return _difference(_ending(shown, _PLAIN), subject) is None


def _stays_one_segment(found: list[Shown], subject: Subject) -> None:
    for shown in found:
        for more in _HOSTILE:
            fixture = _ending(shown, more)
            difference = _difference(fixture, subject)
            if difference is not None and not _is_refused(fixture, subject):
                raise Problem(f"an id of {shown.id + more!r}: {difference}")


def _difference(fixture: Fixture, subject: Subject) -> str | None:
    """Where the script goes another way than the fixture: to another address, or nowhere."""
    for place, message in subject.played(encode(fixture).encode()):
        if _ANOTHER_WAY.fullmatch(place) or (_listens(fixture) and place == "$.output.url"):
            return f"{place}: {message}"
    return None


def _is_refused(fixture: Fixture, subject: Subject) -> bool:
    """Whether the input ends in `InvalidRequest` before anything is sent."""
    given = {name: value for name, value in fixture.items() if name not in _COMES_OF_IT}
    refused = {**given, "error": {"kind": "InvalidRequest"}}
    found = subject.played(encode(refused).encode())
    return all(place.startswith(_REFUSED_INPUT) for place, _ in found)


def _ending(shown: Shown, more: str) -> Fixture:
    return _renamed(shown.fixture, shown.id, shown.id + more)


def _renamed(fixture: Fixture, old: str, new: str) -> Fixture:
    """The fixture of another id: in texts it stands as it is, in addresses as a segment."""
    changed = {**fixture}
    for name in ("input", "exchanges", "output"):
        if name in fixture:
            changed[name] = _replaced(fixture[name], old, new)
    for exchange in changed.get("exchanges", []):
        exchange["request"]["path"] = _with_segment(exchange["request"]["path"], old, new)
    if _listens(changed):
        changed["output"]["url"] = _with_segment(changed["output"]["url"], old, new)
    return changed


def _addresses(fixture: Fixture) -> tuple[str, ...]:
    """Those that are asked, and the one that is listened to."""
    asked = [exchange["request"]["path"] for exchange in fixture.get("exchanges", [])]
    return (*asked, fixture["output"]["url"]) if _listens(fixture) else (*asked,)


def _listens(fixture: Fixture) -> bool:
    output = fixture.get("output") if fixture["operation"] == "payments.watch" else None
    return isinstance(output, dict) and isinstance(output.get("url"), str)


def _with_segment(address: str, old: str, new: str) -> str:
    was, becomes = quote(old, safe=""), quote(new, safe="")
    return "/".join([becomes if segment == was else segment for segment in address.split("/")])


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(item, old, new) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, old, new) for item in value]
    return new if value == old else value


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)
    elif isinstance(value, str):
        yield value
