"""till: an embeddable payment runtime for shops.

>>> shop = till.Gateway("openpay", {"api_key": api_key}, mode="test", base_url=base_url, ca_file=ca_file)
>>> payment = shop.payments.create(till.Money("150.00", "BZD"), reference="1234")
>>> payment.status, str(payment.amount)
('pending', '150.00 BZD')

Every example runs at a `till.sandbox.Sandbox` named `sandbox`, where `sandbox.control("openpay")` plays the
payer. `shop` and `bitpay` are gateways there, `async_shop` an awaited one, `payment` is one of the shop's;
`api_key`, `base_url`, `ca_file` and `bitpay_place` are what they are opened with, `http` is an HTTP client.

Everything here loads on first use, so that `import till` costs next to nothing and `till.sandbox` works
without the compiled core.
"""

TYPE_CHECKING = False  # importing `typing` for its constant would cost more than all the rest

if TYPE_CHECKING:
    from till import webhooks as webhooks
    from till._card import Card
    from till._cards import CardVerification
    from till._errors import (
        AuthenticationError,
        Blocked,
        ConfigurationError,
        Conflict,
        InvalidRequest,
        NotFound,
        OutcomeUnknown,
        PermissionDenied,
        PluginError,
        ProviderError,
        RateLimited,
        TillError,
        TransportError,
        Unsupported,
        WebhookRejected,
    )
    from till._events import Event, EventState
    from till._exchange import Exchange, Request
    from till._gateway import AsyncGateway, Check, Gateway
    from till._handling import Handled
    from till._identity import Identity
    from till._ledgers import Ledger, LedgerEntry
    from till._money import Money
    from till._page import Page
    from till._payments import Decline, Payment, PaymentStatus, PayTo
    from till._rates import Currency, Rate
    from till._reconcile import Reconciler, ReconcileReport, UnknownWrite
    from till._refunds import Refund
    from till._runtime import PluginChange, Runtime
    from till._store import OpenCounts, Pruned, Store, StoreInfo
    from till._tokens import Token
    from till._watch import AsyncPaymentWatch, PaymentWatch
    from till._webhooks import WebhookRefusals, WebhookResult

__version__ = "0.1.0"

__all__ = [
    "AsyncGateway",
    "AsyncPaymentWatch",
    "AuthenticationError",
    "Blocked",
    "Card",
    "CardVerification",
    "Check",
    "ConfigurationError",
    "Conflict",
    "Currency",
    "Decline",
    "Event",
    "EventState",
    "Exchange",
    "Gateway",
    "Handled",
    "Identity",
    "InvalidRequest",
    "Ledger",
    "LedgerEntry",
    "Money",
    "NotFound",
    "OpenCounts",
    "OutcomeUnknown",
    "Page",
    "PayTo",
    "Payment",
    "PaymentStatus",
    "PaymentWatch",
    "PermissionDenied",
    "PluginChange",
    "PluginError",
    "ProviderError",
    "Pruned",
    "Rate",
    "RateLimited",
    "ReconcileReport",
    "Reconciler",
    "Refund",
    "Request",
    "Runtime",
    "Store",
    "StoreInfo",
    "TillError",
    "Token",
    "TransportError",
    "UnknownWrite",
    "Unsupported",
    "WebhookRefusals",
    "WebhookRejected",
    "WebhookResult",
]

# Which module each name lives in.
_HOMES = {
    "Card": "_card",
    "CardVerification": "_cards",
    "AuthenticationError": "_errors",
    "Blocked": "_errors",
    "ConfigurationError": "_errors",
    "Conflict": "_errors",
    "InvalidRequest": "_errors",
    "NotFound": "_errors",
    "OutcomeUnknown": "_errors",
    "PermissionDenied": "_errors",
    "PluginError": "_errors",
    "ProviderError": "_errors",
    "RateLimited": "_errors",
    "TillError": "_errors",
    "TransportError": "_errors",
    "Unsupported": "_errors",
    "WebhookRejected": "_errors",
    "Event": "_events",
    "EventState": "_events",
    "Exchange": "_exchange",
    "Request": "_exchange",
    "AsyncGateway": "_gateway",
    "Check": "_gateway",
    "Gateway": "_gateway",
    "Handled": "_handling",
    "Identity": "_identity",
    "Ledger": "_ledgers",
    "LedgerEntry": "_ledgers",
    "Money": "_money",
    "Page": "_page",
    "Decline": "_payments",
    "PayTo": "_payments",
    "Payment": "_payments",
    "PaymentStatus": "_payments",
    "Currency": "_rates",
    "Rate": "_rates",
    "ReconcileReport": "_reconcile",
    "Reconciler": "_reconcile",
    "UnknownWrite": "_reconcile",
    "Refund": "_refunds",
    "PluginChange": "_runtime",
    "Runtime": "_runtime",
    "OpenCounts": "_store",
    "Pruned": "_store",
    "Store": "_store",
    "StoreInfo": "_store",
    "Token": "_tokens",
    "AsyncPaymentWatch": "_watch",
    "PaymentWatch": "_watch",
    "WebhookRefusals": "_webhooks",
    "WebhookResult": "_webhooks",
}


# Modules that are reached through the package: `till.webhooks.verify`.
_MODULES = {"webhooks"}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"till.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'till' has no attribute {name!r}")
    value = getattr(import_module(f"till.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
