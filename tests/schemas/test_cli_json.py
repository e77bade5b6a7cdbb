"""What the command line prints with --json is the JSON of docs/schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_schemas import validator

import till
from till.cli import main
from till.sandbox import Sandbox
from till.testing import GatewayFactory, Payer

Run = Callable[..., Any]


@pytest.fixture
def run(
    till_sandbox: Sandbox,
    till_gateway: GatewayFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command on the account of `till_gateway` at a provider: the JSON that it prints."""

    def command(provider: str, *arguments: str) -> Any:
        place = till_sandbox.providers[provider]
        for name, value in place.settings.items():
            monkeypatch.setenv(f"TILL_{provider}_{name}".upper(), value)
        account = ["--mode", place.mode, "--base-url", place.base_url, "--ca-file", till_sandbox.ca_file]
        main([*arguments, "--json", *account, "--store", str(tmp_path / "till.sqlite3")])
        return json.loads(capsys.readouterr().out)

    return command


def valid(schema: str, value: Any) -> Any:
    """The value, once the schema has been seen to take it."""
    found = [f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(value)]
    assert not found
    return value


def valid_items(schema: str, page: Any) -> list[Any]:
    """The items of a page; there are some."""
    items = valid("page.json", page)["items"]
    assert items
    return [valid(schema, item) for item in items]


def test_payments(run: Run, till_payer: Payer) -> None:
    payment = valid("payment.json", run("bitpay", "pay", "bitpay", "25.00", "USD"))
    assert (payment["metadata"], payment["raw"]["price"]) == (None, 25)
    till_payer.control("bitpay").pay(payment["provider_id"])
    for more in ([], ["--stored"]):
        valid("payment.json", run("bitpay", "payments", "show", "bitpay", payment["id"], *more))
    for more in (["--since", "2020-01-01"], ["--stored"]):
        for whole in ([], ["--all"]):
            valid_items("payment.json", run("bitpay", "payments", "list", "bitpay", *more, *whole))


def test_a_payment_in_coins(run: Run) -> None:
    payment = run("forumpay", "pay", "forumpay", "48.25", "EUR", "--pay-currency", "BTC")
    assert valid("payment.json", payment)["pay_to"]["currency"] == "BTC"


@pytest.mark.parametrize("paid", [True, False])
def test_a_payment_that_was_waited_for(run: Run, till_payer: Payer, paid: bool) -> None:
    command = ["pay", "openpay", "20.00", "BZD", "--idempotency-key", "order-1"]
    made = run("openpay", *command)
    if paid:
        till_payer.control("openpay").pay(made["provider_id"])
    seen = valid("payment.json", run("openpay", *command, "--wait", "30" if paid else "0.1"))
    assert seen["status"] == ("paid" if paid else "pending")


def test_events(run: Run, till_gateway: GatewayFactory) -> None:
    till_gateway("globalpay").payments.create(till.Money("20.00", "BTN"))
    (listed,) = valid_items("event.json", run("globalpay", "events", "list", "globalpay"))
    valid_items("event.json", run("globalpay", "events", "list", "globalpay", "--all"))
    shown = valid("event.json", run("globalpay", "events", "show", "globalpay", listed["id"]))
    assert shown["payment"]["id"] == listed["payment_id"]
    assert till_gateway("globalpay").events.handle(lambda event: None, wait=False).done == 1
    replayed = run("globalpay", "events", "replay", "globalpay", listed["id"])["replayed"]
    assert [valid("event.json", one)["state"] for one in replayed] == ["waiting"]


def test_reconcile(run: Run, till_gateway: GatewayFactory, till_payer: Payer) -> None:
    shop, control = till_gateway("globalpay"), till_payer.control("globalpay")
    for fault in ("reset_after_read", "status_500"):
        control.fault(fault, count=0)
        with pytest.raises(till.OutcomeUnknown):
            shop.payments.create(till.Money("20.00", "BTN"), reference=fault)
        control.clear_faults()
    report = valid("reconcile.json", run("globalpay", "payments", "reconcile", "globalpay"))
    assert (report["settled"], [write["reason"] for write in report["unknown"]]) == (1, ["not_found"])
    (lost,) = report["unknown"]
    settled = run("globalpay", "payments", "settle", "globalpay", lost["payment_id"], "--not-done")
    assert valid("payment.json", settled)["status"] == "failed"


def test_the_manifest_of_a_provider_and_the_schemes_of_webhooks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "show", "bitpay", "--json"]) == 0
    valid("manifest.json", json.loads(capsys.readouterr().out))
    assert main(["webhooks", "schemes", "--json"]) == 0
    for scheme in json.loads(capsys.readouterr().out):
        valid("webhook_scheme.json", scheme)


def test_the_verdict_on_a_webhook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret").write_text("whsec_x")
    (tmp_path / "body").write_text("{}")
    files = ["--secret-file", str(tmp_path / "secret"), "--body", str(tmp_path / "body")]
    main(["webhooks", "verify", "github", *files, "--header", "X-Hub-Signature-256: sha256=00", "--json"])
    valid("webhook_explanation.json", json.loads(capsys.readouterr().out))


def test_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "show", "opnpay", "--json"]) == 2
    valid("error.json", json.loads(capsys.readouterr().err))


def test_the_demos_payments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json", "--quiet"]) == 0
    flows = json.loads(capsys.readouterr().out)["payments"]
    assert [valid("payment.json", flow["payment"])["status"] for flow in flows] == ["paid"] * len(flows)


def test_times_of_a_store_are_as_elsewhere(
    till_gateway: GatewayFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till_gateway("globalpay").payments.create(till.Money("20.00", "BTN"))
    assert main(["store", "info", "--json", "--store", str(tmp_path / "till.sqlite3")]) == 0
    (counts,) = json.loads(capsys.readouterr().out)["open"]
    assert counts["oldest_event_at"].endswith("Z")
