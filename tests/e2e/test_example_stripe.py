"""The example provider for Stripe, against Stripe's own mock server.

stripe-mock keeps nothing: it checks a request against Stripe's OpenAPI description and answers with a canned
object. So amounts and references agree where the test asks for those of the answer, and disagree where the
core must notice. It answers an expiry with a new id, whatever was asked for: of payments.cancel it proves the
request, the fixtures the rest.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import till
from stripe_mock import NoStripeMockError, binary, stripe_mock
from till.cli import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "providers"
RETURN_URL = "https://shop.example/thanks"
SESSION = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "amount_total": 4825,
    "client_reference_id": "order-7",
    "created": 1770800000,
    "currency": "eur",
    "expires_at": 1770886400,
    "livemode": False,
    "mode": "payment",
    "payment_intent": "pi_1",
    "payment_status": "unpaid",
    "status": "open",
    "url": "https://checkout.stripe.com/c/pay/cs_test_1",
}
CHARGE = {"id": "ch_1", "object": "charge", "amount_refunded": 1000, "currency": "eur"}
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount_received": 4825,
    "currency": "eur",
    "last_payment_error": None,
    "latest_charge": "ch_1",
    "status": "succeeded",
}
PAID = {**SESSION, "payment_status": "paid", "status": "complete", "url": None}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 1000,
    "created": 1770800000,
    "currency": "eur",
    "status": "pending",
}
NEW = {**INTENT, "amount_received": 0, "status": "requires_payment_method"}
WAITING = {"checkout.session": SESSION, "payment_intent": NEW, "charge": {**CHARGE, "amount_refunded": 0}}
DONE = {"checkout.session": PAID, "payment_intent": INTENT, "charge": CHARGE, "refund": REFUND}

Open = Callable[..., till.Gateway]


@pytest.fixture(scope="session")
def program() -> Path:
    """stripe-mock's; tried once, so that a network that hangs costs its time once."""
    try:
        return binary()
    except NoStripeMockError as error:
        pytest.skip(str(error))


@pytest.fixture
def stripe(program: Path, tmp_path: Path) -> Iterator[Open]:
    """`stripe(answers=...)`: an account at a stripe-mock with these answers, or else the mock's own."""
    with ExitStack() as running:

        def open_gateway(
            *, plugins: Path = EXAMPLES, key: str = "sk_test_123", answers: dict[str, Any] | None = None
        ) -> till.Gateway:
            base_url = running.enter_context(stripe_mock(program, tmp_path, answers))
            runtime = till.Runtime(store="memory", plugin_path=[plugins])
            return till.Gateway(
                "stripe", {"secret_key": key}, mode="test", base_url=base_url, runtime=runtime
            )

        yield open_gateway


def create(shop: till.Gateway, amount: str = "48.25") -> till.Payment:
    return shop.payments.create(
        till.Money(amount, "EUR"),
        reference="order-7",
        description="Two tickets",
        customer={"email": "ada@customer.example"},
        return_url=RETURN_URL,
    )


def test_the_example_has_no_mistake_and_its_fixtures_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "check", str(EXAMPLES / "stripe")]) == 0
    assert main(["plugin", "test", str(EXAMPLES / "stripe")]) == 0
    assert "0 problems" in capsys.readouterr().out


SECRET = "whsec_test_0123456789"


