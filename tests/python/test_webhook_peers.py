"""Other people's libraries as counterparts: what they sign is accepted, and what we accept they do too."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

import till
from till import webhooks

BODY = b'{"id": "evt_1", "object": "event"}'
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rejected(*arguments: Any, **keywords: Any) -> str | None:
    with pytest.raises(till.WebhookRejected) as caught:
        webhooks.verify(*arguments, **keywords)
    return caught.value.reason


def test_what_standardwebhooks_signs_is_accepted() -> None:
    peer = pytest.importorskip("standardwebhooks")
    now = datetime.now(UTC)
    signature = peer.Webhook(WHSEC).sign("msg_1", now, BODY.decode())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    assert webhooks.verify("standard-webhooks", headers, BODY, [WHSEC]).dedupe_key == "msg_1"
    assert peer.Webhook(WHSEC).verify(BODY, headers) == json.loads(BODY)
    assert rejected("standard-webhooks", headers, BODY + b" ", [WHSEC]) == "mismatch"


@pytest.mark.parametrize("prefix", ["svix", "webhook"])
def test_what_svix_signs_is_accepted(prefix: str) -> None:
    peer = pytest.importorskip("svix.webhooks")
    now = datetime.now(UTC)
    headers = {
        f"{prefix}-id": "msg_1",
        f"{prefix}-timestamp": str(int(now.timestamp())),
        f"{prefix}-signature": peer.Webhook(WHSEC).sign("msg_1", now, BODY.decode()),
    }
    scheme = "svix" if prefix == "svix" else "standard-webhooks"
    assert webhooks.verify(scheme, headers, BODY, [WHSEC]).signature == "valid"
    peer.Webhook(WHSEC).verify(BODY, headers)


def test_what_stripe_signs_is_accepted() -> None:
    peer = pytest.importorskip("stripe")
    now = int(time.time())
    code = peer.WebhookSignature._compute_signature(f"{now}.{BODY.decode()}", WHSEC)
    header = f"t={now},v1={code}"
    assert webhooks.verify("stripe", {"Stripe-Signature": header}, BODY, [WHSEC]).dedupe_key == "evt_1"
    assert peer.WebhookSignature.verify_header(BODY.decode(), header, WHSEC, 300)


def test_ed25519_by_another_library_is_accepted() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()
    now = int(time.time())
    code = base64.b64encode(key.sign(f"msg_1.{now}.".encode() + BODY)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": f"v1a,{code}"}
    assert webhooks.verify("standard-webhooks-ed25519", headers, BODY, [public]).signature == "valid"
    assert rejected("standard-webhooks-ed25519", headers, BODY + b" ", [public]) == "mismatch"


def spki(key: Any, encoding: serialization.Encoding) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(encoding, form))


def test_rsa_by_another_library_is_accepted() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = spki(key, serialization.Encoding.PEM).decode()
    code = base64.b64encode(key.sign(BODY, padding.PKCS1v15(), hashes.SHA256())).decode()
    assert webhooks.verify("wise", {"X-Signature-SHA256": code}, BODY, [pem]).signature == "valid"
    weaker = base64.b64encode(key.sign(BODY, padding.PKCS1v15(), hashes.SHA1())).decode()
    assert rejected("wise", {"X-Signature-SHA256": weaker}, BODY, [pem]) == "mismatch"


def test_ecdsa_by_another_library_is_accepted() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    der = base64.b64encode(spki(key, serialization.Encoding.DER)).decode()
    code = base64.b64encode(key.sign(BODY, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {"X-Circle-Signature": code, "X-Circle-Key-Id": "k1"}
    secret = webhooks.Secret(der, id="k1")
    assert webhooks.verify("circle", headers, BODY, [secret]).key_id == "k1"
    assert rejected("circle", {**headers, "X-Circle-Key-Id": "k2"}, BODY, [secret]) == "unknown_key"


def es512(key: ec.EllipticCurvePrivateKey, header: dict[str, str], payload: bytes) -> str:
    head = b64url(json.dumps(header).encode())
    r, s = utils.decode_dss_signature(
        key.sign(f"{head}.{b64url(payload)}".encode(), ec.ECDSA(hashes.SHA512()))
    )
    return f"{head}..{b64url(r.to_bytes(66) + s.to_bytes(66))}"


def jwk(key: ec.EllipticCurvePrivateKey) -> str:
    point = key.public_key().public_numbers()
    members = {
        "kty": "EC",
        "crv": "P-521",
        "kid": "k1",
        "x": b64url(point.x.to_bytes(66)),
        "y": b64url(point.y.to_bytes(66)),
    }
    return json.dumps(members)


def test_a_detached_jws_is_verified_with_pinned_keys_only() -> None:
    key = ec.generate_private_key(ec.SECP521R1())
    header = {
        "alg": "ES512",
        "kid": "k1",
        "tl_version": "2",
        "tl_headers": "X-Tl-Time,X-Other",
        "jku": "https://evil.example/jwks",
    }
    payload = b"POST /hooks/one\nX-Tl-Time: 5\nX-Other: a b\n" + BODY
    request: dict[str, Any] = {"url": "https://shop.example/hooks/one?x=1", "method": "POST"}
    headers = {"Tl-Signature": es512(key, header, payload), "X-Tl-Time": "5", "X-Other": "a b"}
    verified = webhooks.verify("truelayer", headers, BODY, [jwk(key)], **request)
    assert (verified.signature, verified.key_id) == ("valid", "k1")
    other = ec.generate_private_key(ec.SECP521R1())
    assert rejected("truelayer", headers, BODY, [jwk(other)], **request) == "mismatch"
    assert rejected("truelayer", {**headers, "X-Other": "b"}, BODY, [jwk(key)], **request) == "mismatch"
    del headers["X-Other"]
    assert rejected("truelayer", headers, BODY, [jwk(key)], **request) == "missing_value"


@pytest.mark.parametrize("algorithm", ["none", "HS512", "ES256", "RS512", ""])
def test_a_jws_never_chooses_the_algorithm(algorithm: str) -> None:
    key = ec.generate_private_key(ec.SECP521R1())
    header = {
        "Tl-Signature": es512(key, {"alg": algorithm, "kid": "k1", "tl_headers": ""}, b"POST /\n" + BODY)
    }
    reason = rejected("truelayer", header, BODY, [jwk(key)], url="https://shop.example/", method="POST")
    assert reason == "unexpected_algorithm"
