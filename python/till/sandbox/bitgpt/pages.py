"""What the page of a BitGPT invoice shows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from till.sandbox.bitgpt.currencies import converted, decimals_of
from till.sandbox.bitgpt.invoices import Invoice
from till.sandbox.checkout import Action, Checkout

if TYPE_CHECKING:
    from till.sandbox.bitgpt import BitGpt

_STATES = {  # status: badge, tone, headline, explanation
    "PENDING": ("Awaiting payment", "waiting", "Pay with crypto", ""),
    "PROCESSING": ("Payment seen", "waiting", "Payment received", "Waiting for the network to confirm."),
    "WAITING_FOR_CONFIRMATIONS": ("Confirming", "waiting", "Payment received", "Waiting for confirmations."),
    "PARTIALLY_PAID": ("Partly paid", "warning", "Part of the amount arrived", ""),
    "COMPLETED": ("Paid", "good", "Payment complete", "Thank you. The shop has the coins."),
    "VOIDED": ("Voided", "bad", "This invoice was voided", "Ask the shop for a new one."),
}


def checkout_of(merchant: BitGpt, invoice: Invoice) -> Checkout:
    """The page's content."""
    status, coin = invoice.status, merchant.coin_for(invoice)
    badge, tone, headline, explanation = _STATES[status]
    if status == "PARTIALLY_PAID":
        explanation = f"{_shown(invoice.due, invoice.code)} is still missing."
    if invoice.substatus:
        badge, tone = "Paid too much", "warning"
        explanation = f"{_shown(-invoice.due, invoice.code)} more than needed arrived."
    payable = merchant.payable(invoice)
    due = _shown(converted(max(invoice.due, Decimal(0)), invoice.code, coin), coin)
    return Checkout(
        payment_id=invoice.id,
        service=merchant.title,
        shop=merchant.shop,
        description=str(invoice.metadata.get("description") or f"Invoice {invoice.id[-12:]}"),
        amount=f"{invoice.price:,.{decimals_of(invoice.code)}f}",
        currency=invoice.code,
        status=badge,
        tone=tone,
        headline=headline,
        explanation=explanation,
        method=f"{coin} payment",
        qr_text=merchant.payer_url_template.replace("{id}", invoice.id) if payable else None,
        qr_label="Scan to pay on another device",
        copyable=(("Amount to send", due),) if payable else (),
        facts=_facts(invoice),
        actions=_actions(invoice, payable, due),
        created_ms=invoice.created_ms,
        now_ms=merchant.clock.now_ms(),
        expires_ms=None,
        wallet_url=None,
        return_url=invoice.redirect_url,
        version=f"{status}/{len(invoice.payments)}/{sum(p.confirmations for p in invoice.payments)}",
    )


def _actions(invoice: Invoice, payable: bool, due: str) -> tuple[Action, ...]:
    actions: tuple[Action, ...] = ()
    if payable:
        actions = (
            Action("pay", f"Pay {due}", "main"),
            Action("underpay", "Pay too little"),
            Action("overpay", "Pay too much"),
            Action("expire", "Void invoice"),
            Action("decline", "Fail payment", "danger"),
        )
    if invoice.waiting:
        actions = (*actions, Action("confirm", "Add confirmation", "plain" if payable else "main"))
    return actions


def _facts(invoice: Invoice) -> tuple[tuple[str, str], ...]:
    facts = [("Billed to", invoice.customer_email)]
    for payment in invoice.payments:
        facts.append((payment.status.capitalize(), _shown(payment.price, payment.code)))
    return tuple(facts)


def _shown(amount: Decimal, code: str) -> str:
    text = f"{amount:,.{decimals_of(code)}f}"
    if decimals_of(code) > 2:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {code}"
