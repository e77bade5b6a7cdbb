"""Starting, describing and ending a sandbox; the command line; TLS; independence from the core."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from bitpay_client import BitPayClient, Identity
from openpay_client import OpenPayClient

import till.sandbox
from till.sandbox import PROVIDERS, Clock, Control, ControlFailed, Provider, Sandbox
from till.sandbox.__main__ import run
from till.sandbox.server import open_socket

PYTHON = Path(till.sandbox.__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PYTHON)}


def rates(described: dict[str, object]) -> int:
    provider = described["providers"]["bitpay"]  # type: ignore[index]
    trust = ssl.create_default_context(cafile=str(described["ca_file"]))
    with httpx.Client(verify=trust, trust_env=False) as http:
        return BitPayClient(http, provider["base_url"]).post("getRates").status_code


def test_description_is_json_with_everything_a_gateway_needs(sandbox: Sandbox) -> None:
    described = json.loads(json.dumps(sandbox.describe()))
    assert set(described) == {"ca_file", "dashboard_url", "control_url", "providers"}
    assert set(described["providers"]) == set(PROVIDERS) >= {"openpay", "bitpay"}
    for name, provider in described["providers"].items():
        assert set(provider) == {field.name for field in fields(Provider)} | {"open"}
        assert provider["mode"] == "test" and provider["title"].lower() == name
        opened = ast.parse(provider["open"], mode="eval").body
        assert isinstance(opened, ast.Call) and ast.unparse(opened.func) == "till.Gateway"
        assert [ast.literal_eval(given) for given in opened.args] == [name, provider["settings"]]
        assert {word.arg: ast.literal_eval(word.value) for word in opened.keywords} == {
            "mode": "test",
            "base_url": provider["base_url"],
            "ca_file": described["ca_file"],
        }
        assert provider["base_url"].startswith("https://127.0.0.1:")
        assert "{id}" in provider["payer_url_template"]
    assert described["providers"]["openpay"]["settings"]["api_key"].startswith("sk_test_")
    assert described["providers"]["openpay"]["base_url"].endswith("/v1")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1"])
def test_certificate_is_good_for_every_loopback_name(
    sandbox: Sandbox, trust: ssl.SSLContext, name: str
) -> None:
    parts = urlsplit(sandbox.providers["openpay"].base_url)
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname=name) as secured,
    ):
        assert secured.version() in ("TLSv1.2", "TLSv1.3")


def test_certificate_is_trusted_by_nobody_else(sandbox: Sandbox) -> None:
    with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as http:
        http.get(sandbox.providers["openpay"].base_url)


def test_closing_removes_files_and_ports_and_may_be_repeated() -> None:
    running = Sandbox().start()
    folder, described = Path(running.ca_file).parent, running.describe()
    assert rates(described) == 200
    assert (folder / "server.key").stat().st_mode & 0o777 == 0o600
    running.close()
    running.close()
    assert not folder.exists()
    parts = urlsplit(described["providers"]["bitpay"]["base_url"])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((parts.hostname, parts.port), timeout=5)


def test_two_sandboxes_do_not_share_anything(sandbox: Sandbox) -> None:
    with Sandbox() as other:
        assert other.describe() != sandbox.describe()
        mine, theirs = (s.providers["bitpay"].settings for s in (sandbox, other))
        trust = ssl.create_default_context(cafile=other.ca_file)
        with httpx.Client(verify=trust, trust_env=False) as http:
            client = BitPayClient(http, other.providers["bitpay"].base_url)
            identity = Identity(mine["private_key"])
            assert client.post("getLedgers", token=theirs["token"], identity=identity).status_code == 401


def test_replies_are_not_held_back_until_the_caller_acknowledges() -> None:
    # asyncio sets TCP_NODELAY on accepted connections only when the listener names its protocol.
    with open_socket("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_many_threads_are_served_at_once(sandbox: Sandbox, openpay_control: Control) -> None:
    provider = sandbox.providers["openpay"]
    trust = ssl.create_default_context(cafile=sandbox.ca_file)

    def pay_all(thread: int) -> list[int]:
        with httpx.Client(verify=trust, trust_env=False, timeout=30) as http:
            client = OpenPayClient(http, provider.base_url, provider.settings["api_key"])
            return [
                client.post("/paylinks", {"amount": 1 + n, "currency": "BZD"}).status_code for n in range(50)
            ]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for made in pool.map(pay_all, range(8)) for status in made]
    assert statuses == [201] * 400
    assert len(openpay_control.payments()) == 400


def test_port_that_is_taken_is_an_os_error(sandbox: Sandbox) -> None:
    taken = urlsplit(sandbox.providers["openpay"].base_url).port
    with pytest.raises(OSError), Sandbox(ports={"openpay": taken or 0}):
        pass


def test_wrong_arguments_are_value_errors() -> None:
    for arguments in ({"process": "fork"}, {"ports": {"paypal": 1}}):
        with pytest.raises(ValueError):
            Sandbox(**arguments)
    with pytest.raises(ValueError):
        Sandbox(process="subprocess", clock=Clock())


def test_given_clock_is_the_time() -> None:
    with Sandbox(clock=Clock(lambda: 1_411_506_491.781)) as running:
        trust = ssl.create_default_context(cafile=running.ca_file)
        provider = running.providers["bitpay"]
        with httpx.Client(verify=trust, trust_env=False) as http:
            made = BitPayClient(http, provider.base_url).data(
                "createInvoice",
                {"price": 100, "currency": "USD"},
                token=provider.settings["token"],
                identity=Identity(provider.settings["private_key"]),
            )
    assert (made["invoiceTime"], made["expirationTime"]) == (1411506491781, 1411507391781)


def test_replies_are_dated_by_the_simulated_clock() -> None:
    with Sandbox(clock=Clock(lambda: 1_770_802_243.9)) as running:
        trust = ssl.create_default_context(cafile=running.ca_file)
        place = running.providers["openpay"]
        page = place.payer_url_template.replace("{id}", "nothing")
        with httpx.Client(verify=trust, trust_env=False) as http:
            for url in (place.base_url + "/transactions", place.control_url, page):
                dates = http.get(url).headers.get_list("date")
                assert dates == ["Wed, 11 Feb 2026 09:30:43 GMT"]


@pytest.mark.parametrize("host", ["::1", "localhost"])
def test_other_loopback_addresses_are_served(host: str) -> None:
    if host == "::1":
        try:
            open_socket(host, 0).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
    with Sandbox(host=host) as running:
        assert urlsplit(running.providers["bitpay"].base_url).hostname == host
        assert rates(running.describe()) == 200
        assert running.control("openpay").payments() == []


def test_child_after_fork_leaves_its_parents_sandbox_alone() -> None:
    with Sandbox() as running:
        child = os.fork()
        if child == 0:
            running.close()
            os._exit(0 if Path(running.ca_file).exists() else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert rates(running.describe()) == 200


def test_subprocess_serves_and_ends_with_its_parent() -> None:
    with Sandbox(process="subprocess", shop="Corner") as running:
        assert rates(running.describe()) == 200
        assert running.control("bitpay").payments() == []
        folder = Path(running.ca_file).parent
        assert folder.exists()
    assert not folder.exists()


def test_command_line_prints_json_and_stops_on_a_signal() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        child = subprocess.Popen(
            [sys.executable, "-m", "till.sandbox", "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        assert child.stdout is not None
        described = json.loads(child.stdout.readline())
        assert rates(described) == 200
        child.send_signal(number)
        assert child.wait(20) == 0
        child.stdout.close()
        assert not Path(described["ca_file"]).exists()


def test_command_line_prints_a_table_with_urls(capsys: pytest.CaptureFixture[str]) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "till.sandbox", "--shop", "Corner"],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert child.stdout is not None
    text = ""
    while "Ctrl-C" not in text:
        line = child.stdout.readline()
        assert line, text
        text += line
    child.terminate()
    child.communicate(timeout=20)
    assert "no real money" in text and "CA file" in text
    assert "OpenPay, mode: test" in text and "BitPay, mode: test" in text
    assert "\nDashboard  https://127.0.0.1:" in text
    for what in ("API", "control", "payer"):
        assert len(re.findall(f"\n  {what} +https://127.0.0.1:", text)) == len(PROVIDERS)
    assert text.count('mode="test", base_url="https://127.0.0.1:') == len(PROVIDERS)
    assert len(re.findall(r"\n  shell +TILL_[A-Z]+_.* till pay ", text)) == len(PROVIDERS)


def test_command_line_says_when_a_port_is_taken(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    taken = urlsplit(sandbox.providers["openpay"].base_url).port
    assert run(["--port-openpay", str(taken)]) == 1
    said = capsys.readouterr().err
    assert "cannot listen" in said and str(taken) in said


def test_command_line_serves_on_the_port_it_is_given_and_leaves_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "till.sandbox", "--json", "--port-openpay", str(port)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = json.loads(child.stdout.readline())
    child.terminate()
    child.communicate(timeout=20)
    assert urlsplit(told["providers"]["openpay"]["base_url"]).port == port
    assert not Path(told["ca_file"]).parent.exists()


def test_one_that_runs_is_not_started_again(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="runs already"):
        sandbox.start()


def test_nothing_of_the_core_is_needed_or_loaded() -> None:
    script = (
        "import sys, till.sandbox, till.sandbox.__main__\n"
        "loaded = [m for m in sys.modules if m.startswith('till.')]\n"
        "print([m for m in loaded if not m.startswith('till.sandbox')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_sources_import_nothing_of_till_but_the_sandbox() -> None:
    for source in Path(till.sandbox.__file__).parent.rglob("*.py"):
        for line in source.read_text().splitlines():
            words = line.split()
            if words[:1] in (["from"], ["import"]) and words[1].split(".")[0] == "till":
                assert words[1].startswith("till.sandbox"), (source.name, line)


def test_control_speaks_plain_json(http: httpx.Client, sandbox: Sandbox, bitpay_control: Control) -> None:
    url = sandbox.providers["bitpay"].control_url
    overview = http.get(url).json()["data"]
    assert overview["provider"] == "bitpay" and "approve_pairing_code" in overview["commands"]
    assert http.post(url + "/payments/x/pay", json={}).json() == {"error": "There is no such invoice."}
    assert http.post(url + "/commands/nothing").status_code == 404
    assert http.post(url + "/options", json={"color": 1}).status_code == 400
    assert http.post(url + "/clock", json={"advance_seconds": -1}).status_code == 400
    assert http.post(url + "/faults", content=b"{").status_code == 400


def test_control_takes_no_float_amounts(bitpay_control: Control) -> None:
    with pytest.raises(TypeError):
        bitpay_control.pay("x", 0.1)  # type: ignore[arg-type]
    with pytest.raises(ControlFailed) as refused:
        bitpay_control.pay("x", "0.1")
    assert refused.value.status == 404


def test_reset_forgets_payments_and_options(openpay_control: Control) -> None:
    openpay_control.options(test_mode=False)
    openpay_control.reset()
    assert openpay_control.options()["test_mode"] is True
    assert openpay_control.requests() == []
