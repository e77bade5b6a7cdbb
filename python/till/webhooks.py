"""Verifying webhooks, without a gateway or a store; and signing them, for tests.

>>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
>>> headers = {
...     "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
...     "webhook-timestamp": "1614265330",
...     "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
... }
>>> body = b'{"test": 2432232314}'
>>> verified = till.webhooks.verify("standard-webhooks", headers, body, [secret], received_at=1614265330)
>>> verified.signature, verified.trust, verified.dedupe_key
('valid', 'signed', 'msg_p5jXN8AQM9LWM0D4loKWxJek')

Today the same webhook is too old, and refused:

>>> till.webhooks.verify("standard-webhooks", headers, body, [secret])
Traceback (most recent call last):
till.WebhookRejected: ...
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from till import _native
from till._errors import error_from_native

__all__ = ["Headers", "Secret", "SignedRequest", "Verified", "Verifier", "schemes", "sign", "verify"]

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]
"""A request's headers: a mapping, or pairs as WSGI and ASGI have them."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret with its name and its time; a plain text is one that fits any key id at any time.

    During a change of secrets give both: the new one, and the old one with `not_after` as late as the sender
    still retries what it signed with it.

    >>> till.webhooks.Secret("whsec_...", id="2026-11")
    Secret(id='2026-11', not_before=None, not_after=None)
    """

    secret: str
    id: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None

    def __repr__(self) -> str:
        return f"Secret(id={self.id!r}, not_before={self.not_before!r}, not_after={self.not_after!r})"

    def _to_json(self) -> dict[str, str]:
        members = {
            "secret": self.secret,
            "id": self.id,
            "not_before": _moment(self.not_before),
            "not_after": _moment(self.not_after),
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Verified:
    """A webhook that is not refused. Who sent it and whether it may be believed are two results.

    `signature` is `valid`, `token` (the sender showed a fixed word) or `none` (this sender signs nothing).
    `trust` is `signed` when the signature binds the whole body; else it is `refetch`: take the webhook as a
    hint, and ask the sender for the truth before anything changes. `key_index` and `key_id` say which secret
    it was. `dedupe_key` is the same each time the same event comes, and made from signed bytes only; None
    where the scheme has none.
    """

    scheme: str
    signature: Literal["valid", "token", "none"]
    trust: Literal["signed", "refetch"]
    key_index: int | None
    key_id: str | None
    signed_at: datetime | None
    dedupe_key: str | None


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as a sender would send it: what `sign()` makes.

    `url` is the one that was given, with a signature in it where the scheme has it there.
    """

    headers: dict[str, str]
    body: bytes
    url: str
    method: str = "POST"


class Verifier:
    """A scheme with its secrets, decoded once: for services that receive many webhooks. Any thread.

    `scheme` is a name (see `schemes()`), or a scheme of your own as docs/webhook-schemes.md has it.
    `tolerance` stands in for the scheme's window, on both sides. An empty secret is a `ConfigurationError`.

    >>> till.webhooks.Verifier("github", [""])
    Traceback (most recent call last):
    till.ConfigurationError: $.secrets[0]: the secret is empty
    """

    def __init__(
        self,
        scheme: str | Mapping[str, Any],
        secrets: Iterable[str | Secret] = (),
        *,
        tolerance: timedelta | float | None = None,
    ) -> None:
        if isinstance(secrets, str):
            raise TypeError("secrets must be a list of texts, not one text")
        text = scheme if isinstance(scheme, str) else json.dumps(scheme)
        given = [secret._to_json() if isinstance(secret, Secret) else _text(secret) for secret in secrets]
        opened = _native.NativeVerifier.open(text, json.dumps(given), _milliseconds(tolerance))
        if isinstance(opened, tuple):
            raise error_from_native(opened)
        self._native = opened

    def verify(
        self,
        headers: Headers,
        body: bytes,
        *,
        url: str = "",
        method: str = "POST",
        received_at: datetime | float | None = None,
    ) -> Verified:
        """The verdict on a request: its headers, and its body as it came, before any parser.

        `url` is the one that the sender knows, from your configuration and never from a `Host` header;
        schemes that sign it need it. `received_at` is when the request came, as a time or in seconds since
        1970: now, unless it has waited in a queue. `WebhookRejected` says that it is no good, and its
        `reason` why: answer its `http_status`.
        """
        answer = self._native.verify(*_request(headers, body, url, method, received_at))
        if isinstance(answer, tuple):
            raise error_from_native(answer)
        return _verified(json.loads(answer))

    def explain(
        self,
        headers: Headers,
        body: bytes,
        *,
        url: str = "",
        method: str = "POST",
        received_at: datetime | float | None = None,
    ) -> dict[str, Any]:
        """How `verify()` judges a request, for the person whose webhook is refused.

        docs/schemas/webhook_explanation.json describes it. It shows header values to whoever reads it, and
        never a secret, a computed signature or the body.
        """
        value: dict[str, Any] = json.loads(
            self._native.explain(*_request(headers, body, url, method, received_at))
        )
        return value


