"""JSON pointers into requests and replies, and JSON with one member changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from till.sandbox import wire

MISSING = object()
"""Stands for a member that is not there."""


def get(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer, else `MISSING`. A `|` goes on in the JSON that a text holds."""
    here, _, rest = pointer.partition("|")
    for token in here.split("/")[1:]:
        document = _member(document, token)
        if document is MISSING:
            return MISSING
    if not rest:
        return document
    return get(wire.read(document), rest) if isinstance(document, str) else MISSING


def changed(document: Any, pointer: str, value: Any) -> Any:
    """A copy with another value at the pointer, or without it when the value is `MISSING`."""
    if not pointer:
        return value
    token, _, rest = pointer[1:].partition("/")
    rest = "/" + rest if rest else ""
    if isinstance(document, list):
        copy = [*document]
        copy[int(token)] = changed(document[int(token)], rest, value)
        return [item for item in copy if item is not MISSING]
    copied = {**document, token: changed(document.get(token, MISSING), rest, value)}
    return {name: item for name, item in copied.items() if item is not MISSING}


def places(document: Any, pointer: str = "") -> Iterator[str]:
    """Pointers to every member and item, at any depth; of a long list only the first two items."""
    members: list[tuple[str, Any]] = []
    if isinstance(document, dict):
        members = [*document.items()]
    elif isinstance(document, list):
        members = [(str(at), item) for at, item in enumerate(document[:2])]
    for token, item in members:
        if "/" not in token and "~" not in token:
            yield f"{pointer}/{token}"
            yield from places(item, f"{pointer}/{token}")


def _member(document: Any, token: str) -> Any:
    if isinstance(document, dict):
        return document.get(token, MISSING)
    if isinstance(document, list) and token.isdigit() and int(token) < len(document):
        return document[int(token)]
    return MISSING
