"""What GlobalPay's endpoints share: pages, the rate limit, idempotency keys, refunds, webhooks."""

from __future__ import annotations

from typing import Any

import pytest
from globalpay_client import GlobalPayClient

from till.sandbox import Control, ControlFailed

INVOICE: dict[str, Any] = {"customerId": "customer-1042", "amount": 10000, "currency": "BTN"}
RATE_LIMIT = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")

# Pages


@pytest.fixture
def five(globalpay: GlobalPayClient, globalpay_control: Control) -> list[str]:
    """Five invoices, oldest first; the second is paid, the third another customer's."""
    ids = [globalpay.invoice(amount=100 + number)["id"] for number in range(2)]
    ids.append(globalpay.invoice(customerId="customer-7")["id"])
    ids += [globalpay.invoice()["id"] for _ in range(2)]
    globalpay_control.pay(ids[1])
    return ids


def test_pages_cover_everything_once_newest_first(globalpay: GlobalPayClient, five: list[str]) -> None:
    pages = [globalpay.get("/api/invoices", limit=2, offset=offset).json() for offset in (0, 2, 4)]
    assert [page["pagination"] for page in pages] == [
        {"total": 5, "limit": 2, "offset": 0, "hasMore": True},
        {"total": 5, "limit": 2, "offset": 2, "hasMore": True},
        {"total": 5, "limit": 2, "offset": 4, "hasMore": False},
    ]
    assert [one["id"] for page in pages for one in page["data"]] == five[::-1]
    beyond = globalpay.get("/api/invoices", offset=5).json()
    assert beyond == {"data": [], "pagination": {"total": 5, "limit": 20, "offset": 5, "hasMore": False}}


def test_oldest_first_where_the_option_says_so(
    globalpay: GlobalPayClient, globalpay_control: Control, five: list[str]
) -> None:
    globalpay_control.options(order="oldest_first")
    assert [one["id"] for one in globalpay.get("/api/invoices").json()["data"]] == five


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({}, 5),
        ({"status": "paid"}, 1),
        ({"status": "pending"}, 4),
        ({"status": "overdue"}, 0),
        ({"customerId": "customer-7"}, 1),
        ({"customerId": "customer-7", "status": "paid"}, 0),
        ({"customerId": "nobody"}, 0),
        ({"limit": 1}, 5),
    ],
)
def test_filters(globalpay: GlobalPayClient, five: list[str], query: dict[str, Any], total: int) -> None:
    assert globalpay.get("/api/invoices", **query).json()["pagination"]["total"] == total


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": -1},
        {"limit": ""},
        {"limit": "1e1"},
        {"limit": "٣"},
        {"limit": [1, 2]},
        {"offset": -1},
        {"offset": "x"},
        {"offset": "9" * 40},
        {"status": "open"},
        {"status": "PAID"},
        {"customerId": ""},
        {"currency": "BTN"},
        {"page": 2},
    ],
)
def test_bad_filter_is_refused_by_name(globalpay: GlobalPayClient, query: dict[str, Any]) -> None:
    reply = globalpay.get("/api/invoices", **query)
    assert reply.status_code == 400
    assert reply.json()["error"]["type"] == "validation_error"
    if not isinstance(next(iter(query.values())), list):
        assert reply.json()["error"]["field"] == next(iter(query))


def test_payments_have_pages_and_no_filters(
    globalpay: GlobalPayClient, globalpay_control: Control, five: list[str]
) -> None:
    globalpay_control.pay(five[0])
    page = globalpay.get("/api/payments", limit=1, offset=1).json()
    assert page["pagination"] == {"total": 2, "limit": 1, "offset": 1, "hasMore": False}
    assert page["data"][0]["invoiceId"] == five[1]
    assert globalpay.get("/api/payments", status="completed").status_code == 400


# The rate limit


def test_every_answer_carries_the_rate_limit(globalpay: GlobalPayClient, globalpay_control: Control) -> None:
    now = globalpay_control.now_ms() // 1000
    answers = [
        globalpay.get("/api/invoices"),
        globalpay.post("/api/invoices", INVOICE),
        globalpay.post("/api/invoices", {}),
        globalpay.get("/api/nowhere"),
        globalpay.http.get(globalpay.base_url + "/api/invoices"),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 400, 404, 401]
    limits, remaining, resets = ([answer.headers[name] for answer in answers] for name in RATE_LIMIT)
    assert set(limits) == {"1000"}
    assert remaining == ["999", "998", "997", "996", "996"]  # a stranger's request takes nothing
    assert len(set(resets)) == 1 and 3600 <= int(resets[0]) - now <= 3602


