"""BitPay's endpoint: envelope, headers, signatures, facades, tokens and pairing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from bitpay_client import BitPayClient, Identity

from till.sandbox import Control, Sandbox
from till.sandbox.bitpay import identity as bitpay_identity

OTHER_KEY = "97811b691dd7ebaeb67977d158e1da2c4d3eaa4ee4e2555150628acade6b344c"
OTHER_SIN = "Tf3yr5tYvccKNVrE26BrPs6LWZRh8woHwjR"
Merchant = dict[str, Any]


def error(response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    assert list(response.json()) == ["error"]
    return str(response.json()["error"])


def test_public_call_needs_neither_token_nor_identity(bitpay: BitPayClient) -> None:
    assert bitpay.data("getRateForCurrency", {"currency": "USD"}) == {
        "code": "USD",
        "name": "US Dollar",
        "rate": 437.29,
    }
    assert [row["code"] for row in bitpay.data("getRates")][:2] == ["USD", "EUR"]
    assert list(bitpay.data("getCurrencies")[0]) == [
        "code",
        "symbol",
        "precision",
        "exchangePctFee",
        "payoutEnabled",
        "name",
        "plural",
        "alts",
        "payoutFields",
    ]


@pytest.mark.parametrize(
    "envelope",
    [
        {"params": {}},
        {"params": None},
        {"params": "[]"},
        {"params": "{"},
        {"params": '{"a":1,"a":2}'},
        {"method": 7},
        {"method": ""},
        {"nonce": "1"},
        {"nonce": 1.5},
        {"nonce": True},
        {"token": "x"},
        {"jsonrpc": "2.0"},
    ],
)
def test_wrong_envelope_is_refused(bitpay: BitPayClient, envelope: dict[str, Any]) -> None:
    error(bitpay.post("getRates", envelope=envelope), 400)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"X-Accept-Version": "1.0.0"},
        {"X-Accept-Version": ""},
        {"X-Identity": "02326209e52f6f17e987ec27c56a1321acf3d68088b8fb634f232f12ccbc9a4575"},
        {"X-Signature": "3044"},
    ],
)
def test_wrong_headers_are_refused(bitpay: BitPayClient, headers: dict[str, str]) -> None:
    error(bitpay.post("getRates", headers=headers), 400)


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_answered(bitpay: BitPayClient, verb: str) -> None:
    error(bitpay.http.request(verb, bitpay.base_url + "/api"), 404)


@pytest.mark.parametrize("path", ["/api/", "/api/x/y", "/api/0OIl", "/api/%2e%2e"])
def test_other_paths_are_404(bitpay: BitPayClient, path: str) -> None:
    error(bitpay.http.post(bitpay.base_url + path, json={}), 404)


def test_merchant_call_needs_its_identity(bitpay: BitPayClient, merchant: Merchant) -> None:
    assert bitpay.data("getInvoiceSettings", **merchant)["merchantName"] == "Maya Island Books"
    assert error(bitpay.post("getLedgers", token=merchant["token"]), 401) == "Unauthorized sin"
    other = Identity(OTHER_KEY)
    assert error(bitpay.post("getLedgers", token=merchant["token"], identity=other), 401) == (
        "Unauthorized sin"
    )
    assert error(bitpay.post("getLedgers", token="2g", identity=merchant["identity"]), 401) == (
        "Invalid token"
    )


def test_any_changed_byte_breaks_the_signature(bitpay: BitPayClient, merchant: Merchant) -> None:
    identity: Identity = merchant["identity"]
    url = f"{bitpay.base_url}/api/{merchant['token']}"
    body = b'{"method":"getLedgers","params":"{}","nonce":null}'
    plain = {"content-type": "application/json", "x-accept-version": "2.0.0"}

    def send(signed: bytes, sent: bytes = body) -> int:
        headers = {**plain, "x-identity": identity.public_key, "x-signature": identity.sign(signed)}
        return bitpay.http.post(url, content=sent, headers=headers).status_code

    assert send(url.encode() + body) == 200
    assert send(url.encode() + body + b" ") == 400
    assert send(url.encode() + body, body + b" ") == 400
    assert send(url.replace("https", "http").encode() + body) == 400
    without_port = re.sub(r":\d+/", "/", url)
    assert send(without_port.encode() + body) == 400
    assert send(body) == 400


def test_signature_and_key_errors_have_the_published_texts(bitpay: BitPayClient, merchant: Merchant) -> None:
    wrong = bitpay.post("getLedgers", **merchant, headers={"X-Signature": "3006020101020101"})
    assert error(wrong, 400) == "Invalid signature"
    bad = bitpay.post("getLedgers", **merchant, headers={"X-Identity": "02" + "ff" * 32})
    assert error(bad, 400) == "Bad public key from identity"


def test_increasing_nonces_must_grow_and_null_is_allowed(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant
) -> None:
    bitpay_control.options(nonce="increasing")
    assert bitpay.post("getLedgers", **merchant, nonce=10).status_code == 200
    assert error(bitpay.post("getLedgers", **merchant, nonce=10), 400) == "Invalid nonce"
    assert error(bitpay.post("getLedgers", **merchant, nonce=9), 400) == "Invalid nonce"
    assert bitpay.post("getLedgers", **merchant, nonce=11).status_code == 200
    assert bitpay.post("getLedgers", **merchant, nonce=None).status_code == 200


def test_refused_signature_does_not_use_up_a_nonce(bitpay: BitPayClient, merchant: Merchant) -> None:
    bitpay.post("getLedgers", **merchant, nonce=99, headers={"X-Signature": "3006020101020101"})
    assert bitpay.post("getLedgers", **merchant, nonce=1).status_code == 200


def test_a_nonce_may_be_used_once_in_any_order(bitpay: BitPayClient, merchant: Merchant) -> None:
    statuses = [bitpay.post("getLedgers", **merchant, nonce=n).status_code for n in (5, 4, 5)]
    assert statuses == [200, 200, 400]


@pytest.mark.parametrize(
    ("method", "facade"),
    [("getLedgers", "public"), ("refund", "merchant"), ("getRates", "merchant"), ("nothing", "public")],
)
def test_method_of_another_facade_is_refused(
    bitpay: BitPayClient, merchant: Merchant, method: str, facade: str
) -> None:
    options = merchant if facade == "merchant" else {}
    assert facade in error(bitpay.post(method, **options), 404)


def test_errors_can_come_with_status_200(bitpay: BitPayClient, bitpay_control: Control) -> None:
    bitpay_control.options(errors_with_status_200=True)
    error(bitpay.post("nothing"), 200)


def test_client_asks_and_merchant_approves_on_the_page(bitpay: BitPayClient, sandbox: Sandbox) -> None:
    (asked,) = bitpay.data("createToken", {"id": OTHER_SIN, "facade": "merchant", "label": "my shop"})
    assert list(asked) == [
        "token",
        "facade",
        "dateCreated",
        "pairingExpiration",
        "pairingCode",
        "policies",
    ]
    assert asked["pairingExpiration"] - asked["dateCreated"] == 86_400_000
    assert asked["policies"] == [{"policy": "id", "method": "inactive", "params": [OTHER_SIN]}]
    client = {"token": asked["token"], "identity": Identity(OTHER_KEY)}
    assert "not approved" in error(bitpay.post("getLedgers", **client), 401)

    page = bitpay.http.get(
        bitpay.base_url + "/api-access-request", params={"pairingCode": asked["pairingCode"]}
    )
    assert page.status_code == 200 and OTHER_SIN in page.text and "my shop" in page.text
    approve = f"/api-access-request/approve?pairingCode={asked['pairingCode']}"
    assert bitpay.http.post(bitpay.base_url + approve).status_code == 200
    assert bitpay.post("getLedgers", **client).status_code == 200
    assert bitpay.http.post(bitpay.base_url + approve).status_code == 404


def test_merchant_approves_over_the_api(bitpay: BitPayClient, merchant: Merchant) -> None:
    (asked,) = bitpay.data("createToken", {"id": OTHER_SIN, "facade": "pos"})
    code = asked["pairingCode"]
    wrong = bitpay.post("createToken", {"pairingCode": code, "facade": "merchant"}, **merchant)
    assert "facade" in error(wrong, 400)
    (token,) = bitpay.data("createToken", {"pairingCode": code, "facade": "pos"}, **merchant)
    assert token["policies"] == [{"policy": "id", "method": "require", "params": [OTHER_SIN]}]
    assert set(token) == {"resource", "token", "facade", "dateCreated", "policies"}
    client = {"token": token["token"], "identity": Identity(OTHER_KEY)}
    assert bitpay.post("getInvoiceSettings", **client).status_code == 200
    assert bitpay.post("getLedgers", **client).status_code == 404


def test_client_redeems_a_code_of_the_merchant_once(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant
) -> None:
    code = bitpay_control.create_pairing_code("merchant")
    wrong = bitpay.post("createToken", {"id": OTHER_SIN, "pairingCode": code, "facade": "pos"})
    assert "facade" in error(wrong, 400)
    (token,) = bitpay.data("createToken", {"id": OTHER_SIN, "pairingCode": code})
    client = {"token": token["token"], "identity": Identity(OTHER_KEY)}
    assert bitpay.post("getLedgers", **client).status_code == 200
    error(bitpay.post("createToken", {"id": OTHER_SIN, "pairingCode": code}), 404)
    again = {"pairingCode": code, "facade": "merchant"}
    error(bitpay.post("createToken", again, **merchant), 404)


def test_pairing_code_expires_after_a_day(bitpay: BitPayClient, bitpay_control: Control) -> None:
    code = bitpay_control.create_pairing_code()
    bitpay_control.advance_clock(86_400)
    error(bitpay.post("createToken", {"id": OTHER_SIN, "pairingCode": code}), 404)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"id": OTHER_SIN},
        {"id": OTHER_SIN[:-1] + "x", "facade": "pos"},
        {"id": OTHER_SIN, "facade": "public"},
        {"id": OTHER_SIN, "facade": "pos", "label": "x" * 61},
        {"id": OTHER_SIN, "facade": "pos", "label": "<b>"},
        {"id": OTHER_SIN, "pairingCode": "short"},
        {"id": OTHER_SIN, "pairingCode": 1234567},
        {"id": OTHER_SIN, "facade": "pos", "guid": "x"},
    ],
)
def test_wrong_token_request_is_refused(bitpay: BitPayClient, params: dict[str, Any]) -> None:
    error(bitpay.post("createToken", params), 400)


def test_public_pos_token_works_unsigned(bitpay: BitPayClient, merchant: Merchant) -> None:
    (token,) = bitpay.data("createPublicPOSToken", **merchant)
    assert (token["facade"], token["policies"]) == ("pos", [])
    made = bitpay.data("createInvoice", {"price": 1, "currency": "USD"}, token=token["token"])
    assert made["status"] == "new"


def test_account_application(bitpay: BitPayClient) -> None:
    user = {
        "email": "satoshi@example.com",
        "firstName": "Satoshi",
        "lastName": "Nakamoto",
        "phone": "4041235678",
        "agreedToTOSandPP": "true",
    }
    org = {
        "name": "Satoshi Widgets",
        "address1": "123 Peachtree St",
        "city": "Atlanta",
        "state": "GA",
        "zip": "30303",
        "country": "USA",
        "isNonProfit": False,
        "industry": "Accounting",
    }
    made = bitpay.data("createAccount", {"users": [user], "orgs": [org]})
    assert made["accountName"] == "Satoshi Widgets" and made["verified"] is False
    del user["email"]
    assert "email" in error(bitpay.post("createAccount", {"users": [user], "orgs": [org]}), 400)
    error(bitpay.post("createAccount", {"users": [], "orgs": [org]}), 400)


def test_settings_given_to_a_gateway_belong_together(sandbox: Sandbox) -> None:
    settings = sandbox.providers["bitpay"].settings
    assert set(settings) == {"private_key", "token", "facade"}
    assert re.fullmatch(r"[0-9a-f]{64}", settings["private_key"])
    assert bitpay_identity.public_key_of(settings["private_key"])


def test_tokens_are_masked_in_the_request_log(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant
) -> None:
    bitpay.data("getLedgers", **merchant)
    (seen,) = bitpay_control.requests()
    assert merchant["token"] not in json.dumps(seen, default=str)
    assert seen["body"]["method"] == "getLedgers"
