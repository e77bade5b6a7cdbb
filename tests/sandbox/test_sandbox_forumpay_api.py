"""What ForumPay's actions share: credentials, verbs, parameters, errors, the two dialects; and the page."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from forumpay_client import INVOICE, ForumPayClient

from till.sandbox import Control, Sandbox

DENIED = {"err": "Invalid API key or authentication failed"}

# Credentials, verbs, paths


def test_request_without_credentials_is_challenged(forumpay: ForumPayClient, http: httpx.Client) -> None:
    reply = http.get(f"{forumpay.base_url}/GetTransactions/")
    assert (reply.status_code, reply.json()) == (401, DENIED)
    assert reply.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("authorization", ["Basic", "Basic !!!", "Bearer abc", "Basic YTpi", "basic\tYTpi"])
def test_wrong_credentials_are_refused(
    forumpay: ForumPayClient, http: httpx.Client, authorization: str
) -> None:
    headers = {"Authorization": authorization}
    reply = http.get(f"{forumpay.base_url}/GetTransactions/", headers=headers)
    assert (reply.status_code, reply.json()) == (401, DENIED)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/GetBalance/"),
        ("GET", "/GetTransactions"),
        ("GET", "/gettransactions/"),
        ("GET", "/GetTransactions/1/"),
        ("GET", "/Ping/"),
        ("POST", "/GetTransactions/"),
        ("POST", "/CancelPayment/"),
        ("PUT", "/StartPayment/"),
    ],
)
def test_other_endpoints_there_are_none(forumpay: ForumPayClient, method: str, path: str) -> None:
    reply = forumpay.http.request(method, forumpay.base_url + path, auth=forumpay.auth)
    assert (reply.status_code, reply.json()) == (404, {"err": "Invalid endpoint"})


# Parameters


@pytest.mark.parametrize(
    "change",
    [
        {"pos_id": ""},
        {"pos_id": "POS 1"},
        {"pos_id": "é"},
        {"invoice_currency": "eur"},
        {"invoice_currency": "BTC"},
        {"invoice_amount": "48,25"},
        {"invoice_amount": "-1"},
        {"invoice_amount": "0"},
        {"invoice_amount": "1.005"},
        {"invoice_amount": "1e2"},
        {"invoice_amount": "0.11"},
        {"invoice_amount": "1000000000.01"},
        {"currency": "DOGE"},
        {"currency": ""},
        {"accept_zero_confirmations": "yes"},
        {"require_kyt_for_confirmation": "TRUE"},
        {"wallet_app_id": "1"},
        {"coupon": "x"},
    ],
)
def test_wrong_or_undocumented_parameter_is_refused(forumpay: ForumPayClient, change: dict[str, str]) -> None:
    params = {**INVOICE, "currency": "BTC", **change}
    message = forumpay.refusal("GetRate", **params)
    assert next(iter(change)).removeprefix("invoice_") in message.lower()


def test_parameter_that_appears_twice_is_refused(forumpay: ForumPayClient) -> None:
    url = f"{forumpay.base_url}/GetTransactions/?limit=1&limit=2"
    assert forumpay.http.get(url, auth=forumpay.auth).status_code == 400


def test_locale_and_user_are_taken_everywhere(forumpay: ForumPayClient) -> None:
    common = {"locale": "en-GB", "user": "u-7"}
    assert forumpay.data("GetRate", **INVOICE, currency="BTC", **common)
    assert forumpay.data("GetTransactions", **common) == []
    assert forumpay.data("GetCurrencyList", **common, pos_id="POS1")


def test_payment_may_be_started_by_a_form(forumpay: ForumPayClient) -> None:
    terms = {**INVOICE, "currency": "BTC"}
    first, second = (forumpay.data("GetRate", **terms)["payment_id"] for _ in range(2))
    # The maker's client sends what it does not know as empty parts.
    reply = forumpay.post("StartPayment", **terms, payment_id=first, reference_no="")
    assert (reply.status_code, reply.json()["payment_id"]) == (200, first)
    url = f"{forumpay.base_url}/StartPayment/"
    form = {**terms, "payment_id": second, "reference_no": "Größe"}
    assert forumpay.http.post(url, data=form, auth=forumpay.auth).status_code == 200
    assert forumpay.http.post(url, json=form, auth=forumpay.auth).status_code == 400
    assert forumpay.http.post(f"{url}?locale=en", data=form, auth=forumpay.auth).status_code == 400
    broken = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"", b"--x", b"--x\r\n\r\n1\r\n--x--", b"\xff\xfe"):
        assert forumpay.http.post(url, content=body, headers=broken, auth=forumpay.auth).status_code == 400


@pytest.mark.parametrize("name", ["pos_id", "currency", "payment_id", "address"])
def test_payment_is_found_by_all_that_belongs_to_it(forumpay: ForumPayClient, name: str) -> None:
    place = forumpay.place(forumpay.start())
    other = forumpay.place(forumpay.start("ETH"))
    assert forumpay.refusal("CheckPayment", **{**place, name: "POS2" if name == "pos_id" else other[name]})
    assert name in forumpay.refusal("CheckPayment", **{key: place[key] for key in place if key != name})


NASTY = [
    "",
    " ",
    "\0",
    "٣",
    "1" * 5000,
    "1e400",
    "NaN",
    "-0",
    "0x10",
    "true\n",
    "<script>",
    "\u202e",
    "../..",
    "'",
]


@pytest.mark.parametrize("fields", ["page", "maker"])
def test_nothing_that_is_sent_makes_it_fall_over(
    forumpay: ForumPayClient, forumpay_control: Control, fields: str
) -> None:
    forumpay_control.options(fields=fields)
    place = forumpay.place(forumpay.start())
    terms = {**INVOICE, "currency": "BTC"}
    quote = forumpay.data("GetRate", **terms)["payment_id"]
    no_address = {name: value for name, value in place.items() if name != "address"}
    payer = {"reference_no": "1", "payer_ip_address": "203.0.113.7", "payer_user_agent": "x"}
    actions: dict[str, dict[str, str]] = {
        "GetRate": terms,
        "StartPayment": {**terms, **payer, "payment_id": quote},
        "CheckPayment": place,
        "CancelPayment": {**place, "reason": "other", "comment": "test"},
        "AcceptPayment": {**place, "accepted_amount": "1", "accepted_invoice_amount": "1"},
        "RefundPayment": {**no_address, "address_out": "x", "refund_amount": "1"},
        "GetTransactions": {"offset": "0", "limit": "1"},
    }
    for action, params in actions.items():
        for name, value in ((name, value) for name in params for value in NASTY):
            reply = forumpay.get(action, **{**params, name: value})
            assert reply.status_code in (200, 400), (action, name, value)
            assert ("err" in reply.json()) == (reply.status_code == 400)


# Lists


def test_transactions_are_listed_newest_first(forumpay: ForumPayClient, forumpay_control: Control) -> None:
    made = [forumpay.start(reference_no=str(number))["payment_id"] for number in range(3)]
    everything = forumpay.data("GetTransactions")
    assert [item["payment_id"] for item in everything] == made[::-1]
    assert list(everything[0]) == [
        *("status", "pos_id", "payment_id", "invoice_currency", "invoice_amount", "currency", "amount"),
        *("address", "type", "payment", "refund", "refund_amount_opened", "refund_status", "inserted"),
        *("confirmed", "cancelled", "double_spending_alert", "accept_zero_confirmations", "item_name"),
        "access_token",
    ]
    (middle,) = forumpay.data("GetTransactions", offset=1, limit=1)
    assert middle["payment_id"] == made[1]
    assert forumpay.data("GetTransactions", offset=3, limit=20) == []
    for query in ({"offset": "-1"}, {"limit": "all"}, {"reference_no": "1"}):
        assert forumpay.get("GetTransactions", **query).status_code == 400
    forumpay_control.options(fields="maker", list_shape="invoices")
    found = forumpay.data("GetTransactions", reference_no="1")["invoices"]
    assert [item["payment_id"] for item in found] == [made[1]]
    assert found[0]["state"] == "waiting"


# Dialects


def test_makers_dialect_has_more_fields_and_counts_as_text(
    forumpay: ForumPayClient, forumpay_control: Control
) -> None:
    forumpay_control.options(fields="maker", numbers="strings")
    payment = forumpay.start(accept_zero_confirmations="1")
    assert payment["access_url"].endswith(f"/payment/{payment['payment_id']}")
    assert payment["min_confirmations"] == 0
    found = forumpay.check(payment)
    assert (found["confirmations"], found["min_confirmations"]) == ("0", "0")
    assert (found["accept_zero_confirmations"], found["require_kyt_for_confirmation"]) == ("1", "0")
    several = forumpay.data("GetRates", **INVOICE, currencies="BTC,ETH")
    assert [one["currency"] for one in several["currencies"]] == ["BTC", "ETH"]
    assert forumpay.get("GetRates", **INVOICE, currencies="BTC,DOGE").status_code == 400
    assert forumpay.post("RequestKyc", email="ada@customer.example").json() == {"status": "ok"}
    assert forumpay.get("RequestKyc", email="ada@customer.example").status_code == 404
    assert forumpay.data("GetWalletApps")[0]["name"] == "Pocket"


def test_errors_may_come_with_status_200(
    forumpay: ForumPayClient, forumpay_control: Control, http: httpx.Client
) -> None:
    forumpay_control.options(errors_with_status_200=True)
    assert forumpay.data("GetRate", **INVOICE) == {"err": "Missing required field: currency"}
    forumpay_control.options(fields="maker")
    assert forumpay.data("GetRate", **INVOICE)["err_code"] == "error400"
    assert http.get(f"{forumpay.base_url}/Ping/").status_code == 401, "a challenge is no error"


# What is remembered, and the page


def test_credentials_are_masked_in_the_record(
    forumpay: ForumPayClient, forumpay_control: Control, sandbox: Sandbox
) -> None:
    forumpay.data("GetTransactions")
    (seen,) = forumpay_control.requests()
    assert seen["headers"]["authorization"].endswith("...")
    assert sandbox.providers["forumpay"].settings["api_key"] not in str(seen)


def test_page_shows_coins_and_takes_them(
    forumpay: ForumPayClient, forumpay_control: Control, http: httpx.Client, sandbox: Sandbox
) -> None:
    payment = forumpay.start(reference_no="12-23-456")
    url = sandbox.providers["forumpay"].payer_url_template.replace("{id}", payment["payment_id"])
    page = http.get(url)
    assert page.status_code == 200
    for shown in ("Maya Island Books", "Order 12-23-456", "48.25", "0.00746227", payment["address"], "<svg"):
        assert shown in page.text
    for action, state in (("underpay", "underpayment"), ("pay", "processing"), ("confirm", "confirmed")):
        origin = url.partition("/payment/")[0]
        pressed = http.post(f"{origin}/payer/{payment['payment_id']}/{action}", headers={"Origin": origin})
        assert pressed.status_code == 303, pressed.text
        assert forumpay_control.payment(payment["payment_id"])["state"] == state
        assert http.get(url).status_code == 200
    assert "Payment complete" in http.get(url).text
    assert http.get(url + "x").status_code == 404


def test_reset_forgets_payments_and_keeps_the_key(
    forumpay: ForumPayClient, forumpay_control: Control
) -> None:
    made: dict[str, Any] = forumpay.start()
    forumpay_control.options(fields="maker")
    forumpay_control.reset()
    assert forumpay.data("GetTransactions") == []
    assert forumpay_control.payments() == []
    assert forumpay.refusal("CheckPayment", **forumpay.place(made)) == "Payment not found"
    assert forumpay_control.options()["fields"] == "page"
