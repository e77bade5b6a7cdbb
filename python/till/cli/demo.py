"""`till demo`: every provider of the sandbox, from a new payment to a paid one."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import till
from till import _payments
from till.cli._demo_flows import Flow, all_flows
from till.cli._output import (
    FAILED,
    OK,
    Failure,
    Progress,
    milliseconds,
    print_json,
    table,
)
from till.cli._told import told

if TYPE_CHECKING:
    from till.sandbox import Sandbox


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
    flows, begin = all_flows(), time.perf_counter()
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
        print(_summary(flows, time.perf_counter() - begin))
    return OK if all(map(_is_paid, flows)) else FAILED


def _run(flow: Flow, sandbox: Sandbox, runtime: till.Runtime, progress: Progress) -> None:
    place = sandbox.providers[flow.provider]
    flow.title = place.title
    progress.title(f"{flow.title}: {flow.way}")
    begin, first_step = time.perf_counter(), len(progress.steps)
    try:
        gateway = till.Gateway(
            flow.provider, place.settings, mode=place.mode, base_url=place.base_url, runtime=runtime
        )
        try:
            flow.run(flow, gateway, sandbox.control(flow.provider), progress)
        finally:
            if flow.payment:
                (flow.stored,) = told(gateway, _payments.stored(flow.payment.id))["items"]
    except till.TillError as error:
        flow.problem = f"{type(error).__name__}: {error}"
    flow.seconds, flow.steps = time.perf_counter() - begin, progress.steps[first_step:]


def _is_paid(flow: Flow) -> bool:
    return flow.payment is not None and flow.payment.status == "paid" and flow.problem is None


def _summary(flows: list[Flow], seconds: float) -> str:
    head = ["Provider", "Payment", "Amount", "Status", "Refund", "Steps", "Time"]
    rows = [
        [
            flow.title,
            flow.way,
            str(flow.payment.amount if flow.payment else "-"),
            flow.payment.status if flow.payment and not flow.problem else "failed",
            flow.refund,
            str(len(flow.steps)),
            milliseconds(flow.seconds),
        ]
        for flow in flows
    ]
    reasons = dict.fromkeys(flow.refund_reason for flow in flows if flow.refund_reason)
    problems = [f"{flow.title}, {flow.way}: {flow.problem}" for flow in flows if flow.problem]
    paid = f"{sum(map(_is_paid, flows))} of {len(flows)} payments paid in {milliseconds(seconds)}"
    notes = [*reasons, *problems, f"{paid}. No real money moved."]
    return "\n" + table(head, rows, right=["Amount", "Steps", "Time"]) + "\n\n" + "\n".join(map(str, notes))


def _flow_json(flow: Flow) -> dict[str, Any]:
    return {
        "provider": flow.provider,
        "way": flow.way,
        "paid": _is_paid(flow),
        "payment": flow.stored,
        "refund": flow.refund,
        "refund_reason": flow.refund_reason,
        "problem": flow.problem,
        "milliseconds": round(flow.seconds * 1000, 1),
        "steps": [
            {"step": step.text, "notes": list(step.notes), "milliseconds": round(step.seconds * 1000, 1)}
            for step in flow.steps
        ],
    }
