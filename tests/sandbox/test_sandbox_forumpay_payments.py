"""ForumPay's payments from quote to refund: states, underpayments, late coins, notifications."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from forumpay_client import INVOICE, ForumPayClient
from shop import Shop

from till.sandbox import Control, ControlFailed

RATE = [
    "invoice_amount",
    "invoice_currency",
    "currency",
    "rate",
    "amount_exchange",
    "network_processing_fee",
    "amount",
    "fast_transaction_fee",
    "fast_transaction_fee_currency",
    "wait_time",
    "payment_id",
]
CHECK = [
    "reference_no",
    "invoice_amount",
    "invoice_currency",
    "currency",
    "amount",
    "payment",
    "confirmations",
    "min_confirmations",
    "confirmed",
    "state",
    "status",
    "wait_time",
]
ADDRESS = "mtX8nPZZdJ8d3QNLRJ1oJTiEi26Sj6LQXS"


@pytest.fixture
def payment(forumpay: ForumPayClient) -> dict[str, Any]:
    return forumpay.start(reference_no="12-23-456")


def short(forumpay_control: Control, payment: dict[str, Any], coins: str = "0.005") -> None:
    forumpay_control.underpay(payment["payment_id"], coins)


# Quotes


def test_quote_has_the_documented_shape_and_adds_up(forumpay: ForumPayClient) -> None:
    quote = forumpay.data("GetRate", **INVOICE, currency="BTC", accept_zero_confirmations="true")
    assert list(quote) == RATE
    exchanged = (Decimal("48.25") / Decimal(quote["rate"])).quantize(Decimal("0.00000001"))
    assert Decimal(quote["amount_exchange"]) == exchanged
    assert Decimal(quote["amount"]) == exchanged + Decimal(quote["network_processing_fee"])
    assert quote["amount"] == "0.00746227"


@pytest.mark.parametrize(
    "change",
    [
        {"payment_id": "123e4567-e89b-12d3-a456-426614174000"},
        {"invoice_amount": "48.26"},
        {"invoice_currency": "USD"},
        {"currency": "ETH"},
        {"pos_id": "POS2"},
    ],
)
def test_payment_must_fit_its_quote(forumpay: ForumPayClient, change: dict[str, str]) -> None:
    quote = forumpay.data("GetRate", **INVOICE, currency="BTC")
    terms = {**INVOICE, "currency": "BTC", "payment_id": quote["payment_id"]}
    assert forumpay.get("StartPayment", **{**terms, **change}).status_code == 400
    assert forumpay.get("StartPayment", **{**terms, "invoice_amount": "48.250"}).status_code == 400
    assert forumpay.get("StartPayment", **terms).status_code == 200


def test_quote_is_started_once_and_in_time(forumpay: ForumPayClient, forumpay_control: Control) -> None:
    terms = {**INVOICE, "currency": "BTC"}
    first, second = (forumpay.data("GetRate", **terms)["payment_id"] for _ in range(2))
    assert first != second
    assert forumpay.get("StartPayment", **terms, payment_id=first).status_code == 200
    assert forumpay.refusal("StartPayment", **terms, payment_id=first) == "Payment is already started"
    forumpay_control.advance_clock(600)
    assert "expired" in forumpay.refusal("StartPayment", **terms, payment_id=second)


# States


def test_started_payment_has_the_documented_shape(
    payment: dict[str, Any], http: httpx.Client, forumpay: ForumPayClient
) -> None:
    assert list(payment) == [*RATE, "address", "qr", "qr_alt", "qr_img", "qr_alt_img"]
    assert payment["qr"] == f"bitcoin:{payment['address']}?amount={payment['amount']}"
    assert payment["qr_alt"] == payment["address"]
    assert parse_qs(urlsplit(payment["qr_img"]).query) == {"d": [payment["qr"]]}
    for name in ("qr_img", "qr_alt_img"):
        picture = http.get(payment[name])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert http.get(payment["qr_img"].partition("?")[0]).status_code == 400
    found = forumpay.check(payment)
    assert list(found) == CHECK
    assert (found["state"], found["confirmed"], found["payment"]) == ("waiting", False, "0.00000000")
    assert (found["confirmations"], found["reference_no"]) == (0, "12-23-456")


def test_payment_goes_from_waiting_to_confirmed(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    forumpay_control.pay(payment["payment_id"])
    seen = forumpay.check(payment)
    assert (seen["state"], seen["confirmed"]) == ("processing", False)
    assert seen["payment"] == seen["amount"] == payment["amount"]
    forumpay_control.confirm(payment["payment_id"], 1)
    done = forumpay.check(payment)
    assert (done["state"], done["confirmed"], done["confirmations"]) == ("confirmed", True, 1)


def test_small_payment_needs_no_confirmation_if_the_shop_says_so(
    forumpay: ForumPayClient, forumpay_control: Control
) -> None:
    payment = forumpay.start(accept_zero_confirmations="true")
    forumpay_control.pay(payment["payment_id"])
    found = forumpay.check(payment)
    assert (found["state"], found["confirmed"], found["min_confirmations"]) == ("zero_confirmed", True, 0)


def test_payment_lapses_after_five_minutes(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    forumpay_control.advance_clock(299)
    assert forumpay.check(payment)["state"] == "waiting"
    forumpay_control.advance_clock(1)
    assert forumpay.check(payment)["state"] == "cancelled"


def test_cancelling_is_refused_once_coins_were_sent(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    other = forumpay.start()
    reason = {"reason": "other", "comment": "test"}
    assert forumpay.data("CancelPayment", **forumpay.place(other), **reason) == {"cancelled": True}
    assert forumpay.check(other)["state"] == "cancelled"
    assert "already cancelled" in forumpay.refusal("CancelPayment", **forumpay.place(other), **reason)
    short(forumpay_control, payment)
    assert "already sent" in forumpay.refusal("CancelPayment", **forumpay.place(payment), **reason)


def test_coins_of_bad_origin_are_blocked(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    forumpay_control.decline(payment["payment_id"])
    found = forumpay.check(payment)
    assert (found["state"], found["confirmed"]) == ("blocked", False)
    assert "refund_amount_opened" not in found
    forumpay_control.confirm(payment["payment_id"], 1)
    assert forumpay.check(payment)["state"] == "blocked"


# Too little, too much, too late


def accepted(forumpay: ForumPayClient, payment: dict[str, Any], coins: str, worth: str) -> httpx.Response:
    amounts = {"accepted_amount": coins, "accepted_invoice_amount": worth}
    return forumpay.get("AcceptPayment", **forumpay.place(payment), **amounts)


def test_underpayment_is_accepted_with_exactly_what_came(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    assert accepted(forumpay, payment, "0.005", "32.32").status_code == 400, "nothing came yet"
    short(forumpay_control, payment)
    assert forumpay.check(payment)["state"] == "underpayment"
    for coins, worth in (("0.00500001", "32.32"), ("0.00499999", "32.32"), ("0.005", "48.26")):
        assert accepted(forumpay, payment, coins, worth).status_code == 400
    assert accepted(forumpay, payment, "0.00500000", "32.32").json() == {"success": True}
    assert forumpay.check(payment)["state"] == "processing"
    forumpay_control.confirm(payment["payment_id"], 1)
    done = forumpay.check(payment)
    assert (done["state"], done["amount"], done["invoice_amount"]) == ("confirmed", "0.00500000", "48.25")
    assert accepted(forumpay, payment, "0.005", "32.32").status_code == 400, "nothing is missing"
    forumpay_control.options(accepted_invoice="replace")
    assert forumpay.check(payment)["invoice_amount"] == "32.32"


def test_the_rest_completes_an_underpayment(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    forumpay_control.options(fields="maker")
    short(forumpay_control, payment)
    rest = forumpay.check(payment)["underpayment"]
    assert list(rest) == ["address", "missing_amount", "qr", "qr_alt", "qr_img", "qr_alt_img"]
    assert (rest["missing_amount"], rest["address"]) == ("0.00246227", payment["address"])
    forumpay_control.pay(payment["payment_id"])
    assert forumpay.check(payment)["state"] == "processing"
    assert "underpayment" not in forumpay.check(payment)


def refund(forumpay: ForumPayClient, payment: dict[str, Any], coins: str, address: str) -> httpx.Response:
    place = {name: value for name, value in forumpay.place(payment).items() if name != "address"}
    return forumpay.get("RefundPayment", **place, address_out=address, refund_amount=coins)


def test_refund_wants_exactly_what_is_open(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    assert refund(forumpay, payment, "0.005", ADDRESS).status_code == 400, "nothing came yet"
    short(forumpay_control, payment)
    open_amount = forumpay.check(payment)["refund_amount_opened"]
    assert open_amount == "0.00500000"
    assert refund(forumpay, payment, "0.004", ADDRESS).status_code == 400
    assert refund(forumpay, payment, open_amount, ADDRESS[:-1] + "T").status_code == 400
    assert refund(forumpay, payment, open_amount, ADDRESS).json() == {"wait_time": "120 minutes"}
    assert refund(forumpay, payment, open_amount, ADDRESS).status_code == 400, "all of it went back"
    (item,) = forumpay.data("GetTransactions", offset=0, limit=20)
    assert (item["refund"], item["refund_amount_opened"]) == ("0.00500000", "")
    assert item["refund_status"] == "Refund requested"
    assert forumpay.check(payment)["state"] == "cancelled"
    forumpay_control.advance_clock(120 * 60)
    assert forumpay.data("GetTransactions")[0]["refund_status"] == "Refunded"


def test_confirmed_payment_is_refunded_as_a_whole(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    forumpay_control.overpay(payment["payment_id"])
    assert "refund_amount_opened" not in forumpay.check(payment), "not confirmed yet"
    forumpay_control.confirm(payment["payment_id"], 1)
    found = forumpay.check(payment)
    assert found["refund_amount_opened"] == found["payment"] == "0.01119340"
    assert refund(forumpay, payment, found["payment"], ADDRESS).status_code == 200
    done = forumpay_control.command("finish_refund", payment_id=payment["payment_id"])
    assert done == {"refunded": "0.01119340"}
    assert forumpay.check(payment)["state"] == "confirmed"


def test_late_coins_stay_open_until_the_shop_decides(
    forumpay: ForumPayClient, forumpay_control: Control, payment: dict[str, Any]
) -> None:
    forumpay_control.expire(payment["payment_id"])
    forumpay_control.pay(payment["payment_id"])
    found = forumpay.check(payment)
    assert (found["state"], found["refund_amount_opened"]) == ("cancelled", payment["amount"])
    assert accepted(forumpay, payment, payment["amount"], "48.25").json() == {"success": True}
    forumpay_control.confirm(payment["payment_id"], 1)
    assert forumpay.check(payment)["state"] == "confirmed"


@pytest.mark.parametrize(
    ("name", "least", "coins", "state"),
    [
        ("auto_accept_underpayment", "30.00", "0.005", "confirmed"),
        ("auto_accept_underpayment", "40.00", "0.005", "underpayment"),
        ("auto_accept_late_payment", "30.00", None, "confirmed"),
        ("auto_accept_late_payment", "30.00", "0.005", "cancelled"),
    ],
)
def test_shop_may_accept_beforehand(
    forumpay: ForumPayClient,
    forumpay_control: Control,
    name: str,
    least: str,
    coins: str | None,
    state: str,
) -> None:
    forumpay_control.options(fields="maker")
    payment = forumpay.start(**{name: "true", "auto_accept_underpayment_min": least})
    if name == "auto_accept_late_payment":
        forumpay_control.expire(payment["payment_id"])
    forumpay_control.pay(payment["payment_id"], coins)
    forumpay_control.confirm(payment["payment_id"], 1)
    assert forumpay.check(payment)["state"] == state


@pytest.mark.parametrize("action", ["settle", "pay"])
def test_what_cannot_happen_is_refused(
    forumpay_control: Control, payment: dict[str, Any], action: str
) -> None:
    forumpay_control.pay(payment["payment_id"])
    with pytest.raises(ControlFailed):
        forumpay_control._payment("POST", payment["payment_id"], action, {})
    with pytest.raises(ControlFailed):
        forumpay_control.expire(payment["payment_id"])
    with pytest.raises(ControlFailed):
        forumpay_control.pay("123e4567-e89b-12d3-a456-426614174000")


# Notifications


def events(forumpay_control: Control) -> list[str]:
    return [webhook["event"] for webhook in forumpay_control.webhooks()]


def test_the_four_events_are_sent_unsigned(
    forumpay: ForumPayClient, forumpay_control: Control, shop: Shop, payment: dict[str, Any]
) -> None:
    forumpay_control.webhook_url(shop.url)
    short(forumpay_control, payment)
    assert events(forumpay_control) == ["payment.underpaid"]
    forumpay_control.pay(payment["payment_id"])
    forumpay_control.confirm(payment["payment_id"], 1)
    forumpay_control.confirm(payment["payment_id"], 1)
    refund(forumpay, payment, payment["amount"], ADDRESS)
    forumpay_control.command("finish_refund", payment_id=payment["payment_id"])
    forumpay_control.expire(forumpay.start()["payment_id"])
    told = ["payment.underpaid", "payment.confirmed", "payment.refunded", "payment.cancelled"]
    assert events(forumpay_control) == told
    _, headers, body = shop.got[1]
    assert not [name for name in headers if "signature" in name or name == "authorization"]
    message = json.loads(body)
    timestamp = message.pop("timestamp")
    assert len(timestamp) == 20 and timestamp.endswith("Z")
    assert message == {
        "event": "payment.confirmed",
        "payment_id": payment["payment_id"],
        "pos_id": "POS1",
        "status": "confirmed",
        "amount": payment["amount"],
        "currency": "BTC",
    }


def test_a_lapse_is_told_when_its_time_comes(
    forumpay_control: Control, shop: Shop, payment: dict[str, Any]
) -> None:
    forumpay_control.webhook_url(shop.url)
    forumpay_control.advance_clock(300)
    assert events(forumpay_control) == ["payment.cancelled"]


def test_the_makers_notification_goes_to_the_payments_own_address(
    forumpay: ForumPayClient, forumpay_control: Control, shop: Shop
) -> None:
    forumpay_control.options(fields="maker", webhook_body="maker")
    payment = forumpay.start(webhook_url=shop.url, reference_no="7")
    forumpay_control.pay(payment["payment_id"])
    forumpay_control.confirm(payment["payment_id"], 1)
    assert forumpay.data("Ping", webhook_url=shop.url) == {"result": "pong"}
    assert len(events(forumpay_control)) == 2
    assert [json.loads(body) for _, _, body in shop.got] == [
        {"payment_id": payment["payment_id"], "reference_no": "7"},
        {"webhook_test": True},
    ]
