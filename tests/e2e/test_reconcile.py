"""Writes whose answer was lost, at each provider: what its lists tell is settled, and nothing else is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import till
from till.sandbox import Control, Sandbox

EUR = till.Money("48.25", "EUR")


@pytest.fixture(scope="session")
def till_sandbox() -> Iterator[Sandbox]:
    """One whose clocks nobody has moved: a lost payment is told by its time, too."""
    with Sandbox(process="subprocess") as running:
        yield running


@pytest.fixture(scope="session")
def sandbox(till_sandbox: Sandbox) -> Sandbox:
    return till_sandbox


def globalpay(shop: till.Gateway, reference: str, **more: Any) -> till.Payment:
    return shop.payments.create(
        till.Money("100.00", "BTN"), reference=reference, options={"customerId": "cus_1"}, **more
    )


def bitgpt(shop: till.Gateway, reference: str, **more: Any) -> till.Payment:
    return shop.payments.create(
        till.Money("48.25", "USD"), reference=reference, customer={"email": "payer@shop.example"}, **more
    )


def forumpay(shop: till.Gateway, reference: str, **more: Any) -> till.Payment:
    return shop.payments.create(EUR, reference=reference, pay_currency="BTC", **more)


def bitpay(shop: till.Gateway, reference: str, **more: Any) -> till.Payment:
    return shop.payments.create(till.Money("25.00", "USD"), reference=reference, **more)


# Provider, how a payment is made there, further settings, and the fault's place.
Place = tuple[str, Callable[..., till.Payment], dict[str, object], dict[str, object]]
PLACES: list[Place] = [
    ("globalpay", globalpay, {}, {}),
    ("bitgpt", bitgpt, {}, {}),
    ("forumpay", forumpay, {}, {"path": "/pay/v2/StartPayment/"}),
]


@pytest.fixture(params=PLACES, ids=[place[0] for place in PLACES])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.param
    return found


def opened(sandbox: Sandbox, runtime: till.Runtime, place: Place) -> till.Gateway:
    name, _, more, _ = place
    at = sandbox.providers[name]
    settings = {**at.settings, **more}
    return till.Gateway(name, settings, mode="test", base_url=at.base_url, runtime=runtime, timeout=20)


def lose(control: Control, place: Place, fault: str) -> None:
    """Every answer is lost until `clear_faults`: where a key de-duplicates, the core asks again by itself."""
    control.fault(fault, count=0, **place[3])


@pytest.mark.parametrize("fault", ["reset_after_read", "truncate"])
def test_a_payment_whose_answer_was_lost_is_found(
    sandbox: Sandbox, runtime: till.Runtime, payer: Callable[[str], Control], place: Place, fault: str
) -> None:
    name, create, _, _ = place
    shop, control = opened(sandbox, runtime, place), payer(name)
    other = create(shop, "another-order")
    lose(control, place, fault)
    with pytest.raises(till.OutcomeUnknown) as caught:
        create(shop, "order-1234", idempotency_key="once")
    control.clear_faults()

    report = shop.reconcile()
    assert (report.looked, report.settled, report.failed, report.unknown) == (1, 1, 0, ())
    sent = len(control.requests())
    found = create(shop, "order-1234", idempotency_key="once")
    assert len(control.requests()) == sent
    assert found.id == caught.value.payment_id
    assert (found.outcome, found.status) == ("known", "pending")
    assert found.provider_id and found.provider_id != other.provider_id
    assert found.checkout_url == shop.payments.get(found.id).checkout_url
    assert shop.payments.get(found.id).amount == other.amount


def test_a_payment_that_was_never_made_stays_unknown(
    sandbox: Sandbox, runtime: till.Runtime, payer: Callable[[str], Control], place: Place
) -> None:
    name, create, _, _ = place
    shop, control = opened(sandbox, runtime, place), payer(name)
    lose(control, place, "status_500")
    with pytest.raises(till.OutcomeUnknown) as caught:
        create(shop, "order-1234", idempotency_key="once")
    control.clear_faults()
    report = shop.reconcile()
    assert report.settled == 0
    assert [(write.payment_id, write.reason) for write in report.unknown] == [
        (caught.value.payment_id, "not_found")
    ]
    assert report.next_at is not None
    with pytest.raises(till.OutcomeUnknown):
        create(shop, "order-1234", idempotency_key="once")


def test_two_payments_of_one_reference_and_amount_settle_nothing(
    sandbox: Sandbox, runtime: till.Runtime, payer: Callable[[str], Control], place: Place, tmp_path: Path
) -> None:
    name, create, _, _ = place
    shop, control = opened(sandbox, runtime, place), payer(name)
    lose(control, place, "reset_after_read")
    with pytest.raises(till.OutcomeUnknown) as caught:
        create(shop, "order-1234", idempotency_key="once")
    control.clear_faults()
    # The same order once more, by somebody whose books are others.
    others = till.Runtime(store=tmp_path / "other.sqlite3", ca_file=sandbox.ca_file)
    create(opened(sandbox, others, place), "order-1234")
    report = shop.reconcile()
    assert report.settled == 0
    assert [(write.payment_id, write.reason) for write in report.unknown] == [
        (caught.value.payment_id, "several")
    ]


def test_openpay_documents_no_list_that_shows_a_paylink(
    shop: till.Gateway, payer: Callable[[str], Control]
) -> None:
    payer("openpay").fault("reset_after_read")
    with pytest.raises(till.OutcomeUnknown) as caught:
        shop.payments.create(till.Money("150.00", "BZD"), reference="1234")
    report = shop.reconcile()
    assert [(write.payment_id, write.reason) for write in report.unknown] == [
        (caught.value.payment_id, "no_way")
    ]


def test_bitpay_has_no_reference_unless_it_is_sent(
    gateway: Callable[..., till.Gateway], payer: Callable[[str], Control]
) -> None:
    shop = gateway("bitpay", timeout=20)
    payer("bitpay").fault("reset_after_read", rpc_method="createInvoice")
    with pytest.raises(till.OutcomeUnknown):
        bitpay(shop, "order-1234")
    report = shop.reconcile()
    assert (report.settled, report.failed) == (0, 1)
    assert [write.reason for write in report.unknown] == ["failed"]


def test_what_stands_on_the_dashboard_is_settled_by_hand(
    sandbox: Sandbox, runtime: till.Runtime, payer: Callable[[str], Control]
) -> None:
    place: Place = ("bitgpt", bitgpt, {}, {})
    shop, control = opened(sandbox, runtime, place), payer("bitgpt")
    other = bitgpt(shop, "another-order")
    lose(control, place, "reset_after_read")
    with pytest.raises(till.OutcomeUnknown) as caught:
        bitgpt(shop, "by-hand", idempotency_key="by-hand")
    control.clear_faults()
    assert caught.value.payment_id
    (found,) = [one for one in shop.payments.iterate() if one.reference == "by-hand"]
    with pytest.raises(till.Conflict, match="another one of this gateway"):
        shop.settle(payment_id=caught.value.payment_id, provider_id=other.provider_id)
    settled = shop.settle(payment_id=caught.value.payment_id, provider_id=found.provider_id)
    assert (settled.id, settled.provider_id, settled.outcome) == (
        caught.value.payment_id,
        found.provider_id,
        "known",
    )
    assert bitgpt(shop, "by-hand", idempotency_key="by-hand").provider_id == found.provider_id
    assert shop.reconcile().unknown == ()


def test_what_is_not_on_the_dashboard_is_settled_by_hand_and_called_again(
    gateway: Callable[..., till.Gateway], payer: Callable[[str], Control]
) -> None:
    shop, control = gateway("openpay"), payer("openpay")
    price = till.Money("150.00", "BZD")
    control.fault("status_500")
    with pytest.raises(till.OutcomeUnknown):
        shop.payments.create(price, idempotency_key="once")
    (unknown,) = shop.reconcile().unknown
    with pytest.raises(till.InvalidRequest, match="one of the two"):
        shop.settle(write_id=unknown.write_id)
    settled = shop.settle(write_id=unknown.write_id, not_done=True)
    assert settled and (settled.id, settled.status) == (unknown.payment_id, "failed")
    assert [event.type for event in shop.events.list(payment_id=settled.id)] == ["payment.failed"]
    assert shop.reconcile().unknown == ()
    with pytest.raises(till.Conflict) as caught:
        shop.payments.create(price, idempotency_key="once")
    assert caught.value.code == "settled_not_done"
    assert shop.payments.create(price, idempotency_key="twice").status == "pending"


def test_settling_by_hand_can_be_awaited(
    gateway: Callable[..., Any], payer: Callable[[str], Control]
) -> None:
    shop: till.AsyncGateway = gateway("openpay", till.AsyncGateway)
    payer("openpay").fault("status_500")

    async def settle() -> till.Payment:
        with pytest.raises(till.OutcomeUnknown) as caught:
            await shop.payments.create(till.Money("150.00", "BZD"))
        assert caught.value.payment_id
        return await shop.settle(payment_id=caught.value.payment_id, not_done=True)

    assert asyncio.run(settle()).status == "failed"


def test_reconcile_every_works_in_the_background(shop: till.Gateway, payer: Callable[[str], Control]) -> None:
    control = payer("openpay")
    with shop.reconcile_every(0.1) as reconciler:
        limit = time.monotonic() + 10
        while reconciler.report is None and time.monotonic() < limit:
            time.sleep(0.01)
        assert reconciler.report is not None
        assert not reconciler.report.unknown
        assert reconciler.error is None
        control.fault("reset_after_read")
        with pytest.raises(till.OutcomeUnknown):
            shop.payments.create(till.Money("150.00", "BZD"))
        while not reconciler.report.unknown and time.monotonic() < limit:
            time.sleep(0.01)
        assert reconciler.report.unknown[0].operation == "payments.create"


def test_reconcile_refuses_what_makes_no_sense(shop: till.Gateway) -> None:
    with pytest.raises(till.InvalidRequest):
        shop.reconcile(limit=0)
    with pytest.raises(till.InvalidRequest):
        shop.reconcile_every(0.01)
    with pytest.raises(till.Unsupported):
        shop.exchange("reconcile", {})


def test_reconcile_can_be_awaited(gateway: Callable[..., Any]) -> None:
    shop: till.AsyncGateway = gateway("openpay", till.AsyncGateway)

    async def passes() -> till.ReconcileReport:
        async with shop.reconcile_every(60) as reconciler:
            assert reconciler.error is None
            return await shop.reconcile()

    assert asyncio.run(passes()).unknown == ()
