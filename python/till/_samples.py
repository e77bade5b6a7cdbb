"""Events as providers document them, for tools that play one: the fixtures of their plugins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from till._errors import PluginError
from till._plugin_fixtures import fixtures_of
from till._runtime import Runtime


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
    """The providers on the plugin path that have samples."""
    runtime = Runtime(store="memory")
    found = []
    for provider in runtime.providers():
        with suppress(PluginError):
            found += [provider] if _samples(fixtures_of(runtime, provider)) else []
    return found


def of(provider: str) -> dict[str, Sample]:
    """The samples of a provider on the plugin path, in the version that serves, by the event's name.

    Of several the first that names a payment counts. `PluginError` when the plugin cannot be loaded.
    """
    runtime = Runtime(store="memory")
    return _samples(fixtures_of(runtime, provider)) if provider in runtime.providers() else {}


def absence(provider: str) -> str | None:
    """Why this provider sends no webhooks, as its manifest says; None where it does, or is not there."""
    runtime = Runtime(store="memory")
    if provider not in runtime.providers():
        return None
    reason: str | None = runtime.describe(provider).get("absent", {}).get("webhooks.receive")
    return reason


def _samples(fixtures: Iterable[dict[str, Any]]) -> dict[str, Sample]:
    found: dict[str, tuple[bool, Sample]] = {}
    for fixture in fixtures:
        sample = _sample(fixture)
        if sample is None:
            continue
        names_payment = sample.payment is not None
        if sample.event not in found or names_payment > found[sample.event][0]:
            found[sample.event] = (names_payment, sample)
    return {event: sample for event, (_, sample) in sorted(found.items())}


def _sample(fixture: dict[str, Any]) -> Sample | None:
    """What the fixture sends; None where it is another operation or a refusal, or has the wrong members."""
    given, output = fixture.get("input"), fixture.get("output")
    if fixture.get("operation") != "webhooks.receive" or not (
        isinstance(given, dict) and isinstance(output, dict)
    ):
        return None
    event, request = output.get("event"), _request(given)
    if not isinstance(event, str) or request is None:
        return None
    named = output.get("payment") or {}
    payment = named.get("id", named.get("reference")) if isinstance(named, dict) else None
    source = str(fixture.get("source", ""))
    return Sample(event, *request, source, None if payment is None else str(payment))


def _request(given: dict[str, Any]) -> tuple[dict[str, str], bytes] | None:
    """Headers and body of the request that a fixture's input stands for."""
    text, kind = given.get("text"), "application/json"
    if isinstance(given.get("form"), dict):
        text, kind = text or urlencode(given["form"]), "application/x-www-form-urlencoded"
    elif text is None and "json" in given:
        text = json.dumps(given["json"], separators=(",", ":"), ensure_ascii=False)
    if not isinstance(text, str):
        return None
    # Placeholders of the documentation, such as "<string>", are no headers that anybody sends.
    headers = {name: value for name, value in dict(given.get("headers", {})).items() if "<" not in value}
    if not any(name.lower() == "content-type" for name in headers):
        headers["content-type"] = kind
    return headers, text.encode()
