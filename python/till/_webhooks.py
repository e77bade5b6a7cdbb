"""Webhooks: what a provider sends by itself."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from till import _values
from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._payments import Payment, payment
from till._text import checked_text


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """What became of a webhook, once everything about it is durable.

    `event` is the provider's own name for it. `payment` is the payment as it is now, or None when the store
    has none that is meant. Two results: `signature` says who sent it (`valid`, `token`, `none`),
    `trust` what was believed (`signed`: its own word; `refetched`: the provider's, who was asked;
    `unverified`: nothing).
    `duplicate` is True when the same event was taken before, `changed` when the payment has another status
    now. `reason` says why it took no effect; docs/schemas/webhook.json lists the words. Answer the sender
    with `http_status` and `http_body`.
    """

    event: str
    payment: Payment | None
    signature: Literal["valid", "token", "none"]
    trust: Literal["signed", "refetched", "unverified"]
    duplicate: bool
    changed: bool
    reason: str | None
    http_status: int
    http_body: str


def result(value: Any) -> WebhookResult:
    """A `WebhookResult` from its JSON."""
    found = value["payment"]
    return WebhookResult(**{**value, "payment": None if found is None else payment(found)})


def receive(
    headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes, *, query: str | None = None
) -> Call[WebhookResult]:
    """Takes a request that came to your webhook's address: all its headers, and its body as it came.

    Give the raw bytes of the body: what was parsed and written again has other bytes, and no signature fits
    them. A text is a `TypeError`. `query` is what stood behind the "?" of the address, for providers that
    sign it.

    A webhook that is signed as a whole takes effect at once, and once, however often it comes. Any other is a
    hint: the payment it names is fetched from the provider, and a lie changes nothing. `WebhookRejected` says
    that the request is no good: answer its `http_status`. After any other error answer 503, and it will come
    again.

    A provider without webhooks is `Unsupported`:

    >>> shop.webhooks.receive({"content-type": "application/json"}, b"{}")
    Traceback (most recent call last):
    till.Unsupported: ...
    """
    fields = headers.items() if isinstance(headers, Mapping) else headers
    pairs = [[checked_text(name, "headers"), checked_text(value, "headers")] for name, value in fields]
    asked = {} if query is None else {"query": checked_text(query, "query")}
    return Call("webhooks.receive", {"headers": pairs, **_body(body), **asked}, result)


@dataclass(frozen=True, slots=True)
class WebhookRefusals:
    """How often webhooks were refused for one reason."""

    gateway: str
    reason: str
    count: int
    first_at: datetime | None
    last_at: datetime | None


def _refusals(page: Any) -> list[WebhookRefusals]:
    return [
        WebhookRefusals(
            gateway=item["gateway"],
            reason=item["reason"],
            count=item["count"],
            first_at=_values.time(item["first_at"]),
            last_at=_values.time(item["last_at"]),
        )
        for item in page["items"]
    ]


def refusals() -> Call[list[WebhookRefusals]]:
    """How often this gateway refused webhooks, by reason, in all processes that share the store.

    >>> shop.webhooks.refusals()
    []
    """
    return Call("webhooks.refusals", {}, _refusals)


def _body(body: bytes) -> dict[str, str]:
    if not isinstance(body, bytes):
        raise TypeError(f"body must be bytes, the ones that came, not {type(body).__name__}")
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}


class Webhooks(BlockingNoun):
    """`gateway.webhooks`"""

    receive = blocking(receive)
    refusals = blocking(refusals)


class AsyncWebhooks(AsyncNoun):
    """`gateway.webhooks` of an `AsyncGateway`"""

    receive = awaitable(receive)
    refusals = awaitable(refusals)
