"""Fixtures of the Python and the end-to-end tests: short names for those of `till.testing`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import till
from till.sandbox import Control, Sandbox
from till.testing import GatewayFactory, Payer


@pytest.fixture(scope="session")
def sandbox(till_sandbox: Sandbox) -> Sandbox:
    """The simulators, in a process of their own so that their work takes no GIL from the tests."""
    return till_sandbox


@pytest.fixture
def payer(till_payer: Payer) -> Callable[[str], Control]:
    """`payer("openpay")`: who pays, and what goes wrong; every provider begins afresh."""
    return till_payer.control


@pytest.fixture
def runtime(till_gateway: GatewayFactory) -> till.Runtime:
    """A runtime with a store of its own that trusts the sandbox."""
    return till_gateway.runtime


@pytest.fixture
def gateway(till_gateway: GatewayFactory) -> Callable[..., till.Gateway]:
    """`gateway("openpay", timeout=2)`: an account at the sandbox."""

    def make(provider: str, kind: type = till.Gateway, **options: Any) -> Any:
        open_one: Any = till_gateway if kind is till.Gateway else till_gateway.asynchronous
        return open_one(provider, **options)

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
