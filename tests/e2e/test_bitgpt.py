"""BitGPT, whole flows against the sandbox over TLS."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import till
from till.sandbox import Control, Sandbox

PRICE = till.Money("48.25", "EUR")
CUSTOMER = {"email": "ada@customer.example"}


@pytest.fixture
def control(payer: Callable[[str], Control]) -> Control:
    return payer("bitgpt")


@pytest.fixture
def shop(gateway: Callable[..., till.Gateway], control: Control) -> till.Gateway:
    return gateway("bitgpt", timeout=20)


def account(sandbox: Sandbox, runtime: till.Runtime, mode: str = "test", **settings: Any) -> till.Gateway:
    """A gateway with settings of its own."""
    place = sandbox.providers["bitgpt"]
    return till.Gateway(
        "bitgpt", {**place.settings, **settings}, mode=mode, base_url=place.base_url, runtime=runtime
    )


def bodies(control: Control, path: str) -> list[Any]:
    """What was sent to a path below the base URL."""
    return [request["body"] for request in control.requests() if request["path"] == "/api" + path]


def make(shop: till.Gateway, price: till.Money = PRICE, **more: Any) -> till.Payment:
    return shop.payments.create(price, customer=CUSTOMER, **more)


# One invoice


def test_an_invoice_is_paid(shop: till.Gateway, control: Control) -> None:
    payment = make(
        shop, reference="1234", description="Two tickets", return_url="https://shop.example/thanks"
    )
    assert (payment.status, payment.outcome, payment.amount) == ("pending", "known", PRICE)
    invoice_id = payment.provider_id or ""
    assert (payment.checkout_url or "").endswith(f"/pay/{invoice_id}")
    assert shop.payments.get(payment.id).status == "pending"

    control.pay(invoice_id)
    paid = shop.payments.get(payment.id)
    assert (paid.status, paid.amount_paid, paid.reference, paid.test) == ("paid", PRICE, "1234", True)
    assert bodies(control, "/invoices") == [
        {
            "items": [{"type": "PAYMENT_INTENT", "currency": "EUR", "price": "48.25"}],
            "customer_email": "ada@customer.example",
            "currency": "EUR",
            "metadata": {"description": "Two tickets", "reference": "1234"},
            "redirect_url": "https://shop.example/thanks",
        }
    ]


def test_without_an_email_nothing_is_sent(shop: till.Gateway, control: Control) -> None:
    for customer in (None, {"name": "Ada Example"}):
        with pytest.raises(till.InvalidRequest) as caught:
            shop.payments.create(PRICE, customer=customer)
        assert (caught.value.field, caught.value.sent) == ("$.customer.email", "no")
    assert control.requests() == []


def test_a_payment_moves_through_every_state(shop: till.Gateway, control: Control) -> None:
    control.options(confirmations=2)
    payment = make(shop)
    invoice_id = payment.provider_id or ""
    control.pay(invoice_id)
    assert control.payment(invoice_id)["status"] == "PROCESSING"
    assert shop.payments.get(payment.id).status == "processing"
    control.confirm(invoice_id, 1)
    assert control.payment(invoice_id)["status"] == "WAITING_FOR_CONFIRMATIONS"
    assert shop.payments.get(payment.id).status == "processing"
    control.confirm(invoice_id, 1)
    assert shop.payments.get(payment.id).status == "paid"


def test_a_partial_payment_is_underpaid_until_the_rest_comes(shop: till.Gateway, control: Control) -> None:
    price = till.Money("0.00300000", "BTC")
    payment = make(shop, price)
    control.underpay(payment.provider_id or "", "0.001")
    part = shop.payments.get(payment.id)
    assert (part.status, part.amount_paid) == ("underpaid", till.Money("0.001", "BTC"))
    assert part.amount_due == till.Money("0.002", "BTC")
    control.pay(payment.provider_id or "")
    assert shop.payments.get(payment.id).amount_paid == price


def test_a_partial_payment_in_another_coin_has_no_exact_sum(shop: till.Gateway, control: Control) -> None:
    payment = make(shop)
    control.underpay(payment.provider_id or "")
    part = shop.payments.get(payment.id)
    assert (part.status, part.amount_paid) == ("underpaid", None)
    control.pay(payment.provider_id or "")
    paid = shop.payments.get(payment.id)
    assert (paid.status, paid.amount_paid) == ("paid", PRICE)


def test_an_overpayment_is_paid_and_says_how_much_came(shop: till.Gateway, control: Control) -> None:
    payment = make(shop, till.Money("1.000000000000000001", "ETH"))
    control.overpay(payment.provider_id or "", "1.5")
    paid = shop.payments.get(payment.id)
    assert (paid.status, paid.amount_paid) == ("paid", till.Money("1.5", "ETH"))
    assert paid.raw["substatus"] == "OVERPAID"


def test_a_failed_payment_leaves_the_invoice_open_and_a_voided_one_is_cancelled(
    shop: till.Gateway, control: Control
) -> None:
    payment = make(shop)
    control.decline(payment.provider_id or "")
    assert shop.payments.get(payment.id).status == "pending"
    control.expire(payment.provider_id or "")
    assert shop.payments.get(payment.id).status == "cancelled"


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0.01", "USD"),
        ("1", "JPY"),
        ("0.00000001", "BTC"),
        ("0.000000000000000001", "POL"),
        ("999999.99", "PEN"),
    ],
)
def test_amounts_are_exact_in_every_kind_of_currency(
    shop: till.Gateway, control: Control, amount: str, currency: str
) -> None:
    price = till.Money(amount, currency)
    payment = make(shop, price)
    assert bodies(control, "/invoices")[-1]["items"][0]["price"] == f"{price.amount:f}"
    control.pay(payment.provider_id or "")
    assert shop.payments.get(payment.id).amount_paid == price


def test_the_kind_of_usdc_is_never_lost(shop: till.Gateway, control: Control) -> None:
    price = till.Money("20", "USDC")
    usual, native = make(shop, price), make(shop, price, options={"currency": "USDC_NATIVE"})
    codes = [control.payment(one.provider_id or "")["currency"] for one in (usual, native)]
    assert codes == ["USDC", "USDC_NATIVE"]
    assert shop.payments.get(native.id).raw["currency"] == "USDC_NATIVE"
    assert len(shop.payments.list(currency="USDC")) == 2
    assert len(shop.payments.list(options={"currency": ["USDC_NATIVE"]})) == 1


def test_a_code_of_another_currency_is_refused(shop: till.Gateway, control: Control) -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        make(shop, options={"currency": "BITCOIN"})
    assert (caught.value.field, caught.value.sent) == ("$.options.currency", "no")
    with pytest.raises(till.InvalidRequest):
        make(shop, till.Money("1", "MATIC"))
    assert control.requests() == []


def test_metadata_travels_beside_reference_and_description(shop: till.Gateway, control: Control) -> None:
    payment = make(shop, reference="1234", options={"metadata": {"cart": "77", "lines": [1, 2]}})
    kept = control.payment(payment.provider_id or "")["metadata"]
    assert kept == {"cart": "77", "lines": [1, 2], "reference": "1234"}
    with pytest.raises(till.InvalidRequest) as caught:
        make(shop, reference="1234", options={"metadata": {"reference": "5"}})
    assert caught.value.field == "$.options.metadata.reference"


# Lists


def listed(shop: till.Gateway, **filters: Any) -> list[till.Payment]:
    """Every page."""
    found, cursor = [], None
    while True:
        page = shop.payments.list(cursor=cursor, **filters)
        found += list(page)
        if page.next is None:
            return found
        cursor = page.next


def test_the_list_has_pages_until_an_empty_one(shop: till.Gateway, control: Control) -> None:
    made = {make(shop).provider_id for _ in range(5)}
    found = listed(shop, limit=2)
    assert len(found) == 5
    assert {payment.provider_id for payment in found} == made
    assert [body.get("offset") for body in bodies(control, "/invoices/list")] == [None, 2, 4, 5]


def test_invoices_are_filtered_in_our_words_and_in_bitgpts(shop: till.Gateway, control: Control) -> None:
    cheap, dear, coins = (make(shop, till.Money(*m)) for m in (("1", "EUR"), ("99", "EUR"), ("1", "ETH")))
    control.pay(dear.provider_id or "")

    def found(**filters: Any) -> set[str | None]:
        return {payment.id for payment in listed(shop, **filters)}

    assert found(status="paid") == {dear.id}
    assert found(status="pending", currency="ETH") == {coins.id}
    assert found(currency="EUR", options={"price_usd_from": Decimal("2.5")}) == {dear.id}
    assert found(options={"price_usd_to": 2}) == {cheap.id}
    assert found(options={"status": ["COMPLETED", "PENDING"]}) == {cheap.id, dear.id, coins.id}
    assert found(options={"customer_email": "nobody@customer.example"}) == set()
    assert found(options={"provider_id": "provider_solana_usdc"}) == {dear.id}
    now = datetime.now(UTC)
    assert found(since=now - timedelta(hours=1), until=now + timedelta(hours=1)) == {
        cheap.id,
        dear.id,
        coins.id,
    }
    assert found(since=now + timedelta(hours=1)) == set()


def test_a_time_goes_out_as_a_mysql_date_time_in_utc(shop: till.Gateway, control: Control) -> None:
    shop.payments.list(since="2026-11-01T01:30:00+02:00", until="2026-12-01T00:00:00Z")
    sent = bodies(control, "/invoices/list")[-1]
    assert sent == {"created_at_from": "2026-10-31 23:30:00", "created_at_to": "2026-12-01 00:00:00"}


def test_payments_are_listed_with_every_filter(shop: till.Gateway, control: Control) -> None:
    control.options(pays_with="BITCOIN")
    payment, other = make(shop), make(shop)
    control.pay(payment.provider_id or "")
    control.decline(other.provider_id or "")

    def found(**options: Any) -> list[till.Payment]:
        return listed(shop, options={"list": "payments", **options})

    assert {one.status for one in found()} == {"paid", "failed"}
    (one,) = found(
        provider_id=["provider_bitcoin_bitcoin", 7],
        invoice_id=payment.provider_id,
        status=["COMPLETED", "PENDING"],
        currency=["BITCOIN"],
        price_usd_from=Decimal("0.5"),
        price_usd_to=1000,
        expand=["provider"],
    )
    assert (one.status, one.amount.currency if one.amount else None) == ("paid", "BTC")
    assert one.raw["provider"]["network"] == "BITCOIN"
    assert bodies(control, "/payments")[-2]["provider_id"] == ["provider_bitcoin_bitcoin", 7]
    assert listed(shop, status="failed", options={"list": "payments"})[0].raw["status"] == "FAILED"

    # What the list names can be asked for.
    again = shop.payments.get(provider_id=one.provider_id)
    assert (again.status, again.amount) == (one.status, one.amount)


def test_one_object_in_place_of_a_list_is_a_list_of_one(shop: till.Gateway, control: Control) -> None:
    control.options(list_of_one_as_object=True)
    payment = make(shop)
    assert [one.id for one in listed(shop)] == [payment.id]


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"reference": "1234"}, "$.reference"),
        ({"status": "expired"}, "$.status"),
        ({"status": "failed"}, "$.status"),
        ({"status": "paid", "options": {"status": ["COMPLETED"]}}, "$.status"),
        ({"status": "underpaid", "options": {"list": "payments"}}, "$.status"),
        ({"currency": "XYZ"}, "$.currency"),
        ({"since": "yesterday"}, "$.since"),
        ({"cursor": "next"}, "$.cursor"),
        ({"options": {"invoice_id": "invoice_1"}}, "$.options.invoice_id"),
        ({"options": {"list": "payments", "customer_email": "a@b.example"}}, "$.options.customer_email"),
        ({"options": {"list": "payments", "status": ["VOIDED"]}}, "$.options.status"),
        ({"options": {"provider_id": ["a", "b"]}}, "$.options.provider_id"),
        ({"options": {"currency": ["EURO"]}}, "$.options.currency[0]"),
        ({"options": {"page": 2}}, "$.options.page"),
    ],
)
def test_a_filter_that_bitgpt_does_not_have_is_refused_before_anything_is_sent(
    shop: till.Gateway, control: Control, filters: dict[str, Any], field: str
) -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        shop.payments.list(**filters)
    assert (caught.value.field, caught.value.sent) == (field, "no")
    assert control.requests() == []


# Writes happen once


@pytest.mark.parametrize("fault", ["reset_after_read", "truncate"])
def test_an_invoice_whose_answer_is_lost_is_sent_again_with_its_key_and_made_once(
    shop: till.Gateway, control: Control, fault: str
) -> None:
    control.fault(fault)
    payment = make(shop, idempotency_key="order-1234")
    assert payment.status == "pending"
    assert len(control.payments()) == 1
    keys = [request["headers"]["idempotency-key"] for request in control.requests()]
    assert keys == ["order-1234", "order-1234"]


def test_reads_carry_no_idempotency_key(shop: till.Gateway, control: Control) -> None:
    shop.payments.get(make(shop).id)
    shop.payments.list()
    shop.native("POST /payments", {})
    assert ["idempotency-key" in request["headers"] for request in control.requests()] == [
        True,
        False,
        False,
        False,
    ]


# Who may call, and in which environment


def test_a_wrong_key_is_an_authentication_error_that_does_not_show_it(
    sandbox: Sandbox, runtime: till.Runtime, control: Control
) -> None:
    wrong = account(sandbox, runtime, api_key="sk_test_not_the_right_key")
    with pytest.raises(till.AuthenticationError) as caught:
        wrong.check()
    assert "not_the_right_key" not in str(caught.value) + repr(caught.value)
    assert (caught.value.request_id or "").startswith("support_")


def test_both_forms_of_the_authorization_header_are_sent(
    sandbox: Sandbox, runtime: till.Runtime, control: Control
) -> None:
    for form, other in (("api_key", "bearer"), ("bearer", "api_key")):
        control.options(authorization=form)
        assert account(sandbox, runtime, authorization=form).check().ok
        with pytest.raises(till.AuthenticationError):
            account(sandbox, runtime, authorization=other).check()


def test_an_access_token_is_sent_as_a_bearer_and_may_make_keys(
    sandbox: Sandbox, runtime: till.Runtime, shop: till.Gateway, control: Control
) -> None:
    token = control.command("access_token")["access_token"]
    owner = account(sandbox, runtime, api_key=token, authorization="bearer")
    wish = {"label": "till", "scopes": ["invoices.create", "invoices.read", "payments.read"]}
    with pytest.raises(till.PermissionDenied):
        shop.native("POST /developers/api_keys", wish)
    made = owner.native("POST /developers/api_keys", wish)["data"]
    assert account(sandbox, runtime, api_key=made["secret"]).check().ok


def test_a_key_without_the_right_is_told_so(
    sandbox: Sandbox, runtime: till.Runtime, control: Control
) -> None:
    key = control.command("add_api_key", scopes=["invoices.create"])["secret"]
    weak = account(sandbox, runtime, api_key=key)
    assert make(weak).status == "pending"
    with pytest.raises(till.PermissionDenied):
        weak.check()


@pytest.mark.parametrize(("key", "mode"), [("sk_test_of_the_sandbox", "live"), ("sk_live_of_a_shop", "test")])
def test_a_key_of_the_other_mode_opens_no_gateway(
    sandbox: Sandbox, runtime: till.Runtime, key: str, mode: str
) -> None:
    with pytest.raises(till.ConfigurationError) as caught:
        account(sandbox, runtime, mode=mode, api_key=key)
    assert caught.value.field == "$.api_key"
    assert key not in str(caught.value)


def test_an_answer_of_the_other_environment_is_never_taken_for_a_payment(
    sandbox: Sandbox, runtime: till.Runtime, shop: till.Gateway, control: Control
) -> None:
    token = control.command("access_token")["access_token"]
    live = account(sandbox, runtime, mode="live", api_key=token, authorization="bearer")
    with pytest.raises(till.ConfigurationError) as caught:
        live.check()
    assert caught.value.field == "$.mode"
    payment = make(shop)
    control.pay(payment.provider_id or "")
    control.options(env="production")
    with pytest.raises(till.ProviderError) as mismatch:
        shop.payments.get(payment.id)
    assert mismatch.value.code == "mode_mismatch"


# Errors


def test_a_wrong_field_is_named_with_bitgpts_own_words(shop: till.Gateway, control: Control) -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        shop.native("POST /payments", {"created_at_from": "2026-11-01"})
    assert caught.value.field == "$.created_at_from"
    assert "invalid parameters" in str(caught.value)
    assert "created_at_from: must be a date and time" in str(caught.value)
    assert (caught.value.request_id or "").startswith("support_")


def test_too_many_requests_say_when_to_come_back(shop: till.Gateway, control: Control) -> None:
    payment = make(shop)
    control.fault("status_429", retry_after=7, count=0)
    with pytest.raises(till.RateLimited) as caught:
        shop.payments.get(payment.id)
    assert caught.value.retry_after == 7
    control.clear_faults()
    assert shop.payments.get(payment.id).status == "pending"


def test_what_is_not_documented_is_refused_with_the_reason(shop: till.Gateway, control: Control) -> None:
    payment = make(shop)
    before = len(control.requests())
    for call, words in (
        (lambda: shop.payments.cancel(payment.id or ""), "voids an invoice"),
        (lambda: shop.refunds.create(payment.id or ""), "own wallet"),
        (lambda: shop.currencies.list(), "no call for them"),
    ):
        with pytest.raises(till.Unsupported, match=words):
            call()
    assert len(control.requests()) == before


# Webhooks


def test_a_webhook_is_a_hint_and_the_payment_is_fetched(shop: till.Gateway, control: Control) -> None:
    events = ["payment.created", "payment.updated", "order.paid"]
    hook = {"label": "till", "url": "http://127.0.0.1:9/hooks", "events": events}
    assert shop.native("POST /developers/webhooks", hook)["data"]["events"] == events
    control.hold_webhooks()
    payment = make(shop)
    control.pay(payment.provider_id or "")
    told = control.webhooks()
    assert [webhook["event"] for webhook in told] == events
    changed = []
    for webhook in told:
        result = shop.webhooks.receive(webhook["headers"], json.dumps(webhook["body"]).encode())
        assert (result.event, result.trust, result.http_status) == (webhook["event"], "refetched", 200)
        assert result.payment is not None
        assert (result.payment.id, result.payment.status) == (payment.id, "paid")
        changed.append(result.changed)
    assert changed == [True, False, False]


def test_a_lie_changes_nothing(shop: till.Gateway, control: Control) -> None:
    payment = make(shop, reference="1234")
    lie = {"event": "order.paid", "resource_id": "inv_1", "payload": {"status": "COMPLETED", "metadata": {}}}
    unknown = shop.webhooks.receive({}, json.dumps(lie).encode())
    assert (unknown.payment, unknown.trust, unknown.reason) == (None, "unverified", "unknown_payment")
    lie["payload"] = {"status": "COMPLETED", "metadata": {"reference": "1234"}}
    found = shop.webhooks.receive({}, json.dumps(lie).encode())
    assert found.payment is not None
    assert (found.payment.id, found.payment.status, found.changed) == (payment.id, "pending", False)
    other = shop.webhooks.receive({}, b'{"event": "product.created", "payload": {"id": "1"}}')
    assert (other.payment, other.reason) == (None, "no_payment")
    with pytest.raises(till.WebhookRejected):
        shop.webhooks.receive({}, b'{"payload": {}}')


@pytest.mark.parametrize("signs", ["body", "timestamp_body"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_a_webhook_is_verified_as_the_merchant_chooses(
    sandbox: Sandbox, runtime: till.Runtime, control: Control, signs: str, encoding: str
) -> None:
    control.options(webhook_signs=signs, webhook_encoding=encoding)
    hook = {"label": "till", "url": "http://127.0.0.1:9/hooks", "events": ["order.paid"]}
    secret = account(sandbox, runtime).native("POST /developers/webhooks", hook)["data"]["secret"]
    choice = {"body": "body_", "timestamp_body": "timestamp_dot_body_"}[signs] + encoding
    shop = account(sandbox, runtime, webhook_secret=secret, webhook_signature=choice)
    control.hold_webhooks()
    control.pay(make(shop).provider_id or "")
    (told,) = control.webhooks()
    body = json.dumps(told["body"], separators=(",", ":"), ensure_ascii=False).encode()
    result = shop.webhooks.receive(told["headers"], body)
    assert (result.signature, result.trust, result.changed) == ("valid", "refetched", True)
    with pytest.raises(till.WebhookRejected, match="signature"):
        shop.webhooks.receive(told["headers"], body.replace(b"COMPLETED", b"PENDING") + b" ")
    with pytest.raises(till.WebhookRejected) as caught:
        shop.webhooks.receive({}, body)
    assert caught.value.reason == "missing_signature"


# Native calls


def test_the_documented_calls_go_out_by_their_own_names(shop: till.Gateway, control: Control) -> None:
    order = {
        "items": [
            {
                "type": "PRODUCT",
                "product_id": "product_0197a8d9-8426-7e71-9edf-26301686ed26",
                "billing_schema_id": "schema_0197a8d9-8427-7dc4-9b9f-4e29594b5d12",
                "quantity": 2,
            },
            {"type": "PAYMENT_INTENT", "currency": "GBP", "price": "10"},
        ],
        "customer_email": "ada@customer.example",
    }
    assert shop.native("POST /invoices/validate", order)["data"]["currency"] == "GBP"
    made = shop.native("POST /invoices", order)
    assert (made["status"], made["data"]["price"]) == (201, "30.000000000000000000000000000000")
    invoice_id = made["data"]["id"]
    shown = shop.native(
        "POST /invoices/{id}", {"id": invoice_id, "expand": ["items", "calculations"], "currency": "EUR"}
    )
    assert shown["data"]["calculations"]["total"]["currency"] == "EUR"
    assert shop.native("GET /providers/{invoice_id}", {"invoice_id": invoice_id})["data"]["providers"]
    control.pay(invoice_id)
    (paid,) = shop.native("POST /payments", {"invoice_id": invoice_id})["data"]
    assert shop.native("POST /payments/{id}", {"id": paid["id"]})["data"]["status"] == "COMPLETED"
    assert (
        shop.native("POST /invoices/list", {"status": ["COMPLETED"], "limit": 1})["data"][0]["id"]
        == invoice_id
    )
    assert "payment.created" in shop.native("GET /developers/webhooks/events")["data"]
    hook = {"label": "shop", "url": "https://shop.example/hooks", "events": ["order.paid"]}
    assert shop.native("POST /developers/webhooks", hook)["data"]["secret"].startswith("whs_test_")
    assert len(shop.native("GET /developers/api_keys")["data"]) == 1


def test_a_field_that_is_not_documented_is_refused(shop: till.Gateway, control: Control) -> None:
    with pytest.raises(till.InvalidRequest) as caught:
        shop.native("POST /payments", {"page": 2})
    assert (caught.value.field, control.requests()) == ("$.page", [])


def test_the_key_is_nowhere_to_be_seen(
    sandbox: Sandbox, shop: till.Gateway, control: Control, capfd: pytest.CaptureFixture[str]
) -> None:
    key = sandbox.providers["bitgpt"].settings["api_key"]
    payment = make(shop, reference="1234")
    control.pay(payment.provider_id or "")
    shown = [repr(shop), repr(shop.payments.get(payment.id)), repr(payment.raw), *capfd.readouterr()]
    kept = b"".join(
        path.read_bytes() for path in Path(shop.runtime.store.place).parent.iterdir() if path.is_file()
    )
    assert key not in "".join(shown)
    assert b"1234" in kept
    assert key.encode() not in kept
