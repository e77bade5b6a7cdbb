"""`till webhooks trigger`, `replay` and `listen`."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import till
from shop_server import ShopServer
from till.cli import main

SECRET = "whsec_bm90IGEgc2VjcmV0IGF0IGFsbA=="
BODY = b'{"id": "evt_1", "amount": 1.50}'


@pytest.fixture
def shop() -> Iterator[Callable[..., ShopServer]]:
    servers: list[ShopServer] = []

    def make(*statuses: int | None, body: bytes = b"") -> ShopServer:
        servers.append(ShopServer(list(statuses) or [200], body))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "body").write_bytes(BODY)
    (tmp_path / "secret").write_text(SECRET + "\n")
    return str(tmp_path / "body"), str(tmp_path / "secret")


def verify(scheme: str, came: Any, secret: str = SECRET) -> str:
    try:
        return till.webhooks.verify(scheme, came.headers, came.body, [secret]).signature
    except till.WebhookRejected as error:
        return str(error.reason)


# trigger


def test_a_scheme_signs_what_is_given(
    shop: Callable[..., ShopServer], files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    server, (body, secret) = shop(202, body=b"thanks\x1b[2J"), files
    command = ["webhooks", "trigger", "stripe", "--to", server.url, "--body", body, "--secret-file", secret]
    assert main([*command, "--header", "X-Other: 1"]) == 0
    (came,) = server.came
    assert (came.path, came.body, came.headers["x-other"]) == ("/hooks", BODY, "1")
    assert came.headers["content-type"] == "application/json"
    assert verify("stripe", came) == "valid"
    out = capsys.readouterr().out
    assert "signed by stripe" in out and "answered  202" in out
    assert "thanks\\x1b[2J" in out and SECRET not in out


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--bad-signature"], "mismatch"),
        (["--clock-skew", "-400"], "too_old"),
        (["--clock-skew", "400"], "too_new"),
    ],
)
def test_what_is_wrong_is_wrong_in_one_way_only(
    shop: Callable[..., ShopServer], files: tuple[str, str], more: list[str], reason: str
) -> None:
    server, (body, secret) = shop(400), files
    command = ["webhooks", "trigger", "svix", "--to", server.url, "--body", body, "--secret-file", secret]
    assert main([*command, *more]) == 1
    assert verify("svix", server.came[0]) == reason


def test_the_secret_may_come_from_the_environment(
    shop: Callable[..., ShopServer], files: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILL_WEBHOOK_SECRET", SECRET)
    server = shop()
    assert main(["webhooks", "trigger", "svix", "--to", server.url, "--body", files[0], "--id", "m1"]) == 0
    assert (verify("svix", server.came[0]), server.came[0].headers["svix-id"]) == ("valid", "m1")


def test_a_documented_signature_is_told_from_none(
    shop: Callable[..., ShopServer], capsys: pytest.CaptureFixture[str]
) -> None:
    server = shop()
    assert main(["webhooks", "trigger", "bitpay", "--to", server.url]) == 0
    assert server.came[0].headers.get("x-signature")
    assert "with the documentation's x-signature, not signed anew" in capsys.readouterr().out


def test_a_providers_documented_event_is_sent_about_a_payment(
    shop: Callable[..., ShopServer], capsys: pytest.CaptureFixture[str]
) -> None:
    server = shop()
    command = ["webhooks", "trigger", "bitpay", "--event", "paid", "--payment", "inv_7", "--to", server.url]
    assert main([*command, "--json"]) == 0
    told = json.loads(server.came[0].body)
    assert (told["id"], told["status"]) == ("inv_7", "paid")
    assert told["url"] == "https://test.bitpay.com/invoice?id=inv_7"
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["payment"]) == ("paid", "inv_7")


@pytest.mark.parametrize(
    ("status", "answer", "more", "shown", "not_shown"),
    [
        (200, b"", [], ["is kept as unmatched", "--payment ID"], []),
        (
            200,
            b"",
            ["--payment", "inv_7"],
            ["about payment inv_7.", "list bitpay --stored"],
            ["--payment ID"],
        ),
        (
            200,
            b"unknown_payment",
            ["--payment", "inv_7"],
            ["the shop's store has no payment inv_7"],
            ["about"],
        ),
        (401, b"refused: mismatch", [], [], ["unmatched", "--payment ID"]),
    ],
)
def test_what_was_taken_may_have_moved_no_payment(
    shop: Callable[..., ShopServer],
    capsys: pytest.CaptureFixture[str],
    status: int,
    answer: bytes,
    more: list[str],
    shown: list[str],
    not_shown: list[str],
) -> None:
    server = shop(status, body=answer)
    main(["webhooks", "trigger", "bitpay", "--event", "paid", "--to", server.url, *more])
    out = capsys.readouterr().out
    assert all(words in out for words in shown) and not any(words in out for words in not_shown), out


@pytest.mark.parametrize("provider", ["bitgpt", "bitpay", "forumpay", "globalpay"])
def test_every_provider_with_webhooks_has_samples(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["webhooks", "trigger", provider, "--print"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)


WEBHOOK = {
    "name": "a webhook",
    "source": "https://docs.mollie.example/webhooks",
    "operation": "webhooks.receive",
    "settings": {"api_key": "sk_live_example"},
    "input": {"headers": {}, "text": "id=tr_7", "form": {"id": "tr_7"}},
    "output": {"event": "payment", "payment": {"id": "tr_7"}},
}


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin path with `mollie/`, which has the name of a scheme too."""
    folder = tmp_path / "plugins"
    plugin = folder / "mollie"
    assert main(["plugin", "new", str(plugin)]) == 0
    text = (plugin / "manifest.json").read_text()
    manifest = json.loads(text.replace("mollie.example", "mollie.test"))
    manifest["capabilities"]["webhooks.receive"] = {}
    manifest["webhooks"] = {"events": {"payment": "It changed."}, "signed": False, "reason": "Only an id."}
    del manifest["absent"]["webhooks.receive"]
    manifest["summary"] = "Payments by Mollie."
    manifest["absent"] = dict.fromkeys(manifest["absent"], "Not written yet.")
    (plugin / "manifest.json").write_text(json.dumps(manifest))
    with (plugin / "provider.lua").open("a") as script:
        script.write("\nfunction provider.webhooks.receive(input)\n")
        script.write('  return {event = "payment", payment = {id = input.form.id}}\nend\n')
    (plugin / "fixtures" / "webhook.json").write_text(json.dumps(WEBHOOK))
    (plugin / "fixtures" / "broken.json").write_text("{")
    monkeypatch.setenv("TILL_PLUGIN_PATH", f"{tmp_path}:{folder}")
    return folder


