"""BitPay's one endpoint: the envelope, the headers, who is asking, and which method may answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from till.sandbox import wire
from till.sandbox.bitpay.identity import BadKey, read_public_key, sin_of, verifies
from till.sandbox.bitpay.methods import METHODS, Caller, RpcError
from till.sandbox.call import Answer, Call
from till.sandbox.fields import FieldError

if TYPE_CHECKING:
    from till.sandbox.bitpay import BitPay

_PATH = re.compile(r"/api(?:/([1-9A-HJ-NP-Za-km-z]+))?", re.ASCII)
_ENVELOPE = {"method", "params", "nonce"}


@dataclass(frozen=True)
class Envelope:
    """A request's body, taken apart."""

    method: str
    params: Mapping[str, object]
    nonce: int | None


class Api:
    """Answers `POST /api` and `POST /api/{token}`."""

    def __init__(self, merchant: BitPay) -> None:
        self._merchant = merchant
        self._nonces: dict[str, int] = {}
        self._used_nonces: set[tuple[str, int]] = set()

    def answer(self, call: Call) -> Answer:
        """The reply to any request below `/api`."""
        try:
            return Answer(200, {"data": self._result(call)})
        except RpcError as error:
            status = error.status
            message = str(error)
        except FieldError as error:
            status, message = 400, str(error)
        if self._merchant.options["errors_with_status_200"]:
            status = 200
        return Answer(status, {"error": message})

    def forget(self) -> None:
        """Drops remembered nonces."""
        self._nonces.clear()
        self._used_nonces.clear()

    def _result(self, call: Call) -> object:
        found = _PATH.fullmatch(call.path)
        if found is None or call.method != "POST":
            raise RpcError("Not found", 404)
        _check_headers(call)
        sin = _identity(call)
        envelope = _envelope(call.body)
        caller = self._caller(found.group(1), sin)
        self._check_nonce(sin, envelope.nonce)
        method = METHODS.get((caller.facade, envelope.method))
        if method is None:
            raise RpcError(f"No method {envelope.method[:40]} on facade {caller.facade}", 404)
        return method(self._merchant, caller, envelope.params)

    def _caller(self, token_value: str | None, sin: str) -> Caller:
        if token_value is None:
            return Caller("public", sin, None)
        token = self._merchant.tokens.find(token_value)
        if token is None:
            raise RpcError("Invalid token", 401)
        if token.sins and sin not in token.sins:
            raise RpcError("Unauthorized sin", 401)
        if not token.active:
            raise RpcError("This token is not approved yet", 401)
        return Caller(token.facade, sin, token)

    def _check_nonce(self, sin: str, nonce: int | None) -> None:
        """A number may be used once by each identity (the sandbox's own choice; null is allowed)."""
        rule = self._merchant.options["nonce"]
        if not sin or nonce is None or rule == "ignored":
            return
        repeated = (sin, nonce) in self._used_nonces
        if repeated or (rule == "increasing" and nonce <= self._nonces.get(sin, -1)):
            raise RpcError("Invalid nonce", 400)
        self._nonces[sin] = nonce
        self._used_nonces.add((sin, nonce))


def _check_headers(call: Call) -> None:
    if call.media_type != "application/json":
        raise RpcError("Content-Type must be application/json", 400)
    if call.headers.get("x-accept-version") != "2.0.0":
        raise RpcError("X-Accept-Version must be 2.0.0", 400)


def _identity(call: Call) -> str:
    """The SIN that signed this request, or an empty string for an unsigned one."""
    identity, signature = call.headers.get("x-identity"), call.headers.get("x-signature")
    if identity is None and signature is None:
        return ""
    if identity is None or signature is None:
        raise RpcError("X-Identity and X-Signature come together", 400)
    try:
        raw, key = read_public_key(identity)
    except BadKey:
        raise RpcError("Bad public key from identity", 400) from None
    # As BitPay's bitauth rebuilds it: scheme, Host header, target, then the bytes of the body.
    signed = f"https://{call.headers.get('host', '')}{call.target}".encode("latin-1") + call.body
    if not verifies(key, signature, signed):
        raise RpcError("Invalid signature", 400)
    return sin_of(raw)


def _envelope(body: bytes) -> Envelope:
    if len(body) > wire.MAX_BODY_BYTES:
        raise RpcError("Request body is too large", 400)
    outer = _object(body, "Request body")
    unknown = set(outer) - _ENVELOPE
    if unknown:
        raise RpcError(f"Unknown field: {min(unknown)[:60]}", 400)
    method, params, nonce = outer.get("method"), outer.get("params"), outer.get("nonce")
    if not isinstance(method, str) or not method:
        raise RpcError("method must be a string", 400)
    if not isinstance(params, str):
        raise RpcError("params must be a string of JSON", 400)
    if isinstance(nonce, bool) or not isinstance(nonce, (int, type(None))):
        raise RpcError("nonce must be a whole number or null", 400)
    return Envelope(method, _object(params, "params"), nonce)


def _object(raw: bytes | str, what: str) -> dict[str, object]:
    try:
        value = wire.read(raw)
    except wire.WireError:
        raise RpcError(f"{what} is not valid JSON", 400) from None
    if not isinstance(value, dict):
        raise RpcError(f"{what} must be a JSON object", 400)
    return value
