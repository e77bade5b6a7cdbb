"""Webhooks: what the service sends is a hint and nothing else, whoever sends it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import till
from till.conformance.bench import Bench, Reply
from till.conformance.case import Case, must
from till.conformance.scenario import Flow
from till.conformance.subject import Subject

_NO_WEBHOOKS = [b"", b"7", b"[]", b"null", b'{"event": ', b"\xff\xfe", b"<html></html>", b"[" * 5000]


def cases(subject: Subject) -> Iterator[Case]:
    """For providers that have webhooks: of a true one, of a false one, of a stranger's, and noise."""
    if "webhooks.receive" in subject.manifest["capabilities"]:
        for item, run in (
            ("a webhook that was sent makes the payment known", _tells),
            ("a lie about a payment changes nothing", _lies),
            ("a payment that the store does not know is not asked about", _of_a_stranger),
        ):
            yield Case(subject.provider, "webhook", item, run)
        for body in _NO_WEBHOOKS:
            run = partial(_is_noise, body)
            yield Case(
                subject.provider, "webhook", f"{str(body[:20])[2:-1] or 'nothing'} is about nothing", run
            )


def _tells(bench: Bench) -> None:
    flow = _paid(bench)
    result = bench.call("webhooks.receive", flow.delivered())
    must(result["trust"] == "refetched", f"trust is {result['trust']}")
    must(result["payment"]["id"] == flow.payment["id"], "it is taken for one about another payment")
    must(result["payment"]["status"] == "paid", f"the payment is {result['payment']['status']}")
    must(result["http_status"] == 200, f"the service is answered {result['http_status']}")
    again = bench.call("webhooks.receive", flow.delivered())
    must(not again["changed"], "the same webhook changes something twice")


def _lies(bench: Bench) -> None:
    """The webhook says paid, the service when it is asked does not."""
    replies: list[Reply] = []
    flow = _paid(bench, replies)
    played = iter(replies)
    result = bench.stepped("webhooks.receive", flow.delivered(), lambda at, request: next(played))
    must(result["payment"]["status"] != "paid", "the payment is paid because somebody said so")


def _of_a_stranger(bench: Bench) -> None:
    message = _paid(bench).delivered()
    seen = len(bench.requests())
    result = bench.call("webhooks.receive", message, bench.gateway(label="another-account"))
    must(result["reason"] == "unknown_payment", f"the reason is {result['reason']}")
    must(len(bench.requests()) == seen, "the service is asked")


def _is_noise(body: bytes, bench: Bench) -> None:
    message: dict[str, Any] = {"headers": {"content-type": "application/json"}}
    try:
        message["body"] = body.decode()
    except UnicodeDecodeError:
        message["body_base64"] = "//4="
    try:
        result = bench.call("webhooks.receive", message)
    except till.WebhookRejected as error:
        must(error.reason, "it is rejected without a reason")
    else:
        must(result["reason"] == "no_payment", f"it is taken for {result['event']} of a payment")
    must(not bench.requests(), "the service is asked")


def _paid(bench: Bench, unpaid: list[Reply] | None = None) -> Flow:
    """A paid payment about which webhooks were sent; `unpaid` takes what the service said of it before."""
    flow = Flow(bench)
    bench.control.webhook_url(bench.receiver.url)
    flow.run([{"call": "payments.create"}])
    if unpaid is not None:
        unpaid += bench.recorded("payments.get", {"id": flow.payment["id"]})[1]
    return flow.run(bench.book.paid)
