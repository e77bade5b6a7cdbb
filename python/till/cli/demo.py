"""`till demo`: every provider of the sandbox, from a new payment to a paid one."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import till
from till.cli._output import (
    FAILED,
    OK,
    Failure,
    Progress,
    Step,
    milliseconds,
    payment_json,
    print_json,
    table,
)

if TYPE_CHECKING:
    from till.sandbox import Control, Sandbox

_CARD = "4111111111111111"
_REFUND_ADDRESS = "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"  # of the test network: no real coins go there


@dataclass
class Flow:
    """One way to take a payment, and what came of it."""

    provider: str
    way: str
    run: Callable[[Flow, till.Gateway, Control, Progress], till.Payment]
    payment: till.Payment | None = None
    refund: str = "none"
    refund_reason: str | None = None
    problem: str | None = None
    seconds: float = 0.0
    steps: list[Step] = field(default_factory=list)


def add(commands: Any) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser("demo", help="take a payment through every provider, in the sandbox")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    try:
        from till.sandbox import Sandbox
    except ModuleNotFoundError as error:
        raise Failure(f"the sandbox needs {error.name}: pip install 'till[sandbox]'") from None

    progress = Progress(quiet=options.quiet)
    flows = [
        Flow("bitpay", "invoice, paid in bitcoin", _bitpay_invoice),
        Flow("openpay", "card, verified", _openpay_card),
        Flow("openpay", "payment link", _openpay_link),
    ]
    with tempfile.TemporaryDirectory(prefix="till-demo-") as folder:
        progress.title("Sandbox")
        with progress.step("start local simulators over TLS"):
            sandbox = Sandbox().start()
        with sandbox:
            runtime = till.Runtime(store=Path(folder) / "till.sqlite3", ca_file=sandbox.ca_file)
            for flow in flows:
                _run(flow, sandbox, runtime, progress)
    if options.json:
        print_json({"paid": all(map(_is_paid, flows)), "payments": [_flow_json(flow) for flow in flows]})
    else:
        print(_summary(flows))
    return OK if all(map(_is_paid, flows)) else FAILED


def _run(flow: Flow, sandbox: Sandbox, runtime: till.Runtime, progress: Progress) -> None:
    place = sandbox.providers[flow.provider]
    progress.title(f"{_name(flow.provider)}: {flow.way}")
    begin, first_step = time.perf_counter(), len(progress.steps)
    try:
        gateway = till.Gateway(
            flow.provider, place.settings, mode="test", base_url=place.base_url, runtime=runtime
        )
        flow.payment = flow.run(flow, gateway, sandbox.control(flow.provider), progress)
    except till.TillError as error:
        flow.problem = f"{type(error).__name__}: {error}"
    flow.seconds, flow.steps = time.perf_counter() - begin, progress.steps[first_step:]


def _openpay_link(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> till.Payment:
    with progress.step("create a payment link") as notes:
        payment = shop.payments.create(
            till.Money("75.50", "BZD"), reference="1002", return_url="https://shop.example/thanks"
        )
        notes += [payment.status, payment.checkout_url or ""]
    with progress.step("the simulated payer pays"):
        payer.pay(_of(payment.provider_id))
    return _refunded(flow, shop, _asked(shop, payment, progress), progress)


def _openpay_card(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> till.Payment:
    price = till.Money("150.00", "BZD")
    with till.Card(_CARD, 12, 2030, cvv="123", holder_name="Ana Cal") as card:
        with progress.step(f"charge a new card, **** {card.last4}") as notes:
            first = shop.payments.create(price, reference="1001", card=card)
            notes.append(first.status)
        with progress.step("its owner reads the small charge on the bank statement") as notes:
            statement = payer.statement(_CARD)
            if statement is None:
                raise till.ProviderError("no verification charge was made")
            seen = till.Money(statement["amount"], statement["currency"])
            notes.append(str(seen))
        with progress.step("confirm that amount") as notes:
            notes.append(shop.cards.confirm(card, seen).status)
        with progress.step("charge the card again") as notes:
            payment = shop.payments.create(price, reference="1001", card=card)
            notes.append(payment.status)
    return _refunded(flow, shop, payment, progress)


def _bitpay_invoice(flow: Flow, shop: till.Gateway, payer: Control, progress: Progress) -> till.Payment:
    with progress.step("create an invoice, signed with the shop's key") as notes:
        payment = shop.payments.create(till.Money("25.00", "USD"), reference="1003")
        notes.append(payment.status)
        if payment.pay_to:
            notes.append(f"{payment.pay_to.amount} {payment.pay_to.currency}")
    invoice = _of(payment.provider_id)
    with progress.step("the simulated payer sends the coins"):
        payer.pay(invoice)
    payment = _asked(shop, payment, progress)
    with progress.step("the network confirms six times"):
        payer.confirm(invoice, 6)
    return _refunded(flow, shop, _asked(shop, payment, progress), progress)


def _asked(shop: till.Gateway, payment: till.Payment, progress: Progress) -> till.Payment:
    with progress.step("ask how it stands") as notes:
        payment = shop.payments.get(payment.id)
        notes.append(payment.status)
    return payment


def _refunded(flow: Flow, shop: till.Gateway, payment: till.Payment, progress: Progress) -> till.Payment:
    """Gives the money back where the provider can, and says why where it cannot."""
    address = _REFUND_ADDRESS if flow.provider == "bitpay" else None
    with progress.step("refund") as notes:
        try:
            refund = shop.refunds.create(_of(payment.id), address=address)
            flow.refund = f"{refund.amount} {refund.status}"
            notes.append(refund.status)
        except till.Unsupported as error:
            flow.refund, flow.refund_reason = "not offered", error.message
            notes.append("not offered")
    return payment


def _of(text: str | None) -> str:
    if text is None:
        raise till.ProviderError("the payment came without an id")
    return text


def _is_paid(flow: Flow) -> bool:
    return flow.payment is not None and flow.payment.status == "paid" and flow.problem is None


def _name(provider: str) -> str:
    return {"bitpay": "BitPay", "openpay": "OpenPay"}.get(provider, provider)


def _summary(flows: list[Flow]) -> str:
    head = ["Provider", "Payment", "Amount", "Status", "Refund", "Steps", "Time"]
    rows = [
        [
            _name(flow.provider),
            flow.way,
            str(flow.payment.amount if flow.payment else "-"),
            flow.payment.status if flow.payment else "failed",
            flow.refund,
            str(len(flow.steps)),
            milliseconds(flow.seconds),
        ]
        for flow in flows
    ]
    reasons = dict.fromkeys(flow.refund_reason for flow in flows if flow.refund_reason)
    problems = [f"{_name(flow.provider)}, {flow.way}: {flow.problem}" for flow in flows if flow.problem]
    paid = sum(map(_is_paid, flows))
    notes = [*reasons, *problems, f"{paid} of {len(flows)} payments paid. No real money moved."]
    return "\n" + table(head, rows, right=["Amount", "Steps", "Time"]) + "\n\n" + "\n".join(map(str, notes))


def _flow_json(flow: Flow) -> dict[str, Any]:
    return {
        "provider": flow.provider,
        "way": flow.way,
        "paid": _is_paid(flow),
        "payment": payment_json(flow.payment) if flow.payment else None,
        "refund": flow.refund,
        "refund_reason": flow.refund_reason,
        "problem": flow.problem,
        "milliseconds": round(flow.seconds * 1000, 1),
        "steps": [
            {"step": step.text, "notes": list(step.notes), "milliseconds": round(step.seconds * 1000, 1)}
            for step in flow.steps
        ],
    }
