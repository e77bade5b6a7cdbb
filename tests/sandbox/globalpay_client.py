"""A caller of GlobalPay's API, written from its documentation."""

from __future__ import annotations

import json
from typing import Any

import httpx


class GlobalPayClient:
    """A merchant's calls, with bodies as text where their form matters."""

    def __init__(self, http: httpx.Client, base_url: str, api_key: str) -> None:
        self.http, self.base_url = http, base_url
        self.headers = {"authorization": f"Bearer {api_key}"}

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(self.base_url + path, headers=self.headers, params=query)

    def post(self, path: str, body: dict[str, Any] | str, key: str | None = None) -> httpx.Response:
        raw = body if isinstance(body, str) else json.dumps(body)
        headers = {**self.headers, "content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        return self.http.post(self.base_url + path, content=raw.encode(), headers=headers)

    def invoice(self, **changes: Any) -> dict[str, Any]:
        """A new invoice."""
        body = {"customerId": "customer-1042", "amount": 10000, "currency": "BTN", **changes}
        reply = self.post("/api/invoices", body)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made
