"""A caller of OpenPay's API, written from its documentation."""

from __future__ import annotations

import json
from typing import Any

import httpx


class OpenPayClient:
    """A merchant's calls, with bodies as text where decimals matter."""

    def __init__(self, http: httpx.Client, base_url: str, api_key: str) -> None:
        self.http, self.base_url = http, base_url
        self.headers = {"x-api-key": api_key}

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(self.base_url + path, headers=self.headers, params=query)

    def post(self, path: str, body: dict[str, Any] | str) -> httpx.Response:
        raw = body if isinstance(body, str) else json.dumps(body)
        headers = {**self.headers, "content-type": "application/json"}
        return self.http.post(self.base_url + path, content=raw.encode(), headers=headers)
