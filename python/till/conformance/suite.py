"""Suite: the simulators, a bench for each provider, and the outcomes of its cases."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from till._errors import TillError
from till.conformance.bench import Bench
from till.conformance.book import books, has_book
from till.conformance.case import Case, Problem
from till.conformance.checks import CHECKS, WITHOUT_SIMULATOR
from till.conformance.subject import Desk, Subject
from till.sandbox import ControlFailed, Sandbox

if TYPE_CHECKING:
    from typing import Self


def providers() -> list[str]:
    """Ids of the providers that can be examined, sorted."""
    return books()


class Suite:
    """Examines providers, all of them unless told which, at simulators of its own, in a `with` block.

    A provider without a simulator is examined as far as that goes. Folders of `plugin_path` come before the
    built-in providers. `outcomes` keeps what was found: None for a case that passed, else the problem.
    """

    def __init__(self, only: Sequence[str] = (), *, plugin_path: Sequence[Path] = ()) -> None:
        self.providers = list(only) or providers()
        self.outcomes: dict[Case, str | None] = {}
        self._sandbox = Sandbox(process="subprocess")
        self._folder = tempfile.TemporaryDirectory(prefix="till-conformance-")
        self._benches: dict[str, Bench] = {}
        self._plugin_path = plugin_path
        self._cases: dict[str, list[Case]] = {}

    def __enter__(self) -> Self:
        if set(self.providers) & set(providers()):
            self._sandbox.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forget()
        self._sandbox.close()
        self._folder.cleanup()

    def cases(self) -> list[Case]:
        """All cases about the suite's providers. Starts nothing."""
        return [case for provider in self.providers for case in self.cases_of(provider)]

    def cases_of(self, provider: str) -> list[Case]:
        """All cases about one provider, in the order of reports."""
        if provider not in self._cases:
            subject = Subject(provider, self._plugin_path)
            checks = CHECKS if subject.simulated else {name: CHECKS[name] for name in WITHOUT_SIMULATOR}
            self._cases[provider] = [case for check in checks.values() for case in check(subject)]
        return self._cases[provider]

    def run(self, case: Case) -> str | None:
        """Runs a case, unless it ran before: the problem, or None."""
        if case not in self.outcomes:
            self.outcomes[case] = self._problem(case)
        return self.outcomes[case]

    def _problem(self, case: Case) -> str | None:
        try:
            case.run(self._place(case.provider))
        except Problem as problem:
            return str(problem)
        except (TillError, ControlFailed) as error:
            return f"{type(error).__name__}: {error}"
        return None

    def _place(self, provider: str) -> Any:
        """A bench as at the start, or a desk."""
        if not has_book(provider):
            return Desk(provider, self._plugin_path)
        bench = self.bench(provider)
        bench.begin()
        return bench

    def forget(self) -> None:
        """Every provider is read again, and every case runs again."""
        self.outcomes.clear()
        for bench in self._benches.values():
            bench.close()
        self._benches.clear()
        self._cases.clear()

    def bench(self, provider: str) -> Bench:
        """Where a provider is examined."""
        if provider not in self._benches:
            store = Path(self._folder.name) / f"{provider}.sqlite3"
            self._benches[provider] = Bench(provider, self._sandbox, store, self._plugin_path)
        return self._benches[provider]
