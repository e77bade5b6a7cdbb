"""ForumPay, whole flows against the sandbox over TLS: quotes, coins, underpayments, refunds, dialects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

import till
from till.sandbox import Control, Sandbox

PRICE = till.Money("48.25", "EUR")
ADDRESS = "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"
MAKER = {"fields": "maker", "list_shape": "invoices", "numbers": "strings"}


class Listener(ThreadingHTTPServer):
    """A shop's address for notifications: headers and bodies as they came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/webhook"
        self.got: list[tuple[dict[str, str], bytes]] = []


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def control(payer: Callable[[str], Control]) -> Control:
    return payer("forumpay")


@pytest.fixture
def shop(gateway: Callable[..., till.Gateway], control: Control) -> till.Gateway:
    return gateway("forumpay", timeout=20)


@pytest.fixture
def account(sandbox: Sandbox, runtime: till.Runtime, control: Control) -> Callable[..., till.Gateway]:
    """`account(locale="en-GB")`: a gateway with settings of its own."""
    place = sandbox.providers["forumpay"]

    def make(**settings: Any) -> till.Gateway:
        given = {**place.settings, **settings}
        return till.Gateway("forumpay", given, mode="test", base_url=place.base_url, runtime=runtime)

    return make


def make(shop: till.Gateway, price: till.Money = PRICE, **more: Any) -> tuple[str, str]:
    """A payment in bitcoin: our id and theirs."""
    payment = shop.payments.create(price, **{"pay_currency": "BTC", **more})
    assert (payment.status, payment.outcome) == ("pending", "known")
    return payment.id or "", payment.provider_id or ""


def sent(control: Control, action: str) -> list[dict[str, str]]:
    """The parameters of every request of an action that carried credentials."""
    return [
        dict(parse_qsl(request["query"]))
        for request in control.requests()
        if request["path"] == f"/pay/v2/{action}/" and "authorization" in request["headers"]
    ]


# One payment


def test_a_payment_is_quoted_started_paid_and_refunded(shop: till.Gateway, control: Control) -> None:
    customer = {"ip": "203.0.113.7", "user_agent": "Mozilla/5.0 (X11; Linux)", "locale": "en-GB"}
    payment = shop.payments.create(PRICE, reference="12-23-456", pay_currency="BTC", customer=customer)
    assert (payment.status, payment.amount, payment.reference) == ("pending", PRICE, "12-23-456")
    pay_to = payment.pay_to
    assert pay_to is not None
    assert (pay_to.currency, pay_to.amount) == ("BTC", Decimal("0.00746227"))
    assert pay_to.rate == Decimal("6467.18")
    assert pay_to.uri == f"bitcoin:{pay_to.address}?amount=0.00746227"
    assert payment.qr_url is not None
    (started,) = sent(control, "StartPayment")
    assert started["payer_ip_address"] == "203.0.113.7"
    assert started["payer_user_agent"] == "Mozilla/5.0 (X11; Linux)"
    assert started["locale"] == "en-GB"
    assert "user" not in started

    ours, theirs = payment.id or "", payment.provider_id or ""
    assert shop.payments.get(ours).status == "pending"
    control.pay(theirs)
    assert shop.payments.get(ours).status == "processing"
    control.confirm(theirs, 1)
    paid = shop.payments.get(ours)
    assert (paid.status, paid.amount_paid, paid.pay_to) == ("paid", PRICE, None)

    refund = shop.refunds.create(ours, address=ADDRESS, reason="Returned")
    assert (refund.status, refund.amount) == ("pending", till.Money("0.00746227", "BTC"))
    assert sent(control, "RefundPayment")[0]["refund_amount"] == "0.00746227"
    assert [one.id for one in shop.refunds.list(ours)] == [refund.id]
    assert shop.refunds.get(ours, refund.id).amount == refund.amount
    with pytest.raises(till.Conflict, match="paid back"):
        shop.refunds.create(ours, address=ADDRESS)


def test_a_quote_that_the_payer_saw_is_the_one_that_is_started(shop: till.Gateway, control: Control) -> None:
    rate = shop.rates.get("EUR", "ETH", amount=PRICE)
    assert (rate.from_currency, rate.to_currency, rate.rate) == ("ETH", "EUR", Decimal("143.17"))
    quote = rate.raw["payment_id"]
    payment = shop.payments.create(PRICE, pay_currency="ETH", options={"payment_id": quote})
    assert payment.provider_id == quote
    assert payment.pay_to is not None
    assert str(payment.pay_to.amount) == rate.raw["amount"]
    assert len(sent(control, "GetRate")) == 1


