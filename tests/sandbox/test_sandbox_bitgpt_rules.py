"""What BitGPT's endpoints share: keys, the envelope, filters, pages, idempotency, webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Any

import pytest
from bitgpt_client import ENVELOPE, INTENT, BitGptClient

from till.sandbox import Control, ControlFailed

HOOK = {"label": "shop", "url": "http://127.0.0.1:9/hooks", "events": ["payment.created", "order.paid"]}


# Who may call


def test_key_is_taken_in_both_documented_forms(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    forms = {"api_key": bitgpt.api_key, "bearer": f"Bearer {bitgpt.api_key}"}
    for header in forms.values():
        assert bitgpt.post("/payments", {}, authorization=header).status_code == 200
    for form, header in forms.items():
        bitgpt_control.options(authorization=form)
        for name, other in forms.items():
            reply = bitgpt.post("/payments", {}, authorization=other)
            assert reply.status_code == (200 if name == form else 401), header


@pytest.mark.parametrize("header", ["", "sk_test_0", "Bearer", "Bearer sk_test_0", "Basic c2s6", "bearer x"])
def test_missing_or_wrong_key_is_401(bitgpt: BitGptClient, header: str) -> None:
    for path in ("/payments", "/invoices", "/invoices/list", "/developers/webhooks"):
        reply = bitgpt.post(path, {}, authorization=header)
        assert (reply.status_code, list(reply.json())) == (401, ENVELOPE)


def test_what_needs_no_key_still_refuses_a_wrong_one(bitgpt: BitGptClient) -> None:
    made = bitgpt.invoice()
    assert bitgpt.post("/invoices/" + made["id"], {}, authorization="").status_code == 200
    assert bitgpt.post("/invoices/" + made["id"], {}, authorization="sk_test_0").status_code == 401
    reply = bitgpt.http.get(bitgpt.base_url + "/providers/" + made["id"])
    assert {"id", "provider", "network", "gateway", "type", "filters", "metadata"} == set(
        reply.json()["data"]["providers"][0]
    )


def test_key_has_the_rights_it_was_given_until_it_expires(
    bitgpt: BitGptClient, bitgpt_control: Control
) -> None:
    token = bitgpt_control.command("access_token")["access_token"]
    wish = {"label": "till", "scopes": ["invoices.read"], "expires_at": "2999-01-01 00:00:00"}
    assert bitgpt.post("/developers/api_keys", wish).status_code == 403
    made = bitgpt.post("/developers/api_keys", wish, authorization=f"Bearer {token}").json()["data"]
    assert made["secret"].startswith("sk_test_")
    assert bitgpt.post("/invoices/list", {}, authorization=made["secret"]).status_code == 200
    assert bitgpt.post("/invoices", INTENT, authorization=made["secret"]).status_code == 403
    keys = bitgpt.get("/developers/api_keys").json()["data"]
    assert [key["id"] for key in keys][1] == made["id"]
    assert made["secret"] not in json.dumps(keys)
    late = {**wish, "expires_at": "2020-01-01 00:00:00"}
    expired = bitgpt.post("/developers/api_keys", late, authorization=f"Bearer {token}").json()["data"]
    assert bitgpt.post("/invoices/list", {}, authorization=expired["secret"]).status_code == 401


def test_unknown_right_is_refused(bitgpt_control: Control) -> None:
    with pytest.raises(ControlFailed):
        bitgpt_control.command("add_api_key", scopes=["everything"])


def test_key_is_masked_in_what_is_recorded(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    bitgpt.post("/payments", {})
    bitgpt.post("/payments", {}, authorization=f"Bearer {bitgpt.api_key}")
    assert bitgpt.api_key not in json.dumps(bitgpt_control.requests())


# Envelope and wire


def test_env_is_an_option(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    assert bitgpt.post("/payments", {}).json()["env"] == "development"
    bitgpt_control.options(env="production")
    assert bitgpt.post("/payments", {}).json()["env"] == "production"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/payments"),
        ("PUT", "/invoices"),
        ("POST", "/invoices/a/b"),
        ("POST", "/refunds"),
        ("POST", "/providers/x"),
        ("POST", "/developers/webhooks/events"),
        ("GET", ""),
    ],
)
def test_wrong_verb_or_path_is_404(bitgpt: BitGptClient, method: str, path: str) -> None:
    headers = {"authorization": bitgpt.api_key}
    reply = bitgpt.http.request(method, bitgpt.base_url + path, headers=headers)
    assert (reply.status_code, list(reply.json())) == (404, ENVELOPE)


def test_only_json_is_spoken(bitgpt: BitGptClient) -> None:
    assert bitgpt.post("/payments", {}, accept="text/html").status_code == 406
    assert bitgpt.post("/payments", {}, accept="application/json").status_code == 200
    assert (
        bitgpt.post("/payments", "limit=1", content_type="application/x-www-form-urlencoded").status_code
        == 400
    )
    assert bitgpt.post("/payments?limit=1", {}).status_code == 400


@pytest.mark.parametrize(("kind", "status"), [("status_429", 429), ("status_500", 500)])
def test_failure_on_order_repeats_its_status(
    bitgpt: BitGptClient, bitgpt_control: Control, kind: str, status: int
) -> None:
    bitgpt_control.fault(kind)
    reply = bitgpt.post("/payments", {})
    assert (reply.status_code, reply.json()["status"], list(reply.json())) == (status, status, ENVELOPE)
    assert ("retry-after" in reply.headers) == (status == 429)


# Filters


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("/payments", {"status": "PENDING"}, "status"),
        ("/payments", {"status": ["VOIDED"]}, "status"),
        ("/payments", {"currency": ["BTC"]}, "currency"),
        ("/payments", {"provider_id": "provider_1"}, "provider_id"),
        ("/payments", {"provider_id": [True]}, "provider_id"),
        ("/payments", {"expand": ["invoice"]}, "expand"),
        ("/payments", {"price_usd_from": "1"}, "price_usd_from"),
        ("/payments", {"created_at_from": "2026-11-01"}, "created_at_from"),
        ("/payments", {"created_at_from": "2026-11-01T00:00:00Z"}, "created_at_from"),
        ("/payments", {"created_at_to": "2026-13-01 00:00:00"}, "created_at_to"),
        ("/payments", {"created_at_to": 1}, "created_at_to"),
        ("/payments", {"limit": "1"}, "limit"),
        ("/payments", {"limit": 0}, "limit"),
        ("/payments", {"offset": -1}, "offset"),
        ("/payments", {"customer_email": "a@b.example"}, "customer_email"),
        ("/invoices/list", {"status": ["FAILED"]}, "status"),
        ("/invoices/list", {"provider_id": ["provider_1"]}, "provider_id"),
        ("/invoices/list", {"invoice_id": "invoice_1"}, "invoice_id"),
        ("/invoices/list", {"expand": ["payments"]}, "expand"),
    ],
)
def test_wrong_filter_is_named(bitgpt: BitGptClient, path: str, change: dict[str, Any], field: str) -> None:
    assert list(bitgpt.refused(path, change)["validator"]) == [field]


def test_filters_let_through_what_they_should(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    one, other = bitgpt.invoice("1", "BITCOIN"), bitgpt.invoice("5", "USD", customer_email="b@b.example")
    bitgpt_control.pay(one["id"])
    bitgpt_control.advance_clock(3600)
    bitgpt_control.decline(other["id"])

    def payments(**body: Any) -> list[str]:
        return [payment["currency"] for payment in bitgpt.data("/payments", body)]

    def invoices(**body: Any) -> list[str]:
        return [invoice["currency"] for invoice in bitgpt.data("/invoices/list", body)]

    assert payments() == ["USDC", "BITCOIN"]
    assert payments(status=["COMPLETED"]) == payments(currency=["BITCOIN"]) == ["BITCOIN"]
    assert payments(invoice_id=other["id"]) == payments(provider_id=["provider_solana_usdc", 1]) == ["USDC"]
    assert payments(price_usd_from=6) == ["BITCOIN"]
    assert payments(price_usd_from=5, price_usd_to=5.0) == ["USDC"]
    assert payments(created_at_from=one["created_at"]) == ["USDC", "BITCOIN"]
    assert payments(created_at_to="2020-01-01 00:00:00") == []
    assert payments(status=[], limit=1) == ["USDC"]
    assert payments(limit=1, offset=1) == ["BITCOIN"]
    assert payments(offset=2) == []
    assert bitgpt.data("/payments", {"expand": ["provider"]})[0]["provider"]["gateway"] == "USDC"
    assert invoices(status=["PENDING"]) == invoices(customer_email="b@b.example") == ["USD"]
    assert (
        invoices(currency=["BITCOIN", "X"]) == invoices(provider_id="provider_bitcoin_bitcoin") == ["BITCOIN"]
    )


def test_list_of_one_may_be_an_object(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    made = bitgpt.invoice()
    bitgpt_control.options(list_of_one_as_object=True)
    assert bitgpt.data("/invoices/list", {})["id"] == made["id"]
    assert bitgpt.data("/invoices/list", {"offset": 1}) == []


# Idempotency


def test_same_key_gives_the_first_answer_and_makes_nothing_new(
    bitgpt: BitGptClient, bitgpt_control: Control
) -> None:
    first, again = (bitgpt.post("/invoices", INTENT, idempotency_key="k1") for _ in range(2))
    assert first.json() == again.json()
    assert (
        bitgpt.post("/invoices", INTENT, idempotency_key="k2").json()["data"]["id"]
        != first.json()["data"]["id"]
    )
    assert len(bitgpt_control.payments()) == 2
    other = {**INTENT, "customer_email": "b@b.example"}
    assert bitgpt.post("/invoices", other, idempotency_key="k1").status_code == 400


def test_refused_request_leaves_its_key_free(bitgpt: BitGptClient) -> None:
    assert bitgpt.post("/invoices", {}, idempotency_key="k").status_code == 400
    assert bitgpt.post("/invoices", INTENT, idempotency_key="k").status_code == 201


def test_only_invoices_know_the_key(bitgpt: BitGptClient) -> None:
    one, two = (bitgpt.post("/developers/webhooks", HOOK, idempotency_key="k") for _ in range(2))
    assert one.json()["data"]["id"] != two.json()["data"]["id"]
    assert bitgpt.post("/invoices", INTENT, idempotency_key="k").status_code == 201


# Webhooks


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://shop.example/hooks"}, "url"),
        ({"url": "shop.example"}, "url"),
        ({"label": "x" * 256}, "label"),
        ({"events": ["order.lost"]}, "events"),
        ({"events": "order.paid"}, "events"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_wrong_webhook_is_refused(bitgpt: BitGptClient, change: dict[str, Any], field: str) -> None:
    assert list(bitgpt.refused("/developers/webhooks", {**HOOK, **change})["validator"]) == [field]


def test_who_subscribed_is_told(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    hook = bitgpt.data("/developers/webhooks", HOOK)
    assert list(hook) == ["id", "secret", "label", "url", "created_at", "updated_at", "events"]
    assert re.fullmatch(r"whs_test_\S+", hook["secret"])
    assert set(HOOK["events"]) < set(bitgpt.get("/developers/webhooks/events").json()["data"])
    bitgpt_control.hold_webhooks()
    made = bitgpt.invoice()
    bitgpt_control.pay(made["id"])
    created, paid = bitgpt_control.webhooks()
    assert [created["event"], paid["event"]] == ["payment.created", "order.paid"]
    assert list(paid["body"]) == ["webhook_id", "url", "event", "resource_id", "payload", "timestamp"]
    assert (paid["body"]["webhook_id"], paid["url"]) == (hook["id"], HOOK["url"])
    assert paid["body"]["resource_id"] == paid["body"]["payload"]["id"] == made["id"]
    assert created["body"]["payload"]["invoice_id"] == made["id"]
    assert created["body"]["resource_id"] == created["body"]["payload"]["id"]
    assert paid["headers"]["x-webhook-event"] == "order.paid"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", paid["headers"]["x-webhook-timestamp"])


def test_place_that_a_test_set_hears_everything(bitgpt: BitGptClient, bitgpt_control: Control) -> None:
    bitgpt_control.webhook_url("http://127.0.0.1:9/hooks")
    bitgpt_control.hold_webhooks()
    made = bitgpt.invoice()
    bitgpt_control.pay(made["id"])
    told = [webhook["event"] for webhook in bitgpt_control.webhooks()]
    assert told == ["payment.created", "payment.updated", "order.paid"]


@pytest.mark.parametrize("signs", ["body", "payload", "timestamp_body"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_signature_is_what_the_options_say(
    bitgpt: BitGptClient, bitgpt_control: Control, signs: str, encoding: str
) -> None:
    hook = bitgpt.data("/developers/webhooks", {**HOOK, "events": ["payment.created"]})
    bitgpt_control.options(webhook_signs=signs, webhook_encoding=encoding)
    bitgpt_control.hold_webhooks()
    bitgpt_control.pay(bitgpt.invoice()["id"])
    (webhook,) = bitgpt_control.webhooks()

    def compact(value: object) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    body = compact(webhook["body"])
    signed = {
        "body": body,
        "payload": compact(webhook["body"]["payload"]),
        "timestamp_body": webhook["headers"]["x-webhook-timestamp"].encode() + b"." + body,
    }[signs]
    digest = hmac.new(hook["secret"].encode(), signed, hashlib.sha256).digest()
    wanted = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert webhook["headers"]["x-webhook-signature"] == wanted
