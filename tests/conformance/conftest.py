"""One suite for the whole run: its simulators start once, and each case runs once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from till.conformance import Suite


@pytest.fixture(scope="session")
def suite() -> Iterator[Suite]:
    with Suite() as running:
        yield running
