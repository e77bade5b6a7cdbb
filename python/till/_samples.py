"""Events as providers document them, for tools that play one: the fixtures of their plugins."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Sample:
    """One documented event: its name, and the request that tells of it.

    `payment` is what names the payment in it: the provider's id, or the shop's reference; None where it is
    about no payment.
    """

    event: str
    headers: dict[str, str]
    body: bytes
    source: str
    payment: str | None

    def about(self, payment: str) -> Sample:
        """The same event of another payment. `ValueError` where it is about none."""
        if self.payment is None:
            raise ValueError(f"the event {self.event!r} is about no payment")
        # JSON, or a form, has the id between these; in longer words it is not replaced.
        whole = re.compile(rb"(?<![\w-])" + re.escape(self.payment.encode()) + rb"(?![\w-])")
        return replace(self, body=whole.sub(payment.encode(), self.body), payment=payment)


def providers() -> list[str]:
    """The providers that have samples."""
    return sorted(path.name for path in _FOLDER.iterdir() if of(path.name)) if _FOLDER.is_dir() else []


def of(provider: str) -> dict[str, Sample]:
    """The samples of a provider, by the event's name. Of several the first that names a payment counts."""
    found: dict[str, tuple[bool, Sample]] = {}
    for path in sorted((_FOLDER / provider / "fixtures").glob("*.json")):
        fixture = json.loads(path.read_text("utf-8"))
        event = fixture.get("output", {}).get("event")
        if fixture["operation"] != "webhooks.receive" or not event:
            continue
        names_payment = bool(fixture["output"].get("payment"))
        if event not in found or names_payment > found[event][0]:
            found[event] = (names_payment, _sample(event, fixture))
    return {event: sample for event, (_, sample) in sorted(found.items())}


def _sample(event: str, fixture: dict[str, Any]) -> Sample:
    given = fixture["input"]
    text = given.get("text")
    body = text if text is not None else json.dumps(given["json"], separators=(",", ":"), ensure_ascii=False)
    # Placeholders of the documentation, such as "<string>", are no headers that anybody sends.
    headers = {name: value for name, value in given.get("headers", {}).items() if "<" not in value}
    named = fixture["output"].get("payment") or {}
    payment = named.get("id", named.get("reference"))
    return Sample(event, headers, body.encode(), fixture["source"], None if payment is None else str(payment))