def pack(plugin: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes of the plugin a package in the folder, trusted and approved."""
    (plugin / "fixtures" / "broken.json").unlink()
    (plugin / "README.md").write_text("What works.")
    key = str(plugin.parent / "key")
    assert main(["plugin", "keygen", key]) == 0
    assert main(["plugin", "pack", str(plugin), "--key", key, "--output", str(plugin.parent)]) == 0
    (package,) = plugin.parent.glob("*.till")
    public = till._native.package_public_key(Path(key).read_text().strip())
    assert isinstance(public, str)
    monkeypatch.setenv("TILL_TRUSTED_KEYS", public)
    assert main(["plugin", "install", str(package), "--plugins", str(folder), "--approve"]) == 0


@pytest.mark.parametrize("place", ["folder", "versioned folder", "package"])
def test_an_event_of_any_plugin_on_the_path_is_sent(
    plugins: Path,
    shop: Callable[..., ShopServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    server = shop()
    if place == "versioned folder":
        (plugins / "mollie").rename(plugins / "mollie-0.1.0")
    elif place == "package":
        pack(plugins / "mollie", plugins.parent / "installed", monkeypatch)
        monkeypatch.setenv("TILL_PLUGIN_PATH", str(plugins.parent / "installed"))
    command = ["webhooks", "trigger", "mollie", "--payment", "tr_9", "--to", server.url]
    assert main(command) == 0, capsys.readouterr().err
    (came,) = server.came
    assert (came.body, came.headers["content-type"]) == (b"id=tr_9", "application/x-www-form-urlencoded")
    assert "sent      payment, 7 bytes, not signed" in capsys.readouterr().out


def test_the_version_that_serves_gives_the_event(plugins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newer = plugins / "mollie-0.2.0"
    shutil.copytree(plugins / "mollie", newer)
    manifest = json.loads((newer / "manifest.json").read_text()) | {"version": "0.2.0"}
    (newer / "manifest.json").write_text(json.dumps(manifest))
    fixture = WEBHOOK | {"input": {"form": {"id": "tr_8"}}, "output": {"event": "newer"}}
    (newer / "fixtures" / "webhook.json").write_text(json.dumps(fixture))
    capsys.readouterr()
    assert main(["webhooks", "trigger", "mollie", "--event", "newer", "--print"]) == 0
    assert capsys.readouterr().out == "id=tr_8\n"


def test_a_plugin_that_cannot_be_loaded_is_told(plugins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (plugins / "mollie" / "manifest.json").write_text("{}")
    assert main(["webhooks", "trigger", "mollie", "--print"]) == 1
    assert "PluginError" in capsys.readouterr().err
    assert main(["webhooks", "trigger", "openpay", "--print"]) == 2  # it stands in no other's way
    assert "There are samples of bitgpt, bitpay, forumpay, globalpay" in capsys.readouterr().err


def test_a_provider_signs_when_a_secret_is_given(
    shop: Callable[..., ShopServer], files: tuple[str, str]
) -> None:
    server = shop()
    assert main(["webhooks", "trigger", "bitpay", "--to", server.url, "--secret-file", files[1]]) == 0
    assert verify("bitpay", server.came[0]) == "valid"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stripe", "--body", "BODY", "--to", "http://shop.example/hooks"], "loopback"),
        (["stripe", "--body", "BODY", "--to", "ftp://127.0.0.1/"], "--to is a URL"),
        (["stripe", "--body", "BODY", "--to", "https://user:word@shop.example/"], "password"),
        (["stripe", "--body", "BODY"], "--to URL"),
        (["stripe", "--body", "BODY", "--to", "http://127.0.0.1:9/"], "--secret-file"),
        (["stripe", "--to", "http://127.0.0.1:9/"], "--body FILE"),
        (["gihtub", "--body", "BODY", "--to", "http://127.0.0.1:9/"], "no scheme and no provider"),
        (["gihtub", "--to", "http://127.0.0.1:9/"], "no scheme and no provider"),
        (["openpay", "--to", "http://127.0.0.1:9/"], "openpay sends no webhooks: OpenPay documents no"),
        (["openpay", "--body", "BODY", "--to", "http://127.0.0.1:9/"], "openpay sends no webhooks: "),
        (
            ["bitpay", "--event", "payed", "--to", "http://127.0.0.1:9/"],
            "there are samples of invoice_completed",
        ),
        (["bitpay", "--bad-signature", "--to", "http://127.0.0.1:9/"], "without a secret"),
        (["forumpay", "--secret-file", "SECRET", "--to", "http://127.0.0.1:9/"], "--scheme"),
        (
            ["forumpay", "--event", "webhook_test", "--payment", "p", "--to", "http://127.0.0.1:9/"],
            "about no",
        ),
        (["stripe", "--body", "BODY", "--event", "x", "--to", "http://127.0.0.1:9/"], "--event"),
        (["moov", "--body", "BODY", "--secret-file", "SECRET", "--to", "http://127.0.0.1:9/"], "x-timestamp"),
    ],
)
def test_a_wrong_trigger_says_what_is_right(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    filled = [{"BODY": files[0], "SECRET": files[1]}.get(word, word) for word in arguments]
    assert main(["webhooks", "trigger", *filled]) == 2
    assert message in capsys.readouterr().err


def test_no_answer_is_told(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        to = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    command = ["webhooks", "trigger", "github", "--body", files[0], "--secret-file", files[1], "--to", to]
    assert main(command) == 1
    assert "no answer: connection refused" in capsys.readouterr().out


def test_a_certificate_that_nobody_vouches_for_is_refused(
    files: tuple[str, str], sandbox: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    to = sandbox.providers["bitpay"].base_url
    command = ["webhooks", "trigger", "github", "--body", files[0], "--secret-file", files[1], "--to", to]
    assert main(command) == 1
    assert "the certificate is not trusted" in capsys.readouterr().out
    main([*command, "--ca-file", sandbox.ca_file])
    assert "no answer" not in capsys.readouterr().out


# listen


class Listening:
    """`till webhooks listen` in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "till", "webhooks", "listen", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert "listening on" in line, line
        self.port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
        self.url = f"http://127.0.0.1:{self.port}/hooks?token=hidden-in-url&data.id=7"

    def post(self, body: bytes, headers: dict[str, str]) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/hooks?token=hidden-in-url&data.id=7", body, headers)
            return connection.getresponse().status
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return None
        finally:
            connection.close()

    def end(self) -> tuple[str, str]:
        """What it printed, once it has ended by itself."""
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        return out, err


@pytest.fixture
def listen() -> Iterator[Callable[..., Listening]]:
    running: list[Listening] = []

    def start(*arguments: str) -> Listening:
        running.append(Listening(*arguments))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.communicate()


def signed(body: bytes = BODY, **options: Any) -> dict[str, str]:
    return till.webhooks.sign("stripe", body, SECRET, **options).headers


def test_each_webhook_is_judged_and_answered(
    listen: Callable[..., Listening], files: tuple[str, str]
) -> None:
    listening = listen("--scheme", "stripe", "--secret-file", files[1], "--count", "3", "--status", "202")
    assert listening.post(BODY, signed()) == 202
    assert listening.post(BODY, signed(at=5)) == 401
    assert listening.post(b"\x1b[2J", signed(valid=False)) == 401
    out, err = listening.end()
    assert "accepted: signature valid, trust signed" in out and "evt_1" in out
    assert "refused: too_old" in out and "refused: mismatch" in out
    assert "hidden-in-url" not in out + err and "\x1b" not in out
    assert SECRET not in out + err


def test_a_recording_holds_no_secret_and_is_its_owners(
    listen: Callable[..., Listening], tmp_path: Path
) -> None:
    path = tmp_path / "recording"
    listening = listen("--record", str(path), "--count", "2")
    secrets = {
        "Authorization": "Basic hidden",
        "X-Api-Key": "hidden",
        "Cookie": "hidden",
        "x-callback-token": "hidden",
    }
    assert listening.post(BODY, {**secrets, "X-Signature": "kept"}) == 200
    assert listening.post(b"\xff\x00", {}) == 200
    listening.end()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "hidden" not in text
    first, second = (json.loads(line) for line in text.splitlines())
    assert dict(map(tuple, first["headers"]))["X-Signature"] == "kept"
    assert first["path"] == "/hooks?token=***&data.id=7"
    assert (first["body"], first["answered"]) == (BODY.decode(), 200)
    assert second["body_base64"] == "/wA="


def test_a_schemes_token_is_masked_whatever_its_header(
    listen: Callable[..., Listening], files: tuple[str, str], tmp_path: Path
) -> None:
    scheme = {
        "name": "word",
        "verify": "token",
        "signature": {"header": "x-proof"},
        "freshness": "none",
        "signed_covers": "nothing",
        "dedupe": "none",
    }
    (tmp_path / "word.json").write_text(json.dumps(scheme))
    path = tmp_path / "recording"
    listening = listen(
        "--scheme",
        str(tmp_path / "word.json"),
        "--secret-file",
        files[1],
        "--record",
        str(path),
        "--count",
        "1",
    )
    assert listening.post(BODY, {"X-Proof": SECRET}) == 200
    out, _ = listening.end()
    assert SECRET not in path.read_text() + out


def test_secrets_are_kept_when_that_is_asked_for(listen: Callable[..., Listening], tmp_path: Path) -> None:
    path = tmp_path / "recording"
    listening = listen("--record", str(path), "--keep-secrets", "--count", "1")
    listening.post(BODY, {"Authorization": "Basic hidden"})
    listening.end()
    assert "Basic hidden" in path.read_text() and "hidden-in-url" in path.read_text()


def test_it_forwards_and_answers_as_the_shop_does(
    listen: Callable[..., Listening], shop: Callable[..., ShopServer]
) -> None:
    server = shop(201, 503)
    listening = listen("--forward-to", server.url, "--count", "2")
    assert listening.post(BODY, {"X-Signature": "s", "Connection": "keep-alive"}) == 201
    assert listening.post(BODY, {}) == 503
    listening.end()
    came = server.came[0]
    assert (came.body, came.headers["x-signature"]) == (BODY, "s")
    assert came.path == "/hooks?token=hidden-in-url&data.id=7"
    assert came.headers["host"] == server.url.split("/")[2]


def test_a_shop_that_is_down_is_a_502(
    listen: Callable[..., Listening], shop: Callable[..., ShopServer]
) -> None:
    listening = listen("--forward-to", shop(None).url, "--count", "1")
    assert listening.post(BODY, {}) == 502
    assert "no answer: connection closed" in listening.end()[0]


def test_it_hangs_up_on_the_first_ones_once_the_shop_has_them(
    listen: Callable[..., Listening], shop: Callable[..., ShopServer]
) -> None:
    server = shop()
    listening = listen("--crash-before-ack", "2", "--forward-to", server.url, "--count", "3")
    assert [listening.post(BODY, {}) for _ in range(3)] == [None, None, 200]
    assert listening.end()[0].count("hung up") == 2
    assert len(server.came) == 3


def test_chunks_are_read_and_too_much_is_refused(listen: Callable[..., Listening]) -> None:
    listening = listen("--count", "1", "--json")
    connection = http.client.HTTPConnection("127.0.0.1", listening.port, timeout=30)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(2 << 20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    connection = http.client.HTTPConnection("127.0.0.1", listening.port, timeout=30)
    connection.request("POST", "/", iter([b'{"a"', b": 1}"]), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert json.loads(listening.end()[0])["body"] == '{"a": 1}'


@pytest.mark.parametrize("reset", [False, True])
def test_a_webhook_whose_sender_did_not_wait_counts(listen: Callable[..., Listening], reset: bool) -> None:
    listening = listen("--count", "2", "--delay", "0.2")
    for body in (b'{"half', b'{"half": 1}', b'{"half": 2}'):
        with socket.create_connection(("127.0.0.1", listening.port)) as sender:
            if reset:
                sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sender.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n" + body)
    out, _ = listening.end()
    assert out.count("11 bytes: 200") == 2


def test_json_lines_are_masked_too(listen: Callable[..., Listening], files: tuple[str, str]) -> None:
    listening = listen("--json", "--count", "1", "--scheme", "stripe", "--secret-file", files[1])
    listening.post(BODY, {**signed(), "Authorization": "hidden"})
    out, _ = listening.end()
    assert "hidden" not in out
    assert json.loads(out)["verdict"] == {
        "accepted": True,
        "signature": "valid",
        "trust": "signed",
        "dedupe_key": "evt_1",
    }


def test_a_wrong_listen_says_what_is_right(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, message in [
        (["--secret-file", files[1]], "--scheme"),
        (["--scheme", "stripe"], "no secret"),
        (["--scheme", "square", "--secret-file", files[1]], "--url"),
        (["--forward-to", "http://shop.example/"], "loopback"),
        (["--record", "/does/not/exist"], "cannot write"),
        (["--port", "70000"], "0 to 65535"),
        (["--status", "100"], "200 to 599"),
    ]:
        assert main(["webhooks", "listen", "--port", "0", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_a_signed_url_has_the_query_that_came(
    listen: Callable[..., Listening], files: tuple[str, str]
) -> None:
    url = "https://shop.example/hooks"
    listening = listen("--scheme", "mercado-pago", "--secret-file", files[1], "--url", url, "--count", "2")
    for query, status in [("data.id=7", 200), ("data.id=8", 401)]:
        headers = till.webhooks.sign(
            "mercado-pago", BODY, SECRET, headers={"x-signature": "ts=5"}, url=f"{url}?{query}"
        ).headers
        connection = http.client.HTTPConnection("127.0.0.1", listening.port, timeout=30)
        connection.request("POST", "/hooks?data.id=7", BODY, headers)
        assert connection.getresponse().status == status
        connection.close()


def test_a_taken_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["webhooks", "listen", "--port", str(taken.getsockname()[1])]) == 2
    assert "cannot listen on port" in capsys.readouterr().err


# replay


def recording(path: Path, count: int = 1, **more: Any) -> str:
    lines = []
    for number in range(count):
        body = json.dumps({"id": f"evt_{number}"})
        headers = [[name, value] for name, value in signed(body.encode(), at=1_614_265_330).items()]
        lines.append({"method": "POST", "path": "/", "headers": headers, "body": body, **more})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def replay(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = main(["webhooks", "replay", *arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_recording_goes_as_it_came(
    shop: Callable[..., ShopServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server, file = shop(200, 500), recording(tmp_path / "r", 3)
    assert main(["webhooks", "replay", file, "--to", server.url]) == 1
    out = capsys.readouterr().out
    assert out.startswith("sent 3 recorded, in ")
    assert [line.split() for line in out.splitlines()[-2:]] == [["200", "1"], ["500", "2"]]
    assert [json.loads(came.body)["id"] for came in server.came] == ["evt_0", "evt_1", "evt_2"]
    assert {verify("stripe", came) for came in server.came} == {"too_old"}


def test_each_is_signed_anew(
    shop: Callable[..., ShopServer],
    files: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server, file = shop(), recording(tmp_path / "r", 2)
    arguments = [file, "--to", server.url, "--scheme", "stripe", "--secret-file", files[1]]
    assert replay(capsys, *arguments)[0] == 0
    assert [verify("stripe", came) for came in server.came] == ["valid"] * 2
    replay(capsys, *arguments, "--bad-signature")
    replay(capsys, *arguments, "--clock-skew", "-301")
    assert [verify("stripe", came) for came in server.came[2:]] == ["mismatch"] * 2 + ["too_old"] * 2


def test_copies_go_at_the_same_moment(
    shop: Callable[..., ShopServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server, file = shop(), recording(tmp_path / "r", 2)
    status, told = replay(capsys, file, "--to", server.url, "--duplicates", "3")
    assert (status, told["sent"], told["answers"]) == (0, 8, {"200": 8})
    assert told["recorded"] == 2
    assert len({came.body for came in server.came[:4]}) == 1
    assert {(one["number"], one["copy"]) for one in told["deliveries"]} == {
        (number, copy) for number in (1, 2) for copy in (1, 2, 3, 4)
    }


def test_copies_are_told_apart_from_what_was_recorded(
    shop: Callable[..., ShopServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server, file = shop(), recording(tmp_path / "r", 2)
    assert main(["webhooks", "replay", file, "--to", server.url, "--duplicates", "3"]) == 0
    assert capsys.readouterr().out.startswith(
        "sent 2 recorded and 6 copies, those of one at the same moment, in "
    )


def test_the_order_of_chance_can_be_had_again(
    shop: Callable[..., ShopServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server, file = shop(), recording(tmp_path / "r", 12)
    _, told = replay(capsys, file, "--to", server.url, "--reorder")
    first = [one["number"] for one in told["deliveries"]]
    assert sorted(first) == list(range(1, 13))
    _, again = replay(capsys, file, "--to", server.url, "--seed", str(told["seed"]))
    assert [one["number"] for one in again["deliveries"]] == first
    assert replay(capsys, file, "--to", server.url)[1]["seed"] is None


def test_the_sender_goes_away_without_the_answer(
    shop: Callable[..., ShopServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server, file = shop(), recording(tmp_path / "r", 1)
    status, told = replay(capsys, file, "--to", server.url, "--crash-before-ack")
    assert (status, told["answers"]) == (0, {"no answer: not waited for": 1})


def test_what_listen_records_is_replayed(
    listen: Callable[..., Listening],
    shop: Callable[..., ShopServer],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, server = tmp_path / "recording", shop()
    listening = listen("--record", str(path), "--count", "1")
    listening.post(BODY, {**signed(), "Authorization": "Basic hidden"})
    listening.end()
    assert replay(capsys, str(path), "--to", server.url)[0] == 0
    (came,) = server.came
    assert (came.body, verify("stripe", came)) == (BODY, "valid")
    assert came.path == "/hooks?data.id=7" and "authorization" not in came.headers


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["FILE", "--bad-signature"], "--scheme"),
        (["FILE", "--clock-skew", "5"], "--scheme"),
        (["FILE", "--scheme", "stripe"], "--secret-file"),
        (["FILE", "--duplicates", "101"], "1 to 100"),
        (["EMPTY"], "holds no deliveries"),
        (["BROKEN"], "line 1: no delivery"),
        (["/does/not/exist"], "cannot read"),
    ],
)
def test_a_wrong_replay_says_what_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "EMPTY").write_text("\n")
    (tmp_path / "BROKEN").write_text('{"headers": 1}\n')
    recording(tmp_path / "FILE")
    file = str(tmp_path / arguments[0]) if arguments[0].isupper() else arguments[0]
    assert main(["webhooks", "replay", file, "--to", "http://127.0.0.1:9/", *arguments[1:]]) == 2
    assert message in capsys.readouterr().err
