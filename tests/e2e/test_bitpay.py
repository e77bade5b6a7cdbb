"""BitPay, whole flows against the sandbox over TLS: signatures, coins, refunds, pairing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import till
from till.sandbox import Control, Sandbox, wire

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
    with pytest.raises(till.InvalidRequest, match="give the amount") as again:
        bitpay.refunds.create(ours, address=ADDRESS)
    assert again.value.field == "$.amount"


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


def test_a_paired_shop_lets_another_client_in(
    sandbox: Sandbox, runtime: till.Runtime, bitpay: till.Gateway
) -> None:
    place = sandbox.providers["bitpay"]
    settings = {"private_key": till.Identity.generate().reveal_private_key(), "facade": "pos"}
    client = till.Gateway("bitpay", settings, mode="test", base_url=place.base_url, runtime=runtime)
    asked = client.tokens.create("pos", label="Kiosk_2 by the door")
    assert asked.approval_url == f"{place.base_url}/api-access-request?pairingCode={asked.pairing_code}"
    (approved,) = bitpay.tokens.approve(asked.pairing_code or "", "pos")
    assert (approved.facade, approved.token) == ("pos", asked.token)
    settings = {**settings, "token": asked.token}
    kiosk = till.Gateway("bitpay", settings, label="kiosk", base_url=place.base_url, runtime=runtime)
    payment = kiosk.payments.create(PRICE)
    assert kiosk.payments.get(payment.id or "").status == "pending"
    with pytest.raises(till.Unsupported, match="merchant"):
        kiosk.ledgers.list()


def test_a_code_that_the_owner_hands_out_is_claimed(
    sandbox: Sandbox, runtime: till.Runtime, control: Control
) -> None:
    place = sandbox.providers["bitpay"]
    settings = {"private_key": till.Identity.generate().reveal_private_key()}
    client = till.Gateway("bitpay", settings, mode="test", base_url=place.base_url, runtime=runtime)
    token = client.tokens.create(pairing_code=control.create_pairing_code("merchant"))
    assert (token.facade, token.pairing_code) == ("merchant", None)
    settings["token"] = token.token
    paired = till.Gateway("bitpay", settings, label="claimed", base_url=place.base_url, runtime=runtime)
    assert paired.check().ok


def test_wrong_labels_and_pairing_codes_are_not_sent(bitpay: till.Gateway, control: Control) -> None:
    for wrong in (
        lambda: bitpay.tokens.create("merchant", label="Shop & Sons"),
        lambda: bitpay.tokens.create(pairing_code="toolong8"),
        lambda: bitpay.tokens.approve("six666", "merchant"),
        lambda: bitpay.native("createToken", {"pairingCode": "a b c d", "facade": "pos"}),
    ):
        with pytest.raises(till.InvalidRequest) as refused:
            wrong()
        assert refused.value.sent == "no"
    assert control.requests() == []


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("time", "increasing"),
        ("time", "unique"),
        ("increment", "increasing"),
        ("increment", "unique"),
        ("disabled", "increasing"),
    ],
)
def test_each_kind_of_nonce_is_taken(
    sandbox: Sandbox, runtime: till.Runtime, control: Control, kind: str, rule: str
) -> None:
    place = sandbox.providers["bitpay"]
    control.options(nonce=rule)
    shop = till.Gateway(
        "bitpay", {**place.settings, "nonce": kind}, mode="test", base_url=place.base_url, runtime=runtime
    )
    for _ in range(3):
        assert shop.check().ok
    nonces = [request["body"]["nonce"] for request in control.requests()]
    if kind == "time":
        assert nonces == sorted(set(nonces)) and len(nonces) == 3
    else:
        assert nonces == {"increment": [0, 1, 2], "disabled": [None, None, None]}[kind]


def test_a_counted_nonce_begins_again_with_each_gateway(
    sandbox: Sandbox, runtime: till.Runtime, control: Control
) -> None:
    place = sandbox.providers["bitpay"]
    settings = {**place.settings, "nonce": "increment"}
    first, second = (
        till.Gateway("bitpay", settings, mode="test", label=label, base_url=place.base_url, runtime=runtime)
        for label in ("first", "second")
    )
    assert first.check().ok
    with pytest.raises(till.ProviderError, match="nonce"):
        second.check()


@pytest.mark.parametrize(
    ("happens", "method", "exception"),
    [("underpay", "creditPartialPayment", "paidPartial"), ("overpay", "creditOverpayment", "paidOver")],
)
def test_a_credit_is_tried_without_effect_and_then_made(
    bitpay: till.Gateway, control: Control, happens: str, method: str, exception: str
) -> None:
    ours, theirs = invoice(bitpay)
    getattr(control, happens)(theirs)
    control.confirm(theirs, 6)
    tried = bitpay.native(method, {"invoiceId": theirs, "commit": False})
    assert tried["exceptionStatus"] is False
    known = control.payment(theirs)
    assert known["exceptionStatus"] == exception
    with pytest.raises(till.Conflict, match="accept"):
        bitpay.refunds.create(ours, address=ADDRESS)
    assert bitpay.payments.accept(ours).status == "paid"
    assert control.payment(theirs)["exceptionStatus"] is False
    assert bitpay.refunds.create(ours, till.Money("1.00", "USD"), address=ADDRESS).status == "pending"


def test_an_account_is_applied_for(bitpay: till.Gateway) -> None:
    user = {
        "email": "satoshi@sample.com",
        "firstName": "Satoshi",
        "lastName": "Nakamoto",
        "phone": "555-1234",
        "agreedToTOSandPP": True,
    }
    org = {
        "name": "Corner Shop",
        "address1": "1 Main Street",
        "city": "Belmopan",
        "state": "CY",
        "zip": "00000",
        "country": "BZ",
    }
    made = bitpay.native("createAccount", {"users": [user], "orgs": [org]})
    assert made["accountName"] == "Corner Shop" and made["verificationCode"]


def test_every_method_of_the_documentation_is_answered(bitpay: till.Gateway, control: Control) -> None:
    today, theirs = {"dateStart": "2014-01-01"}, invoice(bitpay)[1]
    control.pay(theirs)
    control.confirm(theirs, 6)
    code = control.create_pairing_code("pos")
    sin = till.Identity.generate().sin
    asked = bitpay.native("createToken", {"id": sin, "facade": "merchant", "label": "Second till"})[0]
    refund = {"invoiceId": theirs, "bitcoinAddress": ADDRESS, "amount": "1.00", "currency": "USD"}
    calls = {
        "createToken": {"pairingCode": asked["pairingCode"], "facade": "merchant"},
        "getInvoice": {"invoiceId": theirs},
        "getInvoiceBusToken": {"invoiceId": theirs},
        "getRateForCurrency": {"currency": "EUR"},
        "getRates": {},
        "getCurrencies": {},
        "createInvoice": {"price": "10.00", "currency": "USD"},
        "getInvoiceSettings": {},
        "findInvoices": {**today, "dateEnd": "2099-01-01", "limit": 10, "skip": 0},
        "getLedgers": {},
        "getLedgerEntries": {"currency": "BTC", "startDate": "2014-01-01", "endDate": "2099-01-01"},
        "createPublicPOSToken": {},
        "refund": refund,
        "getRefunds": {"invoiceId": theirs},
        "sendNotification": {"invoiceId": theirs},
    }
    for method, params in calls.items():
        assert bitpay.native(method, params), method
    for method in ("getInvoice", "getInvoiceBusToken"):
        for facade in ("public", "merchant"):
            assert bitpay.native(method, {"invoiceId": theirs, "as": facade})
    claimed = bitpay.native("createToken", {"id": sin, "pairingCode": code})
    assert claimed[0]["facade"] == "pos"


# Notifications


@pytest.fixture
def listener(bitpay: till.Gateway) -> Iterator[Listener]:
    """The shop's web server: hands what comes to the gateway, and answers as that says."""
    with Listener(bitpay) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


