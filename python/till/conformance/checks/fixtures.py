"""Fixtures: what the script sends and makes of the documented replies, file by file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from till import _native
from till._errors import error_from_native
from till._json import decode
from till.conformance.bench import Bench
from till.conformance.case import Case, Problem
from till.conformance.subject import Desk, Subject


def cases(subject: Subject) -> Iterator[Case]:
    """One for each file."""
    for path in subject.fixtures():
        yield Case(subject.provider, "fixture", path.stem.replace("_", " "), partial(_plays, path))


def _plays(path: Path, desk: Bench | Desk) -> None:
    plugin = _native.NativePlugin.load(str(desk.folder()))
    if isinstance(plugin, tuple):
        raise error_from_native(plugin)
    found = plugin.play(path.read_bytes())
    if isinstance(found, tuple):
        raise error_from_native(found)
    if differences := decode(found):
        first = differences[0]
        raise Problem(f"{len(differences)} differences, the first at {first['place']}: {first['message']}")
