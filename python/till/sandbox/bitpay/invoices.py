"""BitPay's invoices: amounts, the coins that arrived, and the states in between."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from till.sandbox import wire
from till.sandbox.bitpay import rates
from till.sandbox.bitpay.identity import base58, new_testnet_address
from till.sandbox.clock import iso

LIFETIME_MS = 900_000  # documented: expirationTime - invoiceTime
CONFIRMED_AT = 1  # confirmations for `confirmed`; depends on a merchant's speed setting at BitPay
COMPLETE_AT = 6  # documented: six confirmations
COIN = 100_000_000
_NEVER = "1970-01-01T00:00:00.000Z"  # documented: the time of a transaction until it is mined

_OPTIONAL_ECHO = ("orderId", "itemCode", "posData")


class NotNow(ValueError):
    """The invoice is in a state in which this cannot happen."""


@dataclass
class Coins:
    """A transaction in satoshi; a credited overpayment is negative."""

    amount: int
    received_ms: int
    confirmations: int = 0
    mined_ms: int | None = None

    def shown(self) -> dict[str, object]:
        """The entry of `transactions`."""
        return {
            "amount": self.amount,
            "confirmations": self.confirmations,
            "time": _NEVER if self.mined_ms is None else iso(self.mined_ms),
            "receivedTime": iso(self.received_ms),
        }


@dataclass
class Refund:
    """Money going back. Only `pending` is documented for this API."""

    amount: Decimal
    currency: str
    address: str
    requested_ms: int
    status: str = "pending"
    id: str = field(default_factory=lambda: base58(secrets.token_bytes(16)))
    token: str = field(default_factory=lambda: base58(secrets.token_bytes(48)))

    def shown(self) -> dict[str, object]:
        """The documented reply."""
        return {
            "id": self.id,
            "requestDate": iso(self.requested_ms),
            "status": self.status,
            "token": self.token,
        }


@dataclass
class Invoice:
    """One invoice. `btc_price` is exact to the four decimals in which it is shown.

    `last_status` is the one of which the shop was last told; `merchant_token` the one that made it.
    """

    price: Decimal
    currency: str
    created_ms: int
    rate: Decimal
    btc_price: Decimal
    extras: Mapping[str, object] = field(default_factory=dict)
    invalid: bool = False
    settled: bool = False
    credited: str = ""
    last_status: str = "new"
    merchant_token: str = ""
    expired_early_ms: int | None = None
    coins: list[Coins] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    address: str = field(default_factory=new_testnet_address)
    id: str = field(default_factory=lambda: base58(secrets.token_bytes(16)))

    # What is so now

    @property
    def expires_ms(self) -> int:
        """End of the time to pay."""
        return self.expired_early_ms or self.created_ms + LIFETIME_MS

    @property
    def btc_paid(self) -> Decimal:
        """Everything that came, exact to the satoshi."""
        return Decimal(sum(item.amount for item in self.coins)) / COIN

    @property
    def btc_due(self) -> Decimal:
        """What is missing; negative when too much came."""
        return self.btc_price - self.btc_paid

    @property
    def confirmations(self) -> int:
        """Those of the youngest transaction; 0 when nothing came."""
        return min((item.confirmations for item in self.coins), default=0)

    @property
    def exception(self) -> str | bool:
        """`paidPartial`, `paidOver` or false."""
        if not self.coins or self.btc_due == 0:
            return False
        return "paidPartial" if self.btc_due > 0 else "paidOver"

    def status(self, now_ms: int) -> str:
        """One of the six documented states."""
        if self.invalid:
            return "invalid"
        if not self.coins or self.btc_due > 0:
            return "expired" if now_ms >= self.expires_ms else "new"
        if self.credited == "partial":
            return "confirmed"  # as in the documented sample of creditPartialPayment
        if self.confirmations >= COMPLETE_AT:
            return "complete"
        return "confirmed" if self.confirmations >= CONFIRMED_AT else "paid"

    # What happens to it

    def receive(self, satoshi: int, now_ms: int) -> None:
        """Coins arrive at the address; refused once the invoice can no longer receive."""
        if self.status(now_ms) != "new":
            raise NotNow("This invoice can no longer receive payments.")
        self.coins.append(Coins(satoshi, now_ms))

    def confirm(self, count: int, now_ms: int) -> None:
        """Every transaction gets `count` more confirmations."""
        if not self.coins:
            raise NotNow("Nothing was paid yet, so there is nothing to confirm.")
        for item in self.coins:
            item.confirmations += count
            item.mined_ms = item.mined_ms or now_ms

    def credit_overpayment(self, now_ms: int) -> int:
        """Books what came too much elsewhere; returns it in satoshi."""
        surplus = int(-self.btc_due * COIN)
        self.coins.append(Coins(-surplus, now_ms, self.confirmations, now_ms))
        self.credited = "over"
        return surplus

    def credit_partial(self) -> None:
        """Settles for what came."""
        self.btc_price = self.btc_paid
        self.credited = "partial"

    # How it is shown

    def shown(self, origin: str, now_ms: int, *, transactions: bool) -> dict[str, object]:
        """The documented invoice object, without its token."""
        status = self.status(now_ms)
        shown: dict[str, object] = {
            "url": f"{origin}/invoice?id={self.id}",
            "status": status,
            "btcPrice": _btc(self.btc_price),
            "btcDue": _btc(self.btc_due),
            "price": wire.plain(self.price),
            "currency": self.currency,
            "exRates": {self.currency: wire.plain(self.rate)},
            "invoiceTime": self.created_ms,
            "expirationTime": self.created_ms + LIFETIME_MS,
            "currentTime": now_ms,
            "id": self.id,
            "btcPaid": _btc(self.btc_paid),
            "rate": wire.plain(self.rate.quantize(Decimal("0.01"))),
            "exceptionStatus": self.exception,
        }
        shown.update({name: self.extras[name] for name in _OPTIONAL_ECHO if name in self.extras})
        if transactions:
            shown["transactions"] = [item.shown() for item in self.coins]
        if status == "new":
            shown["paymentUrls"] = self.payment_urls(origin)
        return shown

    def payment_urls(self, origin: str) -> dict[str, str]:
        """The four kinds of payment link, there only while the invoice can be paid."""
        request = f"{origin}/i/{self.id}"
        plain = f"bitcoin:{self.address}?amount={_btc(self.btc_due)}"
        return {
            "BIP21": plain,
            "BIP72": f"{plain}&r={request}",
            "BIP72b": f"bitcoin:?r={request}",
            "BIP73": request,
        }


def new_invoice(price: Decimal, currency: str, extras: Mapping[str, object], now_ms: int) -> Invoice:
    """An unpaid invoice at the rate of the moment."""
    rate = rates.rate(currency)
    return Invoice(price, currency, now_ms, rate, rates.in_btc(price, currency), extras)


def _btc(amount: Decimal) -> str:
    """Four decimals as in the samples, more only when satoshi need them."""
    places = max(4, wire.decimals(amount))
    return f"{amount:.{places}f}"
