"""OpenPay, whole flows against the sandbox over TLS."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import till
from till.sandbox import Control
from till_fixtures import writes

CARD = "4111111111111111"
PRICE = till.Money("150.00", "BZD")


def new_card(number: str = CARD) -> till.Card:
    return till.Card(number, 12, 2030, cvv="123", holder_name="Ana Cal")


def test_a_payment_link_is_paid(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    payment = shop.payments.create(
        PRICE,
        reference="1234",
        description="Two books",
        customer={"name": "Ana Cal", "email": "ana@example.com"},
        return_url="https://shop.example/thanks",
        metadata={"basket": [1, 2]},
    )
    assert (payment.status, payment.outcome, payment.amount) == ("pending", "known", PRICE)
    assert payment.id
    assert payment.id.startswith("pay_")
    assert payment.checkout_url
    assert payment.metadata == {"basket": [1, 2]}
    assert shop.payments.get(payment.id).status == "pending"

    payer("openpay").pay(payment.provider_id or "")
    paid = shop.payments.get(payment.id)
    assert (paid.status, paid.amount_paid, paid.test) == ("paid", PRICE, True)
    assert paid.updated_at is not None
    assert payment.updated_at is not None
    assert paid.updated_at >= payment.updated_at


def test_a_new_card_is_verified_and_then_charged(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    with new_card() as card:
        first = shop.payments.create(PRICE, card=card)
        assert first.status == "requires_action"
        assert first.next_action is not None
        assert first.next_action["type"] == "confirm_card_amount"

        statement = payer("openpay").statement(CARD)
        assert statement is not None
        charged = till.Money(statement["amount"], statement["currency"])
        wrong = charged + till.Money("0.02", charged.currency)
        failed = shop.cards.confirm(card, wrong)
        assert (failed.status, failed.remaining_attempts, failed.blocked) == ("failed", 1, False)
        assert shop.cards.confirm(card, charged).status == "verified"

        paid = shop.payments.create(PRICE, card=card)
    assert (paid.status, paid.amount_paid) == ("paid", PRICE)
    assert shop.payments.get(paid.id).status == "paid"


def test_a_card_is_blocked_after_two_wrong_amounts(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    with new_card() as card:
        assert shop.cards.verify(card).status == "requires_action"
        statement = payer("openpay").statement(CARD)
        assert statement is not None
        wrong = till.Money(Decimal(statement["amount"]) + 1, statement["currency"])
        assert shop.cards.confirm(card, wrong).remaining_attempts == 1
        last = shop.cards.confirm(card, wrong)
        assert (last.status, last.remaining_attempts, last.blocked) == ("failed", 0, True)


@pytest.mark.parametrize(
    ("suffix", "code", "message"),
    [
        ("1000", "INSUFFICIENT_FUNDS", "Insufficient Funds"),
        ("2000", "DECLINED", "Declined"),
        ("3000", "CVV_MISMATCH", "CVV Mismatch"),
        ("4000", "EXPIRED_CARD", "Expired Card"),
        ("5000", "PROCESSING_ERROR", "Processing Error"),
    ],
)
def test_a_decline_is_a_status_with_its_reason(
    shop: till.Gateway, suffix: str, code: str, message: str
) -> None:
    with new_card("411111111111" + suffix) as card:
        payment = shop.payments.create(PRICE, card=card)
    assert (payment.status, payment.outcome, payment.test) == ("failed", "known", True)
    assert payment.decline is not None
    assert (payment.decline.code, payment.decline.message) == (code, message)
    assert not payment.amount_paid


def test_any_other_suffix_is_approved(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    for number in (CARD, "4541250000000001", "5555555555550000"):
        payer("openpay").verify_card(number)
        with new_card(number) as card:
            payment = shop.payments.create(PRICE, card=card)
        assert (payment.status, payment.amount_paid, payment.test) == ("paid", PRICE, True)
        assert payment.raw["data"]["response_code"] == "APPROVED"
        assert payment.raw["data"]["gateway_reference"].startswith("TEST-")


def test_a_blocked_card_pays_nothing_any_more(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    with new_card() as card:
        assert shop.payments.create(PRICE, card=card).status == "requires_action"
        wrong = till.Money("9.99", "BZD")
        assert [shop.cards.confirm(card, wrong).remaining_attempts for _ in range(2)] == [1, 0]
        assert shop.cards.confirm(card, wrong).blocked
        refused = shop.payments.create(PRICE, card=card)
    assert refused.status == "failed" and refused.decline is not None
    assert payer("openpay").statement(CARD) is None


def test_the_equivalent_in_the_other_currency_verifies(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    with new_card() as card:
        shop.cards.verify(card)
        statement = payer("openpay").statement(CARD)
        assert statement is not None and statement["currency"] == "BZD"
        half = till.Money(Decimal(statement["amount"]) / 2, "USD")
        assert shop.cards.confirm(card, half).status == "verified"


def test_what_looks_like_abuse_is_blocked_for_a_while(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    payer("openpay").options(declines_before_block=2, cooldown_seconds=60)
    with new_card("4111111111112000") as card:
        for _ in range(2):
            assert shop.payments.create(PRICE, card=card).status == "failed"
        with pytest.raises(till.Blocked, match="Too many declined attempts") as blocked:
            shop.payments.create(PRICE, card=card)
        assert not blocked.value.retryable
        payer("openpay").advance_clock(61)
        assert shop.payments.create(PRICE, card=card).status == "failed"


def test_a_live_merchants_reply_is_not_taken_for_a_test(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    payer("openpay").options(test_mode=False)
    payer("openpay").verify_card(CARD)
    with new_card() as card, pytest.raises(till.OutcomeUnknown, match="live mode") as refused:
        shop.payments.create(PRICE, card=card)
    assert refused.value.code == "mode_mismatch"


def test_transactions_are_filtered(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    control = payer("openpay")
    links = [shop.payments.create(till.Money(amount, "BZD")) for amount in ("10.00", "20.00")]
    links.append(shop.payments.create(till.Money("30.00", "USD")))
    for link in links:
        control.pay(link.provider_id or "")
        control.advance_clock(86_400)
    control.decline(shop.payments.create(till.Money("40.00", "BZD")).provider_id or "")
    made = {transaction.amount.amount: transaction for transaction in shop.payments.list()}
    control.command("refund_transaction", transaction_id=made[Decimal("20.00")].provider_id)
    with new_card() as card:
        shop.cards.verify(card)

    def amounts(**filters: Any) -> list[str]:
        return sorted(str(payment.amount.amount) for payment in shop.payments.list(**filters))

    assert amounts() == ["10.00", "20.00", "30.00", "40.00"]
    assert amounts(status="paid") == ["10.00", "30.00"]
    assert amounts(status="failed") == ["40.00"]
    assert amounts(options={"status": "refunded"}) == ["20.00"]
    assert amounts(currency="USD") == ["30.00"]
    assert amounts(options={"paylink_id": links[0].provider_id}) == ["10.00"]
    assert amounts(options={"transaction_type": "refund"}) == ["20.00"]
    assert len(amounts(options={"transaction_type": "verification", "status": "pending"})) == 1
    assert amounts(options={"transaction_type": "chargeback"}) == []
    second = made[Decimal("20.00")].created_at
    assert second is not None
    assert amounts(since=second) == ["20.00", "30.00", "40.00"]
    assert amounts(until=second) == ["10.00", "20.00"]
    assert amounts(since=second, until=second, currency="BZD", limit=1) == ["20.00"]


def test_a_paylink_is_what_its_transactions_say(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    control = payer("openpay")
    payment = shop.payments.create(PRICE)
    ours, theirs = payment.id or "", payment.provider_id or ""
    control.decline(theirs)
    assert shop.payments.get(ours).status == "pending"
    control.underpay(theirs, "50.00")
    partly = shop.payments.get(ours)
    assert (partly.status, partly.amount_paid, partly.amount_due) == (
        "underpaid",
        till.Money("50.00", "BZD"),
        till.Money("100.00", "BZD"),
    )
    control.pay(theirs)
    assert shop.payments.get(ours).status == "paid"
    completed = shop.native("GET /transactions", {"paylink_id": theirs, "status": "completed"})["data"]
    control.command("refund_transaction", transaction_id=completed[0]["id"])
    refunded = shop.payments.get(ours)
    assert refunded.status == "paid" and refunded.amount_refunded == till.Money("100.00", "BZD")


def test_the_list_of_payments_has_pages(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    for _ in range(3):
        payment = shop.payments.create(PRICE)
        payer("openpay").pay(payment.provider_id or "")
    first = shop.payments.list(limit=2)
    assert (len(first), first.total) == (2, 3)
    assert first.next
    second = shop.payments.list(limit=2, cursor=first.next)
    assert (len(second), second.next) == (1, None)
    assert len({payment.provider_id for payment in [*first, *second]}) == 3
    assert {payment.status for payment in [*first, *second]} == {"paid"}


def test_wrong_credentials_are_an_authentication_error(
    gateway: Callable[..., till.Gateway], shop: till.Gateway
) -> None:
    wrong = till.Gateway(
        "openpay",
        {"api_key": "sk_test_not_the_right_key"},
        base_url=_base_url(shop),
        runtime=shop.runtime,
    )
    with pytest.raises(till.AuthenticationError) as caught:
        wrong.check()
    assert "sk_test" not in str(caught.value)
    assert shop.check().ok


def test_a_native_call_goes_out_by_its_own_name(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    reply = shop.native("POST /paylinks", {"amount": Decimal("150.00"), "currency": "BZD"})
    assert reply["data"]["amount"] == "150.00"
    assert shop.native("GET /paylinks/:id", {"id": reply["data"]["id"]})["success"] is True
    assert len(writes(payer("openpay"))) == 1


def test_an_unknown_payment_is_not_found(shop: till.Gateway) -> None:
    with pytest.raises(till.NotFound):
        shop.payments.get("pay_00000000000000000000000000")


def test_card_data_reaches_neither_the_store_nor_the_payment(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    payer("openpay").verify_card(CARD)
    with new_card() as card:
        payment = shop.payments.create(PRICE, card=card, reference="1234")
    assert payment.status == "paid"
    assert CARD not in repr(payment) + repr(payment.raw)
    folder = shop.runtime.store.place.rpartition("/")[0]
    from pathlib import Path

    kept = b"".join(path.read_bytes() for path in Path(folder).iterdir() if path.is_file())
    assert b"1234" in kept
    assert CARD.encode() not in kept
    assert b"sk_test" not in kept


def _base_url(shop: till.Gateway) -> str:
    request = shop.exchange("check", {}).request
    assert request is not None
    return request.url.partition("/v1")[0] + "/v1"
