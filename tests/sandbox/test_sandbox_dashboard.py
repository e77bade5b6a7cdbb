"""The dashboard: what it shows, what its buttons do, that only its own forms do anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from bitpay_client import BitPayClient
from openpay_client import OpenPayClient
from shop import Shop

from browsers import assert_well_formed, click, wait_until
from till.sandbox import PROVIDERS, Control, Sandbox

HOSTILE = '<script>document.title="owned"</script>"\'><img src=x onerror=alert(1)>'
TOKEN = re.compile(r'name="token" value="([^"]+)"')


@pytest.fixture
def new_invoice(
    sandbox: Sandbox, globalpay_control: Control, http: httpx.Client, shop: Shop
) -> Callable[..., str]:
    """Creates an invoice at GlobalPay, which tells the shop."""
    provider = sandbox.providers["globalpay"]
    globalpay_control.webhook_url(shop.url)

    def make(description: str = "Order 7", currency: str = "BTN") -> str:
        made = http.post(
            provider.base_url + "/api/invoices",
            headers={"Authorization": f"Bearer {provider.settings['api_key']}"},
            json={
                "customerId": provider.settings["customer_id"],
                "amount": 125000,
                "currency": currency,
                "description": description,
            },
        )
        assert made.status_code == 201, made.text
        globalpay_control.webhooks()
        return str(made.json()["id"])

    return make


@pytest.fixture
def press(sandbox: Sandbox, http: httpx.Client) -> Callable[..., httpx.Response]:
    """Sends a form of the page, with its token."""

    def send(place: str, **fields: str) -> httpx.Response:
        token = TOKEN.search(http.get(sandbox.dashboard_url).text)
        assert token
        return http.post(sandbox.dashboard_url + place, data={"token": token[1], **fields})

    return send


def row_of(browser: Any, region: str, text: str) -> Any:
    for row in browser.find_elements("css selector", f"#{region} tbody tr"):
        if text in row.text:
            return row
    raise LookupError(text)


# In a browser


def test_every_service_has_its_part_of_the_page(browser: Any, sandbox: Sandbox) -> None:
    browser.get(sandbox.dashboard_url)
    panels = browser.find_elements("css selector", "section.panel")
    assert [panel.get_attribute("id") for panel in panels] == list(PROVIDERS)
    for panel in panels:
        provider = sandbox.providers[panel.get_attribute("id")]
        assert provider.title in panel.text and provider.base_url in panel.text
        assert "mode: test" in panel.text
        for name in ("api_key", "private_key", "token"):
            assert provider.settings.get(name, "no secret") not in browser.page_source
    assert_well_formed(browser, loads=("/",))


def test_payments_are_listed_with_status_and_page(
    browser: Any, sandbox: Sandbox, openpay: OpenPayClient, openpay_control: Control
) -> None:
    body = {"amount": 150.00, "currency": "BZD", "description": "Order 1042"}
    link = openpay.post("/paylinks", body).json()["data"]
    browser.get(sandbox.dashboard_url)
    row = row_of(browser, "openpay-payments", "Order 1042")
    assert "150.00 BZD" in row.text and "Awaiting payment" in row.text
    assert row.find_element("css selector", "a").get_attribute("href") == link["url"]
    openpay_control.pay(link["id"])
    wait_until(lambda: "Paid" in row_of(browser, "openpay-payments", "Order 1042").text)
    assert_well_formed(browser, loads=("/",))


def test_requests_are_listed_with_status_and_fault_and_without_secrets(
    browser: Any, sandbox: Sandbox, openpay: OpenPayClient, openpay_control: Control
) -> None:
    openpay_control.fault("status_500", path="/v1/payments")
    card = {"card_number": "4111111111111111", "card_cvv": "987", "card_holder_name": "Ana Cal"}
    expiry = {"card_expiry_month": "12", "card_expiry_year": "2030"}
    openpay.post("/payments", {"amount": 1, "currency": "BZD", **card, **expiry})
    openpay.get("/transactions", status="completed")
    browser.get(sandbox.dashboard_url)
    failed = row_of(browser, "openpay-requests", "/v1/payments")
    assert "POST" in failed.text and "500" in failed.text and "status 500" in failed.text
    assert "200" in row_of(browser, "openpay-requests", "/v1/transactions?status=completed").text
    failed.find_element("css selector", "summary").click()
    shown = failed.find_element("css selector", "details").text
    assert '"card_number":"************1111"' in shown and "987" not in shown and "Ana Cal" not in shown
    assert sandbox.providers["openpay"].settings["api_key"] not in browser.page_source
    assert_well_formed(browser, loads=("/",))


def test_what_is_open_stays_open_when_the_page_changes(
    browser: Any, sandbox: Sandbox, openpay: OpenPayClient, openpay_control: Control
) -> None:
    openpay.get("/transactions", status="completed")
    browser.get(sandbox.dashboard_url)
    summary = row_of(browser, "openpay-requests", "completed").find_element("css selector", "summary")
    summary.click()
    openpay.get("/transactions", status="failed")
    wait_until(lambda: row_of(browser, "openpay-requests", "status=failed"))
    row = row_of(browser, "openpay-requests", "status=completed")
    assert row.find_element("css selector", "details").get_attribute("open")


def test_webhooks_are_sent_again_twice_and_out_of_order(
    browser: Any, sandbox: Sandbox, new_invoice: Callable[..., str], globalpay_control: Control, shop: Shop
) -> None:
    globalpay_control.pay(new_invoice())
    events = [sent["event"] for sent in globalpay_control.webhooks()]
    assert len(shop.got) == len(events) > 1
    browser.get(sandbox.dashboard_url)
    row = row_of(browser, "globalpay-webhooks", "invoice.created")
    assert "delivered" in row.text and "200" in row.text and shop.url in row.text
    first = globalpay_control.webhooks()[0]["id"]
    click(browser, f"globalpay-{first}-again")
    wait_until(lambda: len(shop.got) == len(events) + 1)
    click(browser, f"globalpay-{first}-twice")
    wait_until(lambda: len(shop.got) == len(events) + 3)
    assert [json.loads(body)["event"] for _, _, body in shop.got] == events + 3 * [events[0]]
    click(browser, "globalpay-out-of-order")
    wait_until(lambda: len(shop.got) == 2 * len(events) + 3)
    assert [json.loads(body)["event"] for _, _, body in shop.got[-len(events) :]] == events[::-1]
    wait_until(lambda: "200, 200, 200" in row_of(browser, "globalpay-webhooks", "invoice.created").text)
    assert_well_formed(browser, loads=("/",))


def test_webhooks_are_held_and_released_in_reverse(
    browser: Any, sandbox: Sandbox, new_invoice: Callable[..., str], globalpay_control: Control, shop: Shop
) -> None:
    new_invoice()
    browser.get(sandbox.dashboard_url)
    click(browser, "globalpay-hold")
    wait_until(lambda: "Held back: 0" in browser.find_element("id", "globalpay-webhooks").text)
    new_invoice()
    globalpay_control.pay(new_invoice())
    wait_until(lambda: "Held back: 0" not in browser.find_element("id", "globalpay-webhooks").text)
    held = [sent["event"] for sent in globalpay_control.webhooks() if sent["status"] == "held"]
    assert len(shop.got) == 1 and len(held) > 2
    click(browser, "globalpay-release-reverse")
    wait_until(lambda: len(shop.got) == 1 + len(held))
    assert [json.loads(body)["event"] for _, _, body in shop.got[1:]] == held[::-1]


def test_place_for_webhooks_is_set(browser: Any, sandbox: Sandbox, globalpay_control: Control) -> None:
    browser.get(sandbox.dashboard_url)
    field = browser.find_element("css selector", "#globalpay input[name=url]")
    field.send_keys("http://127.0.0.1:8000/hooks")
    click(browser, "globalpay-set-url")
    wait_until(lambda: globalpay_control._call("GET", "/webhooks")["url"] == "http://127.0.0.1:8000/hooks")


def test_faults_are_armed_and_cleared(
    browser: Any, sandbox: Sandbox, openpay: OpenPayClient, openpay_control: Control
) -> None:
    browser.get(sandbox.dashboard_url)
    form = browser.find_element("css selector", "#openpay form.fault")
    form.find_element("css selector", 'option[value="status_429"]').click()
    count = form.find_element("name", "count")
    count.clear()
    count.send_keys("2")
    form.find_element("name", "path").send_keys("/v1/transactions")
    click(browser, "openpay-arm")
    wait_until(lambda: "429" in browser.find_element("id", "openpay-armed").text)
    armed = browser.find_element("id", "openpay-armed").text
    assert "status 429: 2 requests to /v1/transactions" in armed
    assert_well_formed(browser, loads=("/",))
    assert openpay.get("/transactions").status_code == 429
    wait_until(lambda: "1 request to" in browser.find_element("id", "openpay-armed").text)
    click(browser, "openpay-clear")
    wait_until(lambda: browser.find_element("id", "openpay-armed").text == "")
    assert openpay_control.faults() == [] and openpay.get("/transactions").status_code == 200


def test_clock_is_advanced(browser: Any, sandbox: Sandbox, bitpay_control: Control) -> None:
    others = sandbox.control("openpay").now_ms()
    before = bitpay_control.now_ms()
    browser.get(sandbox.dashboard_url)
    button = browser.find_element("css selector", '#bitpay button[value="900"]')
    assert button.get_attribute("aria-label") == "Advance the clock of BitPay by 15 min"
    browser.execute_script("arguments[0].scrollIntoView({block:'center'})", button)
    button.click()
    wait_until(lambda: bitpay_control.now_ms() >= before + 900_000)
    assert sandbox.control("openpay").now_ms() < others + 600_000


def test_what_a_shop_sends_is_text_and_never_markup(
    browser: Any,
    sandbox: Sandbox,
    openpay: OpenPayClient,
    openpay_control: Control,
    new_invoice: Callable[..., str],
) -> None:
    openpay.post("/paylinks", {"amount": 1, "currency": "USD", "description": HOSTILE})
    openpay.http.get(openpay.base_url + "/%3Cscript%3Ealert(1)%3C/script%3E", params={"q": HOSTILE})
    openpay_control.fault("latency", path="/v1/" + HOSTILE, seconds=0)
    new_invoice(HOSTILE)
    browser.get(sandbox.dashboard_url)
    assert browser.title == "Dashboard of the till sandbox"
    assert HOSTILE in row_of(browser, "openpay-payments", "1.00 USD").text
    assert HOSTILE in row_of(browser, "globalpay-payments", "1,250.00 BTN").text
    assert HOSTILE in browser.find_element("id", "openpay-armed").text
    assert browser.find_elements("css selector", "main img, main script") == []
    assert_well_formed(browser, loads=("/",))


def test_page_can_be_used_without_seeing_it(browser: Any, sandbox: Sandbox, bitpay: BitPayClient) -> None:
    browser.get(sandbox.dashboard_url)
    assert browser.find_element("css selector", "html").get_attribute("lang") == "en"
    nameless = browser.execute_script(
        """return Array.from(document.querySelectorAll("input:not([type=hidden]), select, button, a"))
           .filter(function (e) {
             return !(e.getAttribute("aria-label") || e.textContent.trim() || (e.labels && e.labels.length));
           }).map(function (e) { return e.outerHTML; })"""
    )
    assert nameless == []
    repeated = browser.execute_script(
        """var ids = Array.from(document.querySelectorAll("[id]")).map(function (e) { return e.id; });
           return ids.filter(function (id, at) { return ids.indexOf(id) !== at; })"""
    )
    assert repeated == []
    for element in browser.find_elements("css selector", "[aria-labelledby]"):
        assert browser.find_element("id", element.get_attribute("aria-labelledby"))


# Without one


def test_only_the_latest_are_shown(
    sandbox: Sandbox, http: httpx.Client, openpay: OpenPayClient, openpay_control: Control
) -> None:
    for number in range(30):
        openpay.post("/paylinks", {"amount": 1, "currency": "USD", "description": f"Order {number:02}"})
    text = http.get(sandbox.dashboard_url).text
    assert text.count("Order 29") == 3 and "Order 05" in text  # cell, name of the link, request
    assert "Order 04" not in text and "The latest 25 of 30." in text


def test_page_works_without_a_script(
    sandbox: Sandbox, http: httpx.Client, press: Callable[..., httpx.Response], openpay_control: Control
) -> None:
    page = http.get(sandbox.dashboard_url)
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert "script-src 'nonce-" in page.headers["content-security-policy"]
    assert "form-action 'self'" in page.headers["content-security-policy"]
    done = press("openpay/arm", kind="latency", count="0", path="")
    assert (done.status_code, done.headers["location"]) == (303, "/#openpay")
    assert [fault["kind"] for fault in openpay_control.faults()] == ["latency"]


@pytest.mark.parametrize(
    ("path", "fields", "why"),
    [
        ("openpay/arm", {"kind": "flood", "count": "1"}, "Invalid kind"),
        ("openpay/arm", {"kind": "latency", "count": "many"}, "Invalid count"),
        ("openpay/clock", {"seconds": "-1"}, "Invalid seconds"),
        ("openpay/clock", {"seconds": "9" * 30}, "Invalid seconds"),
        ("openpay/clock", {}, "Invalid seconds"),
        ("globalpay/webhook-url", {"url": "http://shop.example/"}, "loopback"),
        ("globalpay/webhooks/webhook-0/again", {}, "gone"),
    ],
)
def test_what_makes_no_sense_is_explained(
    press: Callable[..., httpx.Response], path: str, fields: dict[str, str], why: str
) -> None:
    refused = press(path, **fields)
    assert refused.status_code == 400 and why in refused.text and 'role="alert"' in refused.text


def test_unknown_service_or_action_is_not_found(press: Callable[..., httpx.Response]) -> None:
    assert press("paypal/clock", seconds="1").status_code == 404
    assert press("openpay/explode").status_code == 404


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({}, ""),
        ({}, "x" * 43),
        ({"Origin": "https://evil.example"}, "right"),
        ({"Origin": "null"}, "right"),
        ({"Sec-Fetch-Site": "cross-site"}, "right"),
        ({"Sec-Fetch-Site": "same-site"}, "right"),
    ],
)
def test_form_of_another_site_does_nothing(
    sandbox: Sandbox,
    http: httpx.Client,
    openpay_control: Control,
    headers: dict[str, str],
    token: str | None,
) -> None:
    found = TOKEN.search(http.get(sandbox.dashboard_url).text)
    assert found
    fields = {"kind": "latency", "count": "1"}
    if token is not None:
        fields["token"] = found[1] if token == "right" else token
    refused = http.post(sandbox.dashboard_url + "openpay/arm", data=fields, headers=headers)
    assert refused.status_code == 403 and openpay_control.faults() == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_no_other_site_steers_a_service_or_presses_its_buttons(
    sandbox: Sandbox,
    http: httpx.Client,
    openpay: OpenPayClient,
    openpay_control: Control,
    headers: dict[str, str],
) -> None:
    link = openpay.post("/paylinks", {"amount": 1, "currency": "USD"}).json()["data"]
    origin = "https://" + urlsplit(link["url"]).netloc
    for path in (f"/payer/{link['id']}/pay", f"/_sandbox/payments/{link['id']}/pay", "/_sandbox/reset"):
        assert http.post(origin + path, headers=headers).status_code == 403
    assert openpay_control.payment(link["id"])["transactions"] == []
    ours = http.post(f"{origin}/payer/{link['id']}/pay", headers={"Origin": origin})
    assert ours.status_code == 303


def test_form_of_absurd_size_is_not_read(sandbox: Sandbox, http: httpx.Client) -> None:
    refused = http.post(sandbox.dashboard_url + "openpay/clock", content=b"token=" + b"x" * 100_000)
    assert refused.status_code == 403
