"""`till.webhooks.sign`: verified by us, refused after one wrong bit, and accepted by other people."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

import till
from till import webhooks

NOW = 1_614_265_330
URL = "https://shop.example/hooks/one?data.id=7"
BODY = json.dumps(
    {
        "id": "evt_1",
        "event_id": "evt_1",
        "order_id": "7",
        "status_code": "200",
        "gross_amount": "10.00",
        "pspReference": "8515131751004933",
        "nested": {"b": 1.50, "a": [1, 2]},
    }
).encode()
FORM = b"id=7&bt_payload=abc%0A&status=paid"
HEX_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# What only the sender knows, and so the caller says.
MORE_HEADERS = {
    "bluesnap": {"bls-ipn-timestamp": "1614265330"},
    "coinbase-cdp": {"x-one": "1", "x-two": "2"},
    "coinpayments": {"x-coinpayments-client": "c", "x-coinpayments-timestamp": "2021-02-25T15:02:10"},
    "mercado-pago": {"x-signature": "ts=1614265330", "x-request-id": "r"},
    "moonpay": {"moonpay-signature-v2": "t=1614265330"},
    "moov": {"x-timestamp": "5", "x-nonce": "n", "x-webhook-id": "w"},
    "paymongo-live": {"paymongo-signature": "t=1614265330"},
    "paymongo-test": {"paymongo-signature": "t=1614265330"},
    "revolut": {"revolut-request-timestamp": "1614265330123"},
    "sendgrid": {"x-twilio-email-event-webhook-timestamp": "1614265330"},
    "wechat-pay": {"wechatpay-nonce": "n"},
}
SCHEMES = webhooks.schemes()


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())


def b64url(number: int, size: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(size)).rstrip(b"=").decode()


def jwk(key: Any) -> str:
    numbers = key.public_key().public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        members = {"kty": "RSA", "n": b64url(numbers.n, 256), "e": b64url(numbers.e, 3)}
    else:
        members = {"kty": "EC", "crv": "P-521", "x": b64url(numbers.x, 66), "y": b64url(numbers.y, 66)}
    return json.dumps({**members, "kid": "k1"})


def public_of(key: Any, form: str) -> str:
    if form == "jwk":
        return jwk(key)
    if form == "whsec":
        return "whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()
    encoding = serialization.Encoding.PEM if form == "pem" else serialization.Encoding.DER
    text: bytes = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    return text.decode() if form == "pem" else base64.b64encode(text).decode()


def pair_for(scheme: dict[str, Any], rsa_key: rsa.RSAPrivateKey) -> tuple[str, str]:
    """The secret to sign with, and the one to verify with."""
    algorithm = scheme.get("algorithm", "")
    if algorithm.startswith("rsa"):
        return pem(rsa_key), public_of(rsa_key, scheme["key"])
    if algorithm.startswith("ecdsa"):
        key = ec.generate_private_key(ec.SECP521R1() if "p521" in algorithm else ec.SECP256R1())
        return pem(key), public_of(key, scheme["key"])
    if algorithm == "ed25519":
        seed = ed25519.Ed25519PrivateKey.generate()
        return "whsk_" + base64.b64encode(seed.private_bytes_raw()).decode(), public_of(seed, "whsec")
    shared = {"hex": HEX_KEY, "whsec": WHSEC}.get(scheme.get("key", ""), "a secret")
    return shared, shared


def body_for(scheme: dict[str, Any]) -> bytes:
    text = json.dumps(scheme)
    return FORM if '"form"' in text or "sorted_form" in text else BODY


def signed(name: str, private: str, **options: Any) -> webhooks.SignedRequest:
    scheme = SCHEMES[name]
    body = options.pop("body", None) or body_for(scheme)
    at = NOW if isinstance(scheme["freshness"], dict) else None
    secret = webhooks.Secret(private, id="k1")
    headers = MORE_HEADERS.get(name, {})
    return webhooks.sign(name, body, secret, headers=headers, url=URL, at=at, **options)


def verdict(name: str, request: webhooks.SignedRequest, public: str) -> str:
    secret = webhooks.Secret(public, id="k1")
    try:
        verified = webhooks.verify(
            name, request.headers, request.body, [secret], url=URL, received_at=NOW + 5
        )
    except till.WebhookRejected as error:
        return str(error.reason)
    return verified.signature


@pytest.mark.parametrize("name", sorted(SCHEMES.keys() - {"mollie"}))
def test_each_scheme_signs_what_it_verifies(name: str, rsa_key: rsa.RSAPrivateKey) -> None:
    private, public = pair_for(SCHEMES[name], rsa_key)
    request = signed(name, private)
    method = SCHEMES[name].get("verify", "signature")
    assert verdict(name, request, public) == ("token" if method == "token" else "valid")
    assert verdict(name, signed(name, private, valid=False), public) == "mismatch"
    if SCHEMES[name]["signed_covers"] == "body":
        changed = bytearray(request.body)
        changed[-2] ^= 1  # inside the last value
        assert verdict(name, replace(request, body=bytes(changed)), public) in ("mismatch", "malformed_body")


def test_the_schemes_are_63_and_one_signs_nothing() -> None:
    assert len(SCHEMES) == 63
    request = webhooks.sign("mollie", b"id=tr_1")
    assert (request.headers, request.body) == ({}, b"id=tr_1")
    with pytest.raises(till.ConfigurationError, match="signs nothing"):
        webhooks.sign("mollie", b"id=tr_1", "secret")


def test_the_published_vector_of_standard_webhooks_is_made() -> None:
    request = webhooks.sign(
        "standard-webhooks",
        b'{"test": 2432232314}',
        WHSEC,
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime(2021, 2, 25, 15, 2, 10, tzinfo=UTC),
    )
    assert request.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_it_is_signed_now_and_with_a_new_id() -> None:
    first, second = (webhooks.sign("svix", b"{}", WHSEC) for _ in range(2))
    assert first.headers["svix-id"] != second.headers["svix-id"]
    assert webhooks.verify("svix", first.headers, b"{}", [WHSEC]).signature == "valid"


def test_headers_are_kept() -> None:
    given = [("X-Other", "é"), ("Accept", "a"), ("accept", "b"), (b"x-bytes", b"\xff")]
    request = webhooks.sign("github", b"{}", "secret", headers=given)
    assert request.headers["X-Other"] == "é" and request.headers["x-bytes"] == "\xff"
    assert request.headers["Accept"] == "a" and request.headers["accept"] == "b"


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(TypeError, match="body must be bytes"):
        webhooks.sign("github", "{}", "secret")  # type: ignore[arg-type]
    with pytest.raises(till.NotFound):
        webhooks.sign("gihtub", b"{}", "secret")
    with pytest.raises(till.ConfigurationError, match="no secret"):
        webhooks.sign("github", b"{}")
    with pytest.raises(till.InvalidRequest, match="`x-nonce`"):
        webhooks.sign("moov", b"{}", "secret", headers={"x-timestamp": "5"})
    with pytest.raises(till.ConfigurationError) as caught:
        webhooks.sign("wise", b"{}", "-----BEGIN hidden")
    assert "hidden" not in str(caught.value)


def test_a_public_key_does_not_sign(rsa_key: rsa.RSAPrivateKey) -> None:
    with pytest.raises(till.ConfigurationError, match="private key"):
        webhooks.sign("wise", b"{}", public_of(rsa_key, "pem"))
    with pytest.raises(till.ConfigurationError, match="another kind"):
        webhooks.sign("wise", b"{}", pem(ec.generate_private_key(ec.SECP256R1())))


# Other people's verifiers


def test_standardwebhooks_accepts_what_we_sign() -> None:
    peer = pytest.importorskip("standardwebhooks")
    request = webhooks.sign("standard-webhooks", BODY, WHSEC)
    assert peer.Webhook(WHSEC).verify(request.body, request.headers) == json.loads(BODY)
    bad = webhooks.sign("standard-webhooks", BODY, WHSEC, valid=False)
    with pytest.raises(peer.WebhookVerificationError):
        peer.Webhook(WHSEC).verify(bad.body, bad.headers)


def test_svix_accepts_what_we_sign() -> None:
    peer = pytest.importorskip("svix.webhooks")
    request = webhooks.sign("svix", BODY, WHSEC)
    peer.Webhook(WHSEC).verify(request.body, request.headers)
    bad = webhooks.sign("svix", BODY, WHSEC, valid=False)
    with pytest.raises(peer.WebhookVerificationError):
        peer.Webhook(WHSEC).verify(bad.body, bad.headers)


def test_stripe_accepts_what_we_sign() -> None:
    peer = pytest.importorskip("stripe")
    body = b'{"id": "evt_1", "object": "event"}'
    request = webhooks.sign("stripe", body, WHSEC)
    event = peer.Webhook.construct_event(body, request.headers["stripe-signature"], WHSEC)
    assert event.id == "evt_1"
    bad = webhooks.sign("stripe", body, WHSEC, valid=False)
    with pytest.raises(peer.SignatureVerificationError):
        peer.Webhook.construct_event(body, bad.headers["stripe-signature"], WHSEC)


def test_slack_accepts_what_we_sign() -> None:
    peer = pytest.importorskip("slack_sdk.signature")
    request = webhooks.sign("slack", FORM, "8f742231b10e8888abcd99yyyzzz85a5")
    verifier = peer.SignatureVerifier("8f742231b10e8888abcd99yyyzzz85a5")
    assert verifier.is_valid_request(request.body, request.headers)
    assert not verifier.is_valid_request(request.body + b"x", request.headers)


def test_adyen_accepts_what_we_sign() -> None:
    peer = pytest.importorskip("Adyen.util")
    item = {
        "pspReference": "7914073381342284",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "TestPayment-1407325143704",
        "amount": {"value": 1130, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
    }
    request = webhooks.sign("adyen-item", json.dumps(item).encode(), HEX_KEY)
    told = json.loads(request.body)
    assert peer.is_valid_hmac_notification(
        {"notificationItems": [{"NotificationRequestItem": told}]}, HEX_KEY
    )


def test_twilio_accepts_what_we_sign() -> None:
    peer = pytest.importorskip("twilio.request_validator")
    request = webhooks.sign("twilio", FORM, "12345", url=URL)
    validator = peer.RequestValidator("12345")
    form = dict(parse_qsl(FORM.decode()))
    assert validator.validate(URL, form, request.headers["x-twilio-signature"])


def test_a_plain_formula_agrees() -> None:
    request = webhooks.sign("github", BODY, "secret")
    code = hmac.new(b"secret", BODY, hashlib.sha256).hexdigest()
    assert request.headers == {"x-hub-signature-256": f"sha256={code}"}
    told = json.loads(webhooks.sign("midtrans", BODY, "key").body)
    assert told["signature_key"] == hashlib.sha512(b"720010.00key").hexdigest()


def test_public_key_signatures_are_accepted_by_another_library(rsa_key: rsa.RSAPrivateKey) -> None:
    text = webhooks.sign("wise", BODY, pem(rsa_key)).headers["x-signature-sha256"]
    rsa_key.public_key().verify(base64.b64decode(text), BODY, padding.PKCS1v15(), hashes.SHA256())
    curve = ec.generate_private_key(ec.SECP256R1())
    request = webhooks.sign("circle", BODY, webhooks.Secret(pem(curve), id="k1"))
    signature = base64.b64decode(request.headers["x-circle-signature"])
    curve.public_key().verify(signature, BODY, ec.ECDSA(hashes.SHA256()))
    key = ed25519.Ed25519PrivateKey.generate()
    request = webhooks.sign("svix-ed25519", BODY, pem(key), id="msg_1", at=NOW)
    code = base64.b64decode(request.headers["svix-signature"].removeprefix("v1a,"))
    key.public_key().verify(code, f"msg_1.{NOW}.".encode() + BODY)


def test_a_jws_is_accepted_by_another_library() -> None:
    key = ec.generate_private_key(ec.SECP521R1())
    headers = {"X-Tl-Time": "5", "X-Other": "a b"}
    request = webhooks.sign("truelayer", BODY, webhooks.Secret(pem(key), id="k1"), headers=headers, url=URL)
    head, _, signature = request.headers["tl-signature"].split(".")
    told = json.loads(base64.urlsafe_b64decode(head + "=="))
    assert told == {"alg": "ES512", "kid": "k1", "tl_headers": "X-Tl-Time,X-Other"}
    payload = b"POST /hooks/one\nX-Tl-Time: 5\nX-Other: a b\n" + BODY
    raw = base64.urlsafe_b64decode(signature + "==")
    der = utils.encode_dss_signature(int.from_bytes(raw[:66]), int.from_bytes(raw[66:]))
    message = head.encode() + b"." + base64.urlsafe_b64encode(payload).rstrip(b"=")
    key.public_key().verify(der, message, ec.ECDSA(hashes.SHA512()))
