"""SignedEvents: webhooks as their senders would sign them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import till
from till import _samples
from till._names import nearest
from till.webhooks import Secret, SignedRequest

# Guards nothing: everybody has it.
_PUBLIC_SECRETS = {
    "whsec": "whsec_dGlsbC50ZXN0aW5nOiBub3QgYSBzZWNyZXQ=",
    "hex": "74696c6c2e74657374696e673a206e6f74206120736563726574",
    "base64": "dGlsbC50ZXN0aW5nOiBub3QgYSBzZWNyZXQ=",
}
_PLAIN_SECRET = "till.testing: not a secret"
_KEY_ID = "till-testing"


class SignedEvents:
    """Signs webhooks of any sender. `secret()` is what your shop is to be configured with."""

    def __call__(
        self,
        scheme: str | Mapping[str, Any],
        event: Mapping[str, Any] | bytes | str,
        secret: str | Secret | None = None,
        **options: Any,
    ) -> SignedRequest:
        """The request with the event, signed now; `options` are those of `till.webhooks.sign`.

        `event` is a JSON object, or the body itself. Without a `secret` it is signed with `secret(scheme)`.
        """
        body = event.encode() if isinstance(event, str) else event
        if isinstance(body, Mapping):
            body = json.dumps(body, separators=(",", ":")).encode()
        kind = "application/json" if body[:1] in (b"{", b"[") else "application/x-www-form-urlencoded"
        headers = {"content-type": kind, **dict(options.pop("headers", {}))}
        given = self._secret(scheme) if secret is None else secret
        return till.webhooks.sign(scheme, body, given, headers=headers, **options)

    def documented(
        self, provider: str, event: str, payment: till.Payment | str | None = None
    ) -> SignedRequest:
        """An event as the provider documents it, about your payment or the provider's id of one; not signed.

        A `ValueError` names the events that there are.
        """
        samples = _samples.of(provider)
        if event not in samples:
            raise ValueError(
                f"{provider} documents no event {event!r}; there are {', '.join(samples) or 'none'}"
            )
        sample = samples[event]
        if payment is not None:
            named = payment if isinstance(payment, str) else payment.provider_id
            if named is None:
                raise ValueError("the payment has no id at its provider yet")
            sample = sample.about(named)
        return SignedRequest(dict(sample.headers), sample.body, "")

    def secret(self, scheme: str | Mapping[str, Any]) -> str:
        """A secret of the scheme's form, always the same. `ValueError` where it would be a private key, and
        when there is no such scheme."""
        known = _scheme(scheme)
        algorithm = known.get("algorithm", "")
        if algorithm.startswith(("rsa", "ecdsa", "ed25519")):
            raise ValueError(
                f"{known['name']} signs with a private key: make a pair, and give it as `secret`"
            )
        return _PUBLIC_SECRETS.get(known.get("key", ""), _PLAIN_SECRET)

    def _secret(self, scheme: str | Mapping[str, Any]) -> Secret | None:
        if _scheme(scheme).get("verify") == "refetch":
            return None
        return Secret(self.secret(scheme), id=_KEY_ID)


def _scheme(scheme: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """`ValueError` when there is none of this name."""
    if not isinstance(scheme, str):
        return scheme
    known = till.webhooks.schemes()
    if scheme not in known:
        near = nearest(scheme, known)
        meant = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"no webhook scheme has the name {scheme[:60]!r}{meant}")
    return known[scheme]
