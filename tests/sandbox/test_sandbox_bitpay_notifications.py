"""What BitPay tells by itself: notifications to a shop's address, and the event bus of an invoice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from bitpay_client import BitPayClient
from shop import Shop

from till.sandbox import Control, Sandbox
from till.sandbox.bitpay.notifications import signature

FLAT = [
    *("id", "url", "posData", "status", "btcPrice", "price", "currency", "invoiceTime", "expirationTime"),
    *("currentTime", "btcPaid", "btcDue", "rate", "exceptionStatus", "buyerFields"),
]


@pytest.fixture
def new_invoice(
    bitpay: BitPayClient, bitpay_control: Control, merchant: dict[str, Any], shop: Shop
) -> Callable[..., dict[str, Any]]:
    """Creates an invoice of an account whose notifications go to the shop."""
    bitpay_control.webhook_url(shop.url)
    bitpay_control.options(invoice_fields="wide")

    def make(**more: Any) -> dict[str, Any]:
        made = bitpay.data("createInvoice", {"price": 25, "currency": "USD", **more}, **merchant)
        return dict(made)

    return make


@pytest.fixture
def told(bitpay_control: Control, shop: Shop) -> Callable[[], list[dict[str, Any]]]:
    """Waits for what is under way; the bodies that the shop got."""

    def bodies() -> list[dict[str, Any]]:
        bitpay_control.webhooks()
        return [json.loads(body) for _, _, body in shop.got]

    return bodies


def test_notification_is_the_documented_flat_body(
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    shop: Shop,
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    invoice = new_invoice(posData="cart 7")
    bitpay_control.pay(invoice["id"])
    (body,) = told()
    assert list(body) == FLAT
    assert (body["id"], body["url"], body["posData"]) == (invoice["id"], invoice["url"], "cart 7")
    assert (body["status"], body["exceptionStatus"], body["price"]) == ("paid", False, 25)
    assert body["btcPaid"] == body["btcPrice"] and body["btcDue"] == "0.0000"
    ((_, headers, raw),) = shop.got
    assert headers["content-type"] == "application/json" and "x-signature" not in headers
    assert b": " not in raw and b", " not in raw  # compact, as a signature over it would need


def test_shop_is_told_of_paid_confirmed_and_complete_once_each(
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    invoice = new_invoice()
    bitpay_control.underpay(invoice["id"])
    assert told() == []
    bitpay_control.pay(invoice["id"])
    for _ in range(7):
        bitpay_control.confirm(invoice["id"], 1)
    assert [body["status"] for body in told()] == ["paid", "confirmed", "complete"]
    other = new_invoice()
    bitpay_control.expire(other["id"])
    rejected = new_invoice()
    bitpay_control.decline(rejected["id"])
    assert len(told()) == 3


@pytest.mark.parametrize("by", ["account", "invoice"])
def test_full_notifications_tell_of_every_status(
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    told: Callable[[], list[dict[str, Any]]],
    by: str,
) -> None:
    bitpay_control.options(full_notifications=by == "account")
    more = {"fullNotifications": True} if by == "invoice" else {}
    expired, rejected, late = (new_invoice(**more) for _ in range(3))
    bitpay_control.expire(expired["id"])
    bitpay_control.decline(rejected["id"])
    bitpay_control.advance_clock(900)
    assert [(body["id"], body["status"]) for body in told()] == [
        (expired["id"], "expired"),
        (rejected["id"], "invalid"),
        (late["id"], "expired"),
    ]


@pytest.mark.parametrize("by", ["account", "invoice"])
def test_extended_notifications_say_what_happened(
    bitpay: BitPayClient,
    merchant: dict[str, Any],
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    told: Callable[[], list[dict[str, Any]]],
    by: str,
) -> None:
    bitpay_control.options(extended_notifications=by == "account", full_notifications=True)
    more = {"extendedNotifications": True} if by == "invoice" else {}
    invoice = new_invoice(**more)
    bitpay_control.pay(invoice["id"])
    for _ in range(6):
        bitpay_control.confirm(invoice["id"], 1)
    bitpay.data("sendNotification", token=invoice["token"], identity=merchant["identity"])
    bitpay_control.expire(new_invoice(**more)["id"])
    bitpay_control.decline(new_invoice(**more)["id"])
    bodies = told()
    assert all(list(body) == ["event", "data"] and list(body["data"]) == FLAT for body in bodies)
    assert [(body["event"]["code"], body["event"]["name"]) for body in bodies] == [
        (1003, "invoice_paidInFull"),
        (1005, "invoice_confirmed"),
        (1006, "invoice_completed"),
        (1012, "invoice_manuallyNotified"),
        (1004, "invoice_expired"),
        (1013, "invoice_failedToConfirm"),
    ]


def test_refund_that_went_through_is_an_extended_event(
    bitpay: BitPayClient,
    merchant: dict[str, Any],
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    bitpay_control.options(extended_notifications=True)
    invoice = new_invoice()
    bitpay_control.pay(invoice["id"])
    bitpay_control.confirm(invoice["id"], 6)
    refund = bitpay.data(
        "refund",
        {"bitcoinAddress": "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "amount": 25, "currency": "USD"},
        token=invoice["token"],
        identity=merchant["identity"],
    )
    bitpay_control.command("set_refund_status", refund_id=refund["id"], status="success")
    assert told()[-1]["event"] == {"code": 1016, "name": "invoice_refundComplete"}


def test_own_address_of_an_invoice_is_used(
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    shop: Shop,
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    invoice = new_invoice(notificationURL=shop.url.replace("/hooks?shop=1", "/ipn/7"))
    bitpay_control.pay(invoice["id"])
    told()
    assert [path for path, _, _ in shop.got] == ["/ipn/7"]


def test_send_notification_really_sends(
    bitpay: BitPayClient,
    merchant: dict[str, Any],
    new_invoice: Callable[..., dict[str, Any]],
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    invoice = new_invoice()
    again = {"token": invoice["token"], "identity": merchant["identity"]}
    assert bitpay.data("sendNotification", **again) == "Success"
    assert [(body["id"], body["status"]) for body in told()] == [(invoice["id"], "new")]


def test_account_without_an_address_is_told_nothing(
    bitpay: BitPayClient,
    merchant: dict[str, Any],
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
) -> None:
    invoice = new_invoice()
    assert bitpay.data("getInvoiceSettings", **merchant)["notificationURL"].endswith("/hooks?shop=1")
    bitpay_control.webhook_url("")
    assert bitpay.data("getInvoiceSettings", **merchant)["notificationURL"] == ""
    bitpay_control.pay(invoice["id"])
    assert bitpay_control.webhooks() == []


def test_only_200_is_taken_and_five_repetitions_follow(
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    shop: Shop,
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    shop.status = 204
    bitpay_control.pay(new_invoice()["id"])
    for minutes in (1, 4, 9, 16, 25):
        before = len(told())
        bitpay_control.advance_clock(60 * minutes - 1)
        assert len(told()) == before
        bitpay_control.advance_clock(1)
        assert len(told()) == before + 1
    (sent,) = bitpay_control.webhooks()
    assert sent["status"] == "failed" and len(sent["attempts"]) == 6


def test_published_signature(vectors: dict[str, Any]) -> None:
    # Key, body and header of the test in bitpay/hmac-tester.
    assert signature("test", b'{"id":"test"}') == "0KkGd2YCcbkhX15N8QF1moe/E6SG+EjHf6B8BE1uzr0="


def test_signed_variant_signs_the_bytes_with_the_merchants_token(
    sandbox: Sandbox,
    new_invoice: Callable[..., dict[str, Any]],
    bitpay_control: Control,
    shop: Shop,
    told: Callable[[], list[dict[str, Any]]],
) -> None:
    bitpay_control.options(signed_notifications=True)
    bitpay_control.pay(new_invoice()["id"])
    told()
    ((_, headers, raw),) = shop.got
    token = sandbox.providers["bitpay"].settings["token"].encode()
    expected = base64.b64encode(hmac.new(token, raw, hashlib.sha256).digest()).decode()
    assert headers["x-signature"] == expected


# The event bus


@contextmanager
def listening(http: httpx.Client, bus: dict[str, Any]) -> Iterator[Iterator[str]]:
    query = {"token": bus["token"], "action": "subscribe", "events[]": "payment"}
    with http.stream("GET", bus["url"], params=query) as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = events.iter_lines()
        assert [next(lines), next(lines), next(lines)] == ["event: connect", "data: {}", ""]
        yield lines


def next_state(lines: Iterator[str]) -> dict[str, Any]:
    assert next(lines) == "event: statechange"
    state: dict[str, Any] = json.loads(next(lines).removeprefix("data: "))
    assert next(lines) == ""
    return state


@pytest.fixture
def bus(bitpay: BitPayClient, new_invoice: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    invoice = new_invoice()
    found = bitpay.data("getInvoiceBusToken", {"invoiceId": invoice["id"]})
    assert list(found) == ["url", "token", "events", "actions"]
    assert (found["events"], found["actions"]) == (["payment"], ["subscribe", "unsubscribe"])
    return {**found, "invoice": invoice["id"]}


def test_event_bus_tells_of_every_change(
    http: httpx.Client, bitpay_control: Control, bus: dict[str, Any]
) -> None:
    with listening(http, bus) as lines:
        bitpay_control.underpay(bus["invoice"])
        state = next_state(lines)
        assert (state["id"], state["status"], state["exceptionStatus"]) == (
            bus["invoice"],
            "new",
            "paidPartial",
        )
        bitpay_control.pay(bus["invoice"])
        assert next_state(lines)["status"] == "paid"
        bitpay_control.confirm(bus["invoice"], 6)
        assert next_state(lines)["status"] == "complete"


def test_event_bus_tells_when_the_time_is_over(
    http: httpx.Client, bitpay_control: Control, bus: dict[str, Any]
) -> None:
    with listening(http, bus) as lines:
        bitpay_control.advance_clock(900)
        assert next_state(lines)["status"] == "expired"


def test_lost_listener_connects_again_with_the_same_token(
    http: httpx.Client, bitpay_control: Control, bus: dict[str, Any]
) -> None:
    with listening(http, bus) as lines:
        assert bitpay_control.command("drop_listeners") == 1
        assert list(lines) == []
    bitpay_control.pay(bus["invoice"])  # missed: the bus keeps nothing for later
    with listening(http, bus) as lines:
        bitpay_control.confirm(bus["invoice"], 1)
        assert next_state(lines)["status"] == "confirmed"


def test_listener_hears_of_its_own_invoice_only(
    http: httpx.Client,
    bitpay_control: Control,
    bus: dict[str, Any],
    new_invoice: Callable[..., dict[str, Any]],
) -> None:
    other = new_invoice()
    with listening(http, bus) as lines:
        bitpay_control.pay(other["id"])
        bitpay_control.pay(bus["invoice"])
        assert next_state(lines)["id"] == bus["invoice"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"token": "2g"}, 401),
        ({"token": ""}, 401),
        ({"action": "listen"}, 400),
        ({"events[]": "refund"}, 400),
        ({"events[]": None}, 400),
    ],
)
def test_wrong_subscription_is_refused(
    http: httpx.Client, bus: dict[str, Any], change: dict[str, Any], status: int
) -> None:
    query = {"token": bus["token"], "action": "subscribe", "events[]": "payment", **change}
    given = {name: value for name, value in query.items() if value is not None}
    assert http.get(bus["url"], params=given).status_code == status


def test_reset_ends_streams_and_their_tokens(
    http: httpx.Client, bitpay_control: Control, bus: dict[str, Any]
) -> None:
    with listening(http, bus) as lines:
        bitpay_control.reset()
        assert list(lines) == []
    query = {"token": bus["token"], "action": "subscribe", "events[]": "payment"}
    assert http.get(bus["url"], params=query).status_code == 401
