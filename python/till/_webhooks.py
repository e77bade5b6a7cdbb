"""Webhooks: what a provider sends by itself."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._payments import Payment, payment
from till._text import checked_text


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """What became of a webhook.

    `event` is the provider's own name for it, as it was received. `payment` is the payment as the provider
    sees it now, or None with a `reason`: `unknown_payment` or `no_payment`. `trust` is `refetched` when the
    provider was asked, else `unverified`: then nothing is known but that somebody sent this. `changed` is
    False when the payment has the status that it had before. Answer the sender with `http_status`.
    """

    event: str
    payment: Payment | None
    trust: Literal["refetched", "unverified"]
    changed: bool
    reason: Literal["unknown_payment", "no_payment"] | None
    http_status: int


def result(value: Any) -> WebhookResult:
    """A `WebhookResult` from its JSON."""
    found = value["payment"]
    return WebhookResult(
        event=value["event"],
        payment=None if found is None else payment(found),
        trust=value["trust"],
        changed=value["changed"],
        reason=value["reason"],
        http_status=value["http_status"],
    )


def receive(headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes | str) -> Call[WebhookResult]:
    """Takes a request that came to your webhook's address: all its headers, and its body as it came.

    What it says is a hint. The payment it names is looked up in the store and fetched from the provider; that
    it comes twice, late or from a liar changes nothing else. `WebhookRejected` says that the request is no
    webhook: answer 400. After any other error answer 503, and it will come again.

    A provider without webhooks is `Unsupported`:

    >>> shop.webhooks.receive({"content-type": "application/json"}, b"{}")
    Traceback (most recent call last):
    till._errors.Unsupported: ...
    """
    fields = headers.items() if isinstance(headers, Mapping) else headers
    pairs = [[checked_text(name, "headers"), checked_text(value, "headers")] for name, value in fields]
    return Call("webhooks.receive", {"headers": pairs, **_body(body)}, result)


def _body(body: bytes | str) -> dict[str, str]:
    if isinstance(body, str):
        return {"body": checked_text(body, "body")}
    if not isinstance(body, bytes):
        raise TypeError(f"body must be bytes, not {type(body).__name__}")
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}


class Webhooks(BlockingNoun):
    """`gateway.webhooks`"""

    receive = blocking(receive)


class AsyncWebhooks(AsyncNoun):
    """`gateway.webhooks` of an `AsyncGateway`"""

    receive = awaitable(receive)