def signed(event: dict[str, Any], secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    """Headers and body as https://docs.stripe.com/webhooks has them, apart from the core."""
    body, at = json.dumps(event).encode(), str(int(time.time()))
    digest = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={digest}"}, body


def event(session: dict[str, Any], kind: str = "completed", number: int = 1) -> dict[str, Any]:
    name = f"checkout.session.{kind}"
    return {"id": f"evt_{number}", "object": "event", "type": name, "data": {"object": session}}


@pytest.fixture
def told(tmp_path: Path) -> tuple[till.Gateway, till.Payment]:
    """A gateway that verifies webhooks, and its payment of SESSION; nothing is sent."""
    runtime = till.Runtime(plugin_path=[EXAMPLES], store=tmp_path / "till.sqlite3")
    settings = {"secret_key": "sk_test_123456", "webhook_secret": SECRET}
    shop = till.Gateway("stripe", settings, mode="test", runtime=runtime)
    order = {
        "amount": {"amount": "48.25", "currency": "EUR"},
        "reference": "order-7",
        "return_url": RETURN_URL,
    }
    exchange = shop.exchange("payments.create", order)
    exchange.reply(200, {}, json.dumps({**SESSION, "payment_intent": None}).encode())
    payment = exchange.result()
    assert isinstance(payment, till.Payment)
    return shop, payment


def test_a_signed_event_is_believed_and_takes_effect_once(told: tuple[till.Gateway, till.Payment]) -> None:
    shop, payment = told
    result = shop.webhooks.receive(*signed(event(PAID)))
    assert (result.signature, result.trust, result.changed, result.reason) == ("valid", "signed", True, None)
    assert result.payment is not None
    assert (result.payment.id, result.payment.status) == (payment.id, "paid")
    assert result.payment.amount_paid == payment.amount
    again = shop.webhooks.receive(*signed(event(PAID)))
    assert (again.duplicate, again.changed, again.http_status) == (True, False, 200)


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"amount_total": 4824}, "amount_mismatch"),
        ({"currency": "usd"}, "currency_mismatch"),
        ({"client_reference_id": "order-8"}, "reference_mismatch"),
        ({"livemode": True}, "mode_mismatch"),
    ],
)
def test_a_signed_event_that_contradicts_the_payment_changes_nothing(
    told: tuple[till.Gateway, till.Payment], lie: dict[str, Any], reason: str
) -> None:
    shop, _ = told
    result = shop.webhooks.receive(*signed(event({**PAID, **lie})))
    assert (result.changed, result.reason, result.http_status) == (False, reason, 200)
    assert result.payment is not None and result.payment.status == "pending"


def test_an_event_that_tells_too_little_is_asked_about(told: tuple[till.Gateway, till.Payment]) -> None:
    shop, _ = told
    headers, body = signed(event({**PAID, "payment_status": "unpaid"}))
    asking = shop.exchange("webhooks.receive", {"headers": headers, "body": body.decode()})
    assert asking.request is not None and "/checkout/sessions/cs_test_1" in asking.request.url
    asking.reply(
        200, {}, json.dumps({**PAID, "payment_intent": {**INTENT, "latest_charge": CHARGE}}).encode()
    )
    assert asking.result().trust == "refetched"


def test_what_is_not_signed_by_stripe_is_refused(told: tuple[till.Gateway, till.Payment]) -> None:
    shop, _ = told
    for headers, body in (({}, signed(event(PAID))[1]), signed(event(PAID), "whsec_another_0123")):
        with pytest.raises(till.WebhookRejected) as caught:
            shop.webhooks.receive(headers, body)
        assert caught.value.http_status == 401


def test_the_example_is_under_two_hundred_lines() -> None:
    files = [EXAMPLES / "stripe" / name for name in ("manifest.json", "provider.lua")]
    assert sum(len(file.read_text().splitlines()) for file in files) < 200


@pytest.mark.parametrize(
    ("mode", "key"), [("test", "sk_live_123"), ("live", "sk_test_123"), ("live", "pk_live_123")]
)
def test_a_key_of_another_mode_opens_nothing(mode: str, key: str) -> None:
    runtime = till.Runtime(store="memory", plugin_path=[EXAMPLES])
    with pytest.raises(till.ConfigurationError):
        till.Gateway("stripe", {"secret_key": key}, mode=mode, runtime=runtime)


