"""Payments: amounts that payers are to pay."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from till import _native, _values
from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._card import Card
from till._money import Money
from till._page import Page, async_items, blocking_items, page_of
from till._refunds import Refund, refund
from till._runtime import milliseconds

if TYPE_CHECKING:
    from till._watch import AsyncPaymentWatch, PaymentWatch

PaymentStatus = Literal[
    "pending", "requires_action", "processing", "underpaid", "paid", "expired", "cancelled", "failed"
]
"""Where a payment stands:

`pending` the payer must act · `requires_action` a particular step is due, see `next_action` · `processing`
money was seen, but it is not final · `underpaid` some money came: accept, refund or wait · `paid`, `expired`,
`cancelled`, `failed` are ends.
"""


@dataclass(frozen=True, slots=True)
class PayTo:
    """Where to send coins: `amount` of `currency` to `address`; `uri` is for a QR code."""

    currency: str
    amount: Decimal | None
    address: str | None
    uri: str | None
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a payment was declined: the provider's own code, and its words."""

    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One amount that a payer is to pay, and what is known of it.

    `outcome` is `unknown` when a write was sent and no answer came: then look again before doing anything
    twice. `next_action` says which step `requires_action` is about. `raw` is the provider's own reply without
    secrets and card data; numbers with a fraction are text in it, every digit kept.
    """

    id: str | None
    """Ours, sortable by time. None for a payment that was listed but not made here."""
    provider: str
    provider_id: str | None
    gateway: str
    reference: str | None
    description: str | None
    status: PaymentStatus
    outcome: Literal["known", "unknown"]
    amount: Money | None
    amount_paid: Money | None
    amount_due: Money | None
    amount_refunded: Money | None
    checkout_url: str | None
    qr_url: str | None
    pay_to: PayTo | None
    next_action: Mapping[str, Any] | None = field(hash=False)
    refunds: tuple[Refund, ...]
    decline: Decline | None
    test: bool
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    metadata: Mapping[str, Any] = field(hash=False)
    raw: Any = field(repr=False, compare=False)


def payment(value: Any) -> Payment:
    """A `Payment` from its JSON."""
    read = value.get
    return Payment(
        id=read("id"),
        provider=value["provider"],
        provider_id=read("provider_id"),
        gateway=value["gateway"],
        reference=read("reference"),
        description=read("description"),
        status=value["status"],
        outcome=value["outcome"],
        amount=_values.money(read("amount")),
        amount_paid=_values.money(read("amount_paid")),
        amount_due=_values.money(read("amount_due")),
        amount_refunded=_values.money(read("amount_refunded")),
        checkout_url=read("checkout_url"),
        qr_url=read("qr_url"),
        pay_to=_pay_to(read("pay_to")),
        next_action=read("next_action"),
        refunds=tuple([refund(one) for one in read("refunds") or ()]),
        decline=_decline(read("decline")),
        test=value["test"],
        created_at=_values.time(read("created_at")),
        updated_at=_values.time(read("updated_at")),
        expires_at=_values.time(read("expires_at")),
        metadata=_values.mapping(read("metadata")),
        raw=read("raw"),
    )


def _pay_to(value: Any) -> PayTo | None:
    if value is None:
        return None
    return PayTo(
        currency=value["currency"],
        amount=_values.decimal(value.get("amount")),
        address=value.get("address"),
        uri=value.get("uri"),
        rate=_values.decimal(value.get("rate")),
    )


def _decline(value: Any) -> Decline | None:
    return None if value is None else Decline(value.get("code"), value.get("message"))


def create(
    amount: Money,
    *,
    reference: str | None = None,
    description: str | None = None,
    customer: Mapping[str, str] | None = None,
    return_url: str | None = None,
    cancel_url: str | None = None,
    webhook_url: str | None = None,
    pay_currency: str | None = None,
    card: Card | None = None,
    metadata: Mapping[str, object] | None = None,
    options: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> Call[Payment]:
    """Asks for an amount.

    `reference` is your order's id. `customer` may hold `name`, `email`, `ip`, `user_agent` and `locale`.
    `card` charges a card at once; without it the payer is sent to `checkout_url`. `options` are the
    provider's own (see `till providers show`). The payment is written down before it is sent: calling again
    with the same `idempotency_key` returns the first outcome and sends nothing; with another input it is a
    `Conflict`. `OutcomeUnknown` when it was sent and no answer came.

    >>> price = till.Money("150.00", "BZD")
    >>> payment = shop.payments.create(price, reference="1234", idempotency_key="order-1234")
    >>> payment.status, payment.reference
    ('pending', '1234')
    >>> again = shop.payments.create(price, reference="1234", idempotency_key="order-1234")
    >>> again.id == payment.id
    True

    A declined card is no error:

    >>> with till.Card("4000 0000 0008 2000", 12, 2030, cvv="123", holder_name="Ana Cal") as card:
    ...     declined = shop.payments.create(till.Money("20.00", "BZD"), card=card)
    >>> declined.status
    'failed'
    """
    return Call.of(
        "payments.create",
        payment,
        amount=amount,
        reference=reference,
        description=description,
        customer=customer,
        return_url=return_url,
        cancel_url=cancel_url,
        webhook_url=webhook_url,
        pay_currency=pay_currency,
        card=card,
        metadata=metadata,
        options=options,
        idempotency_key=idempotency_key,
    )


def get(
    payment_id: str | None = None,
    *,
    provider_id: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Call[Payment]:
    """The payment with this id, or with the provider's own, as the provider sees it now; what is new is kept.

    `options` are the provider's own (see `till providers show`).

    >>> shop.payments.get(payment.id).status
    'pending'
    >>> shop.payments.get(provider_id=payment.provider_id).id == payment.id
    True
    """
    return Call.of("payments.get", payment, payment_id=payment_id, provider_id=provider_id, options=options)


def stored(
    payment_id: str | None = None,
    *,
    reference: str | None = None,
    status: PaymentStatus | None = None,
    unknown: bool | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Payment]]:
    """What the store knows of this gateway's payments, newest first, as they were last seen; the provider is
    not asked. `unknown` is for those that were perhaps made: see `Gateway.reconcile`.

    >>> shop.payments.stored(payment.id)[0].reference == payment.reference
    True
    >>> len(shop.payments.stored(unknown=True))
    0
    """
    return Call.of(
        "payments.stored",
        page_of(payment),
        payment_id=payment_id,
        reference=reference,
        status=status,
        unknown=unknown,
        limit=limit,
        cursor=cursor,
    )


def list_(
    *,
    since: date | str | None = None,
    until: date | str | None = None,
    status: PaymentStatus | None = None,
    currency: str | None = None,
    reference: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Call[Page[Payment]]:
    """The provider's own list, one page at a time; `page.next` is the next call's `cursor`. `iterate` reads
    all pages.

    `since` and `until` (not included) are a `datetime` with a time zone, a `date`, which is its beginning in
    UTC, or ISO 8601 text.

    >>> page = shop.payments.list(limit=20)
    >>> [payment.status for payment in page if payment.status == "paid"]
    []
    """
    return Call.of(
        "payments.list",
        page_of(payment),
        since=_values.moment(since, "since"),
        until=_values.moment(until, "until"),
        status=status,
        currency=currency,
        reference=reference,
        limit=limit,
        cursor=cursor,
        options=options,
    )


def cancel(
    payment_id: str | None = None,
    *,
    provider_id: str | None = None,
    reason: str | None = None,
    options: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> Call[Payment]:
    """Ends a payment that nobody has paid, by our id or by `provider_id`. `options` are the provider's own.

    `Unsupported` says why a provider cannot:

    >>> shop.payments.cancel(payment.id)
    Traceback (most recent call last):
    till.Unsupported: ...
    """
    return Call.of(
        "payments.cancel",
        payment,
        payment_id=payment_id,
        provider_id=provider_id,
        reason=reason,
        options=options,
        idempotency_key=idempotency_key,
    )


def accept(
    payment_id: str | None = None,
    amount: Money | None = None,
    *,
    provider_id: str | None = None,
    options: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> Call[Payment]:
    """Takes what came for an `underpaid` (or overpaid) payment, by our id or by `provider_id`, as enough.
    `amount` says for how much, where the provider wants to know; `options` are the provider's own.

    >>> invoice = bitpay.payments.create(till.Money("10.00", "USD"))
    >>> _ = sandbox.control("bitpay").underpay(invoice.provider_id)
    >>> bitpay.payments.get(invoice.id).status
    'underpaid'
    >>> _ = sandbox.control("bitpay").confirm(invoice.provider_id)
    >>> bitpay.payments.accept(invoice.id).status
    'paid'
    """
    return Call.of(
        "payments.accept",
        payment,
        payment_id=payment_id,
        provider_id=provider_id,
        amount=amount,
        options=options,
        idempotency_key=idempotency_key,
    )


def _watched(
    payment_id: str | None,
    provider_id: str | None,
    options: Mapping[str, object] | None,
    timeout: float,
) -> Call[Payment]:
    """The call that a watch makes again and again, and how long."""
    call = Call.of("payments.get", payment, payment_id=payment_id, provider_id=provider_id, options=options)
    return Call(call.operation, {**call.input, "timeout_ms": milliseconds(timeout, "timeout")}, payment)


_ITERATE = """Every payment of the provider's own list, one by one; pages are read as they are needed.

