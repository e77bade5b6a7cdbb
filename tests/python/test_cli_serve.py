"""`till serve`: configurations, signals and exit statuses; and what is packaged for it."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-the-tests"
KEY = "sk_test_4c9f2ab1d7e84f6ab3c1"


# A request whose body is still to come: the server asks for it.
BEGUN = b"POST /webhooks/shop HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"


def config(tmp_path: Path, **more: object) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "runtime": {"store": str(tmp_path / "till.sqlite3")},
        "webhooks": {"listen": "127.0.0.1:0"},
        "api": {"listen": ["127.0.0.1:0", f"unix:{tmp_path}/api.sock"], "token": TOKEN},
        "gateways": {"shop": {"provider": "openpay", "settings": {"mode": "test", "api_key": KEY}}},
    }
    return whole | more


def write(tmp_path: Path, document: object) -> str:
    path = tmp_path / "till.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def check(path: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "till", "serve", "--check", "--config", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | env,
    )


class Served:
    """A running `till serve`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.addresses: dict[str, list[str]] = {}
        assert process.stdout
        for line in process.stdout:
            if line == "ready\n":
                break
            kind, _, address = line.strip().partition(" ")
            self.addresses.setdefault(kind, []).append(address.strip())

    def ask(self, kind: str, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        port = int(self.addresses[kind][0].split(":")[2].split("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def _interruptible() -> None:
    # A job in the background inherits "ignored" for SIGINT, and `till serve` would keep it so.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def serve(path: str, **env: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "till", "serve", "--config", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | env,
        preexec_fn=_interruptible,
    )
    try:
        yield Served(process)
    finally:
        process.kill()
        process.communicate()


def test_good_configuration_is_good_and_touches_nothing(tmp_path: Path) -> None:
    done = check(write(tmp_path, config(tmp_path)))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}/till.json is good: gateways shop\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["till.json"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"gatewys": {}}, "gatewys: unknown member; did you mean `gateways`?"),
        ({"api": {"listen": "0.0.0.0:80", "token": TOKEN}}, "api.listen: 0.0.0.0:80 can be reached"),
        ({"gateways": {"shop": {"provider": "opnpay"}}}, "gateways.shop.provider: "),
        ({"gateways": {"shop": {"provider": "openpay"}}}, "gateways.shop.settings.api_key: "),
        ({"runtime": {"stor": "x"}}, "runtime.stor: unknown option"),
        ({"close_timeout_ms": 1.5}, "close_timeout_ms: "),
        ({"log": "loud"}, "log: expected"),
    ],
)
def test_wrong_configuration_says_where(tmp_path: Path, more: dict[str, Any], told: str) -> None:
    done = check(write(tmp_path, config(tmp_path, **more)))
    assert done.returncode == 2
    assert done.stderr.startswith(f"till: {tmp_path}/till.json: {told}"), done.stderr
    assert done.stderr.count("\n") == 1
    assert KEY not in done.stderr
    assert TOKEN not in done.stderr


@pytest.mark.parametrize("text", ["{", "[]", "\udc80", '{"log": "off"'])
def test_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "till.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    done = check(str(path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"till: {path}")
    assert "Traceback" not in done.stderr


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = check(str(tmp_path / "none.toml"))
    assert done.returncode == 2
    assert done.stderr == f"till: cannot read {tmp_path}/none.toml: No such file or directory\n"


