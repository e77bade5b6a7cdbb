"""`till serve` with TLS: a certificate is renewed while connections are open."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_serve import Service

from till.sandbox import Sandbox
from till.sandbox.tls import TlsFiles, make_tls_files


@pytest.fixture
def first(tmp_path: Path) -> TlsFiles:
    """The files that the service reads."""
    (tmp_path / "first").mkdir()
    return make_tls_files(tmp_path / "first")


@pytest.fixture
def second(tmp_path: Path) -> TlsFiles:
    """What a renewal brings, by another authority."""
    (tmp_path / "second").mkdir()
    return make_tls_files(tmp_path / "second")


@pytest.fixture
def service(sandbox: Sandbox, tmp_path: Path, first: TlsFiles) -> Iterator[Service]:
    running = Service(
        sandbox,
        tmp_path,
        webhooks={"listen": "127.0.0.1:0", "cert_file": str(first.certificate), "key_file": str(first.key)},
    )
    yield running
    running.process.kill()
    running.process.communicate()


class Client:
    """Trusts one authority, and keeps its connection."""

    def __init__(self, service: Service, trusted: TlsFiles) -> None:
        host = service.webhooks.removeprefix("https://").removesuffix("/webhooks/")
        context = ssl.create_default_context(cafile=str(trusted.ca))
        self.connection = http.client.HTTPSConnection(host, timeout=30, context=context)

    def ask(self) -> int:
        self.connection.request("GET", "/healthz")
        response = self.connection.getresponse()
        response.read()
        return response.status


def reload(service: Service, files: int) -> dict[str, dict[str, Any]]:
    """Sends the signal, and returns what is logged of so many files, by their path."""
    service.process.send_signal(signal.SIGHUP)
    told: dict[str, dict[str, Any]] = {}
    assert service.process.stderr
    for line in service.process.stderr:
        logged = json.loads(line)
        if logged["event"] == "certificate":
            told[logged["path"]] = logged
            if len(told) == files:
                break
    return told


def test_renewed_certificate_is_shown_after_a_signal(
    service: Service, first: TlsFiles, second: TlsFiles
) -> None:
    before = Client(service, first)
    assert before.ask() == 200
    socket = before.connection.sock
    shutil.copyfile(second.certificate, first.certificate)
    shutil.copyfile(second.key, first.key)
    told = reload(service, 2)
    assert {line["level"] for line in told.values()} == {"info"}
    assert Client(service, second).ask() == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        Client(service, first).ask()
    assert before.ask() == 200
    assert before.connection.sock is socket, "over the connection that was there"
    assert service.end()[0] == 0


def test_certificate_that_is_no_good_is_told_and_the_old_one_stays(service: Service, first: TlsFiles) -> None:
    first.key.write_text("no key")
    told = reload(service, 2)[str(first.key)]
    assert told["level"] == "warn"
    assert told["reason"] == f"key_file {first.key} is no PEM file of a private key"
    assert Client(service, first).ask() == 200
    assert service.end()[0] == 0
