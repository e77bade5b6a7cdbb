"""The currency codes that BitGPT documents, and what the sandbox takes one unit of each to be worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, localcontext

_DIGITS = 100  # enough for 30 places of any amount; the default 28 digits would round

COINS: Mapping[str, tuple[str, int]] = {  # code: price in US dollars, decimals
    "BITCOIN": ("105000", 8),
    "ETHEREUM": ("2500", 18),
    "USDT": ("1", 6),
    "USDC": ("1", 6),
    "USDC_NATIVE": ("1", 6),
    "SOLANA": ("150", 9),
    "BINANCE_COIN": ("650", 18),
    "RIPPLE": ("2.2", 6),
    "POLYGON": ("0.2", 18),
    "TRON": ("0.28", 6),
    "LITECOIN": ("86", 8),
    "BITCOIN_CASH": ("500", 8),
    "DOGECOIN": ("0.16", 8),
}
_STATES = """
USD 1 EUR 1.17 CHF 1.25 GBP 1.35 AUD 0.65 JPY 0.0068 CNY 0.14 CAD 0.73 HKD 0.13 SGD 0.78 SEK 0.105 KRW 0.00073
NOK 0.099 NZD 0.6 INR 0.0117 MXN 0.053 TWD 0.034 ZAR 0.057 BRL 0.18 DKK 0.157 PLN 0.275 THB 0.031 ILS 0.29
IDR 0.000062 CZK 0.047 AED 0.27 TRY 0.025 HUF 0.0029 CLP 0.0011 SAR 0.27 PHP 0.0178 MYR 0.236 COP 0.00025
RUB 0.0127 RON 0.23 PEN 0.28
"""
_WORDS = _STATES.split()
_NO_DECIMALS = ("JPY", "KRW", "CLP")

_RATES = {code: Decimal(rate) for code, (rate, _) in COINS.items()} | {
    code: Decimal(rate) for code, rate in zip(_WORDS[::2], _WORDS[1::2], strict=True)
}
CODES = tuple(_RATES)
"""All 49, in the documented order."""


@dataclass(frozen=True)
class Method:
    """A way to pay, which the documentation calls a provider."""

    id: str
    network: str
    code: str

    def shown(self) -> dict[str, object]:
        """The documented entry; contract address and pictures are the sandbox's own."""
        return {
            "id": self.id,
            "provider": "CRYPTO",
            "network": self.network,
            "gateway": self.code,
            "type": "native",
            "filters": [],
            "metadata": {
                "decimals": COINS[self.code][1],
                "contract_address": None,
                "image_url": None,
                "image_url_network": None,
            },
        }


METHODS = (
    Method("provider_bitcoin_bitcoin", "BITCOIN", "BITCOIN"),
    Method("provider_ethereum_ethereum", "ETHEREUM", "ETHEREUM"),
    Method("provider_tron_usdt", "TRON", "USDT"),
    Method("provider_solana_usdc", "SOLANA", "USDC"),
    Method("provider_polygon_usdc_native", "POLYGON", "USDC_NATIVE"),
    Method("provider_solana_solana", "SOLANA", "SOLANA"),
    Method("provider_bsc_binance_coin", "BINANCE_SMART_CHAIN", "BINANCE_COIN"),
    Method("provider_ripple_ripple", "RIPPLE", "RIPPLE"),
    Method("provider_polygon_polygon", "POLYGON", "POLYGON"),
    Method("provider_tron_tron", "TRON", "TRON"),
    Method("provider_litecoin_litecoin", "LITECOIN", "LITECOIN"),
    Method("provider_bitcoin_cash_bitcoin_cash", "BITCOIN_CASH", "BITCOIN_CASH"),
    Method("provider_dogecoin_dogecoin", "DOGECOIN", "DOGECOIN"),
)


def method_for(code: str) -> Method:
    """The one way to pay in a coin."""
    return next(method for method in METHODS if method.code == code)


def decimals_of(code: str) -> int:
    """Digits after the point that a payer can send or a shop can ask for."""
    if code in COINS:
        return COINS[code][1]
    return 0 if code in _NO_DECIMALS else 2


def in_usd(amount: Decimal, code: str) -> Decimal:
    """What an amount is worth in US dollars, exactly."""
    with localcontext(prec=_DIGITS):
        return amount * _RATES[code]


def converted(amount: Decimal, code: str, into: str) -> Decimal:
    """An amount in another currency, rounded up to what that currency can hold."""
    with localcontext(prec=_DIGITS):
        exact = amount if code == into else amount * _RATES[code] / _RATES[into]
        return exact.quantize(Decimal(1).scaleb(-decimals_of(into)), ROUND_UP)


def shown(amount: Decimal) -> str:
    """A price as the service writes it: text with 30 places."""
    with localcontext(prec=_DIGITS):
        return f"{amount:.30f}"
