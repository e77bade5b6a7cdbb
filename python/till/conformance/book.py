"""Book: what the suite must be told about one provider, as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from till.conformance.case import Problem
from till.sandbox import wire

Step = dict[str, Any]
"""One step of a scenario; see `scenario.py`."""

_FOLDER = Path(__file__).resolve().parent / "providers"
_MEMBERS = {"create", "paid", "scenarios", "amounts", "states", "list", "writes", "errors"}


@dataclass(frozen=True)
class Book:
    """`providers/<id>.json`, read.

    `create` is the input of a plain `payments.create`. `paid` are the steps that bring it to `paid`.
    `scenarios` are flows by name. `amounts` says where an amount stands in a request and which to try.
    `states` are the provider's words and what they mean. `list_input` is an input of `payments.list`.
    `writes` says for each operation that writes how to call it, and which of its requests is the write.
    `errors` are answers that no fixture has.
    """

    create: dict[str, Any]
    paid: list[Step]
    scenarios: dict[str, list[Step]]
    amounts: dict[str, Any]
    states: list[dict[str, Any]]
    list_input: dict[str, Any]
    writes: dict[str, dict[str, Any]]
    errors: list[dict[str, Any]]

    def first_use(self, operation: str) -> tuple[list[Step], Step]:
        """The first step that calls the operation, and those before it in its scenario."""
        for steps in self.scenarios.values():
            for at, step in enumerate(steps):
                if operation in calls([step]):
                    return steps[:at], step
        raise Problem(f"no scenario calls {operation}")

    def called(self) -> set[str]:
        """What the scenarios call."""
        return {operation for steps in self.scenarios.values() for operation in calls(steps)}


def calls(steps: list[Step]) -> set[str]:
    """The operations and native calls that the steps make and that must succeed there."""
    return {step["call"] for step in steps if "call" in step and "fails" not in step}


def books() -> list[str]:
    """Ids of the providers that have a book, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def has_book(provider: str) -> bool:
    """Whether the provider has a book, and with it a simulator."""
    return provider in books()


def read_book(provider: str) -> Book:
    """A provider's book; `ValueError` when it has members that no book has."""
    document: Any = wire.read((_FOLDER / f"{provider}.json").read_bytes())
    if unknown := set(document) - _MEMBERS:
        raise ValueError(f"{provider}.json: unknown member {min(unknown)}")
    return Book(
        create=document["create"],
        paid=document["paid"],
        scenarios=document["scenarios"],
        amounts=document["amounts"],
        states=document["states"],
        list_input=document.get("list", {}),
        writes=document["writes"],
        errors=document.get("errors", []),
    )
