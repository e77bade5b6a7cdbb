"""Fixtures: one running sandbox, fresh state for each test, callers of both services."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bitgpt_client import BitGptClient
from bitpay_client import BitPayClient, Identity
from forumpay_client import ForumPayClient
from globalpay_client import GlobalPayClient
from openpay_client import OpenPayClient
from shop import Shop

import browsers
from till.sandbox import Control, Sandbox

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "bitpay.json"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(shop="Maya Island Books") as running:
        yield running


@pytest.fixture(scope="session")
def trust(sandbox: Sandbox) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=sandbox.ca_file)


@pytest.fixture
def http(trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    with httpx.Client(verify=trust, trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(VECTORS.read_text())
    return loaded


@pytest.fixture
def shop() -> Iterator[Shop]:
    running = Shop()
    yield running
    running.close()


@pytest.fixture(scope="session", params=browsers.SIZES)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    driver = browsers.start(request.param, tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


# OpenPay


@pytest.fixture
def openpay_control(sandbox: Sandbox) -> Control:
    control = sandbox.control("openpay")
    control.reset()
    return control


@pytest.fixture
def openpay(sandbox: Sandbox, openpay_control: Control, http: httpx.Client) -> OpenPayClient:
    provider = sandbox.providers["openpay"]
    return OpenPayClient(http, provider.base_url, provider.settings["api_key"])


# GlobalPay


@pytest.fixture
def globalpay_control(sandbox: Sandbox) -> Control:
    control = sandbox.control("globalpay")
    control.reset()
    return control


@pytest.fixture
def globalpay(sandbox: Sandbox, globalpay_control: Control, http: httpx.Client) -> GlobalPayClient:
    provider = sandbox.providers["globalpay"]
    return GlobalPayClient(http, provider.base_url, provider.settings["api_key"])


# BitGPT


@pytest.fixture
def bitgpt_control(sandbox: Sandbox) -> Control:
    control = sandbox.control("bitgpt")
    control.reset()
    return control


@pytest.fixture
def bitgpt(sandbox: Sandbox, bitgpt_control: Control, http: httpx.Client) -> BitGptClient:
    provider = sandbox.providers["bitgpt"]
    return BitGptClient(http, provider.base_url, provider.settings["api_key"])


# ForumPay


@pytest.fixture
def forumpay_control(sandbox: Sandbox) -> Control:
    control = sandbox.control("forumpay")
    control.reset()
    return control


@pytest.fixture
def forumpay(sandbox: Sandbox, forumpay_control: Control, http: httpx.Client) -> ForumPayClient:
    place = sandbox.providers["forumpay"]
    return ForumPayClient(http, place.base_url, place.settings["username"], place.settings["api_key"])


# BitPay


@pytest.fixture
def bitpay_control(sandbox: Sandbox) -> Control:
    control = sandbox.control("bitpay")
    control.reset()
    return control


@pytest.fixture
def bitpay(sandbox: Sandbox, bitpay_control: Control, http: httpx.Client) -> BitPayClient:
    return BitPayClient(http, sandbox.providers["bitpay"].base_url)


@pytest.fixture
def merchant(sandbox: Sandbox) -> dict[str, Any]:
    """Keyword arguments that make a call one of the paired merchant's."""
    settings = sandbox.providers["bitpay"].settings
    return {"token": settings["token"], "identity": Identity(settings["private_key"])}
