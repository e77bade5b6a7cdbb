"""Scenarios: flows of calls and of what payers and networks do, written as data.

A step is one of

- `{"call": "payments.get", "with": {...}}` calls an operation or a native call (`native.getRates`). `gives`
  is what the result must hold, or `fails` the class of the error that must come; `settings` replace some of
  the account's for this call.
- `{"sandbox": "pay", "with": {...}}` does something behind the shop's back: a method of
  `till.sandbox.Control`. A `payment_id` that is not given is that of the last payment made.

`"call": "payments.watch"` follows a payment to its end; each time it is told of, the next step of `meanwhile`
is taken. Its result is `{"statuses": [...]}`.

`"delivered": "order.paid"` gives a webhook of that event as it really came to the shop; a step before,
`{"sandbox": "webhook_url", "with": {"url": "${shop.webhook_url}"}}`, says where to send them.

`as` names a result. `"${payment.provider_id}"` stands for a member of one, inside longer text too; the last
payment made is `payment`. In `gives`, `"*"` stands for anything but null, and each item of a list must be
found in the result's list.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

import till
from till.conformance.bench import Bench
from till.conformance.book import Step
from till.conformance.case import Problem

_REFERENCE = re.compile(r"\$\{([^}]*)\}")


class Flow:
    """A scenario under way. `named` holds the results so far, `seen` everything that came back."""

    def __init__(self, bench: Bench) -> None:
        self.named: dict[str, Any] = {"shop": {"webhook_url": bench.receiver.url}}
        self.seen: list[Any] = []
        self._bench = bench

    def run(self, steps: Sequence[Step]) -> Flow:
        """Takes the steps; `Problem` at the first that goes otherwise than it says."""
        for at, step in enumerate(steps, 1):
            try:
                self._take(step)
            except Problem as problem:
                raise Problem(f"step {at}, {step.get('call') or step.get('sandbox')}: {problem}") from None
        return self

    def delivered(self, event: str = "") -> dict[str, Any]:
        """The last webhook of that event, or the last of all, as it came to the shop."""
        sent = self._bench.control.webhooks()
        found = [at for at, webhook in enumerate(sent) if event in ("", webhook["event"])]
        if not found or len(sent) != len(self._bench.receiver.messages):
            raise Problem(f"no webhook {event} came; sent were {[webhook['event'] for webhook in sent]}")
        headers, body = self._bench.receiver.messages[found[-1]]
        return {"headers": [list(pair) for pair in headers], "body": body.decode()}

    @property
    def payment(self) -> dict[str, Any]:
        """The last payment made."""
        payment: dict[str, Any] = self.named["payment"]
        return payment

    def filled(self, value: Any) -> Any:
        """The value with references replaced by what they stand for."""
        if isinstance(value, str) and (whole := _REFERENCE.fullmatch(value)):
            return self._named(whole[1])
        if isinstance(value, str):
            return _REFERENCE.sub(lambda found: str(self._named(found[1])), value)
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if isinstance(value, dict):
            return {name: self.filled(item) for name, item in value.items()}
        return value

    def _take(self, step: Step) -> None:
        arguments = self.filled(step.get("with", {}))
        if "delivered" in step:
            arguments = self.delivered(step["delivered"])
        result = self._sandbox(step, arguments) if "sandbox" in step else self._call(step, arguments)
        if "as" in step:
            self.named[step["as"]] = result

    def _call(self, step: Step, arguments: dict[str, Any]) -> Any:
        try:
            gateway = self._bench.gateway(self.filled(step["settings"])) if "settings" in step else None
            if step["call"] == "payments.watch":
                result = self._watch(arguments, step.get("meanwhile", []))
            else:
                result = self._bench.call(step["call"], arguments, gateway)
        except till.TillError as error:
            self.seen.append(error)
            if type(error).__name__ == step.get("fails"):
                return None
            raise Problem(f"{type(error).__name__} ({error.code}): {error}") from error
        self.seen.append((step["call"], result))
        if "fails" in step:
            raise Problem(f"came through, where {step['fails']} was due")
        if step["call"] == "payments.create":
            self.named["payment"] = result
        gap = difference(self.filled(step["gives"]), result) if "gives" in step else None
        if gap is not None:
            raise Problem(gap)
        return result

    def _watch(self, arguments: dict[str, Any], meanwhile: Sequence[Step]) -> Any:
        steps, statuses = iter(meanwhile), []
        for payment in self._bench.watch(arguments["id"]):
            statuses.append(payment.status)
            if (step := next(steps, None)) is not None:
                self._take(step)
        return {"statuses": statuses}

    def _sandbox(self, step: Step, arguments: dict[str, Any]) -> Any:
        method = getattr(self._bench.control, step["sandbox"])
        if "payment_id" in inspect.signature(method).parameters and "payment_id" not in arguments:
            arguments["payment_id"] = self.payment["provider_id"]
        result = method(**arguments)
        self.seen.append(result)
        return result

    def _named(self, path: str) -> Any:
        value: Any = self.named
        for name in path.split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
        return value


def difference(wanted: Any, found: Any, place: str = "$") -> str | None:
    """Where the result lacks what is wanted; None when it has all of it."""
    if wanted == "*":
        return f"{place} is null or missing" if found is None else None
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return f"{place} is no object"
        gaps = (difference(item, found.get(name), f"{place}.{name}") for name, item in wanted.items())
        return next((gap for gap in gaps if gap is not None), None)
    if isinstance(wanted, list):
        if not isinstance(found, list):
            return f"{place} is no list"
        lacking = [item for item in wanted if all(difference(item, one) is not None for one in found)]
        return f"{place} has no item like {lacking[0]!r}" if lacking else None
    return None if wanted == found else f"{place} is {found!r} instead of {wanted!r}"