def test_toml_is_read_and_secrets_come_from_where_they_are_kept(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    path = tmp_path / "till.toml"
    path.write_text(f"""
        close_timeout_ms = 1_000
        [runtime]
        store = "{tmp_path}/till.sqlite3"
        [api]
        listen = "127.0.0.1:0"
        token = {{file = "{tmp_path}/token"}}
        [gateways.shop]
        provider = "openpay"
        settings = {{mode = "test", api_key = {{env = "TILL_TEST_KEY"}}}}
    """)
    assert check(str(path)).stderr.endswith("the environment variable TILL_TEST_KEY is not set\n")
    with serve(str(path), TILL_TEST_KEY=KEY) as served:
        status, text = served.ask("api", "GET", "/v1", Authorization=f"Bearer {TOKEN}")
        assert (status, json.loads(text)["gateways"][0]["provider"]) == (200, "openpay")
        assert served.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_gracefully(tmp_path: Path, number: int) -> None:
    with serve(write(tmp_path, config(tmp_path))) as served:
        assert served.ask("webhooks", "GET", "/readyz") == (200, "ready\n")
        assert served.addresses["webhooks"][0].endswith("/webhooks/GATEWAY")
        assert served.addresses["api"][1] == f"unix:{tmp_path}/api.sock"
        assert served.end(number) == 0
        assert served.process.stderr
        text = served.process.stderr.read()
    lines = [json.loads(line) for line in text.splitlines() if not line.startswith("till: ")]
    assert [line["route"] for line in lines] == ["readyz"]
    assert "till: stopping" in text
    assert not (tmp_path / "api.sock").exists()


def test_request_under_way_is_answered_at_the_end_and_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with serve(write(tmp_path, config(tmp_path))) as served:
        port = int(served.addresses["webhooks"][0].split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(BEGUN)
            assert client.recv(1000).startswith(b"HTTP/1.1 100 ")  # so it has begun
            served.process.send_signal(signal.SIGTERM)
            assert served.process.stderr
            assert served.process.stderr.readline().startswith("till: stopping")
            client.sendall(b"no json..")
            assert client.recv(1000).startswith(b"HTTP/1.1 404 ")  # OpenPay sends none
        assert served.process.wait(20) == 0
    with serve(write(tmp_path, config(tmp_path))) as served:
        port = int(served.addresses["webhooks"][0].split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(BEGUN)
            assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
            served.process.send_signal(signal.SIGTERM)
            assert served.process.stderr
            assert served.process.stderr.readline().startswith("till: stopping")
            assert served.end() == 128 + signal.SIGTERM


def test_request_that_takes_too_long_is_cut_off_and_told(tmp_path: Path) -> None:
    with serve(write(tmp_path, config(tmp_path, close_timeout_ms=10))) as served:
        port = int(served.addresses["webhooks"][0].split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), 20) as client:
            client.sendall(BEGUN)
            assert client.recv(1000).startswith(b"HTTP/1.1 100 ")
            assert served.end() == 1


def test_address_in_use_ends_it_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        path = write(tmp_path, config(tmp_path, webhooks={"listen": address}))
        done = subprocess.run(
            [sys.executable, "-m", "till", "serve", "--config", path],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"till: {tmp_path}/till.json: webhooks.listen: cannot listen on {address}: Address already in use\n"
    )


def test_systemd_is_told_when_it_is_ready_and_when_it_ends(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        with serve(write(tmp_path, config(tmp_path)), NOTIFY_SOCKET=str(tmp_path / "notify")) as served:
            assert systemd.recv(100) == b"READY=1"
            assert served.end() == 0
            assert systemd.recv(100) == b"STOPPING=1"


# What is packaged.


def test_example_is_good_once_its_secrets_are_there(tmp_path: Path) -> None:
    text = (ROOT / "packaging" / "till.example.toml").read_text()
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "openpay.key").write_text(KEY.replace("test", "live"))
    (tmp_path / "handler.secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    path = tmp_path / "till.toml"
    path.write_text(text.replace("/etc/till/", f"{tmp_path}/"))
    done = check(str(path))
    assert (done.returncode, done.stderr) == (0, "")


def test_documentation_names_every_member(tmp_path: Path) -> None:
    told = (ROOT / "docs" / "serve.md").read_text()
    done = check(write(tmp_path, config(tmp_path, limits={"none": 1})))
    members = re.findall(r"`(\w+)`", done.stderr)
    assert len(members) == 8, done.stderr
    assert [name for name in members if f"`{name}`" not in told] == []
    example = tomllib.loads((ROOT / "packaging" / "till.example.toml").read_text())
    assert set(example) <= {
        "runtime",
        "webhooks",
        "api",
        "gateways",
        "handler",
        "reconcile",
        "limits",
        "close_timeout_ms",
    }


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_unit_is_what_systemd_takes(tmp_path: Path) -> None:
    text = (ROOT / "packaging" / "till.service").read_text()
    unit = tmp_path / "till.service"
    unit.write_text(re.sub(r"/opt/till/bin/till\b", "/bin/true", text))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert [line for line in done.stderr.splitlines() if "till.service" in line] == []


def test_unit_waits_for_the_end_and_gives_up_its_rights() -> None:
    lines = (ROOT / "packaging" / "till.service").read_text().splitlines()
    members = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    example = tomllib.loads((ROOT / "packaging" / "till.example.toml").read_text())
    assert int(members["TimeoutStopSec"]) * 1000 > example["close_timeout_ms"]
    assert members["Type"] == "notify"
    assert members["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert members["CapabilityBoundingSet"] == ""
    for right in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "MemoryDenyWriteExecute"):
        assert members[right] == "yes", right
    assert members["ProtectSystem"] == "strict"
    assert members["User"] == "till"


def test_container_is_what_hadolint_takes() -> None:
    """But for pinned versions of Debian's packages: its mirrors keep only the newest of a release."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("hadolint"),
            "--no-color",
            "--ignore",
            "DL3008",
            ROOT / "packaging" / "Containerfile",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("", 0)