def test_a_quote_of_another_amount_is_refused(shop: till.Gateway) -> None:
    quote = shop.rates.get("EUR", "BTC", amount=till.Money("10.00", "EUR")).raw["payment_id"]
    with pytest.raises(till.InvalidRequest, match="does not fit"):
        shop.payments.create(PRICE, pay_currency="BTC", options={"payment_id": quote})


def test_a_small_payment_may_be_paid_without_a_confirmation(shop: till.Gateway, control: Control) -> None:
    ours, theirs = make(shop, options={"accept_zero_confirmations": True})
    control.pay(theirs)
    assert shop.payments.get(ours).status == "paid"


def test_blocked_coins_fail_the_payment(shop: till.Gateway, control: Control) -> None:
    ours, theirs = make(shop)
    control.pay(theirs)
    control.decline(theirs)
    failed = shop.payments.get(ours)
    assert failed.status == "failed"
    assert failed.decline is not None
    assert failed.decline.code == "blocked"


@pytest.mark.parametrize(
    ("given", "reason", "comment"),
    [
        ({}, "other", "Cancelled by the shop"),
        ({"reason": "no_wallet"}, "no_wallet", "Cancelled by the shop"),
        ({"reason": "Sold out"}, "other", "Sold out"),
        ({"options": {"reason": "bad_rate", "comment": "Too dear"}}, "bad_rate", "Too dear"),
    ],
)
def test_a_payment_is_cancelled_with_a_documented_reason(
    shop: till.Gateway, control: Control, given: dict[str, Any], reason: str, comment: str
) -> None:
    ours, _ = make(shop)
    assert shop.payments.cancel(ours, **given).status == "cancelled"
    (asked,) = sent(control, "CancelPayment")
    assert (asked["reason"], asked["comment"]) == (reason, comment)
    assert shop.payments.get(ours).status == "cancelled"


def test_a_payment_whose_coins_are_on_their_way_cannot_be_cancelled(
    shop: till.Gateway, control: Control
) -> None:
    ours, theirs = make(shop)
    control.pay(theirs)
    with pytest.raises(till.InvalidRequest, match="already sent"):
        shop.payments.cancel(ours)
    assert shop.payments.get(ours).status == "processing"


# Too little, too late


@pytest.mark.parametrize("shown", ["keep", "replace"])
def test_an_underpayment_is_accepted_for_what_the_service_says_it_is_worth(
    shop: till.Gateway, control: Control, shown: str
) -> None:
    control.options(**MAKER, accepted_invoice=shown)
    ours, theirs = make(shop)
    control.underpay(theirs, "0.005")
    short = shop.payments.get(ours)
    assert short.status == "underpaid"
    assert short.pay_to is not None
    assert short.pay_to.amount == Decimal("0.00246227")
    assert short.qr_url is not None
    assert "0.00246227" in short.qr_url

    assert shop.payments.accept(ours).status == "processing"
    (accepted,) = sent(control, "AcceptPayment")
    assert (accepted["accepted_amount"], accepted["accepted_invoice_amount"]) == ("0.00500000", "32.32")
    control.confirm(theirs, 1)
    paid = shop.payments.get(ours)
    assert (paid.status, paid.amount) == ("paid", PRICE)
    assert (paid.amount_paid, paid.amount_due) == (till.Money("32.32", "EUR"), till.Money("0", "EUR"))
    (listed,) = shop.payments.list() if shown == "keep" else [paid]
    assert listed.amount_paid == till.Money("32.32", "EUR")


def test_an_underpayment_is_accepted_for_what_the_shop_says(shop: till.Gateway, control: Control) -> None:
    ours, theirs = make(shop)
    with pytest.raises(till.Conflict, match="No coins"):
        shop.payments.accept(ours)
    control.underpay(theirs, "0.005")
    assert shop.payments.get(ours).status == "underpaid"
    with pytest.raises(till.InvalidRequest, match="how much of the invoice"):
        shop.payments.accept(ours)
    with pytest.raises(till.InvalidRequest, match="invoice's currency"):
        shop.payments.accept(ours, till.Money("32.32", "USD"))
    assert sent(control, "AcceptPayment") == []
    assert shop.payments.accept(ours, till.Money("32.32", "EUR")).status == "processing"
    assert sent(control, "AcceptPayment")[0]["accepted_amount"] == "0.00500000"
    control.confirm(theirs, 1)
    assert shop.payments.get(ours).status == "paid"