@pytest.mark.parametrize("currency", ["ISK", "MGA", "UGX", "BTC"])
def test_a_currency_that_stripe_lacks_or_counts_otherwise_is_not_sent(currency: str) -> None:
    runtime = till.Runtime(store="memory", plugin_path=[EXAMPLES])
    nobody = "http://127.0.0.1:9/v1"
    shop = till.Gateway(
        "stripe", {"secret_key": "sk_test_123"}, mode="test", base_url=nobody, runtime=runtime
    )
    with pytest.raises(till.InvalidRequest):
        shop.payments.create(till.Money("100", currency), reference="order-7", return_url=RETURN_URL)


def test_every_request_is_one_of_stripes_description(stripe: Open) -> None:
    shop = stripe()
    assert shop.check().ok
    payment = shop.payments.create(till.Money("1.00", "USD"), reference="order-7", return_url=RETURN_URL)
    assert shop.payments.get(payment.id).provider_id == payment.provider_id
    assert [found.status for found in shop.payments.list(limit=1)] == ["expired"]
    shop = stripe(answers=DONE)
    payment = create(shop)
    refund = shop.refunds.create(payment.id, till.Money("10.00", "EUR"))
    assert shop.refunds.get(payment.id, refund.id).status == "pending"
    assert [found.amount for found in shop.refunds.list(payment.id)] == [till.Money("10.00", "EUR")]


def test_a_payment_waits_on_stripes_page(stripe: Open) -> None:
    payment = create(stripe(answers=WAITING))
    assert (payment.status, payment.amount, payment.reference) == (
        "pending",
        till.Money("48.25", "EUR"),
        "order-7",
    )
    assert payment.checkout_url == SESSION["url"]
    assert payment.test


def test_a_paid_payment_is_refunded_in_part(stripe: Open) -> None:
    shop = stripe(answers=DONE)
    payment = shop.payments.get(create(shop).id)
    assert (payment.status, payment.amount_paid) == ("paid", till.Money("48.25", "EUR"))
    assert payment.amount_refunded == till.Money("10.00", "EUR")
    refund = shop.refunds.create(payment.id, till.Money("10.00", "EUR"))
    assert (refund.status, refund.amount) == ("pending", till.Money("10.00", "EUR"))


def test_an_answer_about_another_amount_is_noticed(stripe: Open) -> None:
    with pytest.raises(till.OutcomeUnknown) as caught:
        create(stripe(answers=WAITING), "48.26")
    assert caught.value.code == "amount_mismatch"


def test_an_expiry_answered_with_another_id_is_noticed(stripe: Open) -> None:
    shop = stripe(answers=WAITING)
    with pytest.raises(till.OutcomeUnknown, match="another payment"):
        shop.payments.cancel(create(shop).id)


def test_a_key_that_is_none_is_an_authentication_error(stripe: Open) -> None:
    with pytest.raises(till.AuthenticationError, match="Stripe says: Please authenticate"):
        stripe(key="no_key_at_all").check()


def changed_copy(folder: Path, file: str, part: str, by: str) -> Path:
    """The example with one part of one file changed."""
    copy = shutil.copytree(EXAMPLES / "stripe", folder / "plugins" / "stripe") / file
    text = copy.read_text()
    assert part in text
    copy.write_text(text.replace(part, by))
    return folder / "plugins"


@pytest.mark.parametrize(
    ("part", "by"),
    [
        ("minor_from(input.amount)},\n", "input.amount.amount},\n"),
        ('{"success_url", back}', '{"success_uri", back}'),
    ],
)
def test_a_mistake_in_the_script_is_seen_by_the_mock(
    stripe: Open, tmp_path: Path, part: str, by: str
) -> None:
    with pytest.raises(till.InvalidRequest, match="Request validation error") as caught:
        create(stripe(plugins=changed_copy(tmp_path, "provider.lua", part, by)))
    assert caught.value.request_id == "req_123"


def test_another_version_of_the_api_is_seen_by_the_mock(stripe: Open, tmp_path: Path) -> None:
    plugins = changed_copy(tmp_path, "manifest.json", "2022-11-15", "2022-08-01")
    with pytest.raises(till.InvalidRequest, match="Stripe-Version"):
        stripe(plugins=plugins).check()
