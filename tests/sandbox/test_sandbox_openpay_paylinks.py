"""OpenPay's paylinks and the rules that every endpoint shares."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from openpay_client import OpenPayClient

from till.sandbox import Control, ControlFailed

PAYLINK: dict[str, Any] = {"amount": 150.00, "currency": "BZD"}


def test_created_paylink_has_the_documented_shape_and_decimals(openpay: OpenPayClient) -> None:
    reply = openpay.post(
        "/paylinks",
        '{"amount": 150.00, "currency": "BZD", "description": "Invoice #1234",'
        '"customer_name": "John Doe", "customer_email": "john@example.com",'
        '"return_url": "https://myshop.example/success"}',
    )
    assert reply.status_code == 201
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert '"amount":150.00,' in reply.text
    body = reply.json()
    assert list(body) == ["success", "data"] and body["success"] is True
    data = body["data"]
    assert list(data) == ["id", "url", "qr_code", "amount", "currency", "status", "created_at"]
    assert data["url"].endswith(f"/payment/{data['id']}")
    assert data["qr_code"].endswith(f"/qr/{data['id']}.png")
    assert data["status"] == "active"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", data["created_at"])


def test_retrieved_paylink_adds_description_and_customer(openpay: OpenPayClient) -> None:
    made = openpay.post("/paylinks", {**PAYLINK, "description": "Book", "customer_name": "Ann"})
    reply = openpay.get("/paylinks/" + made.json()["data"]["id"])
    assert reply.status_code == 200
    assert reply.json()["data"] == {
        **made.json()["data"],
        "description": "Book",
        "customer_name": "Ann",
    }


def test_qr_code_is_a_png(openpay: OpenPayClient) -> None:
    made = openpay.post("/paylinks", PAYLINK).json()["data"]
    picture = openpay.http.get(made["qr_code"])
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "150.00"},
        {"amount": 0},
        {"amount": -1},
        {"amount": 1.001},
        {"amount": True},
        {"amount": None},
        {"amount": 10**12},
        {"currency": "EUR"},
        {"currency": "bzd"},
        {"currency": 84},
        {"description": 7},
        {"description": None},
        {"customer_email": "nobody"},
        {"return_url": "javascript:alert(1)"},
        {"return_url": "/relative"},
        {"card": "1"},
        {"metadata": {}},
    ],
)
def test_wrong_or_unknown_field_is_refused_by_name(openpay: OpenPayClient, change: dict[str, Any]) -> None:
    reply = openpay.post("/paylinks", {**PAYLINK, **change})
    assert reply.status_code == 400
    assert set(reply.json()) == {"success", "message"} and reply.json()["success"] is False
    assert next(iter(change)) in reply.json()["message"]


@pytest.mark.parametrize("name", ["amount", "currency"])
def test_missing_field_is_refused(openpay: OpenPayClient, name: str) -> None:
    body = {key: value for key, value in PAYLINK.items() if key != name}
    reply = openpay.post("/paylinks", body)
    assert reply.status_code == 400 and name in reply.json()["message"]


@pytest.mark.parametrize("raw", ["", "[]", '"x"', "{", '{"amount":1,"amount":2}', "null"])
def test_body_that_is_no_json_object_is_refused(openpay: OpenPayClient, raw: str) -> None:
    assert openpay.post("/paylinks", raw).status_code == 400


def test_number_that_no_double_holds_is_refused(openpay: OpenPayClient) -> None:
    assert openpay.post("/paylinks", '{"amount":1e400,"currency":"BZD"}').status_code == 400


def test_other_content_type_is_refused(openpay: OpenPayClient) -> None:
    reply = openpay.http.post(openpay.base_url + "/paylinks", headers=openpay.headers, data={"amount": "1"})
    assert reply.status_code == 400 and "Content-Type" in reply.json()["message"]


@pytest.mark.parametrize("key", [None, "", "sk_test_0000", "sk_live_x"])
def test_missing_or_wrong_key_is_401(openpay: OpenPayClient, key: str | None) -> None:
    headers = {} if key is None else {"x-api-key": key}
    for path in ("/paylinks/x", "/transactions", "/nowhere"):
        reply = openpay.http.get(openpay.base_url + path, headers=headers)
        assert reply.status_code == 401
        assert reply.json() == {"success": False, "message": "Invalid or missing API Key"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/paylinks"),
        ("PUT", "/paylinks"),
        ("DELETE", "/paylinks/x"),
        ("GET", "/payments"),
        ("POST", "/transactions"),
        ("GET", "/cards/verification/initiate"),
        ("POST", "/refunds"),
        ("GET", "/paylinks/"),
        ("GET", ""),
    ],
)
def test_wrong_verb_or_path_is_404(openpay: OpenPayClient, method: str, path: str) -> None:
    reply = openpay.http.request(method, openpay.base_url + path, headers=openpay.headers)
    assert reply.status_code == 404 and reply.json()["success"] is False


def test_unknown_ids_are_404(openpay: OpenPayClient) -> None:
    for path in ("/paylinks/cafe62fc-11e5-4000-a11b-e95f0f5f54e7", "/transactions/abc"):
        assert openpay.get(path).status_code == 404


def test_paid_paylink_shows_in_transactions_of_that_paylink(
    openpay: OpenPayClient, openpay_control: Control
) -> None:
    made, other = (openpay.post("/paylinks", PAYLINK).json()["data"]["id"] for _ in range(2))
    openpay_control.pay(made)
    found = openpay.get("/transactions", paylink_id=made).json()["data"]
    assert [(t["amount"], t["currency"], t["status"]) for t in found] == [(150, "BZD", "completed")]
    assert openpay.get("/transactions", paylink_id=other).json()["data"] == []
    assert openpay.get("/paylinks/" + made).json()["data"]["status"] == "active"


def test_underpaid_paylink_takes_the_rest_and_then_no_more(
    openpay: OpenPayClient, openpay_control: Control
) -> None:
    made = openpay.post("/paylinks", PAYLINK).json()["data"]["id"]
    openpay_control.underpay(made, "40.10")
    openpay_control.pay(made)
    amounts = [t["amount"] for t in openpay.get("/transactions", paylink_id=made).json()["data"]]
    assert sorted(amounts) == [40.10, 109.90]
    with pytest.raises(ControlFailed, match="already paid") as refused:
        openpay_control.pay(made)
    assert refused.value.status == 409


def test_declined_paylink_stays_open_and_expired_one_does_not(
    openpay: OpenPayClient, openpay_control: Control, http: httpx.Client
) -> None:
    link = openpay.post("/paylinks", PAYLINK).json()["data"]
    openpay_control.decline(link["id"])
    assert openpay.get("/transactions", status="failed").json()["pagination"]["total"] == 1
    openpay_control.expire(link["id"])
    with pytest.raises(ControlFailed, match="expired"):
        openpay_control.pay(link["id"])
    assert "API tells of no expiry" in http.get(link["url"]).text


def test_only_post_bodies_reach_the_log_and_masked(
    openpay: OpenPayClient, openpay_control: Control, http: httpx.Client
) -> None:
    openpay.post("/paylinks", PAYLINK)
    (seen,) = openpay_control.requests()
    assert (seen["method"], seen["path"], seen["status"]) == ("POST", "/v1/paylinks", 201)
    assert openpay.headers["x-api-key"] not in str(openpay_control.requests())
