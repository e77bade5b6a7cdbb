"""Every example in a docstring runs, against the sandbox."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import pkgutil
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import till
from till.sandbox import Sandbox

MODULES = sorted(
    name
    for _, name, _ in pkgutil.iter_modules(till.__path__)
    if name not in ("_native", "__main__", "sandbox")
)


@pytest.fixture
def names(
    sandbox: Sandbox,
    gateway: Callable[..., till.Gateway],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[dict[str, Any]]:
    """The names that examples may use beside `till`."""
    monkeypatch.setenv("TILL_STORE", str(tmp_path / "default.sqlite3"))
    monkeypatch.setattr("till._runtime._shared", {})
    openpay, bitpay = sandbox.providers["openpay"], sandbox.providers["bitpay"]
    shop = gateway("openpay")
    with httpx.Client(verify=ssl.create_default_context(cafile=sandbox.ca_file)) as http:
        yield {
            "till": till,
            "asyncio": asyncio,
            "time": time,
            "shop": shop,
            "async_shop": gateway("openpay", kind=till.AsyncGateway),
            "bitpay": gateway("bitpay"),
            "payment": shop.payments.create(till.Money("150.00", "BZD")),
            "sandbox": sandbox,
            "http": http,
            "api_key": openpay.settings["api_key"],
            "base_url": openpay.base_url,
            "ca_file": sandbox.ca_file,
            "bitpay_place": {"mode": "test", "base_url": bitpay.base_url, "ca_file": sandbox.ca_file},
        }


def examples(module: Any) -> list[doctest.DocTest]:
    """The docstrings that hold examples; one that several methods share counts once."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = finder.find(module, module.__name__, globs={})
    if module.__name__ == "till._errors":  # its classes say that they are the package's, and are passed over
        for name, error in vars(module).items():
            if isinstance(error, type) and issubclass(error, till.TillError):
                found += finder.find(error, f"{module.__name__}.{name}", module=till, globs={})
    return list({test.docstring: test for test in found if test.examples}.values())


@pytest.mark.parametrize("name", ["", *MODULES])
def test_examples_run(name: str, names: dict[str, Any]) -> None:
    module = importlib.import_module(f"till.{name}".rstrip("."))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    report: list[str] = []
    for test in examples(module):
        test.globs = dict(names)
        runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


def test_the_names_that_examples_use_are_told(names: dict[str, Any]) -> None:
    told = till.__doc__ or ""
    assert [name for name in names if f"`{name}`" not in told] == ["till", "asyncio", "time"]


def test_every_operation_and_public_class_that_can_has_an_example() -> None:
    shown = {
        test.name.rpartition(".")[2]
        for name in MODULES
        for test in examples(importlib.import_module(f"till.{name}"))
    }
    assert {
        "Money",
        "Runtime",
        "Gateway",
        "AsyncGateway",
        "Card",
        "Identity",
        "Exchange",
        "TillError",
        "Page",
    } <= shown
    for noun in ("payments", "refunds", "rates", "ledgers", "cards", "tokens", "webhooks", "events"):
        module = importlib.import_module(f"till._{noun}")
        operations = [
            value
            for value in vars(module).values()
            if callable(value) and "Call[" in str(getattr(value, "__annotations__", {}).get("return", ""))
        ]
        assert operations
        for operation in operations:
            if operation.__module__ == module.__name__ and not operation.__name__.startswith("_"):
                assert ">>> " in (operation.__doc__ or ""), f"{noun}.{operation.__name__}"
