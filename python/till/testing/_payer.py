"""Payer: who pays at the sandbox."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from till import Payment
    from till.sandbox import Control, Sandbox


class Payer:
    """Whoever pays at the sandbox. A step that the provider does not know is a `ControlFailed`.

    Amounts are decimal strings, `Decimal` or whole numbers, in what the payer sends: the payment's currency,
    or its coins.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def control(self, provider: str) -> Control:
        """All that can be done to a simulated provider: its faults, its clock, its own steps."""
        return self._sandbox.control(provider)

    def reset(self) -> None:
        """Every provider begins afresh: payments, faults and webhooks are forgotten."""
        for provider in self._sandbox.providers:
            self.control(provider).reset()

    def pay(self, payment: Payment, amount: str | Decimal | int | None = None) -> None:
        """Pays what is due, or `amount`."""
        self._of(payment).pay(_id(payment), amount)

    def underpay(self, payment: Payment, amount: str | Decimal | int | None = None) -> None:
        """Pays half of what is due, or `amount`."""
        self._of(payment).underpay(_id(payment), amount)

    def overpay(self, payment: Payment, amount: str | Decimal | int | None = None) -> None:
        """Pays half more than what is due, or `amount`."""
        self._of(payment).overpay(_id(payment), amount)

    def expire(self, payment: Payment) -> None:
        """Lets the time to pay go by."""
        self._of(payment).expire(_id(payment))

    def decline(self, payment: Payment) -> None:
        """Has the card declined, or the coins rejected by the network."""
        self._of(payment).decline(_id(payment))

    def confirm(self, payment: Payment, confirmations: int = 6) -> None:
        """Has the coins confirmed by the network that often."""
        self._of(payment).confirm(_id(payment), confirmations)

    def _of(self, payment: Payment) -> Control:
        return self.control(payment.provider)


def _id(payment: Payment) -> str:
    if payment.provider_id is None:
        raise ValueError(f"payment {payment.id} has no id at {payment.provider} yet, so nobody can pay it")
    return payment.provider_id
