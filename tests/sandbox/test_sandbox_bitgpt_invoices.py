"""BitGPT's invoices and payments: what they take, how they look, what payers do to them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import httpx
import pytest
from bitgpt_client import INTENT, BitGptClient

from till.sandbox import Control, ControlFailed, Sandbox
from till.sandbox.bitgpt.currencies import CODES

UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
PRODUCT = {
    "type": "PRODUCT",
    "product_id": "product_0197a8d9-8426-7e71-9edf-26301686ed26",
    "billing_schema_id": "schema_0197a8d9-8427-7dc4-9b9f-4e29594b5d12",
    "quantity": 2,
}


def test_created_invoice_has_the_documented_shape(bitgpt: BitGptClient) -> None:
    reply = bitgpt.post(
        "/invoices", {**INTENT, "metadata": {"a": [1]}, "redirect_url": "https://shop.example"}
    )
    assert reply.status_code == 201
    envelope = reply.json()
    assert (envelope["status"], envelope["message"]) == (201, "Resource created successfully")
    assert re.fullmatch("support_" + UUID7, envelope["support_id"])
    data = envelope["data"]
    assert re.fullmatch("invoice_" + UUID7, data["id"])
    assert re.fullmatch("org_" + UUID7, data["organization_id"])
    assert re.fullmatch(TIME, data["created_at"])
    assert (data["status"], data["substatus"], data["currency"]) == ("PENDING", None, "GBP")
    assert (data["price"], data["metadata"]) == ("10." + "0" * 30, {"a": [1]})
    assert data["redirect_url"] == "https://shop.example"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customer_email": None}, "customer_email"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"items": []}, "items"),
        ({"items": ["GBP"]}, "items"),
        ({"items": {"type": "PAYMENT_INTENT"}}, "items"),
        ({"currency": "DOLLAR"}, "currency"),
        ({"currency": "btc"}, "currency"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": None}, "metadata"),
        ({"redirect_url": "/thanks"}, "redirect_url"),
        ({"amount": 10}, "amount"),
    ],
)
def test_wrong_or_unknown_field_is_named(bitgpt: BitGptClient, change: dict[str, Any], field: str) -> None:
    envelope = bitgpt.refused("/invoices", {**INTENT, **change})
    assert list(envelope["validator"]) == [field]
    assert envelope["validator"][field]


@pytest.mark.parametrize("name", ["items", "customer_email"])
def test_missing_field_is_named(bitgpt: BitGptClient, name: str) -> None:
    body = {key: value for key, value in INTENT.items() if key != name}
    assert list(bitgpt.refused("/invoices", body)["validator"]) == [name]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "GIFT"}, "type"),
        ({"price": 10}, "price"),
        ({"price": "0"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "1e3"}, "price"),
        ({"price": "10.001"}, "price"),
        ({"price": "ten"}, "price"),
        ({"currency": "XYZ"}, "currency"),
        ({"quantity": 1}, "quantity"),
    ],
)
def test_wrong_item_is_named_with_its_place(bitgpt: BitGptClient, change: dict[str, Any], field: str) -> None:
    items = [INTENT["items"][0], {**INTENT["items"][0], **change}]
    envelope = bitgpt.refused("/invoices", {**INTENT, "items": items})
    assert list(envelope["validator"]) == [f"items.1.{field}"]


@pytest.mark.parametrize("raw", ["", "[]", '"x"', "{", '{"items":[],"items":[]}', "null"])
def test_body_that_is_no_json_object_is_refused(bitgpt: BitGptClient, raw: str) -> None:
    assert bitgpt.refused("/invoices", raw)["validator"] is None


@pytest.mark.parametrize("code", CODES)
def test_every_documented_currency_is_taken(bitgpt: BitGptClient, code: str) -> None:
    made = bitgpt.invoice("3", code)
    assert (made["currency"], made["price"]) == (code, "3." + "0" * 30)
    assert Decimal(made["price_usd"]) > 0


def test_there_are_49_currencies() -> None:
    assert len(set(CODES)) == 49


def test_prices_keep_every_digit(bitgpt: BitGptClient) -> None:
    assert bitgpt.invoice("0.000000000000000001", "ETHEREUM")["price"] == "0.000000000000000001" + "0" * 12
    assert bitgpt.invoice("99999999.99", "EUR")["price"].startswith("99999999.99000")


def test_items_add_up_in_the_main_currency(bitgpt: BitGptClient) -> None:
    pound = INTENT["items"][0]
    assert bitgpt.data("/invoices", {**INTENT, "items": [PRODUCT, pound]})["price"].startswith("30.000")
    mixed = {**INTENT, "items": [pound, {**pound, "currency": "EUR"}]}
    assert list(bitgpt.refused("/invoices", mixed)["validator"]) == ["currency"]
    assert bitgpt.data("/invoices", {**mixed, "currency": "USD"})["price"].startswith("25.20")


def test_unknown_product_is_not_found(bitgpt: BitGptClient) -> None:
    body = {**INTENT, "items": [{**PRODUCT, "product_id": "product_1"}]}
    assert list(bitgpt.refused("/invoices", body, 404)["validator"]) == ["items.0"]


def test_validate_checks_the_same_and_makes_nothing(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    assert bitgpt.data("/invoices/validate", INTENT) == {"currency": "GBP", "price": "10." + "0" * 30}
    assert bitgpt.refused("/invoices/validate", {**INTENT, "items": []})["validator"]
    assert bitgpt_control.payments() == []


def test_parts_are_shown_when_asked_for(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    made = bitgpt.invoice()
    bitgpt_control.pay(made["id"])
    plain = bitgpt.data("/invoices/" + made["id"], {})
    assert "payments" not in plain
    names = ["payments.provider", "items", "calculations", "organization", "currency"]
    full = bitgpt.data("/invoices/" + made["id"], {"expand": names, "currency": "EUR"})
    (payment,) = full["payments"]
    assert payment["provider"]["id"] == payment["provider_id"]
    assert full["items"] == INTENT["items"]
    assert full["calculations"]["total"]["currency"] == "EUR"
    assert full["organization"]["id"] == made["organization_id"]
    bitgpt.refused("/invoices/" + made["id"], {"expand": ["everything"]})
    bitgpt.refused("/invoices/" + made["id"], {"expand": "payments"})


def test_unknown_ids_are_not_found(bitgpt: BitGptClient) -> None:
    for path in ("/invoices/invoice_1", "/payments/payment_1"):
        bitgpt.refused(path, {}, 404)
    assert bitgpt.get("/providers/invoice_1").status_code == 404


# Payers


def test_paid_invoice_is_completed_and_shows_its_payment(
    bitgpt: BitGptClient, bitgpt_control: Control
) -> None:
    made = bitgpt.invoice("48.25", "EUR")
    bitgpt_control.options(pays_with="BITCOIN")
    bitgpt_control.pay(made["id"])
    shown = bitgpt.data("/invoices/" + made["id"], {"expand": ["payments"]})
    assert (shown["status"], shown["substatus"]) == ("COMPLETED", None)
    (payment,) = shown["payments"]
    assert re.fullmatch("payment_" + UUID7, payment["id"])
    assert (payment["status"], payment["currency"], payment["invoice_id"]) == (
        "COMPLETED",
        "BITCOIN",
        made["id"],
    )
    assert re.fullmatch(r"0\.0005\d{26}", payment["price"])
    assert Decimal(payment["price_usd"]) >= Decimal(made["price_usd"])
    for name in ("created_at", "updated_at", "happened_at"):
        assert re.fullmatch(TIME, payment[name])
    assert bitgpt.data("/payments/" + payment["id"], {}) == payment
    with pytest.raises(ControlFailed) as caught:
        bitgpt_control.pay(made["id"])
    assert caught.value.status == 409


def test_every_state_is_reached(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    def status(invoice_id: str) -> tuple[str, str | None]:
        shown = bitgpt.data("/invoices/" + invoice_id, {})
        return shown["status"], shown["substatus"]

    bitgpt_control.options(confirmations=3)
    one, other = (bitgpt.invoice("2", "BITCOIN")["id"] for _ in range(2))
    assert status(one) == ("PENDING", None)
    bitgpt_control.underpay(one)
    assert status(one) == ("PROCESSING", None)
    bitgpt_control.confirm(one, 2)
    assert status(one) == ("WAITING_FOR_CONFIRMATIONS", None)
    bitgpt_control.confirm(one, 1)
    assert status(one) == ("PARTIALLY_PAID", None)
    bitgpt_control.pay(one, "1.5")
    bitgpt_control.confirm(one, 3)
    assert status(one) == ("COMPLETED", "OVERPAID")
    bitgpt_control.decline(other)
    bitgpt_control.underpay(other)
    bitgpt_control.expire(other)
    assert status(other) == ("VOIDED", None)
    listed = bitgpt.data("/payments", {"invoice_id": other})
    assert {payment["status"] for payment in listed} == {"FAILED", "CANCELLED"}
    with pytest.raises(ControlFailed):
        bitgpt_control.confirm(other)


@pytest.mark.parametrize("amount", ["0", "-1", "x", "0.001", "1e400"])
def test_amount_that_cannot_be_sent_is_refused(
    bitgpt: BitGptClient, bitgpt_control: Control, amount: str
) -> None:
    with pytest.raises(ControlFailed) as caught:
        bitgpt_control.pay(bitgpt.invoice()["id"], amount)
    assert caught.value.status == 400


def test_payers_page_shows_and_pays(
    sandbox: Sandbox, bitgpt: BitGptClient, bitgpt_control: Control, http: httpx.Client
) -> None:
    made = bitgpt.invoice("48.25", "EUR", metadata={"description": "Two tickets"})
    url = sandbox.providers["bitgpt"].payer_url_template.replace("{id}", made["id"])
    page = http.get(url).text
    assert "Two tickets" in page
    assert "48.25" in page
    assert "56.4525 USDC" in page
    origin = url.partition("/pay/")[0]
    http.post(f"{origin}/payer/{made['id']}/pay")
    assert "Payment complete" in http.get(url).text
    assert http.get(url.replace(made["id"], "invoice_1")).status_code == 404