def verify(
    scheme: str | Mapping[str, Any],
    headers: Headers,
    body: bytes,
    secrets: Iterable[str | Secret] = (),
    *,
    url: str = "",
    method: str = "POST",
    received_at: datetime | float | None = None,
    tolerance: timedelta | float | None = None,
) -> Verified:
    """The verdict on one webhook: `Verifier` and its `verify()` in one call."""
    verifier = Verifier(scheme, secrets, tolerance=tolerance)
    return verifier.verify(headers, body, url=url, method=method, received_at=received_at)


def sign(
    scheme: str | Mapping[str, Any],
    body: bytes,
    secret: str | Secret | None = None,
    *,
    headers: Headers = (),
    url: str = "",
    method: str = "POST",
    at: datetime | float | None = None,
    id: str | None = None,
    valid: bool = True,
) -> SignedRequest:
    """The request that a sender would send: for your tests, which thereby need no sender.

    >>> request = till.webhooks.sign("stripe", b'{"id": "evt_1"}', "whsec_test")
    >>> till.webhooks.verify("stripe", request.headers, request.body, ["whsec_test"]).dedupe_key
    'evt_1'

    What the scheme signs beside the body is filled in: the time (`at`, as a time or in seconds since 1970;
    now, when absent), the event's id (`id`, or a new one), the key's id (that of the `Secret`). Anything else
    that only the sender knows is given in `headers`, which are all kept; what is lacking is an
    `InvalidRequest` that says where. A signature header among them lends the fields beside its signature, and
    the signature is replaced. The body changes only where the scheme has its signature there.

    `secret` is the one to verify with; for public keys it is the private key, as PEM text, or for Ed25519
    also with `whsk_` before it. A sender that signs nothing takes none. With `valid=False` one bit of the
    signature is wrong.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"body must be bytes, not {type(body).__name__}")
    members = secret._to_json() if isinstance(secret, Secret) else secret and _text(secret)
    text = scheme if isinstance(scheme, str) else json.dumps(scheme)
    moment = None if at is None else _unix_ms(at)
    made = _native.sign_webhook(
        text,
        json.dumps(members),
        _pairs(headers),
        body,
        _text(url).encode(),
        _text(method).encode(),
        moment,
        id,
        valid,
    )
    if isinstance(made, tuple):
        raise error_from_native(made)
    signed: dict[str, str] = {}
    for name, value in ((name.decode("latin-1"), value.decode("latin-1")) for name, value in made["headers"]):
        signed[name] = f"{signed[name]}, {value}" if name in signed else value
    return SignedRequest(signed, made["body"], made["url"].decode(), method)


def schemes() -> dict[str, dict[str, Any]]:
    """The schemes that are known by name.

    >>> till.webhooks.schemes()["github"]["algorithm"]
    'hmac-sha256'
    """
    return {scheme["name"]: scheme for scheme in json.loads(_native.webhook_schemes())}


def _request(
    headers: Headers, body: bytes, url: str, method: str, received_at: datetime | float | None
) -> tuple[list[tuple[bytes, bytes]], bytes, bytes, bytes, int]:
    if not isinstance(body, bytes):
        raise TypeError(f"body must be bytes, the ones that came, not {type(body).__name__}")
    return _pairs(headers), body, _text(url).encode(), _text(method).encode(), _unix_ms(received_at)


def _pairs(headers: Headers) -> list[tuple[bytes, bytes]]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(_bytes(name), _bytes(value)) for name, value in pairs]


def _bytes(text: object) -> bytes:
    """A header as it came: servers hand its bytes over as Latin-1."""
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"headers must be text, not {type(text).__name__}")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"must be text, not {type(value).__name__}")
    return value


def _unix_ms(moment: datetime | float | None) -> int:
    if moment is None:
        return time.time_ns() // 1_000_000
    if isinstance(moment, datetime):
        return int(_in_a_zone(moment).timestamp() * 1000)
    return int(moment * 1000)


def _milliseconds(span: timedelta | float | None) -> int | None:
    if span is None:
        return None
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    return int(seconds * 1000)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else _in_a_zone(moment).isoformat(timespec="milliseconds")


def _in_a_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return moment


def _verified(value: dict[str, Any]) -> Verified:
    key = value["key"] or {}
    signed_at = value["signed_at"]
    return Verified(
        scheme=value["scheme"],
        signature=value["signature"],
        trust=value["trust"],
        key_index=key.get("index"),
        key_id=key.get("id"),
        signed_at=None if signed_at is None else datetime.fromisoformat(signed_at),
        dedupe_key=value["dedupe_key"],
    )
