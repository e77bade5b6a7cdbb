"""What the page of a paylink shows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from till.sandbox.checkout import Action, Checkout
from till.sandbox.openpay.paylinks import Paylink
from till.sandbox.openpay.transactions import Transaction

if TYPE_CHECKING:
    from till.sandbox.openpay import OpenPay

PAYER_CARD = "4111111111111111"  # the card with which the simulated payer of a paylink pays
_OTHERS = (
    Action("underpay", "Pay too little"),
    Action("overpay", "Pay too much"),
    Action("expire", "Let expire"),
    Action("decline", "Decline card", "danger"),
)


def checkout_of(merchant: OpenPay, link: Paylink, made: Sequence[Transaction]) -> Checkout:
    """The page's content for a paylink and the transactions made on it."""
    paid = [transaction for transaction in made if transaction.counts]
    due = link.amount - sum((transaction.amount for transaction in paid), Decimal(0))
    status, tone, headline, explanation = _state(link, paid, due)
    payable = due > 0 and link.status == "active"
    pay = Action("pay", f"Pay {_shown(due, link.currency)}", "main")
    return Checkout(
        payment_id=link.id,
        service=merchant.title,
        shop=merchant.shop,
        description=link.description or "",
        amount=f"{link.amount:,.2f}",
        currency=link.currency,
        status=status,
        tone=tone,
        headline=headline,
        explanation=explanation,
        method="Card" if paid else f"Test card •••• {PAYER_CARD[-4:]}",
        qr_text=merchant.payer_url_template.replace("{id}", link.id) if payable else None,
        qr_label="Scan to pay on another device",
        copyable=(),
        facts=_facts(link, paid),
        actions=(pay, *_OTHERS) if payable else (),
        created_ms=link.created_ms,
        now_ms=merchant.clock.now_ms(),
        expires_ms=None,
        wallet_url=None,
        return_url=link.return_url,
        version=f"{status}/{len(made)}",
    )


def _state(link: Paylink, paid: Sequence[Transaction], due: Decimal) -> tuple[str, str, str, str]:
    if any(transaction.status == "refunded" for transaction in paid):
        return ("Refunded", "warning", "Payment refunded", "The shop gave the money back.")
    if paid and due == 0:
        return ("Paid", "good", "Payment complete", "Thank you. A receipt is on its way.")
    if due < 0:
        surplus = f"{_shown(-due, link.currency)} more than needed was charged."
        return ("Paid too much", "warning", "More than the amount was paid", surplus)
    if link.status != "active":
        explanation = (
            "Ask the shop for a new one. There it stays as it was: OpenPay's API tells of no expiry."
        )
        return ("Expired", "bad", "This payment link has expired", explanation)
    if link.declined:
        return ("Declined", "bad", "Your card was declined", "No money was taken. Try again.")
    if paid:
        missing = f"{_shown(due, link.currency)} is still missing."
        return ("Partly paid", "warning", "Part of the amount was paid", missing)
    return ("Awaiting payment", "waiting", "Pay securely by card", "")


def _facts(link: Paylink, paid: Sequence[Transaction]) -> tuple[tuple[str, str], ...]:
    facts = [("Billed to", link.customer_name)] if link.customer_name else []
    for transaction in paid:
        facts.append(("Charged", _shown(transaction.amount, transaction.currency)))
        facts.append(("Card", f"{transaction.card_type} •••• {transaction.card_last_four}"))
        facts.append(("Reference", transaction.gateway_reference))
    return tuple(facts)


def _shown(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"
