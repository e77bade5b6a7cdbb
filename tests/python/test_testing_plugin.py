"""`till.testing`: the pytest plugin, in projects of its users."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import till
from till.testing import SignedEvents

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))


def run(pytester: pytest.Pytester, text: str, **outcomes: int) -> pytest.RunResult:
    pytester.makepyfile(text)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-q", timeout=240)
    result.assert_outcomes(**outcomes)
    return result


def test_the_example_of_the_documentation_passes(pytester: pytest.Pytester) -> None:
    assert set(EXAMPLES) == {"test_shop.py"}
    run(pytester, EXAMPLES["test_shop.py"], passed=5)


def test_the_fixtures_are_listed_with_what_they_are_for(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--fixtures")
    for name in ("till_sandbox", "till_gateway", "till_payer", "till_webhooks", "till_signed_event"):
        result.stdout.re_match_lines([rf"{name}.* -- .*till/_pytest_plugin\.py.*"])
        assert name in PAGE
    assert "no docstring" not in result.stdout.str().partition("till_sandbox")[2][:2000]


def test_each_test_begins_afresh(pytester: pytest.Pytester) -> None:
    text = """
    import pytest, till

    @pytest.mark.parametrize("turn", [1, 2])
    def test_alone(till_gateway, till_payer, till_webhooks, turn):
        shop = till_gateway("bitpay")
        assert till_payer.control("bitpay").payments() == []
        assert till_webhooks.wait() == []
        payment = shop.payments.create(till.Money("25.00", "USD"), reference="one")
        till_payer.pay(payment)
        first = till_webhooks.wait()
        assert first and till_webhooks.wait() == []
        assert till_gateway("bitpay").payments.get(payment.id).id == payment.id

    def test_every_provider_is_there(till_gateway, till_sandbox):
        for provider in till_sandbox.providers:
            assert till_gateway(provider).check().ok
    """
    run(pytester, text, passed=3)


def test_it_pays_in_every_way(pytester: pytest.Pytester) -> None:
    text = """
    import asyncio, pytest, till
    from till.sandbox import ControlFailed

    def test_ways(till_gateway, till_payer):
        shop = till_gateway("bitpay")

        def after(step, *arguments):
            payment = shop.payments.create(till.Money("25.00", "USD"), reference="r")
            step(payment, *arguments)
            return shop.payments.get(payment.id).status

        assert after(till_payer.pay) == "processing"
        assert after(till_payer.overpay) == "processing"
        assert after(till_payer.expire) == "expired"

    def test_coins_are_confirmed(till_gateway, till_payer):
        shop = till_gateway("bitpay")
        payment = shop.payments.create(till.Money("25.00", "USD"), reference="r")
        till_payer.pay(payment)
        till_payer.confirm(payment)
        assert shop.payments.get(payment.id).status == "paid"

    def test_awaited(till_gateway, till_payer):
        async def pay():
            shop = till_gateway.asynchronous("openpay")
            payment = await shop.payments.create(till.Money("1.00", "BZD"), reference="r")
            till_payer.pay(payment)
            return await shop.payments.get(payment.id)

        assert asyncio.run(pay()).status == "paid"

    def test_what_the_provider_has_not_is_told(till_gateway, till_payer):
        payment = till_gateway("openpay").payments.create(till.Money("1.00", "BZD"), reference="r")
        with pytest.raises(ControlFailed):
            till_payer.confirm(payment)
        with pytest.raises(ValueError, match="it has bitgpt, bitpay"):
            till_gateway("bitpai")
    """
    run(pytester, text, passed=4)


def test_a_gateway_takes_its_providers_settings(pytester: pytest.Pytester) -> None:
    text = """
    import asyncio, pytest, till

    BODY = b'{"data": {"id": "inv_1", "token": "mine"}, "event": {"name": "invoice_paid"}}'

    def test_sync(till_gateway):
        shop = till_gateway("bitpay", settings={"webhook_token": "mine"})
        assert shop.check().ok
        with pytest.raises(till.WebhookRejected) as refused:
            shop.webhooks.receive({"content-type": "application/json"}, BODY.replace(b"mine", b"other"))
        assert refused.value.http_status == 401

    def test_awaited(till_gateway):
        async def check():
            return await till_gateway.asynchronous("bitpay", {"webhook_token": "mine"}).check()

        assert asyncio.run(check()).ok

    def test_typo(till_gateway):
        with pytest.raises(till.ConfigurationError, match="webhook_tokn"):
            till_gateway("bitpay", {"webhook_tokn": "mine"})
        with pytest.raises(TypeError, match="'webhook_token'.* settings="):
            till_gateway("bitpay", webhook_token="mine")
    """
    run(pytester, text, passed=3)


def test_a_fault_with_an_unknown_option_names_those_that_there_are(pytester: pytest.Pytester) -> None:
    text = """
    import pytest
    from till.sandbox import ControlFailed

    def test_options(till_payer):
        with pytest.raises(ControlFailed, match="Unknown field: milliseconds; there are .*seconds, skip"):
            till_payer.control("openpay").fault("latency", milliseconds=5)

    def test_a_payment_link_goes_where_the_documentation_says(till_gateway, till_payer):
        import till
        till_payer.control("openpay").fault("reset_after_read", path="/v1/paylinks")
        with pytest.raises(till.OutcomeUnknown):
            till_gateway("openpay").payments.create(till.Money("1.00", "BZD"), reference="r")
    """
    run(pytester, text, passed=2)


def test_every_fault_and_option_is_documented() -> None:
    faults = pytest.importorskip("till.sandbox.faults")
    section = PAGE.partition("## Faults")[2]
    for name in (*faults.KINDS, *faults._OPTIONS.keys() - {"kind"}):
        assert f"`{name}`" in section


def test_nothing_is_imported_until_a_fixture_is_used(pytester: pytest.Pytester) -> None:
    text = """
    import sys

    def test_light():
        assert "till._native" not in sys.modules
        assert "till.sandbox" not in sys.modules
    """
    run(pytester, text, passed=1)


def test_signed_events_need_no_sandbox(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import sys\nsys.modules['starlette'] = None\nsys.modules['uvicorn'] = None\n")
    text = """
    def test_signed(till_signed_event):
        assert till_signed_event("stripe", {"id": "evt_1"}).headers["stripe-signature"].startswith("t=")

    def test_sandbox(till_sandbox):
        pass
    """
    result = run(pytester, text, passed=1, errors=1)
    result.stdout.re_match_lines([r".*pip install 'till\[sandbox\]'.*"])


def test_mypy_knows_the_fixtures_types(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(EXAMPLES["test_shop.py"])
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, "test_shop.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr


# Signed events, directly


@pytest.fixture
def events() -> SignedEvents:
    return SignedEvents()


@pytest.mark.parametrize("scheme", ["stripe", "svix", "adyen-platform", "github", "worldpay", "xendit"])
def test_the_secret_is_the_one_to_verify_with(events: SignedEvents, scheme: str) -> None:
    request = events(scheme, {"id": "evt_1"})
    secret = events.secret(scheme)
    assert till.webhooks.verify(scheme, request.headers, request.body, [secret]).signature in (
        "valid",
        "token",
    )
    assert request.headers["content-type"] == "application/json"
    forged = events(scheme, {"id": "evt_1"}, valid=False)
    with pytest.raises(till.WebhookRejected):
        till.webhooks.verify(scheme, forged.headers, forged.body, [secret])


def test_bodies_come_as_text_bytes_or_objects(events: SignedEvents) -> None:
    assert events("github", "a=1").body == events("github", b"a=1").body == b"a=1"
    assert events("github", "a=1").headers["content-type"] == "application/x-www-form-urlencoded"
    assert events("github", {"a": 1}).body == b'{"a":1}'
    assert events("mollie", "id=tr_1").body == b"id=tr_1"


def test_your_own_secret_and_headers_are_used(events: SignedEvents) -> None:
    request = events("github", {}, "mine", headers={"x-github-event": "push"})
    assert request.headers["x-github-event"] == "push"
    assert till.webhooks.verify("github", request.headers, request.body, ["mine"]).signature == "valid"


def test_a_private_key_is_for_you_to_make(events: SignedEvents) -> None:
    with pytest.raises(ValueError, match="private key"):
        events("wise", {})


def test_a_scheme_that_is_not_known_has_no_secret(events: SignedEvents) -> None:
    for call in (events.secret, lambda name: events(name, {})):
        with pytest.raises(ValueError, match="'strip'; did you mean 'stripe'"):
            call("strip")


def test_documented_events_are_about_your_payment(events: SignedEvents) -> None:
    request = events.documented("bitpay", "paid", "inv_7")
    assert b'"id":"inv_7"' in request.body and request.headers["content-type"] == "application/json"
    with pytest.raises(ValueError, match="there are invoice_completed"):
        events.documented("bitpay", "payed")
    with pytest.raises(ValueError, match="there are none"):
        events.documented("openpay", "paid")
    with pytest.raises(ValueError, match="about no payment"):
        events.documented("forumpay", "webhook_test", "7")
