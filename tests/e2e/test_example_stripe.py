"""The example provider for Stripe, against Stripe's own mock server.

stripe-mock keeps nothing: it checks a request against Stripe's OpenAPI description and answers with a canned
object. So amounts and references agree where the test asks for those of the answer, and disagree where the
core must notice. It answers an expiry with a new id, whatever was asked for: of payments.cancel it proves the
request, the fixtures the rest.
"""

from __future__ import annotations

import shutil
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
    refund = shop.refunds.create(payment.id, till.Money("1.00", "USD"))
    assert shop.refunds.get(payment.id, refund.id).status == "succeeded"
    assert [found.amount for found in shop.refunds.list(payment.id)] == [till.Money("1.00", "USD")]


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
    with pytest.raises(till.ProviderError) as caught:
        create(stripe(answers=WAITING), "48.26")
    assert caught.value.code == "amount_mismatch"


def test_an_expiry_answered_with_another_id_is_noticed(stripe: Open) -> None:
    shop = stripe(answers=WAITING)
    with pytest.raises(till.ProviderError, match="another payment"):
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
