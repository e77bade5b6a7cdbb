"""What the page of a paylink shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from till.sandbox.checkout import Action, Checkout
from till.sandbox.openpay.paylinks import Paylink
from till.sandbox.openpay.transactions import Transaction

if TYPE_CHECKING:
    from till.sandbox.openpay import OpenPay

_CHOICES = (
    Action("pay", "Pay {amount}", "main"),
    Action("underpay", "Pay too little"),
    Action("overpay", "Pay too much"),
    Action("expire", "Let expire"),
    Action("decline", "Decline card", "danger"),
)


def checkout_of(merchant: OpenPay, link: Paylink, paid: Transaction | None) -> Checkout:
    """The page's content for a paylink and the transaction that paid it, if any."""
    price = f"{link.amount:,.2f} {link.currency}"
    status, tone, headline, explanation = _state(link, paid)
    can_act = paid is None and link.status == "active"
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
        method="Card payment",
        qr_text=merchant.payer_url_template.replace("{id}", link.id) if can_act else None,
        qr_label="Scan to pay on your phone",
        copyable=(),
        facts=_facts(link, paid),
        actions=tuple(
            Action(a.name, a.label.format(amount=price), a.weight) for a in _CHOICES if can_act
        ),
        created_ms=link.created_ms,
        now_ms=merchant.clock.now_ms(),
        expires_ms=None,
        return_url=link.return_url,
        version=f"{status}/{link.declined}",
    )


def _state(link: Paylink, paid: Transaction | None) -> tuple[str, str, str, str]:
    if paid is not None and paid.status == "refunded":
        return ("Refunded", "warning", "Payment refunded", "The shop gave the money back.")
    if paid is not None and paid.amount != link.amount:
        explanation = f"{paid.amount:,.2f} {paid.currency} was charged instead of the amount due."
        return ("Paid, other amount", "warning", "A different amount was paid", explanation)
    if paid is not None:
        return ("Paid", "good", "Payment complete", "Thank you. A receipt is on its way.")
    if link.status != "active":
        return ("Expired", "bad", "This payment link has expired", "Ask the shop for a new one.")
    if link.declined:
        return ("Declined", "bad", "Your card was declined", "No money was taken. Try again.")
    return ("Awaiting payment", "waiting", "Pay securely by card", "")


def _facts(link: Paylink, paid: Transaction | None) -> tuple[tuple[str, str], ...]:
    facts = [("Billed to", link.customer_name)] if link.customer_name else []
    if paid is not None:
        facts.append(("Card", f"{paid.card_type} ending in {paid.card_last_four}"))
        facts.append(("Charged", f"{paid.amount:,.2f} {paid.currency}"))
        facts.append(("Reference", paid.gateway_reference))
    return tuple((label, str(value)) for label, value in facts)
