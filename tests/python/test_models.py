"""Payments and their kin as typed, frozen values."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

import till
from till import _cards, _ledgers, _payments, _rates, _refunds, _tokens, _values
from till._page import page_of

PAYMENT: dict[str, Any] = {
    "id": "pay_1",
    "provider": "bitpay",
    "provider_id": "abc",
    "gateway": "bitpay/live",
    "reference": "1234",
    "description": None,
    "status": "processing",
    "outcome": "known",
    "amount": {"amount": "25.00", "currency": "USD"},
    "amount_paid": None,
    "amount_due": None,
    "amount_refunded": None,
    "checkout_url": "https://example.com/i",
    "qr_url": None,
    "pay_to": {
        "currency": "BTC",
        "amount": "0.0571",
        "address": "mipc",
        "uri": "bitcoin:mipc",
        "rate": "437.02",
    },
    "next_action": {"type": "send_coins"},
    "refunds": [{"id": "re_1", "status": "pending", "amount": {"amount": "1.00", "currency": "USD"}}],
    "decline": {"code": "DECLINED", "message": "Declined"},
    "test": True,
    "created_at": "2026-11-20T22:50:00.125Z",
    "updated_at": None,
    "expires_at": None,
    "metadata": None,
    "raw": {"secret-looking": "value"},
}


def test_a_payment_is_decoded_into_types() -> None:
    payment = _payments.payment(PAYMENT)
    assert payment.amount == till.Money("25.00", "USD")
    assert payment.created_at == datetime(2026, 11, 20, 22, 50, 0, 125_000, tzinfo=UTC)
    assert payment.pay_to == till.PayTo("BTC", Decimal("0.0571"), "mipc", "bitcoin:mipc", Decimal("437.02"))
    assert payment.refunds[0].amount == till.Money("1.00", "USD")
    assert payment.decline == till.Decline("DECLINED", "Declined")
    assert payment.metadata == {}
    assert payment.updated_at is None


def test_a_payment_cannot_be_changed_and_its_repr_leaves_the_raw_reply_out() -> None:
    payment = _payments.payment(PAYMENT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        payment.status = "paid"  # type: ignore[misc]
    assert "secret-looking" not in repr(payment)
    assert "secret-looking" in payment.raw


def test_two_replies_about_the_same_state_are_equal_whatever_their_raw_form() -> None:
    assert _payments.payment(PAYMENT) == _payments.payment({**PAYMENT, "raw": None})
    assert _payments.payment(PAYMENT) != _payments.payment({**PAYMENT, "status": "paid"})


def test_a_token_does_not_show_itself() -> None:
    token = _tokens.token(
        {"token": "G3AQ5GdqMMmJd4YWHkVfNPmp", "facade": "merchant", "pairing_code": "abc1234"}
    )
    assert "G3AQ5" not in repr(token)
    assert token.token == "G3AQ5GdqMMmJd4YWHkVfNPmp"


def test_a_page_is_a_sequence_of_its_items() -> None:
    page = page_of(_rates.rate)({"items": [{"from": "BTC", "to": "USD", "rate": "437.02"}], "next": "2"})
    assert len(page) == 1
    assert [rate.rate for rate in page] == [Decimal("437.02")]
    assert page[0].to_currency == "USD"
    assert (page.next, page.total) == ("2", None)


def test_the_other_models_take_what_may_be_absent() -> None:
    assert _refunds.refund({"id": "r", "status": "pending"}).amount is None
    assert _ledgers.ledger({"currency": "USD", "balance": "1.50"}).balance == Decimal("1.50")
    assert _ledgers.ledger_entry({"code": 1000}).amount is None
    assert _rates.currency({"code": "BTC"}).decimals is None
    verification = _cards.verification({"status": "failed", "remaining_attempts": 0, "blocked": True})
    assert (verification.remaining_attempts, verification.blocked) == (0, True)


def test_a_time_is_read_from_text_and_from_milliseconds() -> None:
    assert _values.time(1_795_218_281_776) == _values.time("2026-11-20T23:44:41.776Z")
    assert _values.time(None) is None


def test_a_time_without_a_zone_is_refused_where_it_stands() -> None:
    with pytest.raises(till.InvalidRequest, match="time zone") as caught:
        _values.moment(datetime(2026, 1, 1), "since")
    assert caught.value.field == "$.since"
    with pytest.raises(TypeError, match="until is a datetime, a date or"):
        _values.moment(20260101, "until")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=-6))), "2026-01-01T09:00:00.000-06:00"),
        (date(2026, 1, 1), "2026-01-01T00:00:00.000+00:00"),
        ("2026-01-01", "2026-01-01"),
        (None, None),
    ],
)
def test_a_time_is_a_datetime_a_date_or_text(given: date | str | None, sent: str | None) -> None:
    assert _values.moment(given, "since") == sent


def test_payments_and_verifications_can_be_put_in_sets() -> None:
    payment, again = _payments.payment(PAYMENT), _payments.payment(PAYMENT)
    assert len({payment, again}) == 1
    other = _payments.payment({**PAYMENT, "next_action": {"type": "wait"}})
    assert other != payment
    assert hash(other) == hash(payment)
    verification = _cards.verification({"status": "requires_action", "next_action": {"type": "x"}})
    assert len({verification, verification}) == 1
