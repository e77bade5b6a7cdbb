"""What a shop sees when the network or a provider fails: typed errors, no double charge, a next payment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

import till
from till.sandbox import Control, Sandbox
from till_fixtures import writes

PRICE = till.Money("150.00", "BZD")


@pytest.fixture
def control(payer: Callable[[str], Control]) -> Control:
    return payer("openpay")


def works(shop: till.Gateway) -> bool:
    return shop.payments.create(PRICE).status == "pending"


def test_a_slow_answer_within_the_deadline_is_an_answer(shop: till.Gateway, control: Control) -> None:
    control.fault("latency", seconds=0.5)
    assert works(shop)


def test_a_write_that_is_not_answered_in_time_has_an_unknown_outcome(
    gateway: Callable[..., till.Gateway], control: Control
) -> None:
    shop = gateway("openpay", timeout=0.7)
    control.fault("latency", seconds=30)
    begin = time.monotonic()
    with pytest.raises(till.OutcomeUnknown) as caught:
        shop.payments.create(PRICE, idempotency_key="once")
    assert time.monotonic() - begin < 10
    assert caught.value.payment_id
    assert caught.value.sent in ("maybe", "yes")
    assert len(writes(control)) == 1

    assert works(gateway("openpay", timeout=20))


def test_a_connection_reset_before_the_request_was_read_is_not_a_failed_payment(
    shop: till.Gateway, control: Control
) -> None:
    shop.check()
    control.fault("reset_before_read", path="/v1/paylinks")
    with pytest.raises((till.OutcomeUnknown, till.TransportError)) as caught:
        shop.payments.create(PRICE)
    if caught.value.sent != "no":
        assert isinstance(caught.value, till.OutcomeUnknown)
    assert works(shop)


@pytest.mark.parametrize("fault", ["reset_after_read", "truncate"])
def test_a_write_whose_answer_is_lost_has_an_unknown_outcome_and_is_not_repeated(
    shop: till.Gateway, control: Control, fault: str
) -> None:
    control.fault(fault)
    with pytest.raises(till.OutcomeUnknown) as caught:
        shop.payments.create(PRICE, idempotency_key="once")
    payment_id = caught.value.payment_id
    assert payment_id
    assert len(writes(control)) == 1

    # The same key again: the first outcome, and nothing new is sent.
    with pytest.raises(till.OutcomeUnknown) as again:
        shop.payments.create(PRICE, idempotency_key="once")
    assert again.value.payment_id == payment_id
    assert len(writes(control)) == 1
    assert works(shop)


def test_a_read_is_repeated_after_a_reset(shop: till.Gateway, control: Control) -> None:
    payment = shop.payments.create(PRICE)
    control.fault("reset_after_read", path="/v1/paylinks/")
    assert shop.payments.get(payment.id).status == "pending"
    assert [request["fault"] for request in control.requests()].count("reset_after_read") == 1


@pytest.mark.parametrize(
    ("fault", "options", "error"),
    [
        ("status_500", {}, till.OutcomeUnknown),  # it may have made the payment before it failed
        ("status_429", {"retry_after": 7}, till.Blocked),
        ("wrong_content_type", {"content_type": "text/html"}, None),
    ],
)
def test_a_provider_that_misbehaves_is_a_typed_error(
    shop: till.Gateway,
    control: Control,
    fault: str,
    options: dict[str, Any],
    error: type[till.TillError] | None,
) -> None:
    control.fault(fault, **options)
    if error is None:
        assert works(shop)  # the body is whole JSON all the same
    else:
        with pytest.raises(error) as caught:
            shop.payments.create(PRICE)
        assert caught.value.sent == "yes"
    assert works(shop)


def test_slow_bytes_end_at_the_deadline(gateway: Callable[..., till.Gateway], control: Control) -> None:
    control.fault("drip", chunk_bytes=1, interval_seconds=0.2)
    begin = time.monotonic()
    with pytest.raises(till.OutcomeUnknown):
        gateway("openpay", timeout=1).payments.create(PRICE)
    assert time.monotonic() - begin < 10
    assert works(gateway("openpay"))


def test_slow_bytes_that_all_come_are_an_answer(shop: till.Gateway, control: Control) -> None:
    control.fault("drip", chunk_bytes=40, interval_seconds=0.01)
    assert works(shop)


def test_the_same_key_returns_the_first_outcome_and_sends_nothing(
    shop: till.Gateway, control: Control
) -> None:
    first = shop.payments.create(PRICE, reference="1234", idempotency_key="order-1234")
    again = shop.payments.create(PRICE, reference="1234", idempotency_key="order-1234")
    assert again == first
    assert len(writes(control)) == 1
    with pytest.raises(till.Conflict):
        shop.payments.create(till.Money("151.00", "BZD"), reference="1234", idempotency_key="order-1234")
    assert len(writes(control)) == 1


def test_the_same_key_is_remembered_by_a_new_runtime_on_the_same_store(
    shop: till.Gateway, control: Control, sandbox: Sandbox
) -> None:
    first = shop.payments.create(PRICE, idempotency_key="order-1234")
    place = sandbox.providers["openpay"]
    runtime = till.Runtime(store=shop.runtime.store.place, ca_file=sandbox.ca_file)
    other = till.Gateway("openpay", place.settings, mode="test", base_url=place.base_url, runtime=runtime)
    assert other.payments.create(PRICE, idempotency_key="order-1234").id == first.id
    assert len(writes(control)) == 1


def test_nobody_listening_is_a_transport_error_and_nothing_was_sent(runtime: till.Runtime) -> None:
    shop = till.Gateway(
        "openpay",
        {"api_key": "sk_test_0123456789"},
        base_url="https://127.0.0.1:9/v1",
        runtime=runtime,
        timeout=5,
    )
    with pytest.raises(till.TransportError) as caught:
        shop.payments.create(PRICE)
    assert caught.value.sent == "no"


def test_a_certificate_that_nobody_vouches_for_is_a_transport_error(sandbox: Sandbox) -> None:
    place = sandbox.providers["openpay"]
    shop = till.Gateway("openpay", place.settings, base_url=place.base_url, store="memory", timeout=10)
    with pytest.raises(till.TransportError) as caught:
        shop.payments.create(PRICE)
    assert (caught.value.code, caught.value.sent) == ("tls", "no")


def test_faults_at_bitpay_are_typed_too(bitpay: till.Gateway, payer: Callable[[str], Control]) -> None:
    control = payer("bitpay")
    control.fault("reset_after_read", rpc_method="createInvoice")
    with pytest.raises(till.OutcomeUnknown):
        bitpay.payments.create(till.Money("25.00", "USD"))
    control.fault("status_500", rpc_method="createInvoice")
    with pytest.raises(till.OutcomeUnknown):
        bitpay.payments.create(till.Money("25.00", "USD"))
    assert bitpay.payments.create(till.Money("25.00", "USD")).status == "pending"
