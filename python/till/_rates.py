"""Rates and currencies: what a provider exchanges, and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from till._call import AsyncNoun, BlockingNoun, Call, awaitable, blocking
from till._money import Money
from till._page import Page, page_of


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `from_currency` is worth `rate` units of `to_currency`."""

    from_currency: str
    to_currency: str
    rate: Decimal
    raw: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency that a provider takes. `decimals` are those of its smallest unit."""

    code: str
    name: str | None
    decimals: int | None
    symbol: str | None
    crypto: bool | None


def rate(value: Any) -> Rate:
    """A `Rate` from its JSON."""
    return Rate(value["from"], value["to"], Decimal(value["rate"]), value.get("raw"))


def currency(value: Any) -> Currency:
    """A `Currency` from its JSON."""
    read = value.get
    return Currency(value["code"], read("name"), read("decimals"), read("symbol"), read("crypto"))


def get(
    to_currency: str,
    from_currency: str | None = None,
    *,
    amount: Money | None = None,
    options: Mapping[str, object] | None = None,
) -> Call[Rate]:
    """What one unit of `from_currency` (the provider's usual one when left out) is worth in `to_currency`.

    `amount` is how much is to be exchanged, where the rate depends on it; `options` are the provider's own.

    >>> rate = bitpay.rates.get("USD")
    >>> rate.from_currency, rate.to_currency, rate.rate > 0
    ('BTC', 'USD', True)
    """
    return Call.of(
        "rates.get",
        rate,
        from_currency=from_currency,
        to_currency=to_currency,
        amount=amount,
        options=options,
    )


def list_(*, options: Mapping[str, object] | None = None) -> Call[Page[Rate]]:
    """All rates. `options` are the provider's own.

    >>> any(rate.to_currency == "EUR" for rate in bitpay.rates.list())
    True
    """
    return Call.of("rates.list", page_of(rate), options=options)


def list_currencies(*, options: Mapping[str, object] | None = None) -> Call[Page[Currency]]:
    """The currencies that the provider takes. `options` are the provider's own.

    >>> any(currency.code == "USD" for currency in bitpay.currencies.list())
    True
    """
    return Call.of("currencies.list", page_of(currency), options=options)


class Rates(BlockingNoun):
    """`gateway.rates`"""

    get = blocking(get)
    list = blocking(list_)


class AsyncRates(AsyncNoun):
    """`gateway.rates` of an `AsyncGateway`"""

    get = awaitable(get)
    list = awaitable(list_)


class Currencies(BlockingNoun):
    """`gateway.currencies`"""

    list = blocking(list_currencies)


class AsyncCurrencies(AsyncNoun):
    """`gateway.currencies` of an `AsyncGateway`"""

    list = awaitable(list_currencies)
