"""Fixed exchange rates and currencies. Those of USD, EUR, ZMW and ZWL are the documented samples."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

SATOSHI = Decimal("0.00000001")
BTC_STEP = Decimal("0.0001")  # amounts in BTC are shown with four decimals, as in the samples

# code: name, plural, symbol, precision, units of it per BTC
_CURRENCIES = {
    "BTC": ("Bitcoin", "Bitcoin", "฿", 4, "1"),
    "USD": ("US Dollar", "US Dollars", "$", 2, "437.29"),
    "EUR": ("Eurozone Euro", "Eurozone Euros", "€", 2, "340.0488"),
    "GBP": ("Pound Sterling", "Pounds Sterling", "£", 2, "267.3154"),
    "JPY": ("Japanese Yen", "Japanese Yen", "¥", 0, "47543.1207"),
    "ZMW": ("Zambian Kwacha", "Zambian Kwacha", "ZMW", 2, "2705.8471"),
    "ZWL": ("Zimbabwean Dollar", "Zimbabwean Dollar", "Z$", 2, "140952.9499"),
}


def known(code: str) -> bool:
    """Whether a currency is supported."""
    return code in _CURRENCIES


def rate(code: str) -> Decimal:
    """Units of a known currency per BTC."""
    return Decimal(_CURRENCIES[code][4])


def rate_entry(code: str) -> dict[str, object]:
    """The documented reply of getRateForCurrency."""
    return {"code": code, "name": _CURRENCIES[code][0], "rate": rate(code)}


def all_rates() -> list[object]:
    """The documented reply of getRates."""
    return [rate_entry(code) for code in _CURRENCIES if code != "BTC"]


def all_currencies() -> list[object]:
    """The documented reply of getCurrencies."""
    return [_currency(code) for code in _CURRENCIES]


def in_btc(amount: Decimal, code: str) -> Decimal:
    """An amount in BTC, rounded half up to four decimals; exact arithmetic before that."""
    return (amount / rate(code)).quantize(BTC_STEP, ROUND_HALF_UP)


def _currency(code: str) -> dict[str, object]:
    name, plural, symbol, precision, _ = _CURRENCIES[code]
    coin = code == "BTC"
    return {
        "code": code,
        "symbol": symbol,
        "precision": precision,
        "exchangePctFee": 200,
        "payoutEnabled": coin,
        "name": name,
        "plural": plural,
        "alts": "btc" if coin else "",
        "payoutFields": ["bitcoinAddress"] if coin else [],
    }
