"""Tokens: credentials that a provider makes and a merchant approves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from till import _values
from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._page import Page, page_of


@dataclass(frozen=True, slots=True)
class Token:
    """A credential. `token` is handed out once, is kept nowhere, and is not shown by `repr`."""

    token: str | None = field(repr=False)
    facade: str | None
    """What it may do, in the provider's words."""
    pairing_code: str | None
    approval_url: str | None
    """Where the merchant approves it."""
    expires_at: datetime | None


def token(value: Any) -> Token:
    """A `Token` from its JSON."""
    read = value.get
    return Token(
        token=read("token"),
        facade=read("facade"),
        pairing_code=read("pairing_code"),
        approval_url=read("approval_url"),
        expires_at=_values.time(read("expires_at")),
    )


def create(
    facade: str | None = None,
    *,
    pairing_code: str | None = None,
    label: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Token]:
    """Asks for a token, or claims the one that the merchant's `pairing_code` stands for.

    >>> identity = till.Identity.generate()
    >>> unpaired = till.Gateway("bitpay", {"private_key": identity.reveal_private_key()}, **bitpay_place)
    >>> token = unpaired.tokens.create("merchant", label="Corner Shop")
    >>> token.pairing_code is not None and token.approval_url is not None
    True
    """
    return Call.of(
        "tokens.create",
        token,
        facade=facade,
        pairing_code=pairing_code,
        label=label,
        idempotency_key=idempotency_key,
    )


def approve(
    pairing_code: str, facade: str | None = None, *, idempotency_key: str | None = None
) -> Call[Page[Token]]:
    """Approves another client's request, as the merchant.

    >>> identity = till.Identity.generate()
    >>> other = till.Gateway("bitpay", {"private_key": identity.reveal_private_key()}, **bitpay_place)
    >>> asked = other.tokens.create("merchant")
    >>> [token.facade for token in bitpay.tokens.approve(asked.pairing_code, "merchant")]
    ['merchant']
    """
    return Call.of(
        "tokens.approve",
        page_of(token),
        pairing_code=pairing_code,
        facade=facade,
        idempotency_key=idempotency_key,
    )


class Tokens(BlockingNoun):
    """`gateway.tokens`"""

    create = blocking(create)
    approve = blocking(approve)


class AsyncTokens(AsyncNoun):
    """`gateway.tokens` of an `AsyncGateway`"""

    create = awaitable(create)
    approve = awaitable(approve)
