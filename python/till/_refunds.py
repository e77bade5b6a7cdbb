"""Refunds: money going back for a payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from till import _values
from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._money import Money
from till._page import Page, page_of

RefundStatus = Literal["pending", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Refund:
    """Money going back for a payment. `raw` is the provider's own reply."""

    id: str
    status: RefundStatus
    amount: Money | None
    created_at: datetime | None
    raw: Any = field(default=None, repr=False, compare=False)


def refund(value: Any) -> Refund:
    """A `Refund` from its JSON."""
    return Refund(
        id=value["id"],
        status=value["status"],
        amount=_values.money(value.get("amount")),
        created_at=_values.time(value.get("created_at")),
        raw=value.get("raw"),
    )


def create(
    payment_id: str,
    amount: Money | None = None,
    *,
    address: str | None = None,
    reason: str | None = None,
    options: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> Call[Refund]:
    """Gives money back for the payment with this id: all of it, or `amount`.

    `address` is where coins go back to, which only the payer knows. `options` are the provider's own (see
    `till providers show`). Calling again with the same `idempotency_key` returns the first refund and sends
    nothing. `Unsupported` says why a provider has no refunds:

    >>> shop.refunds.create(payment.id)
    Traceback (most recent call last):
    till.Unsupported: ...
    """
    return Call.of(
        "refunds.create",
        refund,
        payment_id=payment_id,
        amount=amount,
        address=address,
        reason=reason,
        options=options,
        idempotency_key=idempotency_key,
    )


def get(payment_id: str, refund_id: str) -> Call[Refund]:
    """One refund of a payment as the provider sees it now.

    >>> shop.refunds.get(payment.id, "re_1")
    Traceback (most recent call last):
    till.Unsupported: ...
    """
    return Call.of("refunds.get", refund, payment_id=payment_id, refund_id=refund_id)


def list_(payment_id: str) -> Call[Page[Refund]]:
    """All refunds of a payment, from all of the provider's pages.

    `ProviderError` with the code `list_too_long` when that takes more requests than one operation makes.

    >>> shop.refunds.list(payment.id)
    Traceback (most recent call last):
    till.Unsupported: ...
    """
    return Call.of("refunds.list", page_of(refund), payment_id=payment_id)


class Refunds(BlockingNoun):
    """`gateway.refunds`"""

    create = blocking(create)
    get = blocking(get)
    list = blocking(list_)


class AsyncRefunds(AsyncNoun):
    """`gateway.refunds` of an `AsyncGateway`"""

    create = awaitable(create)
    get = awaitable(get)
    list = awaitable(list_)
