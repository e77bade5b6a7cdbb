"""docs/writing-a-provider.md, followed to the letter."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from till.cli import main

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "writing-a-provider.md"
FILES = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))


@pytest.fixture
def tinypay(tmp_path: Path) -> Path:
    folder = tmp_path / "tinypay"
    assert main(["plugin", "new", str(folder)]) == 0
    for fixture in (folder / "fixtures").iterdir():
        fixture.unlink()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def server(tinypay: Path) -> Iterator[str]:
    """The guide's server, at a port that is free here; its address."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = tinypay.parent / "server.py"
    source.write_text(source.read_text().replace("9000", str(port)))
    process = subprocess.Popen([sys.executable, "server.py"], cwd=tinypay.parent, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                HTTPConnection("127.0.0.1", port, timeout=5).connect()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def pay(server: str, charge: str) -> None:
    """What the payer does on the charge's page."""
    connection = HTTPConnection(urlsplit(server).netloc, timeout=30)
    connection.request("PUT", f"/pay/{charge}")
    assert connection.getresponse().status == 204
    connection.close()


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TILL_STORE": str(folder / "till.sqlite3")}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_guide_has_its_files() -> None:
    assert {"server.py", "shop.py", "tinypay/manifest.json", "tinypay/provider.lua"} <= FILES.keys()
    assert len(FILES) == 13


def test_the_plugin_of_the_guide_passes(tinypay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "test", str(tinypay)]) == 0, capsys.readouterr().out
    assert "8 fixtures passed, 0 problems" in capsys.readouterr().out


def test_it_runs_against_the_server_of_the_guide(
    tinypay: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--base-url", server, "--set", "api_key=tiny_live_example"]
    given = '{"amount": {"amount": "48.25", "currency": "EUR"}, "reference": "order-7"}'
    for _ in range(2):
        assert (
            main(["plugin", "run", str(tinypay), "payments.create", *place, "--input", given, "--trace"]) == 0
        )
    capsys.readouterr()
    assert (
        main(["plugin", "run", str(tinypay), "payments.get", *place, "--input", '{"provider_id": "ch_1"}'])
        == 0
    )
    payment = json.loads(capsys.readouterr().out)
    assert (payment["status"], payment["amount"]) == ("pending", {"amount": "48.25", "currency": "EUR"})
    assert main(["plugin", "run", str(tinypay), "payments.list", *place, "--input", '{"limit": 1}']) == 0
    page = json.loads(capsys.readouterr().out)
    assert (len(page["items"]), page["next"]) == (1, "ch_1")


def test_a_payment_of_the_guide_is_paid_and_paid_back(
    tinypay: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(operation: str, given: object) -> Any:
        place = ["--base-url", server, "--set", "api_key=tiny_live_example"]
        place += ["--store", str(tinypay.parent / "tiny.db"), "--input", json.dumps(given)]
        capsys.readouterr()
        assert main(["plugin", "run", str(tinypay), operation, *place]) == 0
        return json.loads(capsys.readouterr().out)

    price = {"amount": "48.25", "currency": "EUR"}
    made = run("payments.create", {"amount": price, "reference": "order-7"})
    pay(server, "ch_1")
    form = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": "id=ch_1"}
    told = run("webhooks.receive", form)
    assert (told["event"], told["trust"], told["payment"]["id"]) == ("charge", "refetched", made["id"])
    paid = told["payment"]
    assert (paid["status"], paid["amount_paid"]) == ("paid", price)
    assert paid["amount_due"] == {"amount": "0.00", "currency": "EUR"}
    part = run("refunds.create", {"payment_id": made["id"], "amount": {"amount": "8.25", "currency": "EUR"}})
    rest = run("refunds.create", {"payment_id": made["id"]})
    assert (part["status"], rest["amount"]["amount"]) == ("pending", "40.00")
    assert [one["id"] for one in run("refunds.list", {"payment_id": made["id"]})["items"]] == [
        part["id"],
        rest["id"],
    ]
    assert run("payments.get", {"id": made["id"]})["amount_refunded"] == price


def test_the_webhook_of_the_guide_is_sent_out_of_its_fixture(
    tinypay: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TILL_PLUGIN_PATH", str(tinypay.parent))
    capsys.readouterr()
    assert main(["webhooks", "trigger", "tinypay", "--payment", "ch_5", "--print"]) == 0
    assert capsys.readouterr().out == "id=ch_5\n"


def test_the_shop_of_the_guide_takes_a_payment_by_the_package(tinypay: Path, server: str) -> None:
    folder = tinypay.parent
    (folder / "key").write_text("tiny_live_example")
    (folder / "shop.py").write_text(FILES["shop.py"].replace("http://127.0.0.1:9000", server))

    def till(*arguments: str) -> tuple[int, str]:
        done = run_in(folder, "-m", "till", *arguments)
        return done.returncode, done.stdout

    _, printed = till("plugin", "keygen", "ours.key", "--json")
    (folder / "ours.pub").write_text(json.loads(printed)["public_key"])
    assert till("plugin", "pack", "tinypay", "--key", "ours.key")[0] == 0
    assert till("plugin", "verify", "tinypay-1.0.0.till")[0] == 2
    assert till("plugin", "verify", "tinypay-1.0.0.till", "--approve")[0] == 0
    assert till("plugin", "verify", "tinypay-1.0.0.till")[0] == 2
    install = ["plugin", "install", "tinypay-1.0.0.till", "--plugins", "installed", "--trust", "ours.pub"]
    assert till(*install)[0] == 2
    assert till(*install, "--approve")[0] == 0
    done = run_in(folder, "shop.py")
    assert done.stdout == "pending https://tinypay.test/pay/ch_1\n", done.stderr
