"""Fixtures: what the script sends and makes of the documented replies, file by file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from till.conformance.case import Case, Problem
from till.conformance.subject import Subject


def cases(subject: Subject) -> Iterator[Case]:
    """One for each file."""
    for path in subject.fixtures():
        yield Case(subject.provider, "fixture", path.stem.replace("_", " "), partial(_plays, path))


def _plays(path: Path, subject: Subject) -> None:
    if differences := subject.played(path.read_bytes()):
        place, message = differences[0]
        raise Problem(f"{len(differences)} differences, the first at {place}: {message}")