def test_beyond_the_limit_nothing_happens_until_the_reset(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    globalpay_control.options(requests_per_hour=2)
    globalpay.invoice()
    last = globalpay.get("/api/invoices")
    assert last.headers["x-ratelimit-remaining"] == "0"
    refused = globalpay.post("/api/invoices", INVOICE)
    assert refused.status_code == 429
    assert refused.json()["error"]["message"] == "Rate limit exceeded"
    assert [refused.headers[name] for name in RATE_LIMIT] == ["2", "0", last.headers["x-ratelimit-reset"]]
    assert len(globalpay_control.payments()) == 1

    left = int(refused.headers["x-ratelimit-reset"]) - globalpay_control.now_ms() // 1000
    globalpay_control.advance_clock(left)
    again = globalpay.post("/api/invoices", INVOICE)
    assert (again.status_code, again.headers["x-ratelimit-remaining"]) == (201, "1")


def test_a_shorter_hour_is_for_tests_that_wait(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    globalpay_control.options(requests_per_hour=1, hour_seconds=5)
    assert globalpay.get("/api/invoices").status_code == 200
    assert globalpay.get("/api/invoices").status_code == 429
    globalpay_control.advance_clock(5)
    assert globalpay.get("/api/invoices").status_code == 200


# Idempotency keys


def test_same_key_and_body_give_the_first_answer_and_one_invoice(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    first = globalpay.post("/api/invoices", INVOICE, key="unique-key-123")
    globalpay_control.pay(first.json()["id"])
    again = globalpay.post("/api/invoices", INVOICE, key="unique-key-123")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(globalpay_control.payments()) == 1
    other = globalpay.post("/api/invoices", INVOICE, key="unique-key-124")
    assert other.json()["id"] != first.json()["id"]
    assert globalpay.invoice()["id"] != globalpay.invoice()["id"]  # without a key each is a new one


@pytest.mark.parametrize("path", ["/api/invoices", "/api/refunds"])
def test_same_key_with_another_request_is_refused(
    globalpay: GlobalPayClient, globalpay_control: Control, path: str
) -> None:
    globalpay.post("/api/invoices", INVOICE, key="unique-key-123")
    reply = globalpay.post(path, {**INVOICE, "amount": 1}, key="unique-key-123")
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "idempotency_key_reused"
    assert len(globalpay_control.payments()) == 1
    assert globalpay_control.command("refunds") == []


def test_key_of_a_refused_request_stays_free(globalpay: GlobalPayClient) -> None:
    assert globalpay.post("/api/invoices", {}, key="unique-key-123").status_code == 400
    assert globalpay.post("/api/invoices", INVOICE, key="unique-key-123").status_code == 201


# Refunds


@pytest.mark.parametrize("body", [{}, {"paymentId": "pay_1", "amount": 1}, {"a": [None, {"b": True}]}])
def test_refund_takes_any_object(
    globalpay: GlobalPayClient, globalpay_control: Control, body: dict[str, Any]
) -> None:
    reply = globalpay.post("/api/refunds", body)
    assert reply.status_code == 201
    assert reply.json()["id"].startswith("ref_")
    (kept,) = globalpay_control.command("refunds")
    assert kept["request"] == body


def test_refund_that_is_no_object_is_refused(globalpay: GlobalPayClient, globalpay_control: Control) -> None:
    assert globalpay.post("/api/refunds", "[]").status_code == 400
    assert globalpay_control.command("refunds") == []


# Options


@pytest.mark.parametrize(
    "change",
    [
        {"requests_per_hour": 0},
        {"customers": "customer-1"},
        {"customers": [7]},
        {"customers": [""]},
        {"due_days": -1},
        {"overdue_payable": 1},
        {"order": "random"},
        {"plan": "enterprise"},
    ],
)
def test_option_that_makes_no_sense_is_refused(globalpay_control: Control, change: dict[str, Any]) -> None:
    with pytest.raises(ControlFailed, match=next(iter(change))):
        globalpay_control.options(**change)


def test_faults_come_in_the_documented_envelope(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    for kind, status in (("status_500", 500), ("status_429", 429)):
        globalpay_control.fault(kind)
        reply = globalpay.get("/api/invoices")
        assert reply.status_code == status
        assert list(reply.json()["error"]) == ["message", "type", "code"]


# Webhooks


def test_all_five_documented_events_are_told(globalpay: GlobalPayClient, globalpay_control: Control) -> None:
    globalpay_control.webhook_url("http://127.0.0.1:9/hooks")
    globalpay_control.hold_webhooks()
    made = globalpay.invoice()
    globalpay_control.decline(made["id"])
    globalpay_control.pay(made["id"])
    globalpay.post("/api/refunds", {})
    told = globalpay_control.webhooks()
    assert [webhook["event"] for webhook in told] == [
        "invoice.created",
        "payment.failed",
        "payment.completed",
        "invoice.paid",
        "refund.processed",
    ]
    for webhook in told:
        assert list(webhook["body"]) == ["event", "createdAt", "data"]
        assert webhook["body"]["event"] == webhook["event"]
    assert told[0]["body"]["data"] == made
    assert {told[place]["body"]["data"]["invoiceId"] for place in (1, 2)} == {made["id"]}
    assert (told[3]["body"]["data"]["id"], told[3]["body"]["data"]["status"]) == (made["id"], "paid")


def test_write_that_is_answered_again_tells_nobody_again(
    globalpay: GlobalPayClient, globalpay_control: Control
) -> None:
    globalpay_control.webhook_url("http://127.0.0.1:9/hooks")
    globalpay_control.hold_webhooks()
    for _ in range(2):
        globalpay.post("/api/invoices", INVOICE, key="unique-key-123")
        globalpay.post("/api/refunds", {}, key="unique-key-124")
    assert [one["event"] for one in globalpay_control.webhooks()] == ["invoice.created", "refund.processed"]


def test_without_an_address_nobody_is_told(globalpay: GlobalPayClient, globalpay_control: Control) -> None:
    globalpay_control.pay(globalpay.invoice()["id"])
    assert globalpay_control.webhooks() == []
