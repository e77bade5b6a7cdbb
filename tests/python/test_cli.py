"""The command line: what it prints, what it refuses, and its exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import till
from till.cli._explain import explained
from till.sandbox import PROVIDERS, Control, Sandbox


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
    assert {"bitpay", "openpay"} <= {line.split()[0] for line in lines[2:] if line}


def test_providers_as_json() -> None:
    listed = json.loads(till_command("providers", "--json").stdout)
    assert {"bitpay", "openpay"} <= {one["id"] for one in listed}
    assert json.loads(till_command("providers", "show", "openpay", "--json").stdout)["id"] == "openpay"


def test_a_provider_is_shown_with_what_it_cannot_do_and_its_settings() -> None:
    shown = till_command("providers", "show", "openpay").stdout
    assert "payments.create" in shown
    assert "refunds.create" in shown
    assert "merchant dashboard" in shown
    assert "api_key (required, secret)" in shown
    webhooks = till_command("providers", "show", "bitpay").stdout.partition("Webhooks")[2]
    assert "Signed by the scheme bitpay" in webhooks
    assert "\n  invoice_completed\n" in webhooks


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["providers", "show", "opnpay"], 2, "openpay"),
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

    for action in ("show", "get"):
        shown = till_command("payments", action, "openpay", payment["id"], "--json", *account, env=key)
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
    assert done.returncode == 5
    assert "pending" in done.stdout
    assert "  wait waiting for the payer: pending, the time to wait is over (" in done.stderr
    payment_id = done.stderr.split()[1].rstrip(",")
    assert "not paid yet: the payment is pending" in done.stderr
    assert f"till payments show openpay {payment_id}\n" in done.stderr
    assert "ok " not in done.stderr


def test_each_shell_line_of_the_sandbox_takes_a_first_payment(
    sandbox: Sandbox, payer: Callable[[str], Control]
) -> None:
    for provider in PROVIDERS:
        payer(provider)
        done = subprocess.run(
            ["sh", "-c", sandbox.shell_line(provider).replace("till pay", f"{sys.executable} -m till pay")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "pending (test)" in done.stdout
        for line in done.stdout.splitlines():
            assert not line.startswith("expires") or re.fullmatch(r"expires {6}[\d-]+ [\d:]+ UTC", line)
        assert provider != "bitpay" or "\nexpires " in done.stdout


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
    assert "till providers show openpay" in done.stderr
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
    begin = time.monotonic()
    done = till_command("demo", "--json")
    assert time.monotonic() - begin < 20
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["paid"] is True
    payments = result["payments"]
    assert {(one["provider"], one["payment"]["status"]) for one in payments} == {
        (provider, "paid") for provider in PROVIDERS
    }
    refunds = {one["provider"]: (one["refund"], one["refund_reason"]) for one in reversed(payments)}
    assert refunds["bitpay"] == ("25.00 USD pending", None)
    assert refunds["forumpay"][0].endswith("BTC pending")
    for provider in ("bitgpt", "globalpay", "openpay"):
        refund, reason = refunds[provider]
        assert refund == "not offered" and reason
    assert "underpaid" in [note for one in payments for step in one["steps"] for note in step["notes"]]
    assert all(one["problem"] is None and one["milliseconds"] > 0 for one in payments)
    assert done.stderr.count("ask how it stands: paid") == len(payments) - 1  # a card is paid at once


def test_the_demo_prints_one_aligned_table() -> None:
    done = till_command("demo", "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    head = next(line for line in lines if line.startswith("Provider"))
    rows = lines[lines.index(head) + 2 : lines.index("", lines.index(head))]
    assert {row.split()[0].lower() for row in rows} == set(PROVIDERS)
    assert all(row[head.index("Status") :].startswith("paid ") for row in rows)
    assert f"{len(rows)} of {len(rows)} payments paid in " in lines[-1]


def test_a_key_used_again_with_another_input_is_a_wrong_input(
    account: list[str], key: dict[str, str]
) -> None:
    again = ["--idempotency-key", "order-1", *account]
    assert till_command("pay", "openpay", "1.00", "BZD", *again, env=key).returncode == 0
    assert till_command("pay", "openpay", "2.00", "BZD", *again, env=key).returncode == 2


@pytest.mark.parametrize("option", ["--timeout", "--wait"])
@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "0", "-1", "soon", "1e400"])
def test_a_time_that_is_no_span_is_a_wrong_command(option: str, seconds: str) -> None:
    done = till_command("pay", "openpay", "1.00", "BZD", f"{option}={seconds}", env={"TILL_STORE": "memory"})
    assert done.returncode == 2
    assert "a number of seconds above 0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('{"api_key": NaN}', "NaN and Infinity"),
        ('{"api_key": -Infinity}', "NaN and Infinity"),
        ('{"api_key": ' + "1" * 5000 + "}", "thousands of digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"api_key": "sk_test_hidden_\\ud800"}', "api_key"),
    ],
)
def test_settings_that_are_no_json_end_in_one_line(settings: str, words: str) -> None:
    done = till_command(
        "pay", "openpay", "1", "BZD", "--settings", "-", stdin=settings, env={"TILL_STORE": "memory"}
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["pay", b"\xff", "1", "BZD"],
        ["pay", "openpay", b"\xff", "BZD"],
        ["pay", "openpay", "1", b"\xff"],
        ["pay", "openpay", "1", "BZD", "--reference", b"\xff"],
        ["pay", "openpay", "1", "BZD", "--set", b"api_key=\xff"],
        ["payments", "show", "openpay", b"\xff"],
        ["providers", "show", b"\xff"],
        ["keys", "show", b"\xff"],
    ],
)
def test_an_argument_that_is_no_utf8_ends_in_one_line(arguments: list[str | bytes]) -> None:
    done = till_command(
        *arguments,  # type: ignore[arg-type]
        env={"TILL_STORE": "memory", "TILL_OPENPAY_API_KEY": "sk_test_0123456789abcdef"},
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_whose_name_is_no_utf8_is_shown_escaped(tmp_path: Path) -> None:
    done = till_command("keys", "new", os.fsencode(tmp_path) + b"/\xff")  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr
    assert "udcff" in done.stdout


@pytest.mark.parametrize(
    ("command", "redirection", "status", "words"),
    [
        ("providers", ">/dev/full", 1, "cannot write the output"),
        ("providers show openpay --json", ">/dev/full", 1, "cannot write the output"),
        ("providers", ">&-", 2, "standard output is closed"),
        ("sandbox", ">&-", 2, "standard output is closed"),
        ("sandbox", ">/dev/full", 1, "cannot write the output"),
        ("pay openpay 1 BZD --settings -", "<&-", 2, "standard input is closed"),
        ("providers", "2>&-", 0, ""),
        ("providers show opnpay", "2>&-", 2, ""),
        ("providers show opnpay", "2>/dev/full", 2, ""),
        ("sandbox --port-bitpay abc", "", 2, "a port is a number from 0 to 65535"),
        ("sandbox --port-bitpay 65536", "", 2, "a port is a number from 0 to 65535"),
    ],
)
def test_streams_that_take_nothing_and_wrong_ports_end_in_one_line(
    command: str, redirection: str, status: int, words: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m till {command} {redirection}', sys.executable],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "TILL_STORE": "memory"},
    )
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_payment_that_cannot_be_written_out_is_named_on_stderr(
    account: list[str], key: dict[str, str]
) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "till", "pay", "openpay", "1.00", "BZD", *account],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **key},
        )
    assert done.returncode == 1
    assert "payment pay_" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "kind", "code"),
    [
        (["providers", "show", "opnpay"], 2, "NotFound", "unknown_provider"),
        (["pay", "openpay", "1.00", "BZD"], 2, "ConfigurationError", None),
        (
            ["pay", "openpay", "1.00", "BZD", "--settings", "/no/such/file"],
            2,
            "InvalidRequest",
            "invalid_command",
        ),
        (
            ["pay", "openpay", "x", "BZD", "--set", "api_key=sk_test_0123456789abcdef"],
            2,
            "InvalidRequest",
            None,
        ),
    ],
)
def test_with_json_a_failure_is_one_line_of_the_error_schema(
    arguments: list[str], status: int, kind: str, code: str | None
) -> None:
    done = till_command(*arguments, "--json", env={"TILL_STORE": "memory"})
    assert done.returncode == status
    assert done.stdout == ""
    error = json.loads(done.stderr)
    assert error["error"] == kind
    assert code in (None, error["code"])
    schema = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "error.json").read_text())
    assert set(schema["required"]) <= set(error) <= set(schema["properties"])
    assert error["status"] == schema["properties"]["error"]["enum"].index(kind) + 1


def test_payments_are_listed(sandbox: Sandbox, account: list[str], key: dict[str, str]) -> None:
    place = sandbox.providers["bitpay"]
    at = ["--base-url", place.base_url, "--mode", "test", *account[account.index("--ca-file") :]]
    secrets = {f"TILL_BITPAY_{name}".upper(): value for name, value in place.settings.items()}
    reference = "listed-1234"
    made = till_command("pay", "bitpay", "1.00", "USD", "--reference", reference, "--json", *at, env=secrets)
    payment = json.loads(made.stdout)
    listed = till_command("payments", "list", "bitpay", "--since", "2020-01-01", "--json", *at, env=secrets)
    assert listed.returncode == 0, listed.stderr
    page = json.loads(listed.stdout)
    assert [one["id"] for one in page["items"] if one["reference"] == reference] == [payment["id"]]
    shown = till_command("payments", "list", "bitpay", "--since", "2020-01-01", *at, env=secrets)
    lines = shown.stdout.splitlines()
    assert lines[0].split()[:4] == ["Created", "Status", "Amount", "Reference"]
    assert any(reference in line and payment["provider_id"] in line for line in lines)


def test_all_payments_are_listed_page_after_page(
    account: list[str], key: dict[str, str], payer: Callable[[str], Control]
) -> None:
    control = payer("openpay")
    for _ in range(3):
        made = json.loads(till_command("pay", "openpay", "1", "BZD", "--json", *account, env=key).stdout)
        control.pay(made["provider_id"])
    listing = ["payments", "list", "openpay", "--limit", "2", *account]
    first = till_command(*listing, env=key)
    assert "More: --cursor 2, or --all" in first.stdout
    listed = json.loads(till_command(*listing, "--all", "--json", env=key).stdout)
    assert len({one["provider_id"] for one in listed["items"]}) == 3
    assert listed["next"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["paymets", "list", "openpay"], "did you mean 'payments'?"),
        (["payments", "lst", "openpay"], "did you mean 'list'?"),
        (["providers", "shwo"], "did you mean 'show'?"),
        (["xyz"], "choose from"),
        (["payments", "list", "bitpay"], "InvalidRequest: --since: BitPay lists"),
        (["payments", "list", "bitpay", "--since", "yesterday"], "--since is a time such as 2026-02-01 or"),
        (["payments", "list", "bitpay", "--until", "x"], "--until is a time such as 2026-02-01 or"),
        (["payments", "list", "bitpay", "--since", "2026-01-01T09:00"], "--since needs a time zone"),
        (["pay", "bitpay", "1.00", "US"], "InvalidRequest: CURRENCY: "),
        (["pay", "bitpay", "0", "USD"], "InvalidRequest: AMOUNT: "),
        (["pay", "bitpay", "1", "USD", "--option", "x=1"], "InvalidRequest: --option x: "),
        (
            ["pay", "openpay", "1", "BZD", "--set", "api_key=sk_test_0123456789abcdef", "--option", "x=1"],
            "InvalidRequest: --option: OpenPay has no options",
        ),
        (["pay", "bitpay", "1", "USD", "--return-url", "x"], "InvalidRequest: --return-url: "),
        (["pay", "bitpay", "1", "USD", "--base-url", "x"], "ConfigurationError: --base-url: "),
        (["pay", "openpay", "1", "BZD"], "ConfigurationError: setting api_key: "),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_command(arguments: list[str], words: str) -> None:
    key = "97811b691dd7ebaeb67977d158e1da2c4d3eaa4ee4e2555150628acade6b344c"  # of published vectors
    account = {"TILL_STORE": "memory", "TILL_BITPAY_TOKEN": "abcdefgh", "TILL_BITPAY_PRIVATE_KEY": key}
    done = till_command(*arguments, env=account)
    assert done.returncode == 2
    assert words in done.stderr
    assert "$." not in done.stderr


def test_a_certificate_that_nobody_vouches_for_is_told_with_one_flag(
    account: list[str], key: dict[str, str]
) -> None:
    at = account.index("--ca-file")
    done = till_command("pay", "openpay", "1", "BZD", *account[:at], *account[at + 2 :], env=key)
    assert done.returncode == 1
    assert "name its PEM file as --ca-file" in done.stderr
    assert done.stderr.count("--ca-file") == 1
    assert "ca_file" not in done.stderr


def test_a_setting_that_is_missing_is_told_with_the_places_where_it_goes() -> None:
    pay = ["pay", "openpay", "1", "BZD"]
    told = till_command(*pay, env={"TILL_STORE": "memory"}).stderr
    assert told.startswith("till: ConfigurationError: setting api_key: is required: API key. (")
    for place in ("$TILL_OPENPAY_API_KEY", "--settings FILE", "--set api_key=@FILE"):
        assert place in told
    unknown = till_command(*pay, "--set", "key=x", env={"TILL_STORE": "memory"}).stderr
    assert "setting key: unknown setting; there are `api_key`" in unknown
    assert "TILL_OPENPAY_KEY" not in unknown and "`base_url`" in unknown


def _interruptible() -> None:
    # A job in the background inherits "ignored" for SIGINT, and Python would keep it so.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def waiting(account: list[str], key: dict[str, str], *more: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "till",
        "pay",
        "openpay",
        "20.00",
        "BZD",
        "--wait",
        "60",
        *more,
        *account,
    ]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **key},
        preexec_fn=_interruptible,
    )


def test_an_interrupted_wait_has_told_where_to_pay_and_prints_the_payment(
    account: list[str], key: dict[str, str]
) -> None:
    with waiting(account, key, "--json") as child:
        assert child.stderr
        told = child.stderr.readline()
        assert told.startswith("payment pay_")
        assert "https://" in told
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    payment = json.loads(out)
    assert payment["id"] in told
    assert payment["checkout_url"] in told
    assert "Traceback" not in err


def test_waiting_goes_on_after_a_failure_that_may_pass(
    account: list[str], key: dict[str, str], payer: Callable[[str], Control]
) -> None:
    control = payer("openpay")
    with waiting(account, key, "--json") as child:
        assert child.stderr
        child.stderr.readline()
        control.fault("status_500", count=3)
        control.pay(control.payments()[0]["id"])
        out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert json.loads(out)["status"] == "paid"
    assert [request["fault"] for request in control.requests()].count("status_500") == 3


def test_waiting_leaves_the_provider_alone_for_as_long_as_it_wants(
    account: list[str], sandbox: Sandbox, payer: Callable[[str], Control]
) -> None:
    control, place = payer("globalpay"), sandbox.providers["globalpay"]
    at = ["--base-url", place.base_url, "--mode", place.mode, *account[account.index("--ca-file") :]]
    control.fault("status_429", count=0, skip=1, retry_after=60)  # the invoice is made, then no more
    command = ["pay", "globalpay", "1.00", "BTN", "--settings", "-", "--wait", "5", *at]
    done = till_command(*command, stdin=json.dumps(dict(place.settings)))
    assert done.returncode == 5, done.stderr
    asked = [request for request in control.requests() if request["fault"] == "status_429"]
    assert len(asked) == 1


def test_the_payer_may_send_another_currency(
    account: list[str], sandbox: Sandbox, payer: Callable[[str], Control]
) -> None:
    payer("forumpay")
    place = sandbox.providers["forumpay"]
    at = ["--base-url", place.base_url, "--mode", place.mode, *account[account.index("--ca-file") :]]
    settings = json.dumps(dict(place.settings))
    once = ["pay", "forumpay", "48.25", "EUR", "--settings", "-", "--json", *at]
    done = till_command(*once, "--pay-currency", "BTC", stdin=settings)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pay_to"]["currency"] == "BTC"
    without = till_command(*once, stdin=settings)
    assert without.returncode == 2
    assert json.loads(without.stderr)["field"] == "$.pay_currency"


def test_a_card_that_must_be_verified_stops_with_the_next_step(
    account: list[str], key: dict[str, str], tmp_path: Path, payer: Callable[[str], Control]
) -> None:
    payer("openpay")
    path = tmp_path / "card.json"
    card = {"number": "4111111111111111", "expiry_month": 12, "expiry_year": 2030, "cvv": "987"}
    path.write_text(json.dumps({**card, "holder_name": "Ana Cal"}))
    done = till_command(
        "pay", "openpay", "20.00", "BZD", "--wait", "60", "--card", str(path), "--json", *account, env=key
    )
    assert done.returncode == 4, done.stderr
    assert json.loads(done.stdout)["status"] == "requires_action"
    assert "cards.confirm" in done.stderr
    assert "waiting" not in done.stderr
    assert "must be verified first" in till_command("pay", "--help").stdout


def test_an_unknown_outcome_says_what_really_helps(
    account: list[str], key: dict[str, str], payer: Callable[[str], Control]
) -> None:
    payer("openpay").fault("reset_after_read", path="/v1/paylinks")
    once = ["pay", "openpay", "20.00", "BZD", "--idempotency-key", "order-2", *account]
    done = till_command(*once, env=key)
    assert done.returncode == 3, done.stderr
    for words in ("Nothing settles payment pay_", "dashboard", "new --idempotency-key"):
        assert words in done.stderr
    assert "reconcile" not in done.stderr
    assert "till payments list" not in done.stderr  # OpenPay's shows no paylinks
    again = till_command(*once, "--json", env=key)
    assert again.returncode == 3
    error = json.loads(again.stderr)
    assert (error["error"], error["status"], error["sent"]) == ("OutcomeUnknown", 13, "maybe")
    assert error["payment_id"] in done.stderr


def test_an_unknown_outcome_that_can_be_settled_names_what_settles_it() -> None:
    error = till.OutcomeUnknown("no answer", payment_id="pay_1")
    told = explained(error, Namespace(provider="globalpay"))
    for words in ("till payments reconcile globalpay", "gateway.reconcile()", "pay_1", "dashboard"):
        assert words in told
    assert "Nothing settles" not in told
    assert "gateway.reconcile()" in (till.OutcomeUnknown.__doc__ or "")
