"""A caller of BitGPT's API, written from its documentation."""

from __future__ import annotations

import json
from typing import Any

import httpx

ENVELOPE = ["status", "data", "error", "log", "validator", "support_id", "message", "env"]
"""The documented members of every answer."""

INTENT: dict[str, Any] = {
    "items": [{"type": "PAYMENT_INTENT", "currency": "GBP", "price": "10"}],
    "customer_email": "ada@customer.example",
}
"""The documented recipe for one amount."""


class BitGptClient:
    """A merchant's calls, with bodies as text where their form matters."""

    def __init__(self, http: httpx.Client, base_url: str, api_key: str) -> None:
        self.http, self.base_url, self.api_key = http, base_url, api_key

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(self.base_url + path, headers={"authorization": self.api_key, **headers})

    def post(self, path: str, body: dict[str, Any] | str, **headers: str) -> httpx.Response:
        raw = body if isinstance(body, str) else json.dumps(body)
        known = {"authorization": self.api_key, "content-type": "application/json"}
        sent = {**known, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.http.post(self.base_url + path, content=raw.encode(), headers=sent)

    def data(self, path: str, body: dict[str, Any] | str) -> Any:
        """The data of an answer that says yes."""
        reply = self.post(path, body)
        assert reply.status_code in (200, 201), reply.text
        assert list(reply.json()) == ENVELOPE
        return reply.json()["data"]

    def refused(self, path: str, body: dict[str, Any] | str, status: int = 400) -> dict[str, Any]:
        """The envelope of an answer that says no."""
        reply = self.post(path, body)
        envelope: dict[str, Any] = reply.json()
        assert (reply.status_code, envelope["status"], list(envelope)) == (status, status, ENVELOPE), (
            reply.text
        )
        assert envelope["error"]
        assert envelope["data"] is None
        assert envelope["support_id"].startswith("support_")
        return envelope

    def invoice(self, price: str = "10", currency: str = "GBP", **changes: Any) -> dict[str, Any]:
        """A new invoice over one amount."""
        items = [{"type": "PAYMENT_INTENT", "currency": currency, "price": price}]
        made: dict[str, Any] = self.data("/invoices", {**INTENT, "items": items, **changes})
        return made
