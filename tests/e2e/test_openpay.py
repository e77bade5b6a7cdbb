"""OpenPay, whole flows against the sandbox over TLS."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

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


@pytest.mark.parametrize("suffix", ["1000", "2000", "3000", "4000", "5000"])
def test_a_decline_is_a_status_with_its_reason(shop: till.Gateway, suffix: str) -> None:
    with new_card("411111111111" + suffix) as card:
        payment = shop.payments.create(PRICE, card=card)
    assert payment.status == "failed"
    assert payment.outcome == "known"
    assert payment.decline is not None
    assert payment.decline.message
    assert not payment.amount_paid


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
    folder = shop.runtime.store.rpartition("/")[0]
    from pathlib import Path

    kept = b"".join(path.read_bytes() for path in Path(folder).iterdir() if path.is_file())
    assert b"1234" in kept
    assert CARD.encode() not in kept
    assert b"sk_test" not in kept


def _base_url(shop: till.Gateway) -> str:
    request = shop.exchange("check", {}).request
    assert request is not None
    return request.url.partition("/v1")[0] + "/v1"
