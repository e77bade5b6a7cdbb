"""One suite for the whole run: its simulators start once, and each case runs once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from till.conformance import Suite

PROVIDERS = Path(__file__).parents[2] / "plugins" / "providers"  # an installed package has no fixtures


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        cases = Suite(plugin_path=[PROVIDERS]).cases()
        metafunc.parametrize("case", cases, ids=lambda case: case.name)


@pytest.fixture(scope="session")
def suite() -> Iterator[Suite]:
    with Suite(plugin_path=[PROVIDERS]) as running:
        yield running
