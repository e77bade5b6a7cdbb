"""Quotes and payments: what is asked for, the coins that arrived, and the states in between."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from till.sandbox.forumpay.coins import Coin

QUOTE_MS = 600_000  # how long a quote can be started
REFUND_MS = 120 * 60_000  # the documented wait_time of a refund
SMALL_INVOICE = Decimal("100.00")  # up to here payments may be taken without a confirmation
_ZERO = Decimal(0)


class NotNow(ValueError):
    """The payment is in a state in which this cannot happen."""


@dataclass(frozen=True)
class Quote:
    """What an invoice costs in one or several coins."""

    pos_id: str
    invoice_currency: str
    invoice_amount: Decimal
    coins: tuple[Coin, ...]
    made_ms: int
    payment_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def exchanged(self, coin: Coin) -> Decimal:
        """The invoice's amount in the coin."""
        return coin.exchanged(self.invoice_amount, self.invoice_currency)

    def amount(self, coin: Coin) -> Decimal:
        """What is to be paid: the invoice's amount and the fee."""
        return self.exchanged(coin) + coin.processing_fee


@dataclass
class Coins:
    """A transaction of the network."""

    amount: Decimal
    confirmations: int = 0


@dataclass
class Refund:
    """Coins on their way back."""

    amount: Decimal
    address: str
    requested_ms: int
    done: bool = False


@dataclass
class Payment:
    """One started payment. `extras` are the parameters of StartPayment beyond the quote's."""

    quote: Quote
    coin: Coin
    started_ms: int
    expires_ms: int
    extras: Mapping[str, str]
    address: str = ""
    coins: list[Coins] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    accepted: Decimal | None = None
    accepted_invoice: Decimal | None = None
    blocked: bool = False
    cancelled_ms: int | None = None
    cancel_reason: str | None = None
    confirmed_ms: int | None = None

    def __post_init__(self) -> None:
        self.address = self.address or self.coin.new_address()
        self.announced = "waiting"

    @property
    def id(self) -> str:
        """That of its quote."""
        return self.quote.payment_id

    def yes(self, name: str) -> bool:
        """Whether a flag was set when the payment was started."""
        return self.extras.get(name) in ("true", "1")

    # Amounts

    @property
    def asked(self) -> Decimal:
        """What was asked for in coins."""
        return self.quote.amount(self.coin)

    @property
    def needed(self) -> Decimal:
        """What suffices: less than was asked for once the shop accepted less."""
        return self.asked if self.accepted is None else self.accepted

    @property
    def came(self) -> Decimal:
        """All coins that arrived."""
        return sum((item.amount for item in self.coins), _ZERO)

    @property
    def missing(self) -> Decimal:
        """What is still to be paid."""
        return max(self.needed - self.came, _ZERO)

    @property
    def worth(self) -> Decimal:
        """The coins that came as a part of the invoice, rounded down."""
        part = self.came / self.asked * self.quote.invoice_amount
        return min(part, self.quote.invoice_amount).quantize(Decimal("0.01"), ROUND_DOWN)

    def refundable(self, now_ms: int) -> Decimal:
        """What can be paid back: everything, once nothing else is going on with it."""
        if self.state(now_ms) not in ("cancelled", "underpayment", "confirmed"):
            return _ZERO
        return self.came - sum((refund.amount for refund in self.refunds), _ZERO)

    # States

    @property
    def confirmations(self) -> int:
        """Those of the youngest transaction."""
        return min((item.confirmations for item in self.coins), default=0)

    @property
    def min_confirmations(self) -> int:
        """None for small payments, if the shop takes them so."""
        small = self.quote.invoice_amount <= SMALL_INVOICE
        return 0 if small and self.yes("accept_zero_confirmations") else 1

    def state(self, now_ms: int) -> str:
        """One of the seven states."""
        if self.blocked:
            return "blocked"
        if self.ended_ms(now_ms) is not None:
            return "cancelled"
        if not self.coins:
            return "waiting"
        if self.missing:
            return "underpayment"
        if self.confirmations >= 1:
            return "confirmed"
        return "processing" if self.min_confirmations else "zero_confirmed"

    def ended_ms(self, now_ms: int) -> int | None:
        """When it was cancelled: by the shop, or because too little came in time."""
        if self.accepted is not None:
            return None
        if self.cancelled_ms is None and self.missing and now_ms >= self.expires_ms:
            return self.expires_ms
        return self.cancelled_ms

    def confirmed(self, now_ms: int) -> bool:
        """Whether the shop may deliver."""
        return self.state(now_ms) in ("confirmed", "zero_confirmed")

    # What happens to it

    def receive(self, amount: Decimal, now_ms: int) -> None:
        """Coins arrive, wanted or not: nobody can keep a network from that."""
        self.cancelled_ms = self.ended_ms(now_ms)
        self.coins.append(Coins(amount))
        late = self.cancelled_ms is not None
        if late and self.came >= self.asked and self.yes("auto_accept_late_payment"):
            self.accept(self.came, self.quote.invoice_amount, now_ms)
        least = Decimal(self.extras.get("auto_accept_underpayment_min") or "0")
        too_little = self.missing and self.yes("auto_accept_underpayment") and self.worth >= least
        if not late and too_little:
            self.accept(self.came, self.worth, now_ms)
        self._note(now_ms)

    def confirm(self, count: int, now_ms: int) -> None:
        """Every transaction gets `count` more confirmations."""
        if not self.coins:
            raise NotNow("No coins came yet, so there is nothing to confirm.")
        for item in self.coins:
            item.confirmations += count
        self._note(now_ms)

    def cancel(self, reason: str | None, now_ms: int) -> None:
        """The shop gives up; refused once coins are on their way."""
        if self.state(now_ms) == "cancelled":
            raise NotNow("Payment is already cancelled")
        if self.coins or self.blocked:
            raise NotNow("Payment can not be cancelled, transaction is already sent")
        self.cancelled_ms, self.cancel_reason = now_ms, reason

    def accept(self, amount: Decimal, invoice_amount: Decimal, now_ms: int) -> None:
        """The shop takes what came for enough."""
        self.accepted, self.accepted_invoice = amount, invoice_amount
        self._note(now_ms)

    def refund(self, address: str, now_ms: int) -> None:
        """All that is open goes back; a payment that lacked something ends thereby."""
        self.refunds.append(Refund(self.refundable(now_ms), address, now_ms))
        if self.state(now_ms) == "underpayment":
            self.cancelled_ms = now_ms

    def _note(self, now_ms: int) -> None:
        if self.confirmed_ms is None and self.confirmed(now_ms):
            self.confirmed_ms = now_ms
