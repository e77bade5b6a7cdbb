"""BitPay's ledger: what was credited to the merchant, in satoshi."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from till.sandbox import wire
from till.sandbox.bitpay.invoices import COIN, Invoice
from till.sandbox.clock import iso

SALE, OVERPAYMENT = 1000, 1003  # the two documented codes


@dataclass(frozen=True)
class Entry:
    """One credit."""

    code: int
    amount: int
    time_ms: int
    invoice: Invoice

    def shown(self) -> dict[str, object]:
        """The documented entry."""
        sale = self.code == SALE
        shown: dict[str, object] = {
            "code": self.code,
            "amount": self.amount,
            "timestamp": iso(self.time_ms),
            "scale": COIN,
            "txType": "sale" if sale else "ACH/other",
            "exRates": {self.invoice.currency: wire.plain(self.invoice.rate)},
            "buyerFields": {},
            "invoiceId": self.invoice.id,
            "sourceType": "invoice",
            "customerData": {"customData": []},
            "invoiceAmount": wire.plain(self.invoice.price),
            "invoiceCurrency": self.invoice.currency,
        }
        if not sale:
            shown["description"] = "overpayment credit"
            shown["notes"] = f"BTC credit for overpayment of invoice {self.invoice.id}"
        return shown


class Ledger:
    """The BTC ledger. The others exist and are empty: the sandbox's merchant keeps its coins."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def credit(self, code: int, satoshi: int, invoice: Invoice, now_ms: int) -> None:
        """Adds one entry."""
        self._entries.append(Entry(code, satoshi, now_ms, invoice))

    def balances(self) -> list[object]:
        """The documented reply of getLedgers."""
        total = Decimal(sum(entry.amount for entry in self._entries)) / COIN
        return [
            {"currency": "BTC", "balance": wire.plain(total)},
            {"currency": "USD", "balance": 0},
        ]

    def between(self, currency: str, start_ms: int, end_ms: int) -> list[object]:
        """The entries of a ledger within a span of time, oldest first."""
        if currency != "BTC":
            return []
        return [e.shown() for e in self._entries if start_ms <= e.time_ms <= end_ms]

    def clear(self) -> None:
        """Forgets all."""
        self._entries.clear()