def test_an_underpayment_is_refunded_exactly(shop: till.Gateway, control: Control) -> None:
    ours, theirs = make(shop)
    control.underpay(theirs, "0.005")
    with pytest.raises(till.InvalidRequest, match=r"0\.00500000 BTC"):
        shop.refunds.create(ours, till.Money("0.004", "BTC"), address=ADDRESS)
    with pytest.raises(till.InvalidRequest, match="address"):
        shop.refunds.create(ours)
    assert sent(control, "RefundPayment") == []
    refund = shop.refunds.create(ours, till.Money("0.005", "BTC"), address=ADDRESS)
    assert refund.amount == till.Money("0.005", "BTC")
    assert shop.payments.get(ours).status == "cancelled"


def test_two_refunds_of_a_payment_are_two(shop: till.Gateway, control: Control) -> None:
    ours, theirs = make(shop)
    control.underpay(theirs, "0.005")
    first = shop.refunds.create(ours, address=ADDRESS)
    assert shop.payments.get(ours).status == "cancelled"
    control.underpay(theirs, "0.001")
    assert shop.payments.get(ours).status == "underpaid"
    second = shop.refunds.create(ours, address=ADDRESS)
    assert (first.amount, second.amount) == (till.Money("0.005", "BTC"), till.Money("0.001", "BTC"))
    payment = shop.payments.get(ours)
    assert payment.status == "cancelled"
    assert [one.id for one in payment.refunds] == [first.id, second.id]
    assert [(one.id, one.amount) for one in shop.refunds.list(ours)] == [
        (first.id, first.amount),
        (second.id, second.amount),
    ]
    assert shop.refunds.get(ours, second.id).amount == second.amount


def test_a_refund_that_another_made_is_listed_beside_our_own(
    shop: till.Gateway, account: Callable[..., till.Gateway], control: Control
) -> None:
    ours, theirs = make(shop)
    control.underpay(theirs, "0.005")
    mine = shop.refunds.create(ours, address=ADDRESS)
    control.underpay(theirs, "0.001")
    native = {"payment_id": theirs, "currency": "BTC", "address_out": ADDRESS, "refund_amount": "0.001"}
    shop.native("RefundPayment", native)
    listed = list(shop.refunds.list(ours))
    assert [one.amount for one in listed] == [till.Money("0.005", "BTC"), till.Money("0.001", "BTC")]
    assert listed[0].id == mine.id
    assert [one.id for one in shop.refunds.list(ours)] == [one.id for one in listed]
    assert shop.refunds.get(ours, listed[1].id).amount == till.Money("0.001", "BTC")
    assert shop.payments.get(ours).status == "cancelled"


def test_payments_are_cancelled_and_accepted_by_the_services_own_id(
    shop: till.Gateway, control: Control
) -> None:
    ours, theirs = make(shop)
    assert shop.payments.cancel(provider_id=theirs).id == ours
    assert shop.payments.get(ours).status == "cancelled"
    ours, theirs = make(shop)
    control.underpay(theirs, "0.005")
    assert shop.payments.accept(amount=till.Money("32.32", "EUR"), provider_id=theirs).id == ours
    assert shop.payments.get(ours).amount_paid == till.Money("32.32", "EUR")
    with pytest.raises(till.InvalidRequest, match="give one of"):
        shop.payments.cancel()
    with pytest.raises(till.InvalidRequest, match="give one of"):
        shop.payments.accept(ours, provider_id=theirs)


def test_the_rest_of_an_underpayment_completes_it(shop: till.Gateway, control: Control) -> None:
    ours, theirs = make(shop)
    control.underpay(theirs)
    assert shop.payments.get(ours).status == "underpaid"
    control.pay(theirs)
    control.confirm(theirs, 1)
    assert shop.payments.get(ours).status == "paid"


@pytest.mark.parametrize("decision", ["accept", "refund"])
def test_coins_that_come_too_late_are_for_the_shop_to_decide(
    shop: till.Gateway, control: Control, decision: str
) -> None:
    ours, theirs = make(shop)
    control.expire(theirs)
    assert shop.payments.get(ours).status == "cancelled"
    control.pay(theirs)
    assert shop.payments.get(ours).status == "underpaid"
    if decision == "refund":
        shop.refunds.create(ours, address=ADDRESS)
        assert shop.payments.get(ours).status == "cancelled"
        return
    shop.payments.accept(ours, PRICE)
    control.confirm(theirs, 1)
    assert shop.payments.get(ours).status == "paid"


