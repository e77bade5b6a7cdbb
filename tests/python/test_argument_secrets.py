"""A wrong argument is refused by its parameter's name; no error says what was in it, or in the others."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import till

PAN, CVV, SECRET, HALF = "4111111111111111", "987", "sk_test_top_secret_value", "\ud800"


def said(error: BaseException) -> str:
    """All that the exception and those behind it say."""
    texts = []
    seen: BaseException | None = error
    while seen is not None:
        texts += [str(seen), repr(seen), repr(seen.args), *traceback.format_exception_only(seen)]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(texts)


CARDS: list[tuple[Callable[[], object], str]] = [
    (lambda: till.Card(int(PAN), 12, 2030, cvv=CVV), "number"),  # type: ignore[arg-type]
    (lambda: till.Card(PAN, 12, 2030, cvv=int(CVV)), "cvv"),  # type: ignore[arg-type]
    (lambda: till.Card(PAN, 12, 2030, cvv=CVV, holder_name=None), "holder_name"),  # type: ignore[arg-type]
    (lambda: till.Card(PAN, 12.0, 2030, cvv=CVV), "expiry_month"),  # type: ignore[arg-type]
    (lambda: till.Card(PAN, 12, None, cvv=CVV), "expiry_year"),  # type: ignore[arg-type]
    (lambda: till.Card(PAN + HALF, 12, 2030, cvv=CVV), "number"),
    (lambda: till.Card(PAN, 12, 2030, cvv=CVV + HALF), "cvv"),
    (lambda: till.Card(PAN, 12, 2030, cvv=CVV, holder_name="A" + HALF), "holder_name"),
    (lambda: till.Identity(HALF + SECRET), "private_key"),
    (lambda: till.Identity(SECRET.encode()), "private_key"),  # type: ignore[arg-type]
    (lambda: till.Gateway(None, {"api_key": SECRET}), "provider"),  # type: ignore[arg-type]
    (lambda: till.Gateway(HALF, {"api_key": SECRET}), "provider"),
    (lambda: till.Gateway("openpay", SECRET), "settings"),  # type: ignore[arg-type]
    (lambda: till.Gateway("openpay", {"api_key": SECRET}, runtime=SECRET), "runtime"),  # type: ignore[arg-type]
    (lambda: till.Money(HALF, "EUR"), "amount"),
    (lambda: till.Money("1", HALF), "currency"),
    (lambda: till.Money.from_minor(1, None), "currency"),  # type: ignore[arg-type]
    (lambda: till.Runtime(store="memory").describe(HALF), "provider"),
]


@pytest.mark.parametrize(("call", "name"), CARDS)
def test_a_wrong_argument_is_named_and_no_argument_is_shown(call: Callable[[], object], name: str) -> None:
    with pytest.raises((TypeError, till.InvalidRequest)) as caught:
        call()
    assert name in str(caught.value)
    text = said(caught.value)
    for hidden in (PAN, CVV, SECRET, "\\ud800", HALF):
        assert hidden not in text


def test_half_a_surrogate_pair_in_settings_or_input_is_refused_and_not_shown(shop: till.Gateway) -> None:
    for call in (
        lambda: till.Gateway("openpay", {"api_key": SECRET + HALF}, runtime=shop.runtime),
        lambda: shop.native(HALF, {"key": SECRET}),
        lambda: shop.native("x", {"key": SECRET + HALF}),
        lambda: shop.exchange(HALF, {"key": SECRET}),
        lambda: shop.exchange(None, {"key": SECRET}),  # type: ignore[arg-type]
        lambda: shop.payments.create(till.Money(1, "BZD"), reference=SECRET + HALF),
    ):
        with pytest.raises((TypeError, till.TillError)) as caught:
            call()
        assert SECRET not in said(caught.value)
        assert "Invoked with" not in said(caught.value)


def test_an_awaited_call_shows_no_argument_either(gateway: Callable[..., till.AsyncGateway]) -> None:
    async def call() -> None:
        await gateway("openpay", till.AsyncGateway).native(HALF, {"key": SECRET})

    with pytest.raises(till.InvalidRequest) as caught:
        asyncio.run(call())
    assert SECRET not in said(caught.value)


def test_a_wrong_answer_handed_to_an_exchange_is_not_shown(shop: till.Gateway) -> None:
    exchange = shop.exchange("check", {})
    for status, headers, body in (
        ("200", [], SECRET.encode()),
        (2**70, [], SECRET.encode()),
        (200, [], SECRET),
        (200, [("set-cookie", SECRET + HALF)], b""),
        (200, [("set-cookie", None), ("x", SECRET)], b""),
    ):
        with pytest.raises((TypeError, ValueError, till.InvalidRequest)) as caught:
            exchange.reply(status, headers, body)  # type: ignore[arg-type]
        assert SECRET not in said(caught.value)
    with pytest.raises((TypeError, till.InvalidRequest)) as caught:
        exchange.fail(SECRET + HALF)
    assert SECRET not in said(caught.value)


def test_an_argument_of_another_type_is_told_how_it_is_written_and_not_shown(shop: till.Gateway) -> None:
    payment = shop.payments.create(till.Money("1.00", "BZD"), reference="order-1")
    price = till.Money("1.00", "BZD")
    shown: Any = shop  # what a type checker would refuse
    wrong: list[tuple[Callable[[], object], str, str]] = [
        (lambda: shown.payments.create("1.00"), "amount must be a till.Money, not str", "till.Money("),
        (lambda: shown.refunds.create("pay_1", 1), "amount must be a till.Money, not int", "till.Money("),
        (lambda: shown.refunds.create("pay_1", Decimal(1)), "till.Money, not Decimal", "till.Money("),
        (lambda: shown.payments.accept("pay_1", "1"), "amount must be a till.Money, not str", "till.Money("),
        (lambda: shown.payments.create(price, card={"number": PAN}), "till.Card, not dict", "till.Card("),
        (lambda: shown.payments.create(price, card=PAN), "card must be a till.Card, not str", "till.Card("),
        (lambda: shown.cards.verify({"number": PAN}), "card must be a till.Card, not dict", "till.Card("),
        (lambda: shown.refunds.create(payment), "must be a str, not Payment", "write payment.id"),
        (lambda: shown.refunds.list(payment), "must be a str, not Payment", "write payment.id"),
        (lambda: shown.payments.get(payment), "must be a str, not Payment", "write payment.id"),
        (lambda: shown.payments.watch(payment), "must be a str, not Payment", "write payment.id"),
        (lambda: shown.events.list(payment_id=payment), "must be a str, not Payment", "write payment.id"),
        (lambda: shown.payments.get(provider_id=payment), "not Payment", "write payment.provider_id"),
    ]
    for call, *words in wrong:
        with pytest.raises(TypeError) as caught:
            call()
        for word in words:
            assert word in str(caught.value)
        assert PAN not in said(caught.value)


def test_the_expiry_of_a_card_may_be_a_number_or_text() -> None:
    assert till.Card(PAN, 12, 2030).last4 == till.Card(PAN, "12", "2030").last4 == "1111"


def test_a_card_file_with_half_a_surrogate_pair_is_refused_in_one_line(
    tmp_path: object, sandbox: object, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    from till.cli import main

    file = Path(str(tmp_path)) / "card.json"
    card = {"number": PAN, "expiry_month": 12, "expiry_year": 2030, "cvv": CVV, "holder_name": "A" + HALF}
    file.write_text(json.dumps(card))
    monkeypatch.setenv("TILL_OPENPAY_API_KEY", SECRET)
    assert main(["pay", "openpay", "1.00", "BZD", "--store", "memory", "--card", str(file)]) == 2
    said_words = capfd.readouterr().err
    assert "holder_name" in said_words
    for hidden in (PAN, CVV, SECRET, "Traceback"):
        assert hidden not in said_words
