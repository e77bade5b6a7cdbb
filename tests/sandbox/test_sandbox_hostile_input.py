"""Whatever arrives, the simulators answer in their service's own shape and never fall over."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from bitgpt_client import ENVELOPE, INTENT, BitGptClient
from bitpay_client import BitPayClient
from globalpay_client import GlobalPayClient
from openpay_client import OpenPayClient

from till.sandbox import Control
from till.sandbox.bitpay.methods import METHODS

NASTY: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    10**30,
    -(10**30),
    0.1,
    1e300,
    "",
    " ",
    "\u0000",
    "０１",
    "1" * 5000,
    "1e400",
    "NaN",
    "2014-8-1",
    "9999-12-31",
    "0001-01-01T00:00:00+23:59",
    "USD",
    "BZD",
    "https://[",
    "a@b",
    "<script>",
    "ﬀ🙂\u202e",
    "../../etc",
    "4111111111111111",
    "Tf3yr5tYvccKNVrE26BrPs6LWZRh8woHwjR",
    "mtX8nPZZdJ8d3QNLRJ1oJTiEi26Sj6LQXS",
    [],
    [{}],
    [[]],
    [None],
    {},
    {"a": {"b": []}},
]
OPENPAY_FIELDS = [
    "amount",
    "currency",
    "description",
    "customer_name",
    "customer_email",
    "return_url",
    "card_number",
    "card_expiry_month",
    "card_expiry_year",
    "card_cvv",
    "card_holder_name",
]
BITPAY_FIELDS = [
    "id",
    "pairingCode",
    "facade",
    "label",
    "invoiceId",
    "currency",
    "price",
    "dateStart",
    "dateEnd",
    "startDate",
    "endDate",
    "limit",
    "skip",
    "users",
    "orgs",
    "bitcoinAddress",
    "amount",
    "commit",
]


@pytest.mark.parametrize(
    "path", ["/paylinks", "/payments", "/cards/verification/initiate", "/cards/verification/complete"]
)
def test_openpay_answers_nasty_bodies_in_its_own_shape(openpay: OpenPayClient, path: str) -> None:
    chance = random.Random(path)
    for _ in range(150):
        names = chance.sample(OPENPAY_FIELDS, chance.randint(0, len(OPENPAY_FIELDS)))
        reply = openpay.post(path, {name: chance.choice(NASTY) for name in names})
        assert reply.status_code in (201, 400, 402, 404), reply.text
        assert reply.json()["success"] is (reply.status_code == 201)


def test_openpay_answers_nasty_queries_in_its_own_shape(openpay: OpenPayClient) -> None:
    names = ["page", "limit", "status", "currency", "start_date", "end_date", "paylink_id"]
    for name in names:
        for value in NASTY:
            reply = openpay.get("/transactions", **{name: value if isinstance(value, str) else str(value)})
            assert reply.status_code in (200, 400), reply.text
            assert reply.json()["success"] is (reply.status_code == 200)


BITGPT_FIELDS = {
    "/payments": [
        "provider_id",
        "invoice_id",
        "status",
        "currency",
        "price_usd_from",
        "created_at_to",
        "limit",
    ],
    "/payments/x": ["expand"],
    "/invoices": ["items", "customer_email", "currency", "metadata", "redirect_url"],
    "/invoices/validate": ["items", "customer_email", "currency", "metadata", "redirect_url"],
    "/invoices/list": ["status", "currency", "customer_email", "provider_id", "created_at_from", "offset"],
    "/invoices/x": ["expand", "currency"],
    "/developers/webhooks": ["label", "url", "events", "description"],
}


@pytest.mark.parametrize("path", sorted(BITGPT_FIELDS))
def test_bitgpt_answers_nasty_bodies_in_its_own_shape(bitgpt: BitGptClient, path: str) -> None:
    for name in BITGPT_FIELDS[path]:
        for value in NASTY:
            body = {**(INTENT if path in ("/invoices", "/invoices/validate") else {}), name: value}
            reply = bitgpt.post(path, body)
            assert reply.status_code in (200, 201, 400, 404), reply.text
            assert list(reply.json()) == ENVELOPE
            assert (reply.json()["error"] is None) is (reply.status_code < 300)


@pytest.mark.parametrize("name", ["type", "currency", "price", "product_id", "billing_schema_id", "quantity"])
def test_bitgpt_answers_nasty_items_in_its_own_shape(bitgpt: BitGptClient, name: str) -> None:
    for kind in ("PAYMENT_INTENT", "PRODUCT"):
        for value in (value for value in NASTY if value != "USD"):
            item = {**INTENT["items"][0], "type": kind, name: value}
            assert bitgpt.refused("/invoices", {**INTENT, "items": [item]})["validator"]


@pytest.mark.parametrize("name", ["customerId", "amount", "currency", "description", "dueDate", ""])
def test_globalpay_answers_nasty_invoices_in_its_own_shape(
    globalpay: GlobalPayClient, globalpay_control: Control, name: str
) -> None:
    for value in NASTY:
        body = {"customerId": "customer-1042", "amount": 10000, "currency": "BTN", name: value}
        reply = globalpay.post("/api/invoices", body)
        assert reply.status_code in (201, 400), reply.text
        assert ("error" in reply.json()) is (reply.status_code == 400)
        if reply.status_code == 400:
            assert reply.json()["error"].get("field", "") == name
    for invoice in globalpay_control.payments():
        assert globalpay.http.get(invoice["paymentUrl"]).status_code == 200


@pytest.mark.parametrize("path", ["/api/invoices", "/api/payments"])
def test_globalpay_answers_nasty_queries_in_its_own_shape(globalpay: GlobalPayClient, path: str) -> None:
    for name in ["limit", "offset", "status", "customerId", "x"]:
        for value in NASTY:
            reply = globalpay.get(path, **{name: value if isinstance(value, str) else str(value)})
            assert reply.status_code in (200, 400), reply.text
            assert ("data" in reply.json()) is (reply.status_code == 200)


def test_globalpay_takes_any_refund_and_any_key(globalpay: GlobalPayClient) -> None:
    for value in NASTY:
        assert globalpay.post("/api/refunds", {"payment": value}).status_code == 201
    for key in ("a b", "x" * 5000, "'; DROP TABLE keys"):
        assert globalpay.post("/api/refunds", {}, key=key).status_code == 201


@pytest.mark.parametrize(("facade", "method"), sorted(METHODS))
def test_bitpay_answers_nasty_params_in_its_own_shape(
    bitpay: BitPayClient, merchant: dict[str, Any], facade: str, method: str
) -> None:
    made = bitpay.data("createInvoice", {"price": 5, "currency": "USD"}, **merchant)
    (pos,) = bitpay.data("createPublicPOSToken", **merchant)
    options = {
        "public": {},
        "pos": {"token": pos["token"]},
        "merchant": merchant,
        "merchant/invoice": {**merchant, "token": made["token"]},
    }[facade]
    chance = random.Random(method)
    for _ in range(30):
        names = chance.sample(BITPAY_FIELDS, chance.randint(0, 4))
        reply = bitpay.post(method, {name: chance.choice(NASTY) for name in names}, **options)
        assert reply.status_code in (200, 400, 404, 409), reply.text
        assert list(reply.json()) == (["data"] if reply.status_code == 200 else ["error"])


def test_bitpay_answers_nasty_values_of_each_documented_field(
    bitpay: BitPayClient, bitpay_control: Control, merchant: dict[str, Any]
) -> None:
    made = bitpay.data("createInvoice", {"price": 5, "currency": "USD"}, **merchant)
    bitpay_control.pay(made["id"])
    bitpay_control.confirm(made["id"])
    on = {**merchant, "token": made["token"]}
    cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("createInvoice", {"price": 1, "currency": "USD"}, merchant),
        ("findInvoices", {"dateStart": "2014-8-1", "dateEnd": "2014-8-2"}, merchant),
        ("getLedgerEntries", {"currency": "BTC", "startDate": "2014-1-1", "endDate": "2014-1-2"}, merchant),
        ("createAccount", {"users": [{}], "orgs": [{}]}, {}),
        ("refund", {"bitcoinAddress": NASTY[-7], "amount": 1, "currency": "USD"}, on),
    ]
    for method, params, options in cases:
        for name in params:
            for value in NASTY:
                reply = bitpay.post(method, {**params, name: value}, **options)
                assert reply.status_code in (200, 400, 409), (method, name, value, reply.text)
                assert len(json.loads(reply.text)) == 1


@pytest.mark.parametrize("path", ["/payments/x/pay", "/faults", "/options", "/clock", "/commands/statement"])
def test_control_answers_nasty_bodies(openpay: OpenPayClient, openpay_control: Control, path: str) -> None:
    control_url = openpay.base_url.removesuffix("/v1") + "/_sandbox"
    names = ["amount", "kind", "count", "seconds", "test_mode", "advance_seconds", "card_number"]
    for name in names:
        for value in NASTY:
            if name == "advance_seconds" and isinstance(value, int) and value > 0:
                continue  # would really move the clock
            reply = openpay.http.post(control_url + path, content=json.dumps({name: value}))
            assert reply.status_code in (200, 400, 404, 409), (name, value, reply.text)
    openpay_control.reset()