class Listener(ThreadingHTTPServer):
    def __init__(self, shop: till.Gateway) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.shop, self.results = shop, list[till.WebhookResult]()
        self.url = f"http://127.0.0.1:{self.server_port}/bitpay"


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        result = self.server.shop.webhooks.receive(list(self.headers.items()), body)
        self.server.results.append(result)
        self.send_response(result.http_status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("form", ["flat", "extended", "signed"])
def test_a_notification_brings_the_shop_up_to_date(
    bitpay: till.Gateway, control: Control, listener: Listener, form: str
) -> None:
    control.options(extended_notifications=form != "flat", signed_notifications=form == "signed")
    control.webhook_url(listener.url)
    ours, theirs = invoice(bitpay)
    control.pay(theirs)
    for _ in range(6):
        control.webhooks()  # each is there before the next thing happens
        control.confirm(theirs, 1)
    assert [sent["status"] for sent in control.webhooks()] == ["delivered"] * 3
    seen = [(result.event, result.changed) for result in listener.results]
    if form == "flat":
        assert seen == [("paid", True), ("confirmed", True), ("complete", False)]
    else:
        assert [event for event, _ in seen] == [
            "invoice_paidInFull",
            "invoice_confirmed",
            "invoice_completed",
        ]
    for result in listener.results:
        assert result.payment is not None and result.payment.id == ours
        assert (result.trust, result.http_status) == ("refetched", 200)
    assert listener.results[-1].payment is not None and listener.results[-1].payment.status == "paid"


def test_notifications_twice_and_out_of_order_change_nothing(
    bitpay: till.Gateway, control: Control, listener: Listener
) -> None:
    ours, theirs = invoice(bitpay)
    control.webhook_url(listener.url)
    control.hold_webhooks()
    control.pay(theirs)
    control.confirm(theirs, 6)
    control.release_webhooks("reverse")
    sent = control.webhooks()
    assert [(result.event, result.changed) for result in listener.results] == [
        ("complete", True),
        ("paid", False),
    ]
    control.send_twice(sent[0]["id"])
    control.send_out_of_order()
    assert all(one["status"] == "delivered" for one in control.webhooks())
    assert len(listener.results) == 6
    assert not any(result.changed for result in listener.results[1:])
    assert bitpay.payments.get(ours).status == "paid"


def test_a_false_notification_changes_nothing(
    bitpay: till.Gateway, control: Control, listener: Listener
) -> None:
    ours, theirs = invoice(bitpay)
    body = json.dumps({"id": theirs, "status": "complete", "exceptionStatus": False}).encode()
    result = bitpay.webhooks.receive({"content-type": "application/json"}, body)
    assert result.payment is not None
    assert (result.payment.status, result.changed, result.event) == ("pending", False, "complete")
    assert bitpay.payments.get(ours).status == "pending"
    stranger = bitpay.webhooks.receive(
        {"content-type": "application/json"}, body.replace(theirs.encode(), b"other")
    )
    assert (stranger.payment, stranger.reason, stranger.trust) == (None, "unknown_payment", "unverified")
    with pytest.raises(till.WebhookRejected):
        bitpay.webhooks.receive({"content-type": "application/json"}, b"{")


def test_a_notification_is_sent_on_request(
    bitpay: till.Gateway, control: Control, listener: Listener
) -> None:
    ours, theirs = invoice(bitpay)
    control.webhook_url(listener.url)
    assert bitpay.native("sendNotification", {"invoiceId": theirs}) == "Success"
    control.webhooks()
    (result,) = listener.results
    assert result.event == "new" and result.payment is not None and result.payment.id == ours


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


def test_a_signed_notification_is_verified_where_the_token_is_given(
    sandbox: Sandbox, runtime: till.Runtime, control: Control
) -> None:
    place = sandbox.providers["bitpay"]
    settings = {**place.settings, "webhook_token": ["another-token", place.settings["token"]]}
    shop = till.Gateway("bitpay", settings, mode="test", base_url=place.base_url, runtime=runtime)
    with Listener(shop) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
        thread.start()
        control.options(signed_notifications=True)
        control.webhook_url(listener.url)
        _, theirs = invoice(shop)
        control.pay(theirs)
        (sent,) = control.webhooks()
        listener.shutdown()
        thread.join()
    (result,) = listener.results
    assert (result.signature, result.trust, result.changed) == ("valid", "refetched", True)
    body = wire.write(sent["body"]).encode()
    with pytest.raises(till.WebhookRejected) as unsigned:
        shop.webhooks.receive({"content-type": "application/json"}, body)
    assert (unsigned.value.reason, unsigned.value.http_status) == ("missing_signature", 401)
    with pytest.raises(till.WebhookRejected) as changed:
        shop.webhooks.receive(sent["headers"], body.replace(b"paid", b"complete"))
    assert (changed.value.reason, changed.value.http_status) == ("mismatch", 401)