# Dialects, credentials, errors


def test_the_makers_replies_are_understood(shop: till.Gateway, control: Control) -> None:
    control.options(**MAKER)
    payment = shop.payments.create(PRICE, pay_currency="BTC", reference="77")
    theirs = payment.provider_id or ""
    assert (payment.checkout_url or "").endswith(f"/payment/{theirs}")
    control.pay(theirs)
    control.confirm(theirs, 1)
    assert shop.payments.get(payment.id).status == "paid"
    (listed,) = shop.payments.list()
    assert (listed.id, listed.status) == (payment.id, "paid")
    assert shop.payments.cancel(make(shop)[0]).status == "cancelled"


def test_starting_by_post_keeps_the_payer_out_of_the_address(
    account: Callable[..., till.Gateway], control: Control
) -> None:
    make(account(start_payment_by="POST"), customer={"ip": "203.0.113.7"})
    (started,) = [one for one in control.requests() if one["path"] == "/pay/v2/StartPayment/"]
    assert (started["method"], started["query"], started["status"]) == ("POST", "", 200)
    assert started["headers"]["content-type"].startswith("multipart/form-data")


def test_credentials_may_wait_for_the_challenge(
    account: Callable[..., till.Gateway], control: Control
) -> None:
    make(account(wait_for_challenge=True))
    seen = [
        (one["path"].split("/")[3], one["status"], "authorization" in one["headers"])
        for one in control.requests()
    ]
    assert seen == [("GetRate", 401, False), ("GetRate", 200, True), ("StartPayment", 200, True)]


def test_a_challenged_form_is_sent_again_whole(
    account: Callable[..., till.Gateway], control: Control
) -> None:
    shop = account(wait_for_challenge=True, start_payment_by="POST")
    quote = shop.rates.get("EUR", "BTC", amount=PRICE).raw["payment_id"]
    make(shop, options={"payment_id": quote})
    seen = [(one["method"], one["status"], "authorization" in one["headers"]) for one in control.requests()]
    assert seen[2:] == [("POST", 401, False), ("POST", 200, True)]


def test_order_details_are_sent_when_switched_on(
    account: Callable[..., till.Gateway], control: Control
) -> None:
    control.options(fields="maker")
    details: dict[str, Any] = {
        "return_url": "https://shop.example/thanks",
        "cancel_url": "https://shop.example/cart",
        "webhook_url": "https://shop.example/webhook",
        "customer": {"email": "ada@customer.example"},
    }
    make(account(), **details)
    make(account(send_order_details=True), reference="78", **details)
    plain, full = sent(control, "StartPayment")
    assert not {"webhook_url", "on_success_redirect_url", "payer_email"} & set(plain)
    assert full["webhook_url"] == details["webhook_url"]
    assert full["on_success_redirect_url"] == details["return_url"]
    assert full["on_failure_redirect_url"] == details["cancel_url"]
    assert full["payer_email"] == "ada@customer.example"
    found = account(send_order_details=True).payments.list(reference="78")
    assert [payment.amount for payment in found] == [PRICE]
    with pytest.raises(till.InvalidRequest, match="send_order_details"):
        account().payments.list(reference="78")


def test_options_of_the_maker_are_sent_as_they_are(shop: till.Gateway, control: Control) -> None:
    control.options(fields="maker")
    options: dict[str, Any] = {
        "auto_accept_underpayment": True,
        "auto_accept_underpayment_min": "20.00",
        "payer": {"payer_type": "individual", "payer_first_name": "Ada", "payer_country": "GB"},
        "payer_id": "7",
    }
    ours, theirs = make(shop, options=options)
    (started,) = sent(control, "StartPayment")
    assert started["auto_accept_underpayment"] == "true"
    assert started["auto_accept_underpayment_min"] == "20.00"
    assert started["payer_first_name"] == "Ada"
    control.underpay(theirs, "0.005")
    control.confirm(theirs, 1)
    assert shop.payments.get(ours).status == "paid"


