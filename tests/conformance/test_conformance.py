"""Every provider through every check, each case a test of its own; and the page that is written from them."""

from __future__ import annotations

from pathlib import Path

import till
from till.conformance import Case, Suite, providers
from till.conformance.matrix import page

DOCS = Path(__file__).parents[2] / "docs"


def test_case(case: Case, suite: Suite) -> None:
    problem = suite.run(case)
    assert problem is None, problem


def test_every_provider_that_ships_is_examined() -> None:
    shipped = {path.parent.name for path in (DOCS.parent / "plugins" / "providers").glob("*/manifest.json")}
    assert set(providers()) == shipped
    assert shipped <= set(till.Runtime(store="memory").providers())


def test_the_page_about_providers_is_what_a_fresh_run_writes(suite: Suite) -> None:
    fresh = page(suite)
    assert (DOCS / "providers.md").read_text() == fresh, (
        "run: python -m till.conformance --plugins plugins/providers --write docs/providers.md"
    )
