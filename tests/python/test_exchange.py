"""The sans-I/O way: operations stepped with a host's own HTTP client."""

from __future__ import annotations

import copy
import pickle
import ssl
from collections.abc import Callable

import httpx
import pytest

import till
from till.sandbox import Control, Sandbox


def step(exchange: till.Exchange, http: httpx.Client) -> int:
    """Sends what the exchange asks for until it ends; the number of requests."""
    count = 0
    while (request := exchange.request) is not None:
        response = http.request(
            request.method,
            request.url,
            headers=list(request.headers),
            content=request.body,
            timeout=request.timeout,
        )
        exchange.reply(response.status_code, response.headers.multi_items(), response.content)
        count += 1
    return count


@pytest.fixture
def http(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cafile=sandbox.ca_file))


def test_a_payment_is_created_and_read_through_httpx(
    shop: till.Gateway, http: httpx.Client, payer: Callable[[str], Control]
) -> None:
    exchange = shop.exchange("payments.create", {"amount": till.Money("150.00", "BZD"), "reference": "1234"})
    with pytest.raises(ValueError, match="has not ended"):
        exchange.result()
    assert step(exchange, http) == 1
    payment = exchange.result()
    assert isinstance(payment, till.Payment)
    assert (payment.status, payment.reference) == ("pending", "1234")

    payer("openpay").pay(payment.provider_id or "")
    exchange = shop.exchange("payments.get", {"id": payment.id})
    assert step(exchange, http) >= 1
    assert (exchange.result().id, exchange.result().status) == (payment.id, "paid")


def test_signed_requests_are_accepted_through_httpx(bitpay: till.Gateway, http: httpx.Client) -> None:
    exchange = bitpay.exchange("payments.create", {"amount": till.Money("25.00", "USD")})
    step(exchange, http)
    assert exchange.result().status == "pending"


def test_the_request_shows_no_credentials_in_its_repr(shop: till.Gateway, sandbox: Sandbox) -> None:
    exchange = shop.exchange("check", {})
    request = exchange.request
    assert request is not None
    secret = sandbox.providers["openpay"].settings["api_key"]
    assert secret in str(request.headers)
    assert secret not in repr(request) + repr(exchange)


def test_no_answer_to_a_write_is_an_unknown_outcome(shop: till.Gateway) -> None:
    exchange = shop.exchange("payments.create", {"amount": till.Money("150.00", "BZD")})
    exchange.fail("the connection was lost")
    assert exchange.request is None
    with pytest.raises(till.OutcomeUnknown) as caught:
        exchange.result()
    assert caught.value.payment_id
    assert (caught.value.sent, caught.value.settle) == ("maybe", "dashboard")
    assert caught.value.__notes__[0].startswith("Next: look on the provider's dashboard")


def test_a_write_that_never_left_is_a_transport_error(shop: till.Gateway) -> None:
    exchange = shop.exchange("payments.create", {"amount": till.Money("150.00", "BZD")})
    exchange.fail("no route", sent="no")
    with pytest.raises(till.TransportError) as caught:
        exchange.result()
    assert (caught.value.code, caught.value.sent, caught.value.retryable) == ("host_client", "no", True)


def test_a_read_that_may_have_been_sent_is_not_retryable(shop: till.Gateway) -> None:
    exchange = shop.exchange("check", {})
    exchange.fail("the connection was lost")
    with pytest.raises(till.TransportError) as caught:
        exchange.result()
    assert (caught.value.sent, caught.value.retryable) == ("maybe", False)


@pytest.mark.parametrize("status", [99, 1000])
def test_a_status_that_is_none_changes_nothing(shop: till.Gateway, status: int) -> None:
    exchange = shop.exchange("check", {})
    with pytest.raises(ValueError, match="100 to 999"):
        exchange.reply(status, [], b"{}")
    assert exchange.request is not None


def test_steps_out_of_turn_are_value_errors(shop: till.Gateway) -> None:
    exchange = shop.exchange("check", {})
    with pytest.raises(ValueError, match="sent"):
        exchange.fail("x", sent="perhaps")  # type: ignore[arg-type]
    exchange.fail("gone", sent="no")
    with pytest.raises(ValueError, match="has ended"):
        exchange.reply(200, [], b"")
    with pytest.raises(ValueError, match="has ended"):
        exchange.fail("again")


def test_an_operation_that_is_refused_never_begins(shop: till.Gateway) -> None:
    with pytest.raises(till.Unsupported):
        shop.exchange("refunds.create", {"payment_id": "pay_1"})
    with pytest.raises(till.InvalidRequest):
        shop.exchange("payments.create", {})


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_request_holds_credentials_and_cannot_be_pickled_or_copied(
    shop: till.Gateway, copier: Callable[[object], object]
) -> None:
    with pytest.raises(TypeError, match="credentials"):
        copier(shop.exchange("check", {}).request)
