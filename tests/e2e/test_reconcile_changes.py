"""Lost answers of refunds, acceptances and cancellations: settled where a provider tells, else shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

import till
from till.sandbox import Control, Sandbox

USD, EUR = till.Money("25.00", "USD"), till.Money("48.25", "EUR")
ADDRESS = "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"
LOST = ["reset_after_read", "truncate"]

Call = Callable[[], Any]


@pytest.fixture(scope="session")
def till_sandbox() -> Iterator[Sandbox]:
    """One whose clocks nobody has moved: a lost refund is told by its time, too."""
    with Sandbox(process="subprocess") as running:
        yield running


@pytest.fixture(scope="session")
def sandbox(till_sandbox: Sandbox) -> Sandbox:
    return till_sandbox


@pytest.fixture
def forumpay(gateway: Callable[..., till.Gateway]) -> till.Gateway:
    return gateway("forumpay", timeout=20)


def id_of(payment: till.Payment) -> str:
    assert payment.id
    return payment.id


def made(shop: till.Gateway, control: Control, then: str, *more: Any) -> str:
    """A payment that this has happened to, and that the shop has heard of: our id."""
    coin = {"pay_currency": "BTC"} if shop.provider == "forumpay" else {}
    payment = shop.payments.create(EUR if coin else USD, reference="order-1234", **coin)
    getattr(control, then)(payment.provider_id, *more)
    if shop.provider == "bitpay":
        control.confirm(payment.provider_id, 6)
    shop.payments.get(payment.id)
    return id_of(payment)


def lose(control: Control, fault: str, place: dict[str, object], call: Call) -> str:
    """Makes a call whose answer is lost: the payment's id."""
    control.fault(fault, count=0, **place)
    with pytest.raises(till.OutcomeUnknown) as caught:
        call()
    control.clear_faults()
    assert caught.value.payment_id
    return caught.value.payment_id


def settled_by(shop: till.Gateway, control: Control, call: Call) -> Any:
    """What the same call returns after one pass that settles it; neither it nor a second pass sends more."""
    report = shop.reconcile()
    assert (report.looked, report.settled, report.failed, report.unknown) == (1, 1, 0, ())
    sent = len(control.requests())
    outcome = call()
    assert shop.reconcile().looked == 0
    assert len(control.requests()) == sent
    return outcome


def still_unknown(shop: till.Gateway, call: Call) -> Sequence[tuple[str, str | None, str | None]]:
    """What a pass leaves unknown: operation, payment and reason. The call stays unknown, too."""
    report = shop.reconcile()
    assert (report.settled, report.failed) == (0, 0)
    assert report.next_at is not None
    with pytest.raises(till.OutcomeUnknown):
        call()
    return [(write.operation, write.payment_id, write.reason) for write in report.unknown]


def sources(shop: till.Gateway, payment_id: str) -> dict[str, str]:
    return {event.type: event.source for event in shop.events.list(payment_id=payment_id)}


# Refunds

REFUND = {"bitpay": {"rpc_method": "refund"}, "forumpay": {"path": "/pay/v2/RefundPayment/"}}


def refund_of(shop: till.Gateway, ours: str) -> Call:
    amount = till.Money("10.00", "USD") if shop.provider == "bitpay" else None
    return lambda: shop.refunds.create(ours, amount, address=ADDRESS, idempotency_key="refund-1")


@pytest.mark.parametrize("fault", LOST)
def test_a_refund_whose_answer_was_lost_is_found_in_bitpays_list(
    bitpay: till.Gateway, payer: Callable[[str], Control], fault: str
) -> None:
    control = payer("bitpay")
    ours = made(bitpay, control, "pay")
    refund = refund_of(bitpay, ours)
    assert lose(control, fault, REFUND["bitpay"], refund) == ours
    found = settled_by(bitpay, control, refund)
    assert (found.status, found.amount) == ("pending", till.Money("10.00", "USD"))
    assert [one.id for one in bitpay.refunds.list(ours)] == [found.id]
    assert bitpay.refunds.get(ours, found.id).amount == found.amount
    assert sources(bitpay, ours)["refund.created"] == "reconcile"


@pytest.mark.parametrize("fault", LOST)
def test_a_refund_whose_answer_was_lost_is_found_in_forumpays_transaction(
    forumpay: till.Gateway, payer: Callable[[str], Control], fault: str
) -> None:
    control = payer("forumpay")
    ours = made(forumpay, control, "underpay", "0.005")
    refund = refund_of(forumpay, ours)
    assert lose(control, fault, REFUND["forumpay"], refund) == ours
    found = settled_by(forumpay, control, refund)
    assert (found.status, found.amount) == ("pending", till.Money("0.005", "BTC"))
    assert [one.id for one in forumpay.refunds.list(ours)] == [found.id]
    assert forumpay.payments.get(ours).status == "cancelled"
    assert sources(forumpay, ours)["refund.created"] == "reconcile"


@pytest.mark.parametrize("provider", ["bitpay", "forumpay"])
def test_a_refund_that_was_never_made_stays_unknown(
    gateway: Callable[..., till.Gateway], payer: Callable[[str], Control], provider: str
) -> None:
    shop, control = gateway(provider, timeout=20), payer(provider)
    ours = made(shop, control, "pay") if provider == "bitpay" else made(shop, control, "underpay", "0.005")
    refund = refund_of(shop, ours)
    lose(control, "status_500", REFUND[provider], refund)
    assert still_unknown(shop, refund) == [("refunds.create", ours, "not_found")]
    assert list(shop.refunds.list(ours)) == []


# Acceptances

