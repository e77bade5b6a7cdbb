"""BitPay's invoices from new to complete, refunds, credits, the ledger, events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from bitpay_client import BitPayClient

from till.sandbox import Control, ControlFailed

ADDRESS = "mtX8nPZZdJ8d3QNLRJ1oJTiEi26Sj6LQXS"
INVOICE = [
    "url",
    "status",
    "btcPrice",
    "btcDue",
    "price",
    "currency",
    "exRates",
    "invoiceTime",
    "expirationTime",
    "currentTime",
    "id",
    "btcPaid",
    "rate",
    "exceptionStatus",
]
Merchant = dict[str, Any]


@pytest.fixture
def invoice(bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant) -> dict[str, Any]:
    made: dict[str, Any] = bitpay.data("createInvoice", {"price": 100.00, "currency": "USD"}, **merchant)
    return made


def fetch(bitpay: BitPayClient, merchant: Merchant, invoice: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bitpay.data("getInvoice", {"invoiceId": invoice["id"]}, **merchant)
    return found


def on_invoice(merchant: Merchant, invoice: dict[str, Any]) -> Merchant:
    return {"token": invoice["token"], "identity": merchant["identity"]}


def test_new_invoice_has_the_documented_shape(invoice: dict[str, Any]) -> None:
    assert list(invoice) == [*INVOICE, "transactions", "paymentUrls", "token"]
    assert (invoice["status"], invoice["exceptionStatus"], invoice["transactions"]) == ("new", False, [])
    assert invoice["btcPrice"] == invoice["btcDue"] == "0.2287" and invoice["btcPaid"] == "0.0000"
    assert invoice["expirationTime"] - invoice["invoiceTime"] == 900_000
    assert invoice["price"] == 100 and isinstance(invoice["price"], int)
    urls = invoice["paymentUrls"]
    assert list(urls) == ["BIP21", "BIP72", "BIP72b", "BIP73"]
    assert urls["BIP21"].endswith("?amount=0.2287")
    assert urls["BIP72"] == f"{urls['BIP21']}&r={urls['BIP73']}"
    assert urls["BIP72b"] == f"bitcoin:?r={urls['BIP73']}"
    assert urls["BIP73"].endswith(f"/i/{invoice['id']}")


def test_public_look_up_has_no_transactions(bitpay: BitPayClient, invoice: dict[str, Any]) -> None:
    found = bitpay.data("getInvoice", {"invoiceId": invoice["id"]})
    assert list(found) == [*INVOICE, "paymentUrls", "token"]
    assert found["token"] != invoice["token"]


@pytest.mark.parametrize(
    "change",
    [
        {"price": "100"},
        {"price": 0},
        {"price": -5},
        {"price": 1.005},
        {"price": 0.01},
        {"currency": "usd"},
        {"currency": "XXX"},
        {"currency": None},
        {"orderId": "7"},
        {"guid": "x"},
    ],
)
def test_wrong_or_undocumented_field_is_refused(
    bitpay: BitPayClient, merchant: Merchant, change: dict[str, Any]
) -> None:
    reply = bitpay.post("createInvoice", {"price": 100, "currency": "USD", **change}, **merchant)
    assert reply.status_code == 400 and next(iter(change)) in reply.json()["error"]


def test_wide_fields_are_taken_on_request(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant
) -> None:
    bitpay_control.options(invoice_fields="wide")
    for order in ("7", "8"):
        params = {"price": 1, "currency": "USD", "orderId": order, "redirectURL": "https://shop.example/"}
        bitpay.data("createInvoice", params, **merchant)
    found = bitpay.data("findInvoices", {"dateStart": "2014-8-1", "orderId": "8"}, **merchant)
    assert [item["orderId"] for item in found] == ["8"]


def test_bitcoin_price_is_exact_to_six_decimals(bitpay: BitPayClient, merchant: Merchant) -> None:
    made = bitpay.data("createInvoice", {"price": 0.5, "currency": "BTC"}, **merchant)
    assert made["btcPrice"] == "0.5000"
    assert bitpay.post("createInvoice", {"price": 0.0000001, "currency": "BTC"}, **merchant).is_error


def test_invoice_goes_from_new_to_complete(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    bitpay_control.pay(invoice["id"])
    paid = fetch(bitpay, merchant, invoice)
    assert (paid["status"], paid["btcPaid"], paid["btcDue"]) == ("paid", "0.2287", "0.0000")
    assert "paymentUrls" not in paid
    (coins,) = paid["transactions"]
    assert list(coins) == ["amount", "confirmations", "time", "receivedTime"]
    assert (coins["amount"], coins["confirmations"]) == (22_870_000, 0)
    assert coins["time"] == "1970-01-01T00:00:00.000Z"
    bitpay_control.confirm(invoice["id"], 1)
    assert fetch(bitpay, merchant, invoice)["status"] == "confirmed"
    bitpay_control.confirm(invoice["id"], 4)
    assert fetch(bitpay, merchant, invoice)["status"] == "confirmed"
    bitpay_control.confirm(invoice["id"], 1)
    assert fetch(bitpay, merchant, invoice)["status"] == "complete"


def test_part_and_rest_make_a_paid_invoice(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    bitpay_control.underpay(invoice["id"], "0.1")
    part = fetch(bitpay, merchant, invoice)
    assert (part["status"], part["exceptionStatus"]) == ("new", "paidPartial")
    assert (part["btcPaid"], part["btcDue"]) == ("0.1000", "0.1287")
    assert part["paymentUrls"]["BIP21"].endswith("?amount=0.1287")
    bitpay_control.pay(invoice["id"])
    whole = fetch(bitpay, merchant, invoice)
    assert (whole["status"], whole["exceptionStatus"]) == ("paid", False)


def test_invoice_expires_after_fifteen_minutes(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    bitpay_control.advance_clock(899)
    assert fetch(bitpay, merchant, invoice)["status"] == "new"
    bitpay_control.advance_clock(1)
    expired = fetch(bitpay, merchant, invoice)
    assert expired["status"] == "expired" and "paymentUrls" not in expired
    with pytest.raises(ControlFailed, match="no longer"):
        bitpay_control.pay(invoice["id"])


def test_invoice_can_expire_at_once_or_become_invalid(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    other = bitpay.data("createInvoice", {"price": 5, "currency": "EUR"}, **merchant)
    bitpay_control.expire(invoice["id"])
    bitpay_control.pay(other["id"])
    bitpay_control.decline(other["id"])
    assert fetch(bitpay, merchant, invoice)["status"] == "expired"
    assert fetch(bitpay, merchant, other)["status"] == "invalid"


def test_refund_needs_six_confirmations_and_is_listed(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    params = {"bitcoinAddress": ADDRESS, "amount": 60.00, "currency": "USD"}
    on = on_invoice(merchant, invoice)
    bitpay_control.pay(invoice["id"])
    bitpay_control.confirm(invoice["id"], 5)
    assert bitpay.post("refund", params, **on).status_code == 409
    bitpay_control.confirm(invoice["id"], 1)
    refund = bitpay.data("refund", params, **on)
    assert list(refund) == ["id", "requestDate", "status", "token"] and refund["status"] == "pending"
    assert bitpay.post("refund", params, **on).status_code == 409, "more than was paid"
    assert bitpay.post("refund", {**params, "amount": 40}, **on).status_code == 200
    assert bitpay.data("getRefunds", **on)[0] == refund
    bitpay_control.command("set_refund_status", refund_id=refund["id"], status="success")
    assert bitpay.data("getRefunds", **on)[0]["status"] == "success"


@pytest.mark.parametrize(
    "change",
    [
        {"bitcoinAddress": ADDRESS[:-1] + "T"},
        {"bitcoinAddress": None},
        {"amount": "60"},
        {"amount": 0},
        {"amount": 1.001},
        {"currency": "EUR"},
        {"reason": "x"},
    ],
)
def test_wrong_refund_is_refused(
    bitpay: BitPayClient,
    bitpay_control: Control,
    merchant: Merchant,
    invoice: dict[str, Any],
    change: dict[str, Any],
) -> None:
    bitpay_control.pay(invoice["id"])
    bitpay_control.confirm(invoice["id"])
    params = {"bitcoinAddress": ADDRESS, "amount": 60, "currency": "USD", **change}
    reply = bitpay.post("refund", params, **on_invoice(merchant, invoice))
    assert reply.status_code == 400 and next(iter(change)) in reply.json()["error"]


def test_token_of_one_invoice_reaches_no_other(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    other = bitpay.data("createInvoice", {"price": 5, "currency": "USD"}, **merchant)
    bitpay_control.pay(invoice["id"])
    bitpay_control.confirm(invoice["id"])
    params = {"bitcoinAddress": ADDRESS, "amount": 5, "currency": "USD"}
    assert bitpay.post("refund", params, **on_invoice(merchant, other)).status_code == 409
    assert bitpay.post("refund", params, token=invoice["token"]).status_code == 401, "unsigned"


def test_overpayment_is_credited_after_six_confirmations(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    on = on_invoice(merchant, invoice)
    bitpay_control.overpay(invoice["id"], "0.3")
    over = fetch(bitpay, merchant, invoice)
    assert (over["status"], over["exceptionStatus"], over["btcDue"]) == ("paid", "paidOver", "-0.0713")
    assert bitpay.post("creditOverpayment", {"commit": True}, **on).status_code == 409
    bitpay_control.confirm(invoice["id"])
    refund = {"bitcoinAddress": ADDRESS, "amount": 5, "currency": "USD"}
    assert bitpay.post("refund", refund, **on).status_code == 409, "not while overpaid"

    dry = bitpay.data("creditOverpayment", {"commit": False}, **on)
    assert (dry["exceptionStatus"], dry["btcPaid"]) == (False, "0.2287")
    assert fetch(bitpay, merchant, invoice)["exceptionStatus"] == "paidOver"
    done = bitpay.data("creditOverpayment", {"commit": True}, **on)
    assert (done["status"], done["btcPaid"], done["btcDue"]) == ("complete", "0.2287", "0.0000")
    assert [coins["amount"] for coins in done["transactions"]] == [30_000_000, -7_130_000]
    assert "token" not in done
    assert bitpay.post("refund", refund, **on).status_code == 200


def test_partial_payment_is_credited(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    on = on_invoice(merchant, invoice)
    bitpay_control.underpay(invoice["id"], "0.1")
    bitpay_control.confirm(invoice["id"])
    assert bitpay.post("creditOverpayment", {"commit": True}, **on).status_code == 409
    done = bitpay.data("creditPartialPayment", {"commit": True}, **on)
    assert (done["status"], done["exceptionStatus"]) == ("confirmed", False)
    assert done["btcPrice"] == done["btcPaid"] == "0.1000"
    assert bitpay.post("creditPartialPayment", {"commit": True}, **on).status_code == 409


@pytest.mark.parametrize("params", [{}, {"commit": "true"}, {"commit": 1}, {"commit": True, "x": 1}])
def test_credit_needs_a_boolean_commit(
    bitpay: BitPayClient, merchant: Merchant, invoice: dict[str, Any], params: dict[str, Any]
) -> None:
    reply = bitpay.post("creditPartialPayment", params, **on_invoice(merchant, invoice))
    assert reply.status_code == 400


def test_ledger_adds_up(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant, invoice: dict[str, Any]
) -> None:
    bitpay_control.overpay(invoice["id"], "0.3")
    bitpay_control.confirm(invoice["id"])
    bitpay.data("creditOverpayment", {"commit": True}, **on_invoice(merchant, invoice))
    span = {"startDate": "2014-9-1", "endDate": "2099-9-30"}
    entries = bitpay.data("getLedgerEntries", {"currency": "BTC", **span}, **merchant)
    assert [(e["code"], e["amount"], e["scale"]) for e in entries] == [
        (1000, 22_870_000, 100_000_000),
        (1003, 7_130_000, 100_000_000),
    ]
    assert all(e["invoiceId"] == invoice["id"] for e in entries)
    assert bitpay.data("getLedgerEntries", {"currency": "USD", **span}, **merchant) == []
    assert bitpay.data("getLedgers", **merchant) == [
        {"currency": "BTC", "balance": 0.3},
        {"currency": "USD", "balance": 0},
    ]


def test_find_invoices_pages_newest_first(bitpay: BitPayClient, merchant: Merchant) -> None:
    made = [bitpay.data("createInvoice", {"price": n, "currency": "USD"}, **merchant) for n in (1, 2, 3)]
    params = {"dateStart": "2014-8-1", "dateEnd": "2099-8-31", "limit": 2}
    first = bitpay.data("findInvoices", params, **merchant)
    second = bitpay.data("findInvoices", {**params, "skip": 2}, **merchant)
    assert [item["id"] for item in first + second] == [item["id"] for item in reversed(made)]
    past = {"dateStart": "2014-8-1", "dateEnd": "2014-8-31"}
    assert bitpay.data("findInvoices", past, **merchant) == []


@pytest.mark.parametrize(
    "change", [{"dateStart": "x"}, {"dateStart": 1}, {"dateEnd": "2014-2-30"}, {"limit": 0}, {"skip": "1"}]
)
def test_wrong_query_is_refused(bitpay: BitPayClient, merchant: Merchant, change: dict[str, Any]) -> None:
    reply = bitpay.post("findInvoices", {"dateStart": "2014-8-1", **change}, **merchant)
    assert reply.status_code == 400


def test_unknown_invoice_is_404(bitpay: BitPayClient, merchant: Merchant) -> None:
    assert bitpay.post("getInvoice", {"invoiceId": "x"}).status_code == 404
    assert bitpay.post("getInvoiceBusToken", {"invoiceId": "x"}).status_code == 404
    assert bitpay.post("getInvoice", {"invoiceId": "x"}, **merchant).status_code == 404


def test_creation_limit_when_asked_for(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant
) -> None:
    bitpay_control.options(invoices_per_hour=2)
    params = {"price": 1, "currency": "USD"}
    statuses = [bitpay.post("createInvoice", params, **merchant).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    bitpay_control.advance_clock(3601)
    assert bitpay.post("createInvoice", params, **merchant).status_code == 200


def test_prices_and_coins_never_pass_through_floats(
    bitpay: BitPayClient, bitpay_control: Control, merchant: Merchant
) -> None:
    reply = bitpay.post("createInvoice", {"price": 1234567.89, "currency": "ZWL"}, **merchant)
    assert '"price":1234567.89,' in reply.text and '"rate":140952.95,' in reply.text
    made = reply.json()["data"]
    bitpay_control.pay(made["id"], "0.00000001")
    assert Decimal(fetch(bitpay, merchant, made)["btcPaid"]) == Decimal("0.00000001")
