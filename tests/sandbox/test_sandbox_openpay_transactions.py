"""OpenPay's list of transactions: shape, filters, paging."""

from __future__ import annotations

from typing import Any

import pytest
from openpay_client import OpenPayClient

from till.sandbox import Control


@pytest.fixture
def three(openpay: OpenPayClient, openpay_control: Control) -> list[str]:
    """Three paylinks: paid in BZD, paid in USD, declined in BZD; an hour between them."""
    ids = []
    for currency, act in (("BZD", "pay"), ("USD", "pay"), ("BZD", "decline")):
        made = openpay.post("/paylinks", {"amount": 12.50, "currency": currency})
        ids.append(made.json()["data"]["id"])
        getattr(openpay_control, act)(ids[-1])
        openpay_control.advance_clock(3600)
    return ids


def test_entry_has_the_documented_shape(openpay: OpenPayClient, three: list[str]) -> None:
    reply = openpay.get("/transactions", paylink_id=three[0])
    assert '"amount":12.50,' in reply.text
    (entry,) = reply.json()["data"]
    assert list(entry) == [
        "id",
        "display_id",
        "amount",
        "currency",
        "status",
        "transaction_type",
        "payment_processor",
        "card_type",
        "card_last_four",
        "reference_number",
        "created_at",
        "updated_at",
        "metadata",
    ]
    assert list(entry["metadata"]) == [
        "customer_name",
        "authorization_code",
        "gateway_reference",
        "test_mode",
    ]
    shown = openpay.get("/transactions/" + entry["id"]).json()["data"]
    assert list(shown) == [
        "id",
        "amount",
        "currency",
        "status",
        "payment_processor",
        "card_type",
        "card_last_four",
        "verification_required",
        "created_at",
        "metadata",
    ]
    assert shown["verification_required"] is False


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({}, 3),
        ({"status": "completed"}, 2),
        ({"status": "failed", "currency": "USD"}, 0),
        ({"currency": "BZD"}, 2),
        ({"transaction_type": "payment"}, 3),
        ({"transaction_type": "chargeback"}, 0),
        ({"start_date": "2000-01-01", "end_date": "2001-01-01T00:00:00Z"}, 0),
        ({"start_date": "2000-01-01T00:00:00.000Z"}, 3),
    ],
)
def test_filters(openpay: OpenPayClient, three: list[str], query: dict[str, str], total: int) -> None:
    assert openpay.get("/transactions", **query).json()["pagination"]["total"] == total


def test_dates_are_inclusive_bounds(openpay: OpenPayClient, three: list[str]) -> None:
    newest_first = openpay.get("/transactions").json()["data"]
    middle = newest_first[1]["created_at"]
    later = openpay.get("/transactions", start_date=middle).json()["data"]
    earlier = openpay.get("/transactions", end_date=middle).json()["data"]
    assert [t["id"] for t in later] == [t["id"] for t in newest_first[:2]]
    assert [t["id"] for t in earlier] == [t["id"] for t in newest_first[1:]]


def test_pages_cover_everything_once(openpay: OpenPayClient, three: list[str]) -> None:
    first = openpay.get("/transactions", page=1, limit=2).json()
    second = openpay.get("/transactions", page=2, limit=2).json()
    assert first["pagination"] == {"total": 3, "page": 1, "limit": 2, "total_pages": 2}
    assert [len(first["data"]), len(second["data"])] == [2, 1]
    assert len({t["id"] for t in first["data"] + second["data"]}) == 3
    assert openpay.get("/transactions", page=9).json()["data"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"page": 0},
        {"page": -1},
        {"page": "1.5"},
        {"page": ""},
        {"page": "x"},
        {"page": "1" * 40},
        {"limit": 0},
        {"limit": 101},
        {"status": "paid"},
        {"currency": "EUR"},
        {"start_date": "yesterday"},
        {"end_date": "2026-13-01"},
        {"end_date": "2026-02-30T00:00:00Z"},
        {"paylink_id": "x"},
        {"transaction_type": "sale"},
        {"offset": 1},
        {"page": [1, 2]},
    ],
)
def test_bad_filter_is_refused(openpay: OpenPayClient, query: dict[str, Any]) -> None:
    reply = openpay.get("/transactions", **query)
    assert reply.status_code == 400 and reply.json()["success"] is False


def test_refund_in_the_dashboard_shows_as_status_and_as_transaction(
    openpay: OpenPayClient, openpay_control: Control, three: list[str]
) -> None:
    (paid,) = openpay.get("/transactions", paylink_id=three[0]).json()["data"]
    openpay_control.command("refund_transaction", transaction_id=paid["id"])
    assert openpay.get("/transactions/" + paid["id"]).json()["data"]["status"] == "refunded"
    found = openpay.get("/transactions", transaction_type="refund").json()["data"]
    assert [t["amount"] for t in found] == [12.5]
