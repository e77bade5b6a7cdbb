"""What the page of a payment shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from till.sandbox.checkout import Action, Checkout
from till.sandbox.forumpay.coins import written
from till.sandbox.forumpay.payments import Payment

if TYPE_CHECKING:
    from till.sandbox.forumpay import ForumPay

_STATES = {  # state: badge, tone, headline, explanation
    "waiting": ("Awaiting payment", "waiting", "Pay with {coin}", ""),
    "processing": ("Payment seen", "waiting", "Payment received", "Waiting for the network to confirm."),
    "zero_confirmed": ("Confirmed", "good", "Payment complete", "Taken without waiting for the network."),
    "confirmed": ("Confirmed", "good", "Payment complete", "Thank you. The network has confirmed it."),
    "cancelled": ("Cancelled", "bad", "This payment was cancelled", "Ask the shop for a new one."),
    "blocked": ("Blocked", "bad", "Payment blocked", "The origin of the coins is being examined."),
}


def checkout_of(merchant: ForumPay, payment: Payment) -> Checkout:
    """The page's content."""
    now_ms = merchant.clock.now_ms()
    state = payment.state(now_ms)
    badge, tone, headline, explanation = _state(payment, state)
    payable = state in ("waiting", "underpayment")
    uri = str(merchant.replies.codes(payment, written(payment.missing))["qr"])
    code = payment.coin.code
    due = f"{payment.missing.normalize():f}"
    address = ((f"Amount in {code}", due), (f"{payment.coin.name} address (test network)", payment.address))
    return Checkout(
        payment_id=payment.id,
        service=merchant.title,
        shop=merchant.shop,
        description=_description(payment),
        amount=f"{payment.quote.invoice_amount:,.2f}",
        currency=payment.quote.invoice_currency,
        status=badge,
        tone=tone,
        headline=headline.format(coin=payment.coin.name),
        explanation=explanation,
        method=f"{payment.coin.name} payment",
        qr_text=uri if payable else None,
        qr_label="Scan with your wallet",
        copyable=address if payable else (),
        facts=_facts(payment),
        actions=_actions(payment, state, f"{due} {code}"),
        created_ms=payment.started_ms,
        now_ms=now_ms,
        expires_ms=payment.expires_ms if payable else None,
        wallet_url=uri if payable else None,
        return_url=payment.extras.get("on_success_redirect_url"),
        version=f"{state}/{len(payment.coins)}/{payment.confirmations}/{len(payment.refunds)}",
    )


def _state(payment: Payment, state: str) -> tuple[str, str, str, str]:
    code = payment.coin.code
    if state == "underpayment":
        text = f"{written(payment.came)} {code} arrived, {written(payment.missing)} {code} is still missing."
        return "Partly paid", "warning", "Part of the amount arrived", text
    if state == "cancelled" and payment.refunds:
        return "Refunded", "warning", "Payment refunded", "The shop gave the coins back."
    if state == "cancelled" and payment.coins:
        return "Too late", "warning", "The coins came too late", "The shop decides what happens to them."
    return _STATES[state]


def _actions(payment: Payment, state: str, due: str) -> tuple[Action, ...]:
    if state in ("waiting", "underpayment"):
        return (
            Action("pay", f"Pay {due}", "main"),
            Action("underpay", "Pay too little"),
            Action("overpay", "Pay too much"),
            Action("expire", "Let expire"),
            Action("decline", "Block payment", "danger"),
        )
    if state in ("processing", "zero_confirmed"):
        return (Action("confirm", "Add confirmation", "main"), Action("decline", "Block payment", "danger"))
    if state == "cancelled" and not payment.coins:
        return (Action("pay", "Pay too late"),)
    return ()


def _facts(payment: Payment) -> tuple[tuple[str, str], ...]:
    code, currency = payment.coin.code, payment.quote.invoice_currency
    facts = [("Exchange rate", f"1 {code} = {payment.coin.prices[currency]:,.2f} {currency}")]
    if payment.coins:
        facts.append(("Received", f"{written(payment.came)} {code}"))
        facts.append(("Confirmations", f"{payment.confirmations} of {max(payment.min_confirmations, 1)}"))
    facts += [("Paid back", f"{written(refund.amount)} {code}") for refund in payment.refunds]
    return tuple(facts)


def _description(payment: Payment) -> str:
    reference = payment.extras.get("reference_no")
    return f"Order {reference}" if reference else f"Payment {payment.id[:8]}"