ACCEPT = {"bitpay": {"rpc_method": "creditPartialPayment"}, "forumpay": {"path": "/pay/v2/AcceptPayment/"}}


def acceptance_of(shop: till.Gateway, ours: str) -> Call:
    amount = till.Money("32.32", "EUR") if shop.provider == "forumpay" else None
    return lambda: shop.payments.accept(ours, amount, idempotency_key="accept-1")


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize(("provider", "status"), [("bitpay", "paid"), ("forumpay", "processing")])
def test_an_acceptance_whose_answer_was_lost_is_told_by_the_payments_state(
    gateway: Callable[..., till.Gateway],
    payer: Callable[[str], Control],
    provider: str,
    status: str,
    fault: str,
) -> None:
    shop, control = gateway(provider, timeout=20), payer(provider)
    ours = made(shop, control, "underpay", *(["0.005"] if provider == "forumpay" else []))
    assert shop.payments.get(ours).status == "underpaid"
    accept = acceptance_of(shop, ours)
    assert lose(control, fault, ACCEPT[provider], accept) == ours
    found = settled_by(shop, control, accept)
    assert (found.id, found.status, found.outcome) == (ours, status, "known")
    assert sources(shop, ours)[f"payment.{status}"] == "reconcile"


@pytest.mark.parametrize("provider", ["bitpay", "forumpay"])
def test_an_acceptance_that_was_never_made_stays_unknown(
    gateway: Callable[..., till.Gateway], payer: Callable[[str], Control], provider: str
) -> None:
    shop, control = gateway(provider, timeout=20), payer(provider)
    ours = made(shop, control, "underpay", *(["0.005"] if provider == "forumpay" else []))
    accept = acceptance_of(shop, ours)
    lose(control, "status_500", ACCEPT[provider], accept)
    assert still_unknown(shop, accept) == [("payments.accept", ours, "not_told")]
    assert shop.payments.get(ours).status == "underpaid"


def test_whether_too_much_was_accepted_shows_in_no_state(
    bitpay: till.Gateway, payer: Callable[[str], Control]
) -> None:
    control = payer("bitpay")
    ours = made(bitpay, control, "overpay")
    accept = acceptance_of(bitpay, ours)
    lose(control, "reset_after_read", {"rpc_method": "creditOverpayment"}, accept)
    assert still_unknown(bitpay, accept) == [("payments.accept", ours, "not_told")]


# Cancellations

CANCEL: dict[str, object] = {"path": "/pay/v2/CancelPayment/"}


@pytest.mark.parametrize("fault", LOST)
def test_a_cancellation_whose_answer_was_lost_is_told_by_the_payments_state(
    forumpay: till.Gateway, payer: Callable[[str], Control], fault: str
) -> None:
    control = payer("forumpay")
    ours = id_of(forumpay.payments.create(EUR, reference="order-1234", pay_currency="BTC"))

    def cancel() -> till.Payment:
        return forumpay.payments.cancel(ours, idempotency_key="cancel-1")

    assert lose(control, fault, CANCEL, cancel) == ours
    found = settled_by(forumpay, control, cancel)
    assert (found.id, found.status, found.outcome) == (ours, "cancelled", "known")
    assert sources(forumpay, ours)["payment.cancelled"] == "reconcile"


def test_a_cancellation_that_was_never_made_stays_unknown_until_the_payment_has_ended(
    forumpay: till.Gateway, payer: Callable[[str], Control]
) -> None:
    control = payer("forumpay")
    payment = forumpay.payments.create(EUR, reference="order-1234", pay_currency="BTC")
    ours = id_of(payment)

    def cancel() -> till.Payment:
        return forumpay.payments.cancel(ours, idempotency_key="cancel-1")

    lose(control, "status_500", CANCEL, cancel)
    assert still_unknown(forumpay, cancel) == [("payments.cancel", ours, "not_told")]
    assert forumpay.payments.get(ours).status == "pending"


# Where there is no way

NO_SUCH_CALL = [
    ("bitpay", "cancel"),
    *(
        (provider, call)
        for provider in ("bitgpt", "globalpay", "openpay")
        for call in ("refund", "cancel", "accept")
    ),
]


@pytest.mark.parametrize(("provider", "call"), NO_SUCH_CALL)
def test_what_a_provider_has_no_call_for_is_refused_before_anything_is_sent(
    gateway: Callable[..., till.Gateway], payer: Callable[[str], Control], provider: str, call: str
) -> None:
    shop, control = gateway(provider, timeout=20), payer(provider)
    with pytest.raises(till.Unsupported) as caught:
        if call == "refund":
            shop.refunds.create("pay_1")
        else:
            getattr(shop.payments, call)("pay_1")
    assert caught.value.sent == "no"
    assert control.requests() == []
    assert shop.reconcile().unknown == ()


def test_a_native_write_whose_answer_was_lost_stays_unknown(
    forumpay: till.Gateway, payer: Callable[[str], Control]
) -> None:
    control = payer("forumpay")
    ours = made(forumpay, control, "underpay", "0.005")
    theirs = forumpay.payments.get(ours).provider_id
    asked = {"payment_id": theirs, "currency": "BTC", "address_out": ADDRESS, "refund_amount": "0.005"}

    def refund() -> Any:
        return forumpay.native("RefundPayment", {**asked, "idempotency_key": "refund-1"})

    control.fault("reset_after_read", count=0, **REFUND["forumpay"])
    with pytest.raises(till.OutcomeUnknown):
        refund()
    control.clear_faults()
    assert still_unknown(forumpay, refund) == [("native.RefundPayment", None, "no_way")]
