"""The command line: what it prints, what it refuses, and its exit status."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from till.sandbox import Sandbox


def till_command(
    *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "till", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **(env or {})},
    )


@pytest.fixture
def account(sandbox: Sandbox, tmp_path: Path) -> list[str]:
    """Options that point a command at the sandbox's OpenPay, secrets left out."""
    place = sandbox.providers["openpay"]
    return [
        "--mode",
        "test",
        "--base-url",
        place.base_url,
        "--ca-file",
        sandbox.ca_file,
        "--store",
        str(tmp_path / "till.sqlite3"),
    ]


@pytest.fixture
def key(sandbox: Sandbox) -> dict[str, str]:
    return {"TILL_OPENPAY_API_KEY": sandbox.providers["openpay"].settings["api_key"]}


def test_providers_are_listed_in_aligned_columns() -> None:
    done = till_command("providers")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    at = lines[0].index("Name")
    assert [line[at - 1] for line in lines[:4]] == [" "] * 4
    assert lines[2].startswith("bitpay ")
    assert lines[3].startswith("openpay ")


def test_providers_as_json() -> None:
    listed = json.loads(till_command("providers", "--json").stdout)
    assert [one["id"] for one in listed] == ["bitpay", "openpay"]
    assert json.loads(till_command("providers", "show", "openpay", "--json").stdout)["id"] == "openpay"


def test_a_provider_is_shown_with_what_it_cannot_do_and_its_settings() -> None:
    shown = till_command("providers", "show", "openpay").stdout
    assert "payments.create" in shown
    assert "refunds.create" in shown
    assert "merchant dashboard" in shown
    assert "api_key (required, secret)" in shown


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["providers", "show", "opnpay"], 1, "openpay"),
        (["pay", "openpay", "1.00", "BZD"], 2, "api_key"),
        (["pay", "openpay", "1.00", "BZD", "--settings", "/no/such/file"], 2, "/no/such/file"),
        (["pay", "openpay", "1.00", "BZD", "--settings", "-"], 2, "not JSON"),
        (["pay", "openpay", "1.00", "BZD", "--set", "api_key"], 2, "NAME=VALUE"),
        (["keys", "show", "/no/such/file"], 2, "/no/such/file"),
        (["keys", "new", "/no/such/folder/key"], 2, "No such file"),
    ],
)
def test_user_errors_are_one_line_and_never_a_traceback(
    arguments: list[str], status: int, words: str
) -> None:
    done = till_command(*arguments, stdin="{", env={"TILL_STORE": "memory"})
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_help_documents_the_exit_status() -> None:
    assert "exit status:" in till_command("--help").stdout
    assert till_command().returncode == 2


def test_pay_makes_a_payment_with_a_key_from_the_environment(account: list[str], key: dict[str, str]) -> None:
    done = till_command("pay", "openpay", "150.00", "BZD", "--reference", "1234", "--json", *account, env=key)
    assert done.returncode == 0, done.stderr
    payment = json.loads(done.stdout)
    assert payment["status"] == "pending"
    assert payment["amount"] == {"amount": "150.00", "currency": "BZD"}
    assert payment["reference"] == "1234"
    assert payment["checkout_url"].startswith("https://")
    assert key["TILL_OPENPAY_API_KEY"] not in done.stdout + done.stderr

    shown = till_command("payments", "show", "openpay", payment["id"], "--json", *account, env=key)
    assert json.loads(shown.stdout)["provider_id"] == payment["provider_id"]


def test_pay_waits_until_it_is_paid(sandbox: Sandbox, account: list[str], key: dict[str, str]) -> None:
    command = [
        sys.executable,
        "-m",
        "till",
        "pay",
        "openpay",
        "20.00",
        "BZD",
        "--json",
        "--wait",
        "60",
        *account,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **key}
    ) as child:
        control = sandbox.control("openpay")
        known = {payment["id"] for payment in control.payments()}
        new: set[str] = set()
        while not new and child.poll() is None:
            new = {payment["id"] for payment in control.payments()} - known
        control.pay(new.pop())
        out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert json.loads(out)["status"] == "paid"
    assert "waiting for the payer" in err


def test_waiting_in_vain_has_a_status_of_its_own(account: list[str], key: dict[str, str]) -> None:
    done = till_command("pay", "openpay", "20.00", "BZD", "--wait", "0.1", *account, env=key)
    assert done.returncode == 4
    assert "pending" in done.stdout


def test_a_declined_card_from_a_file_is_not_paid_and_shows_no_digits(
    account: list[str], key: dict[str, str], tmp_path: Path
) -> None:
    number = "4000000000082000"
    card: dict[str, Any] = {"number": number, "expiry_month": 12, "expiry_year": 2030, "cvv": "987"}
    path = tmp_path / "card.json"
    path.write_text(json.dumps({**card, "holder_name": "Ana Cal"}))
    done = till_command("pay", "openpay", "20.00", "BZD", "--card", str(path), *account, env=key)
    assert done.returncode == 4, done.stderr
    assert "failed" in done.stdout
    assert number not in done.stdout + done.stderr
    assert (
        till_command("pay", "openpay", "1", "BZD", "--card", "-", *account, stdin="{}", env=key).returncode
        == 2
    )


def test_settings_come_from_standard_input(account: list[str], key: dict[str, str]) -> None:
    settings = json.dumps({"api_key": key["TILL_OPENPAY_API_KEY"]})
    done = till_command("pay", "openpay", "1.00", "BZD", "--settings", "-", *account, stdin=settings)
    assert done.returncode == 0, done.stderr


def test_wrong_credentials_say_where_to_look(account: list[str]) -> None:
    done = till_command(
        "pay", "openpay", "1.00", "BZD", *account, env={"TILL_OPENPAY_API_KEY": "sk_test_wrong_key"}
    )
    assert done.returncode == 1
    assert "till providers show" in done.stderr
    assert "sk_test_wrong_key" not in done.stderr


def test_a_new_key_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = json.loads(till_command("keys", "new", str(path), "--json").stdout)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    private = path.read_text()
    assert len(private) == 65
    again = till_command("keys", "new", str(path))
    assert again.returncode == 2
    assert path.read_text() == private
    shown = till_command("keys", "show", str(path))
    assert made["sin"] in shown.stdout
    assert private.strip() not in shown.stdout + again.stdout + again.stderr + json.dumps(made)


def test_the_demo_takes_every_provider_to_paid() -> None:
    done = till_command("demo", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["paid"] is True
    assert {(one["provider"], one["payment"]["status"]) for one in result["payments"]} == {
        ("bitpay", "paid"),
        ("openpay", "paid"),
    }
    assert len(result["payments"]) == 3
    assert result["payments"][0]["refund"] == "25.00 USD pending"
    assert "dashboard" in result["payments"][1]["refund_reason"]
    assert "ask how it stands: paid" in done.stderr


def test_the_demo_prints_one_aligned_table() -> None:
    done = till_command("demo", "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    head = next(line for line in lines if line.startswith("Provider"))
    rows = [line for line in lines if line.startswith(("BitPay ", "OpenPay "))][:3]
    assert all(row[head.index("Status") :].startswith("paid ") for row in rows)
    assert "3 of 3 payments paid" in lines[-1]
