"""What the page of an invoice shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from till.sandbox.bitpay.invoices import COMPLETE_AT, Invoice
from till.sandbox.checkout import Action, Checkout

if TYPE_CHECKING:
    from till.sandbox.bitpay import BitPay

_STATES = {  # status: badge, tone, headline, explanation
    "new": ("Awaiting payment", "waiting", "Pay with bitcoin", ""),
    "paid": ("Payment seen", "waiting", "Payment received", "Waiting for the network to confirm."),
    "confirmed": ("Confirmed", "good", "Payment confirmed", "The network has confirmed it."),
    "complete": ("Complete", "good", "Payment complete", "Thank you. The shop has been credited."),
    "expired": ("Expired", "bad", "This invoice has expired", "Ask the shop for a new one."),
    "invalid": ("Invalid", "bad", "Payment not valid", "The network rejected this payment."),
}


def checkout_of(merchant: BitPay, invoice: Invoice) -> Checkout:
    """The page's content."""
    now = merchant.clock.now_ms()
    status = invoice.status(now)
    badge, tone, headline, explanation = _state(invoice, status)
    payable = status == "new"
    due = f"{invoice.btc_due:f}".rstrip("0").rstrip(".")
    address = (("Amount in BTC", due), ("Bitcoin address (testnet)", invoice.address))
    return Checkout(
        payment_id=invoice.id,
        service=merchant.title,
        shop=merchant.shop,
        description=_description(invoice),
        amount=f"{invoice.price:,.{0 if invoice.currency == 'JPY' else 2}f}"
        if invoice.currency != "BTC"
        else f"{invoice.price:f}",
        currency=invoice.currency,
        status=badge,
        tone=tone,
        headline=headline,
        explanation=explanation,
        method="Bitcoin payment",
        qr_text=invoice.payment_urls(merchant.origin)["BIP21"] if payable else None,
        qr_label="Scan with your wallet",
        copyable=address if payable else (),
        facts=_facts(invoice),
        actions=_actions(invoice, status, due),
        created_ms=invoice.created_ms,
        now_ms=now,
        expires_ms=invoice.expires_ms if payable else None,
        wallet_url=invoice.payment_urls(merchant.origin)["BIP21"] if payable else None,
        return_url=_return_url(invoice),
        version=f"{status}/{invoice.exception}/{len(invoice.coins)}/{invoice.confirmations}",
    )


def _state(invoice: Invoice, status: str) -> tuple[str, str, str, str]:
    badge, tone, headline, explanation = _STATES[status]
    if invoice.exception == "paidPartial":
        paid = f"{invoice.btc_paid:f} BTC arrived, {invoice.btc_due:f} BTC is still missing."
        if status == "new":
            return "Partly paid", "warning", "Part of the amount arrived", paid
        return badge, tone, headline, paid
    if invoice.exception == "paidOver":
        surplus = f"{-invoice.btc_due:f} BTC more than needed arrived."
        return f"{badge}, too much", "warning", headline, surplus
    return badge, tone, headline, explanation


def _actions(invoice: Invoice, status: str, due: str) -> tuple[Action, ...]:
    if status == "new":
        return (
            Action("pay", f"Pay {due} BTC", "main"),
            Action("underpay", "Pay too little"),
            Action("overpay", "Pay too much"),
            Action("expire", "Let expire"),
            Action("decline", "Reject payment", "danger"),
        ) + ((Action("confirm", "Add confirmation"),) if invoice.coins else ())
    if invoice.coins and not invoice.invalid and invoice.confirmations < COMPLETE_AT:
        confirm = Action("confirm", "Add confirmation", "main")
        decline = Action("decline", "Reject payment", "danger")
        return (confirm, decline) if status == "paid" else (confirm,)
    return ()


def _facts(invoice: Invoice) -> tuple[tuple[str, str], ...]:
    facts = [("Exchange rate", f"1 BTC = {invoice.rate:,.2f} {invoice.currency}")]
    if invoice.currency == "BTC":
        facts = []
    if invoice.coins:
        facts.append(("Received", f"{invoice.btc_paid:f} BTC"))
        facts.append(("Confirmations", f"{min(invoice.confirmations, COMPLETE_AT)} of {COMPLETE_AT}"))
    return tuple(facts)


def _return_url(invoice: Invoice) -> str | None:
    url = invoice.extras.get("redirectURL")
    return None if url is None else str(url)


def _description(invoice: Invoice) -> str:
    wanted = invoice.extras.get("itemDesc")
    if wanted:
        return str(wanted)
    order = invoice.extras.get("orderId")
    return f"Order {order}" if order else f"Invoice {invoice.id[:8]}"
