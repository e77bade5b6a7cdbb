"""Cases: one thing that is checked about one provider, and what it is to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from till.conformance.bench import Bench


class Problem(Exception):
    """What a provider does otherwise than it should, in one sentence. Holds no secret."""


@dataclass(frozen=True)
class Case:
    """`check` is the kind of check, `item` what it is about. `run` raises `Problem`, or a `TillError` that
    should not have come."""

    provider: str
    check: str
    item: str
    run: Callable[[Bench], None] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """For reports and for choosing."""
        return f"{self.provider}: {self.check}: {self.item}"


def must(condition: object, problem: str) -> None:
    """Raises `Problem` unless the condition holds."""
    if not condition:
        raise Problem(problem)
