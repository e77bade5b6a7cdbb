"""Fixtures of the Python and the end-to-end tests: one sandbox for all, fresh state for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import till
from till.sandbox import Control, Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The simulators, in a process of their own so that their work takes no GIL from the tests."""
    with Sandbox(process="subprocess") as running:
        yield running


@pytest.fixture
def payer(sandbox: Sandbox) -> Callable[[str], Control]:
    """`payer("openpay")`: who pays, and what goes wrong; every provider begins afresh."""
    controls = {provider: sandbox.control(provider) for provider in sandbox.providers}
    for control in controls.values():
        control.reset()
    return controls.__getitem__


@pytest.fixture
def runtime(sandbox: Sandbox, tmp_path: Path) -> till.Runtime:
    """A runtime with a store of its own that trusts the sandbox."""
    return till.Runtime(store=tmp_path / "till.sqlite3", ca_file=sandbox.ca_file)


@pytest.fixture
def gateway(
    sandbox: Sandbox, runtime: till.Runtime, payer: Callable[[str], Control]
) -> Callable[..., till.Gateway]:
    """`gateway("openpay", timeout=2)`: an account at the sandbox."""

    def make(provider: str, kind: type = till.Gateway, **options: Any) -> Any:
        place = sandbox.providers[provider]
        options = {"mode": "test", "base_url": place.base_url, "runtime": runtime, **options}
        return kind(provider, place.settings, **options)

    return make


@pytest.fixture
def shop(gateway: Callable[..., till.Gateway]) -> till.Gateway:
    """An OpenPay merchant."""
    return gateway("openpay", timeout=20)


@pytest.fixture
def bitpay(gateway: Callable[..., till.Gateway]) -> till.Gateway:
    """A BitPay merchant."""
    return gateway("bitpay", timeout=20)


def writes(control: Control) -> list[dict[str, Any]]:
    """The requests that the sandbox saw and that change something."""
    return [request for request in control.requests() if request["method"] == "POST"]
