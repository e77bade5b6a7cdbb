"""The payer's pages in a real headless Chromium: what is shown, what the buttons do, on both widths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from bitpay_client import BitPayClient, Identity
from forumpay_client import ForumPayClient
from globalpay_client import GlobalPayClient
from openpay_client import OpenPayClient

from browsers import assert_well_formed, press, status, wait_until, waits_for
from till.sandbox import Control, Sandbox

HOSTILE = '<script>document.title="owned"</script>"\'><img src=x onerror=alert(1)>'


@pytest.fixture
def new_invoice(
    sandbox: Sandbox, bitpay: BitPayClient, bitpay_control: Control, merchant: dict[str, Any]
) -> Callable[..., dict[str, Any]]:
    def make(**more: Any) -> dict[str, Any]:
        bitpay_control.options(invoice_fields="wide")
        params = {"price": 48.25, "currency": "USD", "itemDesc": "Order 1042", **more}
        made: dict[str, Any] = bitpay.data("createInvoice", params, **merchant)
        return made

    return make


def test_invoice_page_shows_what_to_pay_and_takes_it(
    browser: Any, new_invoice: Callable[..., dict[str, Any]], bitpay_control: Control
) -> None:
    invoice = new_invoice(redirectURL="https://shop.example/thanks")
    browser.get(invoice["url"])
    text = browser.find_element("tag name", "main").text
    address = invoice["paymentUrls"]["BIP21"].partition(":")[2].partition("?")[0]
    for shown in ("Maya Island Books", "Order 1042", "48.25", "USD", "0.1103", address, "Time left"):
        assert shown in text
    assert status(browser) == "Awaiting payment"
    assert browser.find_element("css selector", ".qr svg path").is_displayed()
    assert_well_formed(browser)
    press(browser, "pay")
    waits_for(browser, "Payment seen")
    press(browser, "confirm")
    waits_for(browser, "Confirmed")
    for _ in range(5):
        press(browser, "confirm")
    waits_for(browser, "Complete")
    assert bitpay_control.payment(invoice["id"])["status"] == "complete"
    assert browser.find_element("id", "return").get_attribute("href") == "https://shop.example/thanks"
    assert browser.find_elements("tag name", "form") == []
    assert_well_formed(browser)


@pytest.mark.parametrize(
    ("action", "shown", "state", "exception"),
    [
        ("underpay", "Partly paid", "new", "paidPartial"),
        ("overpay", "Payment seen, too much", "paid", "paidOver"),
        ("expire", "Expired", "expired", False),
        ("decline", "Invalid", "invalid", False),
    ],
)
def test_invoice_page_offers_every_other_outcome(
    browser: Any,
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    action: str,
    shown: str,
    state: str,
    exception: str | bool,
) -> None:
    invoice = new_invoice()
    browser.get(invoice["url"])
    press(browser, action)
    waits_for(browser, shown)
    known = bitpay_control.payment(invoice["id"])
    assert (known["status"], known["exceptionStatus"]) == (state, exception)
    assert_well_formed(browser)


def test_open_page_follows_what_happens_elsewhere(
    browser: Any, new_invoice: Callable[..., dict[str, Any]], bitpay_control: Control
) -> None:
    invoice = new_invoice()
    browser.get(invoice["url"])
    bitpay_control.pay(invoice["id"])
    waits_for(browser, "Payment seen")


def test_countdown_counts_down(browser: Any, new_invoice: Callable[..., dict[str, Any]]) -> None:
    browser.get(new_invoice()["url"])
    first = browser.find_element("id", "left").text
    wait_until(lambda: browser.find_element("id", "left").text < first)


@pytest.mark.parametrize(
    ("action", "shown", "made"),
    [
        ("pay", "Paid", [("completed", 150)]),
        ("underpay", "Partly paid", [("completed", 75)]),
        ("overpay", "Paid too much", [("completed", 225)]),
        ("expire", "Expired", []),
        ("decline", "Declined", [("failed", 150)]),
    ],
)
def test_paylink_page_plays_every_outcome(
    browser: Any,
    openpay: OpenPayClient,
    openpay_control: Control,
    action: str,
    shown: str,
    made: list[tuple[str, int]],
) -> None:
    body = {"amount": 150.00, "currency": "BZD", "return_url": "https://shop.example/thanks"}
    link = openpay.post("/paylinks", body).json()["data"]
    browser.get(link["url"])
    assert "150.00" in browser.find_element("tag name", "main").text
    press(browser, action)
    waits_for(browser, shown)
    found = openpay.get("/transactions", paylink_id=link["id"]).json()["data"]
    assert [(t["status"], t["amount"]) for t in found] == made
    assert_well_formed(browser)


@pytest.mark.parametrize(
    ("actions", "shown", "state"),
    [
        (["pay"], "Paid", "paid"),
        (["decline"], "Declined", "pending"),
        (["decline", "pay"], "Paid", "paid"),
        (["expire"], "Overdue", "overdue"),
        (["expire", "pay"], "Paid", "paid"),
    ],
)
def test_page_of_an_invoice_with_a_due_date_plays_every_outcome(
    browser: Any,
    globalpay: GlobalPayClient,
    globalpay_control: Control,
    actions: list[str],
    shown: str,
    state: str,
) -> None:
    invoice = globalpay.invoice(amount=1_234_500, description=HOSTILE)
    browser.get(invoice["paymentUrl"])
    text = browser.find_element("tag name", "main").text
    assert "12,345.00" in text and HOSTILE in text
    assert_well_formed(browser)
    for action in actions:
        press(browser, action)
    waits_for(browser, shown)
    assert globalpay_control.payment(invoice["id"])["status"] == state
    assert_well_formed(browser)


@pytest.mark.parametrize(
    ("actions", "shown"),
    [
        (["pay", "confirm"], "Confirmed"),
        (["underpay"], "Partly paid"),
        (["underpay", "pay"], "Payment seen"),
        (["expire", "pay"], "Too late"),
        (["decline"], "Blocked"),
    ],
)
def test_page_of_coins_plays_every_outcome(
    browser: Any, forumpay: ForumPayClient, sandbox: Sandbox, actions: list[str], shown: str
) -> None:
    payment = forumpay.start(reference_no="12-23-456")
    browser.get(sandbox.providers["forumpay"].payer_url_template.replace("{id}", payment["payment_id"]))
    text = browser.find_element("tag name", "main").text
    assert payment["amount"] in text and payment["address"] in text
    assert_well_formed(browser)
    for action in actions:
        press(browser, action)
    waits_for(browser, shown)
    assert_well_formed(browser)


def test_what_a_shop_sends_is_text_and_never_markup(
    browser: Any, openpay: OpenPayClient, openpay_control: Control
) -> None:
    body = {"amount": 1, "currency": "USD", "description": HOSTILE, "customer_name": HOSTILE}
    browser.get(openpay.post("/paylinks", body).json()["data"]["url"])
    assert HOSTILE in browser.find_element("tag name", "main").text
    assert browser.title.startswith("Awaiting payment")
    assert_well_formed(browser)


def test_pairing_page_approves_a_client(browser: Any, bitpay: BitPayClient) -> None:
    key = "97811b691dd7ebaeb67977d158e1da2c4d3eaa4ee4e2555150628acade6b344c"
    sin = "Tf3yr5tYvccKNVrE26BrPs6LWZRh8woHwjR"
    (asked,) = bitpay.data("createToken", {"id": sin, "facade": "merchant"})
    page = f"{bitpay.base_url}/api-access-request?pairingCode={asked['pairingCode']}"
    browser.get(page)
    assert sin in browser.find_element("tag name", "main").text
    browser.find_element("name", "approve").click()
    wait_until(lambda: "Access approved" in browser.title)
    client = {"token": asked["token"], "identity": Identity(key)}
    assert bitpay.post("getLedgers", **client).status_code == 200


def test_page_works_without_a_script(
    http: httpx.Client, new_invoice: Callable[..., dict[str, Any]], bitpay_control: Control
) -> None:
    invoice = new_invoice()
    page = http.get(invoice["url"])
    assert '<meta http-equiv="refresh"' in page.text
    assert "script-src 'nonce-" in page.headers["content-security-policy"]
    pressed = http.post(httpx.URL(invoice["url"]).join(f"/payer/{invoice['id']}/pay"))
    assert pressed.status_code == 303
    assert "Payment seen" in http.get(httpx.URL(invoice["url"]).join(pressed.headers["location"])).text


def test_button_pressed_too_late_explains_itself(
    http: httpx.Client, new_invoice: Callable[..., dict[str, Any]], bitpay_control: Control
) -> None:
    invoice = new_invoice()
    bitpay_control.expire(invoice["id"])
    pressed = http.post(httpx.URL(invoice["url"]).join(f"/payer/{invoice['id']}/pay"))
    assert pressed.status_code == 409 and "can no longer receive payments" in pressed.text


def test_unknown_payment_is_a_friendly_404(http: httpx.Client, sandbox: Sandbox) -> None:
    for provider in sandbox.providers.values():
        page = http.get(provider.payer_url_template.replace("{id}", "nothing"))
        assert page.status_code == 404 and "Not found" in page.text
