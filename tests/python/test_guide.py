"""docs/writing-a-provider.md, followed to the letter."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from socket import socket

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


def test_the_guide_has_its_files() -> None:
    assert {"server.py", "tinypay/manifest.json", "tinypay/provider.lua"} <= FILES.keys()
    assert len(FILES) == 8


def test_the_plugin_of_the_guide_passes(tinypay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "test", str(tinypay)]) == 0, capsys.readouterr().out
    assert "5 fixtures passed, 0 problems" in capsys.readouterr().out


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


def test_it_can_be_packed(tinypay: Path) -> None:
    folder = tinypay.parent
    assert main(["plugin", "keygen", str(folder / "key")]) == 0
    arguments = ["plugin", "pack", str(tinypay), "--key", str(folder / "key"), "--output", str(folder)]
    assert main(arguments) == 0
    assert main(["plugin", "verify", str(folder / "tinypay-1.0.0.till"), "--approve"]) == 0
