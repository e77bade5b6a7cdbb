"""What the page of an invoice shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from till.sandbox.checkout import Action, Checkout
from till.sandbox.clock import iso
from till.sandbox.globalpay.invoices import Invoice

if TYPE_CHECKING:
    from till.sandbox.globalpay import GlobalPay

_STATES = {
    "paid": ("Paid", "good", "Payment complete", "Thank you. A receipt is on its way."),
    "cancelled": ("Cancelled", "bad", "This invoice was cancelled", "There is nothing to pay any more."),
    "overdue": ("Overdue", "warning", "This invoice is overdue", "It should have been paid by now."),
    "pending": ("Awaiting payment", "waiting", "Pay securely by card", ""),
    "declined": ("Declined", "bad", "Your card was declined", "No money was taken. Try again."),
}


def checkout_of(merchant: GlobalPay, invoice: Invoice) -> Checkout:
    """The page's content for an invoice."""
    now_ms = merchant.clock.now_ms()
    standing = invoice.status(now_ms)
    payable = merchant.payable(invoice)
    state = "declined" if invoice.declined and payable else standing
    status, tone, headline, explanation = _STATES[state]
    return Checkout(
        payment_id=invoice.id,
        service=merchant.title,
        shop=merchant.shop,
        description=invoice.description or "",
        amount=f"{invoice.amount // 100:,}.{invoice.amount % 100:02d}",
        currency=invoice.currency,
        status=status,
        tone=tone,
        headline=headline,
        explanation=explanation,
        method="Test card",
        qr_text=merchant.payer_url_template.replace("{id}", invoice.id) if payable else None,
        qr_label="Scan to pay on another device",
        copyable=(),
        facts=(("Invoice", invoice.id), ("Customer", invoice.customer_id), ("Due", iso(invoice.due_ms)[:10])),
        actions=_actions(invoice, standing) if payable else (),
        created_ms=invoice.created_ms,
        now_ms=now_ms,
        expires_ms=None,
        wallet_url=None,
        return_url=None,
        version=f"{state}/{len(merchant.payments_of(invoice))}",
    )


def _actions(invoice: Invoice, standing: str) -> tuple[Action, ...]:
    amount = f"{invoice.amount // 100:,}.{invoice.amount % 100:02d} {invoice.currency}"
    pay, decline = Action("pay", f"Pay {amount}", "main"), Action("decline", "Decline card", "danger")
    if standing == "overdue":
        return (pay, decline)
    return (pay, Action("expire", "Let it become overdue"), decline)
