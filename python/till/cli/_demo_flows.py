"""The ways to take a payment that `till demo` shows, one function for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import till
from till.cli._output import Progress, Step

if TYPE_CHECKING:
    from till.sandbox import Control

_CARD = "4111111111111111"
_REFUND_ADDRESS = "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"  # of the test network: no real coins go there


@dataclass
class Flow:
    """One way to take a payment, and what came of it."""

    provider: str
    way: str
    run: Callable[[Flow, till.Gateway, Control, Progress], None]
    title: str = ""
    payment: till.Payment | None = None
    stored: Any = None  # the payment's JSON at the end
    refund: str = "none"
    refund_reason: str | None = None
    problem: str | None = None
    seconds: float = 0.0
    steps: list[Step] = field(default_factory=list)


def all_flows() -> list[Flow]:
    """What each provider can do, by the provider's name."""
    return [
        Flow("bitgpt", "invoice, paid in coins", _bitgpt_invoice),
        Flow("bitpay", "invoice, paid in bitcoin", _bitpay_invoice),
        Flow("forumpay", "quote, paid in bitcoin", _forumpay_payment),
        Flow("forumpay", "less than due, accepted", _forumpay_underpayment),
        Flow("globalpay", "invoice, paid on its page", _globalpay_invoice),
        Flow("openpay", "card, verified", _openpay_card),
        Flow("openpay", "payment link", _openpay_link),
    ]


def _openpay_link(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> None:
    with progress.step("create a payment link") as notes:
        payment = shop.payments.create(
            till.Money("75.50", "BZD"), reference="1002", return_url="https://shop.example/thanks"
        )
        _note(flow, payment, notes, payment.checkout_url)
    with progress.step("the simulated payer pays"):
        payer.pay(_id_at_provider(flow))
    _ask(flow, shop, progress)
    _refund(flow, shop, progress)


def _openpay_card(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> None:
    price = till.Money("150.00", "BZD")
    with till.Card(_CARD, 12, 2030, cvv="123", holder_name="Ana Cal") as card:
        with progress.step(f"charge a new card, **** {card.last4}") as notes:
            _note(flow, shop.payments.create(price, reference="1001", card=card), notes)
        with progress.step("its owner reads the small charge on the bank statement") as notes:
            statement = payer.statement(_CARD)
            if statement is None:
                raise till.ProviderError("no verification charge was made")
            seen = till.Money(statement["amount"], statement["currency"])
            notes.append(str(seen))
        with progress.step("confirm that amount") as notes:
            notes.append(shop.cards.confirm(card, seen).status)
        with progress.step("charge the card again") as notes:
            _note(flow, shop.payments.create(price, reference="1001", card=card), notes)
    _refund(flow, shop, progress)


def _bitpay_invoice(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> None:
    with progress.step("create an invoice, signed with the shop's key") as notes:
        payment = shop.payments.create(till.Money("25.00", "USD"), reference="1003")
        _note(flow, payment, notes, _coins(payment))
    with progress.step("the simulated payer sends the coins"):
        payer.pay(_id_at_provider(flow))
    _ask(flow, shop, progress)
    with progress.step("the network confirms six times"):
        payer.confirm(_id_at_provider(flow), 6)
    _ask(flow, shop, progress)
    _refund(flow, shop, progress, _REFUND_ADDRESS)


def _bitgpt_invoice(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> None:
    with progress.step("create an invoice") as notes:
        payment = shop.payments.create(
            till.Money("48.25", "EUR"), reference="1004", customer={"email": "ana@shop.example"}
        )
        _note(flow, payment, notes, payment.checkout_url)
    with progress.step("the simulated payer pays with a coin"):
        payer.pay(_id_at_provider(flow))
    _ask(flow, shop, progress)
    _refund(flow, shop, progress)


def _globalpay_invoice(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> None:
    with progress.step("create an invoice") as notes:
        payment = shop.payments.create(till.Money("1250.00", "BTN"), reference="1005")
        _note(flow, payment, notes, payment.checkout_url)
    with progress.step("the simulated payer pays"):
        payer.pay(_id_at_provider(flow))
    _ask(flow, shop, progress)
    _refund(flow, shop, progress)


def _forumpay_payment(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> None:
    _quote(flow, shop, "1006", progress)
    with progress.step("the simulated payer sends the coins"):
        payer.pay(_id_at_provider(flow))
    _ask(flow, shop, progress)
    _confirm_once(flow, payer, progress)
    _ask(flow, shop, progress)
    _refund(flow, shop, progress, _REFUND_ADDRESS)


def _forumpay_underpayment(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> None:
    _quote(flow, shop, "1007", progress)
    with progress.step("the simulated payer sends too little"):
        payer.underpay(_id_at_provider(flow), "0.005")
    _ask(flow, shop, progress)
    worth = till.Money("32.32", "EUR")
    with progress.step(f"the shop accepts it for {worth}") as notes:
        _note(flow, shop.payments.accept(_id(flow), worth), notes)
    _confirm_once(flow, payer, progress)
    _ask(flow, shop, progress)


# Steps that several flows share


def _quote(flow: Flow, shop: till.Gateway, reference: str, progress: Progress) -> None:
    with progress.step("ask for a rate and start a payment at it") as notes:
        payment = shop.payments.create(till.Money("48.25", "EUR"), reference=reference, pay_currency="BTC")
        _note(flow, payment, notes, _coins(payment))


def _confirm_once(flow: Flow, payer: Control, progress: Progress) -> None:
    with progress.step("the network confirms"):
        payer.confirm(_id_at_provider(flow), 1)


def _ask(flow: Flow, shop: till.Gateway, progress: Progress) -> None:
    with progress.step("ask how it stands") as notes:
        _note(flow, shop.payments.get(_id(flow)), notes)


def _refund(flow: Flow, shop: till.Gateway, progress: Progress, address: str | None = None) -> None:
    """Gives the money back where the provider can, and says why where it cannot."""
    with progress.step("refund") as notes:
        try:
            refund = shop.refunds.create(_id(flow), address=address)
            flow.refund = f"{refund.amount} {refund.status}"
            notes.append(refund.status)
        except till.Unsupported as error:
            flow.refund, flow.refund_reason = "not offered", error.message
            notes.append("not offered")


def _note(flow: Flow, payment: till.Payment, notes: list[str], more: str | None = None) -> None:
    flow.payment = payment
    notes += [payment.status, *([more] if more else [])]


def _coins(payment: till.Payment) -> str | None:
    return f"{payment.pay_to.amount} {payment.pay_to.currency}" if payment.pay_to else None


def _id(flow: Flow) -> str:
    return _known(flow.payment.id if flow.payment else None)


def _id_at_provider(flow: Flow) -> str:
    return _known(flow.payment.provider_id if flow.payment else None)


def _known(text: str | None) -> str:
    if text is None:
        raise till.ProviderError("the payment came without an id")
    return text
