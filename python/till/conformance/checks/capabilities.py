"""Capabilities: every operation and native call that the manifest declares works at the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from till.conformance.bench import Bench
from till.conformance.book import Step
from till.conformance.case import Case, must
from till.conformance.scenario import Flow
from till.conformance.subject import Subject


def cases(subject: Subject) -> Iterator[Case]:
    """One for each scenario, and one for each capability that some scenario must use."""
    for name, steps in subject.book.scenarios.items():
        yield Case(subject.provider, "capability", name, partial(_scenario, steps))
    for operation in declared(subject):
        yield Case(subject.provider, "capability", f"{operation} is used", partial(_is_used, operation))


def declared(subject: Subject) -> list[str]:
    """What the manifest says that the provider can."""
    native = [f"native.{name}" for name in subject.manifest.get("native", ())]
    return [*subject.manifest["capabilities"], *native]


def _scenario(steps: list[Step], bench: Bench) -> None:
    Flow(bench).run(steps)


def _is_used(operation: str, bench: Bench) -> None:
    must(operation in bench.book.called(), f"no scenario calls {operation}, which the manifest declares")
