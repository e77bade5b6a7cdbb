"""The filters of BitGPT's two lists: which fields they take and what they let through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from till.sandbox.bitgpt.currencies import CODES, in_usd, method_for
from till.sandbox.bitgpt.invoices import INVOICE_STATUSES, PAYMENT_STATUSES, Invoice, Payment
from till.sandbox.bitgpt.records import mysql, mysql_time
from till.sandbox.fields import Check, Field, one_of, text, whole

DEFAULT_LIMIT, MAX_LIMIT = 20, 100  # own choices
T = TypeVar("T", Invoice, Payment)


def list_of(check: Check) -> Check:
    """A JSON array whose members all pass."""

    def checked(value: object) -> str | None:
        if not isinstance(value, list):
            return "must be an array"
        return next((f"item {problem}" for problem in map(check, value) if problem), None)

    return checked


def number(value: object) -> str | None:
    """Any JSON number."""
    good = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return None if good else "must be a number"


def _text_or_number(value: object) -> str | None:
    return None if number(value) is None else text(value)


_SHARED = (
    Field("price_usd_from", number),
    Field("price_usd_to", number),
    Field("created_at_from", mysql_time),
    Field("created_at_to", mysql_time),
    Field("limit", whole(1, MAX_LIMIT)),
    Field("offset", whole(0, 1_000_000_000)),
)
PAYMENT_FILTERS = (
    *_SHARED,
    Field("provider_id", list_of(_text_or_number)),
    Field("invoice_id", text),
    Field("status", list_of(one_of(*PAYMENT_STATUSES))),
    Field("currency", list_of(one_of(*CODES))),
    Field("expand", list_of(one_of("provider"))),
)
INVOICE_FILTERS = (
    *_SHARED,
    Field("status", list_of(one_of(*INVOICE_STATUSES))),
    Field("currency", list_of(text)),
    Field("customer_email", text),
    Field("provider_id", text),
)


def payments_page(payments: Sequence[Payment], body: Mapping[str, object]) -> list[Payment]:
    """The payments that pass, one page of them."""
    methods = [str(value) for value in _values(body, "provider_id")]

    def passes(payment: Payment) -> bool:
        return (
            _in_range(payment.price, payment.code, payment.created_ms, body)
            and _in(payment.status, _values(body, "status"))
            and _in(payment.code, _values(body, "currency"))
            and _in(method_for(payment.code).id, methods)
            and body.get("invoice_id", payment.invoice_id) == payment.invoice_id
        )

    return _page(payments, passes, body)


def invoices_page(invoices: Sequence[Invoice], body: Mapping[str, object]) -> list[Invoice]:
    """The invoices that pass, one page of them."""

    def passes(invoice: Invoice) -> bool:
        methods = [method_for(payment.code).id for payment in invoice.payments]
        return (
            _in_range(invoice.price, invoice.code, invoice.created_ms, body)
            and _in(invoice.status, _values(body, "status"))
            and _in(invoice.code, _values(body, "currency"))
            and body.get("customer_email", invoice.customer_email) == invoice.customer_email
            and ("provider_id" not in body or body["provider_id"] in methods)
        )

    return _page(invoices, passes, body)


def _page(records: Sequence[T], passes: Callable[[T], bool], body: Mapping[str, object]) -> list[T]:
    """Newest first, which is the sandbox's own choice."""
    offset, limit = int(str(body.get("offset", 0))), int(str(body.get("limit", DEFAULT_LIMIT)))
    return [record for record in reversed(records) if passes(record)][offset : offset + limit]


def _in_range(price: Decimal, code: str, created_ms: int, body: Mapping[str, object]) -> bool:
    """Both ends included; MySQL times sort as text."""
    worth, created = in_usd(price, code), mysql(created_ms)
    low, high = body.get("price_usd_from", worth), body.get("price_usd_to", worth)
    since, until = body.get("created_at_from", created), body.get("created_at_to", created)
    return Decimal(str(low)) <= worth <= Decimal(str(high)) and str(since) <= created <= str(until)


def _values(body: Mapping[str, object], name: str) -> list[object]:
    values = body.get(name, [])
    return values if isinstance(values, list) else []


def _in(value: object, wanted: Sequence[object]) -> bool:
    """An empty filter lets everything through."""
    return not wanted or value in wanted
