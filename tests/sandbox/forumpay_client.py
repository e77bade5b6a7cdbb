"""A caller of ForumPay's API, written from its description."""

from __future__ import annotations

from typing import Any

import httpx

INVOICE = {"pos_id": "POS1", "invoice_currency": "EUR", "invoice_amount": "48.25"}


class ForumPayClient:
    """Sends one action at a time."""

    def __init__(self, http: httpx.Client, base_url: str, username: str, api_key: str) -> None:
        self.http, self.base_url = http, base_url
        self.auth = (username, api_key)

    def get(self, action: str, **params: Any) -> httpx.Response:
        return self.http.get(f"{self.base_url}/{action}/", params=params, auth=self.auth)

    def post(self, action: str, **fields: str) -> httpx.Response:
        form = {name: (None, value) for name, value in fields.items()}
        return self.http.post(f"{self.base_url}/{action}/", files=form, auth=self.auth)

    def data(self, action: str, **params: Any) -> Any:
        response = self.get(action, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def refusal(self, action: str, **params: Any) -> str:
        """The text of a 400."""
        response = self.get(action, **params)
        assert response.status_code == 400, response.text
        return str(response.json()["err"])

    def start(self, currency: str = "BTC", **more: str) -> dict[str, Any]:
        """A quote, started."""
        terms = {**INVOICE, "currency": currency}
        quote = self.data("GetRate", **terms)
        started: dict[str, Any] = self.data("StartPayment", **terms, payment_id=quote["payment_id"], **more)
        return started

    def place(self, payment: dict[str, Any]) -> dict[str, str]:
        """What every later action wants."""
        ids = {name: str(payment[name]) for name in ("currency", "payment_id", "address")}
        return {"pos_id": "POS1", **ids}

    def check(self, payment: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.data("CheckPayment", **self.place(payment))
        return found
