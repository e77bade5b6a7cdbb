"""GlobalPay's invoices: shape, rules, the payer, time."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from globalpay_client import GlobalPayClient

from till.sandbox import Control, ControlFailed

INVOICE: dict[str, Any] = {"customerId": "customer-1042", "amount": 10000, "currency": "BTN"}
DAY = 86_400


def status(globalpay: GlobalPayClient, invoice: dict[str, Any]) -> str:
    (found,) = [one for one in globalpay.get("/api/invoices").json()["data"] if one["id"] == invoice["id"]]
    return str(found["status"])


def test_created_invoice_has_the_documented_shape(globalpay: GlobalPayClient) -> None:
    reply = globalpay.post("/api/invoices", {**INVOICE, "description": "Two nights in Paro"})
    assert reply.status_code == 201
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    made = reply.json()
    assert list(made) == [
        "id",
        "customerId",
        "amount",
        "currency",
        "status",
        "description",
        "dueDate",
        "paymentUrl",
        "createdAt",
        "updatedAt",
    ]
    assert re.fullmatch(r"inv_[0-9A-Za-z]+", made["id"])
    assert made["paymentUrl"].endswith("/pay/" + made["id"])
    assert (made["customerId"], made["amount"], made["currency"]) == ("customer-1042", 10000, "BTN")
    assert (made["status"], made["description"]) == ("pending", "Two nights in Paro")
    for name in ("dueDate", "createdAt", "updatedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made[name])
    assert globalpay.get("/api/invoices").json()["data"] == [made]


@pytest.mark.parametrize("currency", ["BTN", "USD", "INR"])
def test_every_documented_currency_is_taken(globalpay: GlobalPayClient, currency: str) -> None:
    assert globalpay.invoice(currency=currency)["currency"] == currency


@pytest.mark.parametrize("amount", [1, 2**53 - 1])
def test_smallest_and_largest_amounts_are_taken(globalpay: GlobalPayClient, amount: int) -> None:
    assert globalpay.invoice(amount=amount)["amount"] == amount


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "10000"},
        {"amount": 0},
        {"amount": -1},
        {"amount": 100.5},
        {"amount": 100.0},
        {"amount": True},
        {"amount": None},
        {"amount": 2**53},
        {"currency": "EUR"},
        {"currency": "btn"},
        {"currency": 64},
        {"customerId": ""},
        {"customerId": 7},
        {"customerId": None},
        {"description": 7},
        {"description": "x" * 501},
        {"dueDate": "2026-12-31"},
        {"metadata": {}},
    ],
)
def test_wrong_or_unknown_field_is_refused_by_name(
    globalpay: GlobalPayClient, globalpay_control: Control, change: dict[str, Any]
) -> None:
    reply = globalpay.post("/api/invoices", {**INVOICE, **change})
    error = reply.json()["error"]
    assert reply.status_code == 400
    assert list(error) == ["message", "type", "code", "field"]
    assert (error["type"], error["field"]) == ("validation_error", next(iter(change)))
    assert globalpay_control.payments() == []


@pytest.mark.parametrize("name", ["customerId", "amount", "currency"])
def test_missing_field_is_refused(globalpay: GlobalPayClient, name: str) -> None:
    body = {key: value for key, value in INVOICE.items() if key != name}
    reply = globalpay.post("/api/invoices", body)
    assert reply.status_code == 400 and reply.json()["error"]["field"] == name


def test_unknown_customer_is_the_documented_error_word_for_word(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    globalpay_control.options(customers=["customer-1", "customer-2"])
    reply = globalpay.post("/api/invoices", INVOICE)
    assert reply.status_code == 400
    assert reply.json() == {
        "error": {
            "message": "Invalid customer ID",
            "type": "validation_error",
            "code": "invalid_customer",
            "field": "customerId",
        }
    }
    assert globalpay.invoice(customerId="customer-2")["customerId"] == "customer-2"


@pytest.mark.parametrize(
    "raw", ["", "[]", '"x"', "{", '{"amount":1,"amount":2}', "null", "\x00", "[" * 100_000]
)
def test_body_that_is_no_json_object_is_refused(globalpay: GlobalPayClient, raw: str) -> None:
    reply = globalpay.post("/api/invoices", raw)
    assert reply.status_code == 400 and "field" not in reply.json()["error"]


def test_other_content_type_is_refused(globalpay: GlobalPayClient) -> None:
    reply = globalpay.http.post(
        globalpay.base_url + "/api/invoices", headers=globalpay.headers, data={"amount": "1"}
    )
    assert reply.status_code == 400 and "Content-Type" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer sk_test_0000", "bearer KEY", "KEY", "Basic KEY", "Bearer  KEY"],
)
def test_missing_or_wrong_key_is_the_documented_401(
    globalpay: GlobalPayClient, authorization: str | None
) -> None:
    key = globalpay.headers["authorization"].removeprefix("Bearer ")
    headers = {} if authorization is None else {"authorization": authorization.replace("KEY", key)}
    for path in ("/api/invoices", "/api/payments", "/api/nowhere"):
        reply = globalpay.http.get(globalpay.base_url + path, headers=headers)
        assert reply.status_code == 401
        assert reply.json() == {
            "error": {
                "message": "Invalid API key provided",
                "type": "authentication_error",
                "code": "invalid_api_key",
            }
        }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/invoices"),
        ("DELETE", "/api/invoices"),
        ("GET", "/api/invoices/inv_1"),
        ("GET", "/api/invoices/"),
        ("POST", "/api/payments"),
        ("GET", "/api/refunds"),
        ("GET", "/api/customers"),
        ("GET", "/api"),
    ],
)
def test_what_is_not_documented_is_404(globalpay: GlobalPayClient, method: str, path: str) -> None:
    reply = globalpay.http.request(method, globalpay.base_url + path, headers=globalpay.headers)
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "not_found"


def test_key_without_the_permission_reads_and_does_not_write(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    globalpay_control.options(key_may_write=False)
    for path in ("/api/invoices", "/api/refunds"):
        reply = globalpay.post(path, INVOICE)
        assert reply.status_code == 403
        assert reply.json()["error"]["message"] == "Insufficient permissions"
    assert globalpay.get("/api/invoices").status_code == 200


# The payer and time


def test_paid_invoice_is_paid_and_its_payment_is_listed(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    made = globalpay.invoice()
    globalpay_control.advance_clock(60)
    globalpay_control.pay(made["id"])
    (shown,) = globalpay.get("/api/invoices", status="paid").json()["data"]
    assert shown["updatedAt"] > made["updatedAt"]
    (payment,) = globalpay.get("/api/payments").json()["data"]
    assert (payment["invoiceId"], payment["amount"], payment["status"]) == (made["id"], 10000, "completed")
    with pytest.raises(ControlFailed, match="paid") as refused:
        globalpay_control.pay(made["id"])
    assert refused.value.status == 409


def test_declined_card_leaves_the_invoice_open(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    made = globalpay.invoice()
    globalpay_control.decline(made["id"])
    assert status(globalpay, made) == "pending"
    globalpay_control.pay(made["id"])
    payments = globalpay.get("/api/payments").json()["data"]
    assert [payment["status"] for payment in payments] == ["completed", "failed"]


def test_invoice_becomes_overdue_with_time_and_can_still_be_paid(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    made = globalpay.invoice()
    globalpay_control.advance_clock(30 * DAY - 60)
    assert status(globalpay, made) == "pending"
    globalpay_control.advance_clock(60)
    (shown,) = globalpay.get("/api/invoices", status="overdue").json()["data"]
    assert shown["updatedAt"] == shown["dueDate"] == made["dueDate"]
    globalpay_control.pay(made["id"])
    assert status(globalpay, made) == "paid"


def test_overdue_invoice_takes_no_money_where_the_option_says_so(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    globalpay_control.options(overdue_payable=False)
    made = globalpay.invoice()
    globalpay_control.expire(made["id"])
    assert status(globalpay, made) == "overdue"
    with pytest.raises(ControlFailed, match="overdue"):
        globalpay_control.pay(made["id"])


def test_invoice_due_at_once_is_overdue_at_once(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    globalpay_control.options(due_days=0)
    assert globalpay.invoice()["status"] == "overdue"


def test_cancelled_invoice_stays_cancelled(globalpay: GlobalPayClient, globalpay_control: Control) -> None:
    made = globalpay.invoice()
    globalpay_control.command("cancel_invoice", invoice_id=made["id"])
    globalpay_control.advance_clock(60 * DAY)
    assert status(globalpay, made) == "cancelled"
    for step in (globalpay_control.pay, globalpay_control.decline, globalpay_control.expire):
        with pytest.raises(ControlFailed, match="cancelled"):
            step(made["id"])
    with pytest.raises(ControlFailed, match="already cancelled"):
        globalpay_control.command("cancel_invoice", invoice_id=made["id"])


def test_invoice_is_paid_as_a_whole(globalpay: GlobalPayClient, globalpay_control: Control) -> None:
    made = globalpay.invoice()
    with pytest.raises(ControlFailed, match="as a whole"):
        globalpay_control.pay(made["id"], "1.00")
    for step in (globalpay_control.underpay, globalpay_control.overpay, globalpay_control.confirm):
        with pytest.raises(ControlFailed, match="no action"):
            step(made["id"])
    assert status(globalpay, made) == "pending"


def test_page_of_an_invoice_shows_what_to_pay_and_takes_it(
    globalpay: GlobalPayClient, globalpay_control: Control, http: httpx.Client
) -> None:
    made = globalpay.invoice(amount=123456, description="<b>Room</b>")
    page = http.get(made["paymentUrl"]).text
    assert "1,234.56" in page and "&lt;b&gt;Room" in page and "Pay 1,234.56 BTN" in page
    place = httpx.URL(made["paymentUrl"])
    assert http.post(place.join(f"/payer/{made['id']}/decline")).status_code == 303
    assert "Your card was declined" in http.get(place).text
    assert http.post(place.join(f"/payer/{made['id']}/expire")).status_code == 303
    assert "Your card was declined" in http.get(place).text
    assert http.post(place.join(f"/payer/{made['id']}/pay")).status_code == 303
    assert "Payment complete" in http.get(place).text
    assert http.post(place.join(f"/payer/{made['id']}/pay")).status_code == 409


def test_requests_are_recorded_without_the_key(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    globalpay.invoice()
    (seen,) = globalpay_control.requests()
    assert (seen["method"], seen["path"], seen["status"]) == ("POST", "/api/invoices", 201)
    assert globalpay.headers["authorization"].removeprefix("Bearer ") not in str(seen)