@pytest.mark.parametrize("with_200", [False, True])
def test_an_error_is_an_error_whatever_its_status(
    account: Callable[..., till.Gateway], control: Control, with_200: bool
) -> None:
    control.options(fields="maker", errors_with_status_200=with_200)
    with pytest.raises(till.AuthenticationError, match="Invalid API key"):
        account(api_key="not the key at all").check()
    with pytest.raises(till.TillError, match="between") as caught:
        make(account(), till.Money("0.05", "EUR"))
    assert isinstance(caught.value, till.ProviderError if with_200 else till.InvalidRequest)
    assert caught.value.provider_code == ("error400" if with_200 else None)
    assert sent(control, "StartPayment") == []


def test_what_cannot_work_is_refused_before_sending(
    shop: till.Gateway, account: Callable[..., till.Gateway], control: Control
) -> None:
    with pytest.raises(till.InvalidRequest, match="pay_currency"):
        shop.payments.create(PRICE)
    with pytest.raises(till.ConfigurationError, match="pos_id"):
        make(account(pos_id="POS 1"))
    with pytest.raises(till.InvalidRequest, match="pos_id"):
        make(shop, options={"pos_id": "till/7"})
    with pytest.raises(till.InvalidRequest, match="amount"):
        shop.rates.get("EUR", "BTC")
    with pytest.raises(till.InvalidRequest, match="status"):
        shop.payments.list(status="paid")
    with pytest.raises(till.Unsupported):
        shop.ledgers.list()
    with pytest.raises(till.InvalidRequest, match="coupon"):
        shop.native("GetRate", {"coupon": "x"})
    assert control.requests() == []


@pytest.mark.parametrize("by", ["GET", "POST"])
def test_a_start_without_an_answer_is_unknown_and_never_repeated(
    account: Callable[..., till.Gateway], control: Control, by: str
) -> None:
    shop = account(start_payment_by=by)
    control.fault("reset_after_read", path="/pay/v2/StartPayment/")
    with pytest.raises(till.OutcomeUnknown):
        make(shop, idempotency_key="order-1")
    with pytest.raises(till.OutcomeUnknown):
        make(shop, idempotency_key="order-1")
    starts = [one for one in control.requests() if one["path"] == "/pay/v2/StartPayment/"]
    assert len(starts) == 1


# Notifications


@pytest.mark.parametrize("form", ["page", "maker"])
def test_a_notification_makes_the_shop_ask(
    shop: till.Gateway, control: Control, listener: Listener, form: str
) -> None:
    control.options(webhook_body=form)
    control.webhook_url(listener.url)
    ours, theirs = make(shop)
    control.underpay(theirs)
    control.pay(theirs)
    control.confirm(theirs, 1)
    assert len(control.webhooks()) == len(listener.got) == 2
    results = [shop.webhooks.receive(headers, body) for headers, body in [*listener.got, listener.got[0]]]
    assert [result.changed for result in results] == [True, False, False]
    for result in results:
        assert (result.trust, result.http_status) == ("refetched", 200)
        assert result.payment is not None
        assert (result.payment.id, result.payment.status) == (ours, "paid")
    events = ["payment.underpaid", "payment.confirmed"] if form == "page" else ["payment", "payment"]
    assert [result.event for result in results] == [*events, events[0]]


def test_what_anybody_may_send_moves_nothing(shop: till.Gateway, control: Control) -> None:
    ours, theirs = make(shop)
    headers = {"content-type": "application/json"}
    lie = f'{{"event": "payment.confirmed", "payment_id": "{theirs}", "status": "confirmed"}}'
    told = shop.webhooks.receive(headers, lie.encode())
    assert told.payment is not None
    assert (told.payment.status, told.changed) == ("pending", False)
    seen = len(control.requests())
    unknown = shop.webhooks.receive(headers, b'{"payment_id": "123e4567-e89b-12d3-a456-426614174000"}')
    assert (unknown.payment, unknown.reason, unknown.trust) == (None, "unknown_payment", "unverified")
    assert shop.webhooks.receive(headers, b'{"webhook_test": true}').reason == "no_payment"
    for body in (b"", b"[]", b"null", b'{"event": "payment.confirmed"}', b'{"payment_id": 7}'):
        with pytest.raises(till.WebhookRejected):
            shop.webhooks.receive(headers, body)
    assert len(control.requests()) == seen
    assert shop.payments.get(ours).status == "pending"


# Lists and native calls


