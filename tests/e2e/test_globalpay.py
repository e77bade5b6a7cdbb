"""GlobalPay, whole flows against the sandbox over TLS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import till
from till.sandbox import Control, Sandbox
from till_fixtures import writes

PRICE = till.Money("100.00", "BTN")


@pytest.fixture
def control(payer: Callable[[str], Control]) -> Control:
    return payer("globalpay")


@pytest.fixture
def shop(gateway: Callable[..., till.Gateway], control: Control) -> till.Gateway:
    return gateway("globalpay", timeout=20)


def account(sandbox: Sandbox, runtime: till.Runtime, **settings: Any) -> till.Gateway:
    """A gateway with settings of its own."""
    place = sandbox.providers["globalpay"]
    given = {name: value for name, value in {**place.settings, **settings}.items() if value is not None}
    return till.Gateway("globalpay", given, mode="test", base_url=place.base_url, runtime=runtime)


def test_an_invoice_is_paid(shop: till.Gateway, control: Control) -> None:
    payment = shop.payments.create(
        PRICE, reference="1042", description="Two nights in Paro", metadata={"room": 7}
    )
    assert (payment.status, payment.outcome, payment.amount) == ("pending", "known", PRICE)
    assert payment.reference == "1042"
    assert payment.checkout_url == control.payment(payment.provider_id or "")["paymentUrl"]
    assert payment.expires_at is None  # a due date is no end
    assert shop.payments.get(payment.id).status == "pending"

    control.pay(payment.provider_id or "")
    paid = shop.payments.get(payment.id)
    assert (paid.status, paid.amount_paid, paid.test) == ("paid", PRICE, True)
    assert paid.metadata == {"room": 7}


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("0.01", "BTN", 1),
        ("100.00", "BTN", 10000),
        ("19.99", "USD", 1999),
        ("2500.50", "INR", 250050),
        ("7", "INR", 700),
        ("90071992547409.91", "BTN", 9007199254740991),
    ],
)
def test_amounts_travel_in_the_smallest_unit_and_come_back_exact(
    shop: till.Gateway, control: Control, amount: str, currency: str, minor: int
) -> None:
    price = till.Money(amount, currency)
    payment = shop.payments.create(price)
    assert control.payment(payment.provider_id or "")["amount"] == minor
    assert shop.payments.get(payment.id).amount == price == payment.amount


@pytest.mark.parametrize(
    ("amount", "currency"), [("1.00", "EUR"), ("0.00", "BTN"), ("-1.00", "BTN"), ("90071992547409.92", "BTN")]
)
def test_an_amount_that_cannot_be_sent_is_refused_before_anything_is_sent(
    shop: till.Gateway, control: Control, amount: str, currency: str
) -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        shop.payments.create(till.Money(amount, currency))
    assert caught.value.sent == "no"
    assert control.requests() == []


def test_the_customer_comes_from_the_option_or_the_settings(
    sandbox: Sandbox, runtime: till.Runtime, control: Control
) -> None:
    usual = account(sandbox, runtime, customer_id="customer-7")
    first = usual.payments.create(PRICE)
    second = usual.payments.create(PRICE, options={"customerId": "customer-8"})
    customers = [control.payment(one.provider_id or "")["customerId"] for one in (first, second)]
    assert customers == ["customer-7", "customer-8"]

    nobody = account(sandbox, runtime, customer_id=None)
    with pytest.raises(till.InvalidRequest, match="customer_id") as caught:
        nobody.payments.create(PRICE)
    assert (caught.value.field, caught.value.sent) == ("$.options.customerId", "no")
    assert len(writes(control)) == 2


def test_an_unknown_customer_is_named_as_the_field(shop: till.Gateway, control: Control) -> None:
    control.options(customers=["customer-1"])
    with pytest.raises(till.InvalidRequest, match="GlobalPay says: Invalid customer ID") as caught:
        shop.payments.create(PRICE)
    assert (caught.value.field, caught.value.provider_code) == ("customerId", "invalid_customer")
    assert caught.value.sent == "yes"


def test_an_overdue_invoice_is_no_end_and_a_cancelled_one_is(shop: till.Gateway, control: Control) -> None:
    late, gone = shop.payments.create(PRICE), shop.payments.create(PRICE)
    control.advance_clock(31 * 86_400)
    assert shop.payments.get(late.id).status == "pending"
    assert shop.payments.list(options={"status": "overdue"}).total == 2
    control.pay(late.provider_id or "")
    assert shop.payments.get(late.id).status == "paid"
    control.command("cancel_invoice", invoice_id=gone.provider_id)
    assert shop.payments.get(gone.id).status == "cancelled"


# Finding one invoice in the list


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_an_invoice_is_found_wherever_it_stands(shop: till.Gateway, control: Control, order: str) -> None:
    control.options(order=order)
    made = [shop.payments.create(PRICE) for _ in range(205)]
    for payment in (made[0], made[102], made[204]):
        assert shop.payments.get(payment.id).provider_id == payment.provider_id
    newest = len(control.requests())
    shop.payments.get(made[204].id)
    assert len(control.requests()) - newest <= 2


def test_only_the_invoices_of_its_customer_are_searched(shop: till.Gateway, control: Control) -> None:
    payment = shop.payments.create(PRICE, options={"customerId": "customer-7"})
    shop.payments.get(payment.id)
    assert control.requests()[-1]["query"] == "limit=100&customerId=customer-7"
    assert shop.payments.get(provider_id=payment.provider_id).id == payment.id


def test_an_invoice_that_this_store_does_not_know_is_found_by_its_provider_id(
    sandbox: Sandbox, shop: till.Gateway, control: Control
) -> None:
    payment = shop.payments.create(PRICE)
    stranger = account(sandbox, till.Runtime(store="memory", ca_file=sandbox.ca_file))
    seen = stranger.payments.get(provider_id=payment.provider_id)
    assert (seen.id, seen.status, seen.amount) == (None, "pending", PRICE)
    assert control.requests()[-1]["query"] == "limit=100"
    customer = payment.raw["customerId"]
    found = stranger.payments.get(provider_id=payment.provider_id, options={"customerId": customer})
    assert found.provider_id == payment.provider_id
    assert control.requests()[-1]["query"] == f"limit=100&customerId={customer}"


def test_an_invoice_that_is_gone_is_not_found(shop: till.Gateway, control: Control) -> None:
    with pytest.raises(till.NotFound, match="no such invoice"):
        shop.payments.get(provider_id="inv_gone")
    with pytest.raises(till.NotFound):
        shop.payments.get("pay_00000000000000000000000000")


# Lists


def test_the_list_of_payments_has_pages(shop: till.Gateway, control: Control) -> None:
    made = {shop.payments.create(PRICE).provider_id for _ in range(5)}
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = shop.payments.list(limit=2, cursor=cursor)
        assert page.total == 5
        seen += [payment.provider_id for payment in page]
        cursor, pages = page.next, pages + 1
    assert (len(seen), set(seen), pages) == (5, made, 3)
    assert [payment.provider_id for payment in shop.payments.iterate(limit=2)] == seen


def test_the_list_filters_by_status_and_customer(shop: till.Gateway, control: Control) -> None:
    paid, _, other = (
        shop.payments.create(PRICE, options={"customerId": customer}) for customer in ("a", "a", "b")
    )
    control.pay(paid.provider_id or "")
    assert [one.id for one in shop.payments.list(status="paid")] == [paid.id]
    assert [one.id for one in shop.payments.list(options={"customerId": "b"})] == [other.id]
    assert len(shop.payments.list(status="pending", options={"customerId": "a"})) == 1


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"reference": "1042"}, "$.reference"),
        ({"currency": "BTN"}, "$.currency"),
        ({"since": "2026-01-01"}, "$.since"),
        ({"status": "failed"}, "$.status"),
        ({"limit": 101}, "$.limit"),
        ({"cursor": "next"}, "$.cursor"),
        ({"cursor": "9" * 30}, "$.cursor"),
        ({"options": {"status": "open"}}, "$.options.status"),
        ({"options": {"page": 2}}, "$.options.page"),
    ],
)
def test_a_filter_that_globalpay_does_not_have_is_refused_before_anything_is_sent(
    shop: till.Gateway, control: Control, filters: dict[str, Any], field: str
) -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        shop.payments.list(**filters)
    assert (caught.value.field, caught.value.sent) == (field, "no")
    assert control.requests() == []


# Writes happen once


@pytest.mark.parametrize("fault", ["reset_after_read", "truncate"])
def test_a_write_whose_answer_is_lost_is_sent_again_with_its_key_and_happens_once(
    shop: till.Gateway, control: Control, fault: str
) -> None:
    control.fault(fault)
    payment = shop.payments.create(PRICE, idempotency_key="order-1042")
    assert payment.status == "pending"
    assert len(control.payments()) == 1
    assert {one["headers"]["idempotency-key"] for one in writes(control)} == {"order-1042"}
    assert len(writes(control)) == 2


def test_after_an_unknown_outcome_the_list_tells_by_the_order(shop: till.Gateway, control: Control) -> None:
    control.fault("status_500", effect=True)
    with pytest.raises(till.OutcomeUnknown) as caught:
        shop.payments.create(PRICE, reference="1042")
    assert caught.value.payment_id
    assert [one.raw["description"] for one in shop.payments.list(status="pending")] == ["Order 1042"]


def test_every_write_carries_a_key_of_its_own(shop: till.Gateway, control: Control) -> None:
    shop.payments.create(PRICE)
    shop.native("POST /api/invoices", {"customerId": "a", "amount": 1, "currency": "INR"})
    shop.native("POST /api/refunds", {"anything": 1})
    shop.native("POST /api/refunds", {"anything": 1})
    keys = [one["headers"]["idempotency-key"] for one in writes(control)]
    assert len(set(keys)) == 4
    assert len(control.command("refunds")) == 2


# The rate limit


def test_the_last_allowed_request_keeps_the_gateway_still_until_the_reset(
    shop: till.Gateway, control: Control
) -> None:
    control.options(requests_per_hour=2)
    payment = shop.payments.create(PRICE)
    assert shop.payments.get(payment.id).status == "pending"
    for call in (shop.check, lambda: shop.payments.create(PRICE)):
        with pytest.raises(till.RateLimited) as caught:
            call()
        assert caught.value.sent == "no"
        assert caught.value.retry_after is not None
        assert 3500 < caught.value.retry_after <= 3601
    assert len(control.requests()) == 2


def test_a_refusal_says_how_long_to_wait_by_the_documented_header(
    sandbox: Sandbox, runtime: till.Runtime, shop: till.Gateway, control: Control
) -> None:
    control.options(requests_per_hour=1)
    shop.check()
    other = account(sandbox, runtime)  # another worker with the same key, which knows nothing yet
    with pytest.raises(till.RateLimited, match="Rate limit exceeded") as caught:
        other.payments.create(PRICE)
    assert (caught.value.sent, caught.value.retryable) == ("yes", True)
    assert caught.value.retry_after is not None
    assert 3500 < caught.value.retry_after <= 3601
    assert control.payments() == []


def test_a_gateway_that_may_wait_goes_on_after_the_reset(
    gateway: Callable[..., till.Gateway], control: Control
) -> None:
    control.options(requests_per_hour=1, hour_seconds=1)
    patient = gateway("globalpay", timeout=20, rate_limit_wait=10)
    made = [patient.payments.create(PRICE, idempotency_key=f"order-{number}") for number in range(2)]
    assert [payment.status for payment in made] == ["pending", "pending"]
    assert len(control.payments()) == 2


# Webhooks


def told(control: Control) -> list[tuple[dict[str, str], bytes]]:
    """Headers and body of every webhook that the sandbox would send."""
    return [(one["headers"], json.dumps(one["body"]).encode()) for one in control.webhooks()]


def test_every_event_leads_to_the_truth_about_its_invoice(shop: till.Gateway, control: Control) -> None:
    control.webhook_url("http://127.0.0.1:9/hooks")
    control.hold_webhooks()
    payment = shop.payments.create(PRICE)
    control.decline(payment.provider_id or "")
    first = [shop.webhooks.receive(*message) for message in told(control)]
    assert [(one.event, one.trust, one.changed) for one in first] == [
        ("invoice.created", "refetched", False),
        ("payment.failed", "refetched", False),
    ]
    control.pay(payment.provider_id or "")
    later = [shop.webhooks.receive(*message) for message in told(control)[2:]]
    assert [(one.event, one.changed) for one in later] == [
        ("payment.completed", True),
        ("invoice.paid", False),
    ]
    for one in later:
        assert one.payment is not None
        assert (one.payment.id, one.payment.status, one.http_status) == (payment.id, "paid", 200)


def test_a_webhook_that_lies_changes_nothing(shop: till.Gateway, control: Control) -> None:
    payment = shop.payments.create(PRICE)
    lie = json.dumps({"event": "invoice.paid", "data": {"id": payment.provider_id, "status": "paid"}})
    seen = shop.webhooks.receive({}, lie.encode())
    assert seen.payment is not None
    assert (seen.payment.status, seen.changed) == ("pending", False)


def test_a_webhook_about_nothing_of_ours_asks_nobody(shop: till.Gateway, control: Control) -> None:
    for body, reason in (
        ({"event": "invoice.paid", "data": {"id": "inv_somebody"}}, "unknown_payment"),
        ({"event": "refund.processed", "data": {"id": "ref_1"}}, "no_payment"),
        ({}, "no_payment"),
    ):
        seen = shop.webhooks.receive({}, json.dumps(body).encode())
        assert (seen.payment, seen.reason, seen.trust) == (None, reason, "unverified")
    assert control.requests() == []


@pytest.mark.parametrize("body", [b"", b"hello", b"null", b"7", b'"inv_1"', b"{", b"[" * 60])
def test_what_is_no_webhook_is_rejected(shop: till.Gateway, control: Control, body: bytes) -> None:
    with pytest.raises(till.WebhookRejected):
        shop.webhooks.receive({"content-type": "application/json"}, body)
    assert control.requests() == []


# Native calls


def test_the_documented_calls_go_out_by_their_own_names(shop: till.Gateway, control: Control) -> None:
    made = shop.native("POST /api/invoices", {"customerId": "a", "amount": 10000, "currency": "BTN"})
    assert (made["amount"], made["status"]) == (10000, "pending")
    control.pay(made["id"])
    listed = shop.native("GET /api/invoices", {"limit": 20, "offset": 0, "status": "paid"})
    assert [one["id"] for one in listed["data"]] == [made["id"]]
    assert listed["pagination"] == {"total": 1, "limit": 20, "offset": 0, "hasMore": False}
    payments = shop.native("GET /api/payments")
    assert payments["data"][0]["invoiceId"] == made["id"]


def test_a_refund_is_sent_exactly_as_given(shop: till.Gateway, control: Control) -> None:
    body = {"amount": 10000, "list": [], "none": None, "object": {}, "text": "ཀ", "yes": True}
    answer = shop.native("POST /api/refunds", body)
    assert answer["status"] == "processed"
    (kept,) = control.command("refunds")
    assert kept["request"] == body


def test_what_is_not_documented_is_refused_with_the_reason(shop: till.Gateway, control: Control) -> None:
    payment = shop.payments.create(PRICE)
    before = len(control.requests())
    for call, words in (
        (lambda: shop.payments.cancel(payment.id or ""), "cancels an invoice"),
        (lambda: shop.refunds.create(payment.id or ""), "POST /api/refunds"),
        (lambda: shop.rates.list(), "no exchange rates"),
    ):
        with pytest.raises(till.Unsupported, match=words):
            call()
    assert len(control.requests()) == before


# Keys


def test_a_wrong_key_is_an_authentication_error_that_does_not_show_it(
    sandbox: Sandbox, runtime: till.Runtime, shop: till.Gateway, control: Control
) -> None:
    wrong = account(sandbox, runtime, api_key="sk_test_not_the_right_key")
    with pytest.raises(till.AuthenticationError, match="Invalid API key provided") as caught:
        wrong.check()
    assert "not_the_right_key" not in str(caught.value) + repr(caught.value)
    assert caught.value.provider_code == "invalid_api_key"
    assert shop.check().ok


@pytest.mark.parametrize(("mode", "key"), [("live", "sk_test_0123456789"), ("test", "sk_live_0123456789")])
def test_a_key_of_the_other_mode_is_refused_before_anything_is_sent(
    sandbox: Sandbox, runtime: till.Runtime, control: Control, mode: str, key: str
) -> None:
    place = sandbox.providers["globalpay"]
    with pytest.raises(till.ConfigurationError, match=f"begins with {key[:8]}") as caught:
        till.Gateway("globalpay", {"api_key": key}, mode=mode, base_url=place.base_url, runtime=runtime)
    assert caught.value.field == "$.api_key"
    assert "0123456789" not in str(caught.value)
    assert control.requests() == []


def test_a_key_without_the_permission_is_told_so(shop: till.Gateway, control: Control) -> None:
    control.options(key_may_write=False)
    assert shop.check().ok
    with pytest.raises(till.PermissionDenied):
        shop.payments.create(PRICE)


def test_the_key_is_nowhere_to_be_seen(
    sandbox: Sandbox, shop: till.Gateway, control: Control, capfd: pytest.CaptureFixture[str]
) -> None:
    key = sandbox.providers["globalpay"].settings["api_key"]
    payment = shop.payments.create(PRICE, reference="1042")
    control.pay(payment.provider_id or "")
    shown = [repr(shop), repr(shop.payments.get(payment.id)), repr(payment.raw), *capfd.readouterr()]
    kept = b"".join(
        path.read_bytes() for path in Path(shop.runtime.store.place).parent.iterdir() if path.is_file()
    )
    assert key not in "".join(shown)
    assert b"1042" in kept
    assert key.encode() not in kept
