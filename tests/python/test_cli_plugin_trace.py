"""`till plugin run --trace`: what it hides, and what it says of a request that nobody answered."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from plugin_service import KEY, PluginService
from till.cli import main
from till.cli._plugin_trace import Mask
from till.sandbox.tls import TlsFiles, make_tls_files

REPLY = b'{"id": "p1", "state": "open", "amount": 48.25, "currency": "EUR", "order_id": "order-7"}'
GIVEN = '{"amount": {"amount": "48.25", "currency": "EUR"}, "reference": "order-7"}'


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    folder = tmp_path / "mypay"
    assert main(["plugin", "new", str(folder)]) == 0
    manifest = folder / "manifest.json"
    manifest.write_text(
        manifest.read_text().replace('"errors": {', '"reply_secrets": ["token"],\n  "errors": {', 1)
    )
    return folder


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return make_tls_files(tmp_path_factory.mktemp("tls"))


# What is hidden


@pytest.mark.parametrize(
    ("account", "secrets"),
    [
        (rb'{"name": "The shop", "token": "q1w2\/e3r4\/t5y6+u7=="}', ["q1w2", "e3r4"]),
        (rb'{"name": "The shop", "token": "p\u00e4ssw\u00f6rd of ours"}', ["ssw", "rd of ours"]),
        (rb'{"name": "The shop", "token": "\u0071\u0031w2e3r4"}', ["w2e3r4"]),
        (rb'{"name": "The shop", "token": "q1w"}', ["q1w"]),
        (rb'{"name": "The shop", "token": "q1w2e3r4", "token": "t5y6u7i8"}', ["q1w2", "t5y6"]),
        (rb'{"name": "The shop", "token": {"all": ["q1w2e3r4"]}}', ["q1w2"]),
        (rb'{"name": "The shop", "token": "q1w2/e3r4", "say": "it is q\u0031w2\/e3r4."}', ["w2", "e3r4"]),
        (rb'{"name": "The shop", "token": "q1w2/e3r4", "raw": "{\"x\":\"q1w2\\\/e3r4\"}"}', ["q1w2"]),
    ],
)
def test_a_reply_secret_is_hidden_however_json_writes_it(
    account: bytes, secrets: list[str], plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with PluginService() as service:
        service.handler.account = account
        place = ["--base-url", service.url, "--set", f"api_key={KEY}"]
        main(["plugin", "run", str(plugin), "native.GET /account", *place, "--trace"])
    told = capsys.readouterr().err
    assert "[secret]" in told and "The shop" in told
    assert [secret for secret in secrets if secret in told] == []


def test_what_holds_no_secret_is_shown_as_it_came(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with PluginService() as service:
        service.handler.account = account = rb'{"name":  "Th\u00e9 \/ shop", "rate": 1.50, "token": ""}'
        place = ["--base-url", service.url, "--set", f"api_key={KEY}"]
        assert main(["plugin", "run", str(plugin), "native.GET /account", *place, "--trace"]) == 0
    assert account.decode() in capsys.readouterr().err


def mask(*secrets: str, **auth: Any) -> Mask:
    properties = {f"s{at}": {"type": "string", "secret": True} for at in range(len(secrets))}
    manifest = {"settings": {"properties": properties}, "auth": auth, "reply_secrets": ["token"]}
    return Mask(manifest, dict(zip(properties, secrets, strict=True)))


def test_a_secret_is_hidden_in_each_form_that_it_has_in_a_text() -> None:
    secret = 'a/b "c" \\ d+é'
    forms = [secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()]
    forms += [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    forms += [form.replace("/", "\\/") for form in forms[-2:]]
    for form in forms:
        assert mask(secret).text(f"<p>{form}</p>") == "<p>[secret]</p>"


def test_a_secret_that_begins_as_another_is_hidden_whole() -> None:
    secrets = [f"sk_live{'_more' * count}" for count in range(8)]
    assert mask(*secrets).text(f"({secrets[-1]})") == "([secret])"


def test_half_a_character_is_no_problem() -> None:
    hiding = mask()
    hiding.learn(rb'{"token": "\ud800q1w2e3r4"}')
    assert "q1w2" not in hiding.text(r'{"token": "\ud800q1w2e3r4", "say": "It is \ud800q1w2e3r4."}')


@pytest.mark.timeout(30)
def test_a_text_is_looked_at_once() -> None:
    for text in ('"' + '\\"' * 200_000, '"\\/' * 100_000, '"' + "\\/" * 200_000 + '"'):
        assert mask("sk_live_1").text(text) == text


@pytest.mark.parametrize(
    ("auth", "value", "shown"),
    [
        ({"prefix": "Bearer "}, "Bearer sk_live_1", "Bearer [secret]"),
        ({"prefix": "Bearer "}, "sk_live_1", "[secret]"),
        ({"prefix": {"setting": "kind", "values": {"a": "", "b": "Key "}}}, "Key sk_live_1", "Key [secret]"),
        ({}, "Basic c2tfbGl2ZV8xOg==", "Basic [secret]"),
        ({}, "Other sk_live_1", "[secret]"),
    ],
)
def test_of_credentials_the_manifests_prefix_is_shown(auth: dict[str, Any], value: str, shown: str) -> None:
    assert mask("sk_live_1", **auth).header("Authorization", value) == shown


# What is said of a request that nobody answered


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Takes one connection, which `answer` has until it returns. Gives its port."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def take_request(connection: socket.socket) -> None:
    received = b""
    while b"order-7" not in received:
        received += connection.recv(65536)


def create(plugin: Path, url: str, *more: str) -> int:
    place = ["--base-url", url, "--set", f"api_key={KEY}", *more]
    return main(
        ["plugin", "run", str(plugin), "payments.create", *place, "--input", GIVEN, "--trace", "--json"]
    )


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    error = json.loads(capsys.readouterr().err.splitlines()[-1])
    return error["error"], error["sent"]


def test_a_write_after_which_tls_breaks_was_perhaps_sent(
    plugin: Path, tls: TlsFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.certificate, tls.key)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            take_request(secure)
            os.write(secure.fileno(), b"this is no TLS at all\n")

    with server(answer) as port:
        assert create(plugin, f"https://127.0.0.1:{port}", "--ca-file", str(tls.ca)) == 3
    assert told(capsys) == ("OutcomeUnknown", "maybe")


def test_a_write_whose_handshake_fails_was_not_sent(
    plugin: Path, tls: TlsFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with server(answer) as port:
        assert create(plugin, f"https://127.0.0.1:{port}", "--ca-file", str(tls.ca)) == 1
    assert told(capsys) == ("TransportError", "no")


def test_a_write_to_nobody_was_not_sent(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert create(plugin, "http://127.0.0.1:1") == 1
    assert told(capsys) == ("TransportError", "no")


@pytest.mark.parametrize(
    ("head", "size"),
    [(b"HTTP/1.1 201 Created\r\n", 4 << 20), (b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n", 0)],
    ids=["too long", "cut short"],
)
def test_a_reply_that_is_not_taken_whole_is_no_answer(
    head: bytes, size: int, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(connection: socket.socket) -> None:
        take_request(connection)
        connection.sendall(head + b"Content-Type: application/json\r\n\r\n" + REPLY + b" " * size)

    with server(answer) as port:
        assert create(plugin, f"http://127.0.0.1:{port}") == 3
    lines = capsys.readouterr().err.splitlines()
    error = json.loads(lines[-1])
    assert [line for line in lines if line.startswith("< no answer: ")] != []
    assert (error["error"], error["sent"]) == ("OutcomeUnknown", "yes")
