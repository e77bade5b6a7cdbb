"""BitPay's reference for identities, npm `bitauth`: it judges our requests, and the sandbox judges its.

Needs node and the package: `npm install bitauth@0.4.1` in a folder that NODE_PATH names by its node_modules.
"""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import till
from till.sandbox import Control, Sandbox

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def bitauth() -> Iterator[Ask]:
    """`bitauth("sign", text=..., key=...)`: what the reference answers."""
    node = shutil.which("node")
    found = node and subprocess.run([node, "-e", "require('bitauth')"], capture_output=True, check=False)
    if not node or not found or found.returncode != 0:
        pytest.skip("node with bitauth@0.4.1 in NODE_PATH is not there")
    peer = Path(__file__).with_name("bitauth_peer.js")
    child = subprocess.Popen([node, str(peer)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    questions, answers = child.stdin, child.stdout

    def ask(what: str, **more: Any) -> Any:
        questions.write(json.dumps({"ask": what, **more}) + "\n")
        questions.flush()
        return json.loads(answers.readline())

    yield ask
    questions.close()
    child.wait(20)
    answers.close()


def request_of(shop: till.Gateway, operation: str, given: dict[str, Any]) -> dict[str, Any]:
    """The first request of an operation as a server would see it."""
    request = shop.exchange(operation, given).request
    assert request is not None
    headers = {name.lower(): value for name, value in request.headers}
    return {"url": request.url, "headers": headers, "body": request.body.decode()}


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("check", {}),
        ("payments.create", {"amount": till.Money("10.50", "USD"), "reference": "1042"}),
        (
            "payments.create",
            {
                "amount": till.Money("10.50", "USD"),
                "description": "Zwei Bücher für Ana, ☕ 本",
                "return_url": "https://shop.example/danke?a=1&b=%C3%A4",
            },
        ),
        ("native.getLedgers", {}),
        ("rates.list", {}),
    ],
)
@pytest.mark.parametrize("base_url", [None, "https://127.0.0.1:8443", "http://127.0.0.1:8080"])
def test_reference_lets_our_requests_in(
    bitauth: Ask, runtime: till.Runtime, operation: str, given: dict[str, Any], base_url: str | None
) -> None:
    identity = till.Identity.generate()
    settings = {
        "private_key": identity.reveal_private_key(),
        "token": "4bdD1muDaxBydeYHSdNagEy1w44FJftrfftmJ5pLfcXU",
        "send_order_details": True,
    }
    shop = till.Gateway("bitpay", settings, mode="test", base_url=base_url, runtime=runtime)
    sent = request_of(shop, operation, given)
    if operation == "rates.list":  # a public call says nothing of who asks
        assert "x-identity" not in sent["headers"]
        return
    assert bitauth("check", **sent) == {"refusal": None, "sin": identity.sin}
    changed = {**sent, "body": sent["body"] + " "}
    assert bitauth("check", **changed)["refusal"] == "Invalid signature"
    elsewhere = {**sent, "url": sent["url"].replace("/api/", "/api/x")}
    assert bitauth("check", **elsewhere)["refusal"] == "Invalid signature"


def test_identities_are_the_references(bitauth: Ask) -> None:
    for _ in range(20):
        identity = till.Identity.generate()
        assert bitauth("identity", key=identity.reveal_private_key())["sin"] == identity.sin


def test_sandbox_lets_the_references_requests_in(
    bitauth: Ask, sandbox: Sandbox, payer: Callable[[str], Control]
) -> None:
    place, control = sandbox.providers["bitpay"], payer("bitpay")
    key, url = place.settings["private_key"], f"{place.base_url}/api/{place.settings['token']}"
    identity = bitauth("identity", key=key)
    trust = ssl.create_default_context(cafile=sandbox.ca_file)

    def call(method: str, params: dict[str, Any], changed: str = "") -> httpx.Response:
        nonce = time.time_ns() // 1000
        body = json.dumps({"method": method, "params": json.dumps(params), "nonce": nonce})
        headers = {
            "Content-type": "application/json",
            "X-Accept-Version": "2.0.0",
            "X-Identity": identity["publicKey"],
            "X-Signature": bitauth("sign", text=url + body + changed, key=key),
        }
        with httpx.Client(verify=trust, trust_env=False) as http:
            return http.post(url, content=body, headers=headers)

    made = call("createInvoice", {"price": 10.5, "currency": "USD"})
    assert made.status_code == 200, made.text
    theirs = made.json()["data"]["id"]
    control.pay(theirs)
    assert call("getInvoice", {"invoiceId": theirs}).json()["data"]["status"] == "paid"
    assert call("getLedgers", {}, changed=" ").json() == {"error": "Invalid signature"}
