"""Ledgers: what the provider holds for the merchant, and how it came to that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from till import _values
from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._money import Money
from till._page import Page, page_of


@dataclass(frozen=True, slots=True)
class Ledger:
    """The balance of one currency."""

    currency: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of a ledger. `type` and `code` are the provider's own words."""

    type: str | None
    code: str | int | None
    amount: Money | None
    created_at: datetime | None
    payment_provider_id: str | None
    description: str | None
    raw: Any = field(default=None, repr=False, compare=False)


def ledger(value: Any) -> Ledger:
    """A `Ledger` from its JSON."""
    return Ledger(value["currency"], Decimal(value["balance"]))


def ledger_entry(value: Any) -> LedgerEntry:
    """A `LedgerEntry` from its JSON."""
    read = value.get
    return LedgerEntry(
        type=read("type"),
        code=read("code"),
        amount=_values.money(read("amount")),
        created_at=_values.time(read("created_at")),
        payment_provider_id=read("payment_provider_id"),
        description=read("description"),
        raw=read("raw"),
    )


def list_() -> Call[Page[Ledger]]:
    """All ledgers with their balances.

    >>> all(isinstance(ledger, till.Ledger) for ledger in bitpay.ledgers.list())
    True
    """
    return Call("ledgers.list", {}, page_of(ledger))


def entries(
    currency: str, *, since: date | str | None = None, until: date | str | None = None
) -> Call[Page[LedgerEntry]]:
    """The entries of one currency's ledger in a span of time: see `payments.list`.

    >>> page = bitpay.ledgers.entries("USD", since="2026-01-01")
    >>> all(isinstance(entry, till.LedgerEntry) for entry in page)
    True
    """
    return Call.of(
        "ledgers.entries",
        page_of(ledger_entry),
        currency=currency,
        since=_values.moment(since, "since"),
        until=_values.moment(until, "until"),
    )


class Ledgers(BlockingNoun):
    """`gateway.ledgers`"""

    list = blocking(list_)
    entries = blocking(entries)


class AsyncLedgers(AsyncNoun):
    """`gateway.ledgers` of an `AsyncGateway`"""

    list = awaitable(list_)
    entries = awaitable(entries)
