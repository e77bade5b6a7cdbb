"""A caller of BitPay's RPC API, written from its documentation with the `cryptography` package."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Identity:
    """A secp256k1 key that signs requests."""

    def __init__(self, private_key: str) -> None:
        self._key = ec.derive_private_key(int(private_key, 16), ec.SECP256K1())

    @property
    def public_key(self) -> str:
        raw = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
        )
        return raw.hex()

    def sign(self, text: bytes) -> str:
        return self._key.sign(text, ec.ECDSA(hashes.SHA256())).hex()


class BitPayClient:
    """Builds, signs and sends one request at a time."""

    def __init__(self, http: httpx.Client, base_url: str) -> None:
        self.http, self.base_url = http, base_url

    def post(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        identity: Identity | None = None,
        nonce: int | None = None,
        envelope: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        url = self.base_url + "/api" + (f"/{token}" if token else "")
        body: dict[str, Any] = {"method": method, "params": json.dumps(params or {})}
        if identity is not None:
            body["nonce"] = nonce
        raw = json.dumps({**body, **(envelope or {})}, separators=(",", ":")).encode()
        sent = {
            "Cache-Control": "no-cache",
            "Content-Type": "application/json",
            "X-Accept-Version": "2.0.0",
        }
        if identity is not None:
            parts = urlsplit(url)
            text = f"https://{parts.netloc}{parts.path}".encode() + raw
            sent |= {"X-Identity": identity.public_key, "X-Signature": identity.sign(text)}
        return self.http.post(url, content=raw, headers={**sent, **(headers or {})})

    def data(self, method: str, params: dict[str, Any] | None = None, **options: Any) -> Any:
        response = self.post(method, params, **options)
        assert response.status_code == 200, response.text
        return response.json()["data"]
