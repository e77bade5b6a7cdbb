"""The pytest plugin: fixtures whose names begin with `till_`. Everything is imported on first use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from till.sandbox import Sandbox
    from till.testing import GatewayFactory, Payer, SignedEvents, WebhookBox


@pytest.fixture(scope="session")
def till_sandbox() -> Iterator[Sandbox]:
    """Strict simulators of all providers, running; in a process of their own, once for all tests."""
    try:
        from till.sandbox import Sandbox
    except ModuleNotFoundError as error:
        pytest.fail(f"till_sandbox needs {error.name}: pip install 'till[sandbox]'", pytrace=False)
    with Sandbox(process="subprocess") as running:
        yield running


@pytest.fixture
def till_payer(till_sandbox: Sandbox) -> Payer:
    """Pays, underpays, lets payments expire; the sandbox begins each test afresh."""
    from till.testing import Payer

    payer = Payer(till_sandbox)
    payer.reset()
    return payer


@pytest.fixture
def till_gateway(till_sandbox: Sandbox, till_payer: Payer, tmp_path: Path) -> GatewayFactory:
    """`till_gateway("openpay")`: an account at the sandbox, with a store of this test's own."""
    from till.testing import GatewayFactory

    return GatewayFactory(till_sandbox, tmp_path / "till.sqlite3")


@pytest.fixture
def till_webhooks(till_sandbox: Sandbox, till_payer: Payer) -> Iterator[WebhookBox]:
    """`till_webhooks.wait()`: what the providers of the sandbox have sent, as it came."""
    from till.testing import WebhookBox

    box = WebhookBox(till_sandbox)
    yield box
    box.close()


@pytest.fixture
def till_signed_event() -> SignedEvents:
    """`till_signed_event("stripe", {"id": "evt_1"})`: a webhook as its sender would sign it."""
    from till.testing._events import SignedEvents

    return SignedEvents()
