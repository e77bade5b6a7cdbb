"""BitPay's notifications to shops (IPN): which changes are told, in which form, signed or not.

Facts from BitPay's pages on invoice callbacks and webhooks and from its published verifiers; the RPC
documentation itself names only `sendNotification` and the account's `notificationURL`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from till.sandbox import wire
from till.sandbox.bitpay.invoices import Invoice

TOLD_BY_DEFAULT = ("paid", "confirmed", "complete")
"""Statuses a shop is told of unless it asked for full notifications."""

RETRY_SECONDS = (60, 240, 540, 960, 1500)
"""The pauses after failed attempts, as one of BitPay's pages has them; then it gives up."""

MANUAL, REFUNDED = "manual", "refunded"
"""What happened when it was no change of status."""

_EVENTS = {
    "paid": (1003, "invoice_paidInFull"),
    "expired": (1004, "invoice_expired"),
    "confirmed": (1005, "invoice_confirmed"),
    "complete": (1006, "invoice_completed"),
    MANUAL: (1012, "invoice_manuallyNotified"),
    "invalid": (1013, "invoice_failedToConfirm"),
    REFUNDED: (1016, "invoice_refundComplete"),
}
_FIELDS = (
    *("id", "url", "posData", "status", "btcPrice", "price", "currency", "invoiceTime", "expirationTime"),
    *("currentTime", "btcPaid", "btcDue", "rate", "exceptionStatus", "buyerFields"),
)


def event_name(happened: str) -> str:
    """The name of the event, for people too."""
    return _EVENTS[happened][1]


def body_of(invoice: Invoice, happened: str, origin: str, now_ms: int, *, extended: bool) -> bytes:
    """The compact JSON of a notification: the invoice's fields flat, or in an envelope with the event."""
    shown = {
        **invoice.shown(origin, now_ms, transactions=False),
        "posData": invoice.extras.get("posData", ""),
        "buyerFields": {},
    }
    flat: Mapping[str, object] = {name: shown[name] for name in _FIELDS}
    if not extended:
        return wire.write(flat).encode()
    code, name = _EVENTS[happened]
    return wire.write({"event": {"code": code, "name": name}, "data": flat}).encode()


def signature(token: str, body: bytes) -> str:
    """The `x-signature` of the variant that signs: HMAC-SHA256 under the API token, in base64."""
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()
