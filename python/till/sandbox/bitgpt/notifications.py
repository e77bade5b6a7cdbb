"""BitGPT's webhooks: who subscribed to what, and the signed messages."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from till.sandbox import outgoing, wire
from till.sandbox.bitgpt.records import mysql, mysql_with_ms
from till.sandbox.fields import web_address

EVENTS = (
    *("payment.created", "payment.updated", "order.paid"),
    *("product.created", "api_key.created", "api_key.deleted"),
)
SIGNED = ("body", "payload", "timestamp_body")
ENCODINGS = ("hex", "base64")


@dataclass(frozen=True)
class Subscription:
    """One registered webhook."""

    id: str
    secret: str
    label: str
    url: str
    events: tuple[str, ...]
    created_ms: int
    description: str | None = None

    def view(self) -> dict[str, object]:
        """The documented reply."""
        return {
            "id": self.id,
            "secret": self.secret,
            "label": self.label,
            "url": self.url,
            "created_at": mysql(self.created_ms),
            "updated_at": None,
            "events": list(self.events),
        }


def webhook_url(value: object) -> str | None:
    """Check: https, as documented; the sandbox also takes http for loopback, where tests listen."""
    problem = web_address(value)
    if problem is not None:
        return problem
    if str(value).startswith("https:"):
        return None
    try:
        outgoing.target_of(str(value), ())
    except outgoing.Undeliverable:
        return "must be an https URL"
    return None


def message(
    subscription: Subscription, event: str, resource_id: str, payload: Mapping[str, object], now_ms: int
) -> bytes:
    """The documented body."""
    return wire.write(
        {
            "webhook_id": subscription.id,
            "url": subscription.url,
            "event": event,
            "resource_id": resource_id,
            "payload": payload,
            "timestamp": mysql_with_ms(now_ms),
        }
    ).encode()


def headers(
    subscription: Subscription, event: str, body: bytes, signed: str, encoding: str
) -> dict[str, str]:
    """The three documented headers. What exactly is signed, and how it is written, is not documented."""
    parsed = wire.read(body)
    assert isinstance(parsed, dict)
    timestamp = str(parsed["timestamp"])
    over = {
        "body": body,
        "payload": wire.write(parsed["payload"]).encode(),
        "timestamp_body": f"{timestamp}.".encode() + body,
    }[signed]
    digest = hmac.new(subscription.secret.encode(), over, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-webhook-event": event,
        "x-webhook-timestamp": timestamp,
        "x-webhook-signature": digest.hex() if encoding == "hex" else base64.b64encode(digest).decode(),
    }
