"""The error tree: complete, picklable, and filled from what the core says."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import till
from till._errors import NativeError, error_from_native
from till.cli._output import error_json
from till.sandbox import Control

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "error.json").read_text("utf-8"))

KINDS = (
    "AuthenticationError",
    "Blocked",
    "ConfigurationError",
    "Conflict",
    "InvalidRequest",
    "NotFound",
    "OutcomeUnknown",
    "PermissionDenied",
    "PluginError",
    "ProviderError",
    "RateLimited",
    "TransportError",
    "Unsupported",
    "WebhookRejected",
)


def native(kind: str) -> NativeError:
    rest = ("P1", "req_1", "pay_1", "stale", "reconcile", "maybe", True, 1500, 401)
    return (kind, "code", "message", "$.a", *rest)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_a_class_of_its_own_under_till_error(kind: str) -> None:
    error = error_from_native(native(kind))
    assert type(error) is getattr(till, kind)
    assert isinstance(error, till.TillError)
    assert (error.code, error.message, error.field, error.provider_code) == ("code", "message", "$.a", "P1")
    assert (error.request_id, error.payment_id, error.sent, error.retryable) == (
        "req_1",
        "pay_1",
        "maybe",
        True,
    )
    assert str(error) == "$.a: message"


@pytest.mark.parametrize("kind", ["TillError", *KINDS])
def test_a_traceback_names_the_class_as_it_is_caught(kind: str) -> None:
    lines = traceback.format_exception_only(error_from_native(native(kind)))
    assert lines[0] == f"till.{kind}: $.a: message\n"


@pytest.mark.parametrize("kind", KINDS)
def test_errors_survive_pickling(kind: str) -> None:
    error = error_from_native(native(kind))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert again.__dict__ == error.__dict__
    assert str(again) == str(error)


def test_a_fault_of_ours_is_a_plain_till_error() -> None:
    assert type(error_from_native(native("TillError"))) is till.TillError
    assert type(error_from_native(native("SomethingNewer"))) is till.TillError


@pytest.mark.parametrize("kind", ["TillError", *KINDS])
def test_the_json_of_the_command_line_is_that_of_the_schema(kind: str) -> None:
    shown = error_json(error_from_native(native(kind)))
    Draft202012Validator(SCHEMA).validate(shown)
    assert (shown["error"], shown["status"]) == (kind, SCHEMA["properties"]["error"]["enum"].index(kind) + 1)
    of_its_own = {
        "RateLimited": {"retry_after_ms": 1500},
        "OutcomeUnknown": {"settle": "reconcile"},
        "WebhookRejected": {"reason": "stale", "http_status": 401},
    }
    own_members = {"retry_after_ms", "reason", "settle", "http_status"} & shown.keys()
    assert {member: shown[member] for member in own_members} == of_its_own.get(kind, {})


def test_retry_after_is_in_seconds_and_reason_is_kept() -> None:
    limited = error_from_native(native("RateLimited"))
    assert isinstance(limited, till.RateLimited)
    assert limited.retry_after == 1.5
    rejected = error_from_native(native("WebhookRejected"))
    assert isinstance(rejected, till.WebhookRejected)
    assert rejected.reason == "stale"


def test_empty_texts_are_none() -> None:
    error = error_from_native(("NotFound", "c", "m", "", "", "", "", "", "", "no", False, None, None))
    assert (error.field, error.provider_code, error.request_id, error.payment_id) == (None,) * 4
    assert str(error) == "m"


def test_the_tree_in_the_docstring_names_every_class() -> None:
    drawn = till.TillError.__doc__ or ""
    for kind in KINDS:
        assert f"── {kind} " in drawn


def test_the_text_of_an_error_names_its_place_once() -> None:
    with pytest.raises(till.ConfigurationError) as caught:
        till.Gateway("openpay", {})
    assert str(caught.value).count("$.api_key") == 1


def test_a_lost_answer_ends_in_what_to_do_next_at_this_provider(
    gateway: Callable[..., till.Gateway], payer: Callable[[str], Control]
) -> None:
    told, settle = {}, {}
    for provider, currency in (("globalpay", "BTN"), ("openpay", "BZD")):
        payer(provider).fault("reset_after_read", count=0)
        with pytest.raises(till.OutcomeUnknown) as caught:
            gateway(provider).payments.create(till.Money("1.00", currency), reference="order-1")
        payer(provider)
        settle[provider] = caught.value.settle
        told[provider] = "".join(traceback.format_exception_only(caught.value))
        assert "Next:" in "".join(traceback.format_exception_only(pickle.loads(pickle.dumps(caught.value))))
    assert "gateway.reconcile(), or reconcile_every" in told["globalpay"]
    assert settle == {"globalpay": "reconcile", "openpay": "dashboard"}
    assert "look on the provider's dashboard, for it documents no way" in told["openpay"]
    assert "cannot settle it" in told["openpay"]
