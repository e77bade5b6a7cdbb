"""Webhooks: what a provider sends by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking


def receive(body: bytes, headers: Mapping[str, str]) -> Call[NoReturn]:
    """Takes a provider's notification. No provider has any in this version: `Unsupported` says why, and
    what to do instead.

    >>> shop.webhooks.receive(b"{}", {})
    Traceback (most recent call last):
    till._errors.Unsupported: ...
    """
    return Call("webhooks.receive", {}, _never)


def _never(value: object) -> NoReturn:
    raise NotImplementedError("this version reads no webhooks")


class Webhooks(BlockingNoun):
    """`gateway.webhooks`"""

    receive = blocking(receive)


class AsyncWebhooks(AsyncNoun):
    """`gateway.webhooks` of an `AsyncGateway`"""

    receive = awaitable(receive)
