"""The coins one can pay with: fixed rates and fees, addresses of test networks."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from till.sandbox.bitpay.identity import new_testnet_address, valid_testnet_address

UNIT = Decimal("0.00000001")  # every amount of coins has eight decimals, as in the samples
FIAT = ("EUR", "USD")
MIN_INVOICE, MAX_INVOICE = Decimal("0.12"), Decimal("1000000000.00")


@dataclass(frozen=True)
class Coin:
    """One coin. `prices` are units of a currency for one coin; the fees are in the coin."""

    code: str
    name: str
    scheme: str
    prices: dict[str, Decimal]
    processing_fee: Decimal
    fast_fee: Decimal
    fast_fee_unit: str

    def new_address(self) -> str:
        """A random address to which nobody has a key."""
        return new_testnet_address() if self.code == "BTC" else "0x" + secrets.token_hex(20)

    def owns_address(self, text: str) -> bool:
        """Whether coins could be sent to it."""
        if self.code == "BTC":
            return valid_testnet_address(text)
        return re.fullmatch(r"0x[0-9a-fA-F]{40}", text, re.ASCII) is not None

    def exchanged(self, invoice_amount: Decimal, currency: str) -> Decimal:
        """An invoice's amount in this coin, without the fee."""
        return (invoice_amount / self.prices[currency]).quantize(UNIT, ROUND_HALF_UP)


COINS = {
    coin.code: coin
    for coin in (
        Coin(
            "BTC",
            "Bitcoin",
            "bitcoin",
            {"EUR": Decimal("6467.18"), "USD": Decimal("7113.89")},
            Decimal("0.00000152"),
            Decimal("0.00000009"),
            "BTC/Byte",
        ),
        Coin(
            "ETH",
            "Ethereum",
            "ethereum",
            {"EUR": Decimal("143.17"), "USD": Decimal("157.48")},
            Decimal("0.00021463"),
            Decimal("0.00012724"),
            "ETH",
        ),
    )
}


def written(amount: Decimal) -> str:
    """An amount of coins as the service writes it."""
    return f"{amount:.8f}"
