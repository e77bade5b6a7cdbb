"""OpenPay's direct payments, card verification, declines and the abuse block."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest
from openpay_client import OpenPayClient

from till.sandbox import Control

GOOD = "4541250000000001"
CARD: dict[str, Any] = {
    "card_number": GOOD,
    "card_expiry_month": "12",
    "card_expiry_year": "2025",
    "card_cvv": "123",
    "card_holder_name": "John Doe",
}
VERIFICATION_STARTED = {
    "success": False,
    "test_mode": True,
    "error_code": "VERIFICATION_INITIATED",
    "message": "Card verification required. A small random amount has been charged to your card. "
    "Please verify the amount to continue.",
    "verification_required": True,
}


def pay(openpay: OpenPayClient, **change: Any) -> httpx.Response:
    return openpay.post("/payments", {"amount": 50.00, "currency": "BZD", **CARD, **change})


def complete(openpay: OpenPayClient, amount: str, number: str = GOOD) -> httpx.Response:
    return openpay.post(
        "/cards/verification/complete",
        f'{{"card_number":"{number}","card_expiry_month":"12","card_expiry_year":"2025","amount":{amount}}}',
    )


def charged(control: Control, number: str = GOOD) -> Decimal:
    statement = control.statement(number)
    assert statement is not None
    return Decimal(statement["amount"])


def test_new_card_is_verified_before_it_pays(openpay: OpenPayClient, openpay_control: Control) -> None:
    first = pay(openpay)
    assert (first.status_code, first.json()) == (402, VERIFICATION_STARTED)
    confirmed = complete(openpay, f"{charged(openpay_control):f}")
    assert confirmed.status_code == 200
    assert confirmed.json() == {"success": True, "message": "Card verified successfully."}
    second = pay(openpay)
    assert second.status_code == 200
    body = second.json()
    assert list(body) == ["success", "test_mode", "data"] and body["test_mode"] is True
    assert list(body["data"]) == [
        "transaction_id",
        "status",
        "message",
        "gateway_reference",
        "response_code",
    ]
    assert body["data"]["status"] == "completed" and body["data"]["response_code"] == "APPROVED"
    assert body["data"]["gateway_reference"].startswith("TEST-")


def test_asking_again_makes_no_second_micro_charge(openpay: OpenPayClient, openpay_control: Control) -> None:
    pay(openpay)
    before = openpay_control.statement(GOOD)
    pay(openpay)
    assert openpay_control.statement(GOOD) == before
    found = openpay.get("/transactions", transaction_type="verification").json()
    assert found["pagination"]["total"] == 1


def test_micro_charge_is_a_pending_verification_until_confirmed(
    openpay: OpenPayClient, openpay_control: Control
) -> None:
    pay(openpay)
    statement = openpay_control.statement(GOOD)
    assert statement is not None
    path = "/transactions/" + statement["transaction_id"]
    shown = openpay.get(path).json()["data"]
    assert (shown["status"], shown["verification_required"]) == ("pending", True)
    complete(openpay, statement["amount"])
    shown = openpay.get(path).json()["data"]
    assert (shown["status"], shown["verification_required"]) == ("completed", False)
    assert openpay_control.statement(GOOD) is None


@pytest.mark.parametrize(("currency", "factor"), [("BZD", "0.5"), ("USD", "2")])
def test_equivalent_in_the_other_currency_confirms(
    openpay: OpenPayClient, openpay_control: Control, currency: str, factor: str
) -> None:
    openpay_control.options(processing_currency=currency)
    pay(openpay)
    other = charged(openpay_control) * Decimal(factor)
    assert complete(openpay, f"{other:.2f}").status_code == 200


def test_second_wrong_amount_blocks_the_card(openpay: OpenPayClient, openpay_control: Control) -> None:
    pay(openpay)
    wrong = f"{charged(openpay_control) + Decimal('0.01'):f}"
    first, second = complete(openpay, wrong), complete(openpay, wrong)
    assert first.status_code == second.status_code == 400
    assert first.json() == {
        "success": False,
        "message": "Incorrect amount. Please try again.",
        "remaining_attempts": 1,
    }
    blocked = {
        "success": False,
        "message": "Too many failed attempts. Card blocked.",
        "remaining_attempts": 0,
    }
    assert second.json() == blocked
    assert complete(openpay, "3.42").json() == blocked
    refused = pay(openpay)
    assert (refused.status_code, refused.json()["response_code"]) == (400, "CARD_BLOCKED")


def test_verification_can_be_initiated_by_hand(openpay: OpenPayClient, openpay_control: Control) -> None:
    started = openpay.post("/cards/verification/initiate", CARD)
    assert started.status_code == 200
    assert started.json() == {
        "success": True,
        "message": "Verification initiated. A small random amount has been charged to your card.",
    }
    assert complete(openpay, f"{charged(openpay_control):f}").status_code == 200
    assert openpay.post("/cards/verification/initiate", CARD).status_code == 400


def test_completing_what_was_never_started_is_404(openpay: OpenPayClient) -> None:
    assert complete(openpay, "3.42").status_code == 404


def test_completing_with_another_expiry_is_404(openpay: OpenPayClient) -> None:
    pay(openpay)
    body = {k: CARD[k] for k in ("card_number", "card_expiry_month")}
    reply = openpay.post("/cards/verification/complete", {**body, "card_expiry_year": "2031", "amount": 1})
    assert reply.status_code == 404


@pytest.mark.parametrize(
    ("suffix", "message", "code"),
    [
        ("1000", "Insufficient Funds", "INSUFFICIENT_FUNDS"),
        ("2000", "Declined", "DECLINED"),
        ("3000", "CVV Mismatch", "CVV_MISMATCH"),
        ("4000", "Expired Card", "EXPIRED_CARD"),
        ("5000", "Processing Error", "PROCESSING_ERROR"),
    ],
)
def test_suffix_chooses_the_decline(openpay: OpenPayClient, suffix: str, message: str, code: str) -> None:
    reply = pay(openpay, card_number="411111111111" + suffix)
    assert reply.status_code == 400
    assert reply.json() == {
        "success": False,
        "test_mode": True,
        "message": message,
        "response_code": code,
    }
    assert openpay.get("/transactions", status="failed").json()["pagination"]["total"] == 1


def test_declining_card_can_be_made_to_verify_first(openpay: OpenPayClient, openpay_control: Control) -> None:
    openpay_control.options(verify_first=True)
    assert pay(openpay, card_number="4111111111112000").status_code == 402


def test_live_merchant_is_not_tagged_and_has_no_suffixes(
    openpay: OpenPayClient, openpay_control: Control
) -> None:
    openpay_control.options(test_mode=False)
    openpay_control.verify_card("4111111111112000", "12", "2025")
    reply = pay(openpay, card_number="4111111111112000")
    assert reply.status_code == 200 and list(reply.json()) == ["success", "data"]
    data = reply.json()["data"]
    assert data["gateway_reference"].startswith("BPREF-")
    shown = openpay.get("/transactions/" + data["transaction_id"]).json()["data"]
    assert "test_mode" not in shown["metadata"]


def test_repeated_declines_block_the_card_for_a_while(
    openpay: OpenPayClient, openpay_control: Control
) -> None:
    openpay_control.options(declines_before_block=2, cooldown_seconds=60)
    number = "4111111111112000"
    assert [pay(openpay, card_number=number).status_code for _ in range(3)] == [400, 400, 429]
    reply = pay(openpay, card_number=number)
    assert reply.json() == {
        "success": False,
        "test_mode": True,
        "message": "Too many declined attempts. Please try again later.",
    }
    openpay_control.advance_clock(61)
    assert pay(openpay, card_number=number).status_code == 400


@pytest.mark.parametrize(
    "number", ["454125000000000", "45412500000000011", "4541 2500 0000 0001", "", "４" * 16]
)
def test_number_that_is_not_16_digits_is_an_invalid_card(openpay: OpenPayClient, number: str) -> None:
    reply = pay(openpay, card_number=number)
    assert reply.status_code == 400
    assert reply.json() == {
        "success": False,
        "test_mode": True,
        "message": "Invalid card",
        "response_code": "INVALID_CARD",
    }


def test_known_number_with_another_expiry_is_an_invalid_card(openpay: OpenPayClient) -> None:
    pay(openpay)
    reply = pay(openpay, card_expiry_year="2031")
    assert (reply.status_code, reply.json()["response_code"]) == (400, "INVALID_CARD")


@pytest.mark.parametrize(
    "change",
    [
        {"card_expiry_month": "13"},
        {"card_expiry_month": 12},
        {"card_expiry_year": "25"},
        {"card_cvv": "12"},
        {"card_cvv": 123},
        {"card_holder_name": " "},
        {"amount": "50.00"},
        {"currency": "MXN"},
        {"paylink_id": "x"},
        {"return_url": "https://shop.example/"},
    ],
)
def test_wrong_or_unknown_field_is_refused_and_tagged(openpay: OpenPayClient, change: dict[str, Any]) -> None:
    reply = pay(openpay, **change)
    assert reply.status_code == 400 and reply.json()["test_mode"] is True
    assert "response_code" not in reply.json()
    assert next(iter(change)) in reply.json()["message"]


def test_card_data_never_reaches_the_request_log(openpay: OpenPayClient, openpay_control: Control) -> None:
    pay(openpay, card_cvv="987", card_holder_name="Josephine Doe")
    pay(openpay, card_number="45412500000000011")
    pay(openpay, card_number="wxyz")
    seen = str(openpay_control.requests())
    for secret in (GOOD, "45412500000000011", "wxyz", "987'", "Josephine", "2025'"):
        assert secret not in seen
    assert "************0001" in seen