The filters are those of `list`; `limit` is how many to ask for at a time, `cursor` where to begin. What
happens meanwhile at the provider may show twice or not at all, as its paging has it.

>>> from itertools import islice
>>> for payment in islice(shop.payments.iterate(since="2026-01-01", limit=50), 1000):
...     assert payment.created_at is not None

With an `AsyncGateway` it is `async for`:

>>> async def amounts(shop):
...     return [payment.amount async for payment in shop.payments.iterate(until="2026-01-01")]
>>> asyncio.run(amounts(async_shop))
[]
"""


class Payments(BlockingNoun):
    """`gateway.payments`"""

    __slots__ = ("_open_watch",)

    def __init__(
        self, run: Callable[[Call[Any]], Any], open_watch: Callable[[Call[Any]], _native.NativeWatch]
    ) -> None:
        super().__init__(run)
        self._open_watch = open_watch

    create = blocking(create)
    get = blocking(get)
    list = blocking(list_)
    iterate = blocking_items(list_, _ITERATE)
    stored = blocking(stored)
    cancel = blocking(cancel)
    accept = blocking(accept)

    def watch(
        self,
        payment_id: str | None = None,
        *,
        provider_id: str | None = None,
        options: Mapping[str, object] | None = None,
        timeout: float = 3600.0,
    ) -> PaymentWatch:
        """The payment as it changes, until it is `paid`, `expired`, `cancelled` or `failed`, or `timeout`
        seconds are over: the first time as it is, then each time it is another one. Follows the provider's
        stream of events where it has one, else asks with growing pauses. What may pass (no connection, a rate
        limit) is tried again; any other error is raised and ends it. `options` are those of `get`.

        >>> order = shop.payments.create(till.Money("20.00", "BZD"))
        >>> _ = sandbox.control("openpay").pay(order.provider_id)
        >>> [seen.status for seen in shop.payments.watch(order.id, timeout=60)]
        ['paid']
        """
        from till._watch import PaymentWatch

        return PaymentWatch(self._open_watch(_watched(payment_id, provider_id, options, timeout)))


class AsyncPayments(AsyncNoun):
    """`gateway.payments` of an `AsyncGateway`"""

    __slots__ = ("_open_watch",)

    def __init__(
        self,
        run: Callable[[Call[Any]], Coroutine[Any, Any, Any]],
        open_watch: Callable[[Call[Any]], _native.NativeWatch],
    ) -> None:
        super().__init__(run)
        self._open_watch = open_watch

    create = awaitable(create)
    get = awaitable(get)
    list = awaitable(list_)
    iterate = async_items(list_, _ITERATE)
    stored = awaitable(stored)
    cancel = awaitable(cancel)
    accept = awaitable(accept)

    def watch(
        self,
        payment_id: str | None = None,
        *,
        provider_id: str | None = None,
        options: Mapping[str, object] | None = None,
        timeout: float = 3600.0,
    ) -> AsyncPaymentWatch:
        """See `Payments.watch`; this one is for `async for`.

        >>> async def follow(order):
        ...     return [seen.status async for seen in async_shop.payments.watch(order.id, timeout=60)]
        >>> order = shop.payments.create(till.Money("20.00", "BZD"))
        >>> _ = sandbox.control("openpay").pay(order.provider_id)
        >>> asyncio.run(follow(order))
        ['paid']
        """
        from till._watch import AsyncPaymentWatch

        return AsyncPaymentWatch(self._open_watch(_watched(payment_id, provider_id, options, timeout)))