def test_all_payments_are_listed_page_by_page(shop: till.Gateway, control: Control) -> None:
    made = [make(shop)[1] for _ in range(5)]
    assert [payment.provider_id for payment in shop.payments.iterate(limit=2)] == made[::-1]
    offsets = [(query["offset"], query["limit"]) for query in sent(control, "GetTransactions")]
    assert offsets == [("0", "2"), ("2", "2"), ("4", "2"), ("5", "2")]


def test_a_payment_is_found_by_the_services_id_alone(
    shop: till.Gateway, control: Control, sandbox: Sandbox
) -> None:
    theirs = make(shop)[1]
    place = sandbox.providers["forumpay"]
    stranger = till.Runtime(store="memory", ca_file=sandbox.ca_file)
    other = till.Gateway("forumpay", place.settings, mode="test", base_url=place.base_url, runtime=stranger)
    found = other.payments.get(provider_id=theirs)
    assert (found.id, found.status, found.amount) == (None, "pending", PRICE)
    assert found.pay_to is not None
    options = {"currency": "BTC", "address": found.pay_to.address}
    before = len(sent(control, "GetTransactions"))
    assert other.payments.get(provider_id=theirs, options=options).amount == PRICE
    assert len(sent(control, "GetTransactions")) == before
    with pytest.raises(till.NotFound, match=r"options\.currency"):
        other.payments.get(provider_id="123e4567-e89b-12d3-a456-426614174000")


def test_coins_and_their_rates_are_listed(shop: till.Gateway, control: Control) -> None:
    control.options(fields="maker")
    assert [(coin.code, coin.name, coin.crypto) for coin in shop.currencies.list()] == [
        ("BTC", "Bitcoin", True),
        ("ETH", "Ethereum", True),
    ]
    rates = shop.rates.list(options={"invoice_currency": "USD"})
    assert [(one.from_currency, one.to_currency, one.rate) for one in rates] == [
        ("BTC", "USD", Decimal("7113.89")),
        ("ETH", "USD", Decimal("157.48")),
    ]


def test_every_action_can_be_called_by_its_own_name(shop: till.Gateway, control: Control) -> None:
    control.options(**MAKER)
    invoice = {"invoice_currency": "EUR", "invoice_amount": "48.25", "currency": "BTC"}
    quote = shop.native("GetRate", {**invoice, "accept_zero_confirmations": True})
    started = shop.native("StartPayment", {**invoice, "payment_id": quote["payment_id"]})
    place = {"currency": "BTC", "payment_id": quote["payment_id"], "address": started["address"]}
    control.underpay(quote["payment_id"], "0.005")
    checked = shop.native("CheckPayment", place)
    assert (checked["state"], checked["payment"]) == ("underpayment", "0.00500000")
    accepted = {"accepted_amount": checked["payment"], "accepted_invoice_amount": "32.00"}
    assert shop.native("AcceptPayment", {**place, **accepted}) == {"success": True}
    control.confirm(quote["payment_id"], 1)
    back = {"currency": "BTC", "payment_id": quote["payment_id"], "address_out": ADDRESS}
    refunded = shop.native("RefundPayment", {**back, "refund_amount": "0.005"})
    assert refunded == {"wait_time": "120 minutes"}

    several = shop.native("GetRates", {**_without(invoice, "currency"), "currencies": "BTC,ETH"})
    assert [one["currency"] for one in several["currencies"]] == ["BTC", "ETH"]
    other = shop.native("StartPayment", {**invoice, "payment_id": several["payment_id"], "pos_id": "WEB1"})
    place = {"currency": "BTC", "payment_id": several["payment_id"], "address": other["address"]}
    assert shop.native("CancelPayment", {**place, "reason": "other", "comment": "test"})["cancelled"] is True

    assert [one["currency"] for one in shop.native("GetCurrencyList")] == ["BTC", "ETH"]
    assert len(shop.native("GetTransactions", {"offset": 0, "limit": 20})["invoices"]) == 2
    assert shop.native("Ping") == {"result": "pong"}
    assert shop.native("GetWalletApps")[0]["name"] == "Pocket"
    assert shop.native("RequestKyc", {"email": "ada@customer.example"}) == {"status": "ok"}
    assert control.command("kyc_requests") == ["ada@customer.example"]


def _without(given: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in given.items() if key != name}


def test_check_says_whether_the_key_is_good(shop: till.Gateway) -> None:
    assert shop.check().ok
