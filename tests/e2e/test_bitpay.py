"""BitPay, whole flows against the sandbox over TLS: signatures, coins, refunds, pairing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import till
from till.sandbox import Control, Sandbox

PRICE = till.Money("25.00", "USD")
ADDRESS = "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"


@pytest.fixture
def control(payer: Callable[[str], Control]) -> Control:
    return payer("bitpay")


def invoice(bitpay: till.Gateway) -> tuple[str, str]:
    payment = bitpay.payments.create(PRICE)
    assert payment.status == "pending"
    return payment.id or "", payment.provider_id or ""


def test_an_invoice_is_paid_confirmed_and_refunded(bitpay: till.Gateway, control: Control) -> None:
    payment = bitpay.payments.create(PRICE, reference="1234")
    assert payment.pay_to is not None
    assert payment.pay_to.currency == "BTC"
    assert payment.pay_to.amount
    assert payment.expires_at is not None
    ours, theirs = payment.id or "", payment.provider_id or ""

    control.pay(theirs)
    assert bitpay.payments.get(ours).status == "processing"
    with pytest.raises(till.Conflict):
        bitpay.refunds.create(ours, address=ADDRESS)
    control.confirm(theirs, 6)
    paid = bitpay.payments.get(ours)
    assert (paid.status, paid.amount_paid) == ("paid", PRICE)

    refund = bitpay.refunds.create(ours, till.Money("10.00", "USD"), address=ADDRESS)
    assert (refund.status, refund.amount) == ("pending", till.Money("10.00", "USD"))
    assert [one.id for one in bitpay.refunds.list(ours)] == [refund.id]
    assert bitpay.refunds.get(ours, refund.id).status == "pending"


def test_an_underpaid_invoice_is_never_paid_until_accepted(bitpay: till.Gateway, control: Control) -> None:
    ours, theirs = invoice(bitpay)
    control.underpay(theirs)
    assert bitpay.payments.get(ours).status == "underpaid"
    control.confirm(theirs, 6)
    assert bitpay.payments.get(ours).status == "underpaid"
    assert bitpay.payments.accept(ours).status == "paid"


def test_an_invoice_that_nobody_paid_expires(bitpay: till.Gateway, control: Control) -> None:
    ours, theirs = invoice(bitpay)
    control.expire(theirs)
    assert bitpay.payments.get(ours).status == "expired"


def test_coins_that_the_network_rejects_fail_the_payment(bitpay: till.Gateway, control: Control) -> None:
    ours, theirs = invoice(bitpay)
    control.pay(theirs)
    control.decline(theirs)
    assert bitpay.payments.get(ours).status == "failed"


def test_a_new_shop_is_paired_and_takes_a_payment(
    sandbox: Sandbox, runtime: till.Runtime, control: Control
) -> None:
    place = sandbox.providers["bitpay"]
    identity = till.Identity.generate()
    settings = {"private_key": identity.reveal_private_key()}
    unpaired = till.Gateway("bitpay", settings, base_url=place.base_url, runtime=runtime)
    token = unpaired.tokens.create("merchant", label="Corner Shop")
    assert token.token
    assert token.pairing_code
    assert token.token not in repr(token)

    paired = till.Gateway(
        "bitpay", {**settings, "token": token.token}, base_url=place.base_url, label="paired", runtime=runtime
    )
    with pytest.raises(till.TillError):
        paired.payments.create(PRICE)
    control.approve(token.pairing_code)
    assert paired.payments.create(PRICE).status == "pending"


def test_a_signature_by_another_key_is_refused(sandbox: Sandbox, runtime: till.Runtime) -> None:
    place = sandbox.providers["bitpay"]
    settings = {**place.settings, "private_key": till.Identity.generate().reveal_private_key()}
    stranger = till.Gateway("bitpay", settings, base_url=place.base_url, runtime=runtime)
    with pytest.raises(till.AuthenticationError):
        stranger.check()


def test_rates_currencies_and_ledgers_are_exact(bitpay: till.Gateway) -> None:
    rate = bitpay.rates.get("USD")
    assert isinstance(rate.rate, Decimal)
    assert rate.rate > 0
    assert {one.to_currency for one in bitpay.rates.list()} >= {"USD", "EUR"}
    assert "BTC" in {one.code for one in bitpay.currencies.list()}
    assert all(isinstance(one.balance, Decimal) for one in bitpay.ledgers.list())
    since = datetime.now(UTC) - timedelta(days=7)
    assert isinstance(bitpay.ledgers.entries("USD", since=since).items, tuple)


def test_invoices_of_a_time_span_are_listed(bitpay: till.Gateway, control: Control) -> None:
    ours, theirs = invoice(bitpay)
    page = bitpay.payments.list(since=datetime.now(UTC) - timedelta(days=1))
    assert theirs in {payment.provider_id for payment in page}
    with pytest.raises(till.InvalidRequest, match="time span"):
        bitpay.payments.list()
    assert ours


def test_check_says_for_whom_the_credentials_are(bitpay: till.Gateway) -> None:
    assert bitpay.check().ok
