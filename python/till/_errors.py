"""The error tree: what can go wrong, split by what a caller can do about it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

NativeError: TypeAlias = tuple[str, str, str, str, str, str, str, str, str, str, bool, int | None, int | None]
"""An error as the compiled core hands it over: kind, code, message, field, provider_code, request_id,
payment_id, reason, settle, sent, retryable, retry_after_ms, http_status."""


class TillError(Exception):
    """The root of everything that this package raises on purpose.

    ::

        TillError
         ├── ConfigurationError   settings, secrets or options are wrong; nothing was sent
         ├── InvalidRequest       the input is wrong: `field` says where
         ├── Unsupported          this provider has no such operation; nothing was sent
         ├── AuthenticationError  the provider refused the credentials
         ├── PermissionDenied     the credentials are good, but may not do this
         ├── NotFound             there is no such payment, refund, provider ...
         ├── Conflict             the same idempotency key with another input, or a state that forbids it
         ├── RateLimited          too many requests; `retry_after` is in seconds, if known
         ├── Blocked              refused as abuse (card, address or merchant): do not simply try again
         ├── ProviderError        the provider failed, or answered against its own documentation
         ├── TransportError       no answer: connect, TLS, time-out, reset; `sent` says how far it went
         ├── OutcomeUnknown       a write was sent and no answer came: `gateway.reconcile()` finds out
         ├── WebhookRejected      `reason` says why
         └── PluginError          the provider's plugin misbehaved

    A plain `TillError` whose code begins with `store_` says that the store failed (docs/errors.md); any other
    is a fault of till itself: please report it.
    Wrong types, such as a `float` for an amount, are a plain `TypeError`. A declined payment is no error: it
    is a payment whose `status` is `failed` and whose `decline` says why.

    >>> try:
    ...     till.Gateway("opnpay", {})
    ... except till.TillError as error:
    ...     print(type(error).__name__, error.code, error.sent, error.retryable)
    NotFound unknown_provider no False
    """

    code: str
    """A stable word for programs, such as `connect_timeout`."""
    message: str
    """One sentence for people. Never holds a secret or card data."""
    field: str | None
    """Where in the input, as `$.amount.currency`; None when it is not about the input."""
    provider_code: str | None
    """The provider's own code."""
    request_id: str | None
    """The provider's own id of the request."""
    payment_id: str | None
    """Our id of the payment that this is about."""
    sent: str
    """How far the request went: `no`, `maybe` or `yes`."""
    retryable: bool
    """True when the same call may succeed later, unchanged."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "error",
        field: str | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
        payment_id: str | None = None,
        sent: str = "no",
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.provider_code = provider_code
        self.request_id = request_id
        self.payment_id = payment_id
        self.sent = sent
        self.retryable = retryable

    def __str__(self) -> str:
        named = not self.field or self.message.startswith(self.field) or f" {self.field}:" in self.message
        return self.message if named else f"{self.field}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker pools send exceptions between processes; keyword arguments need this to survive.
        return (type(self), (self.message,), self.__dict__)


class ConfigurationError(TillError):
    """Settings, secrets or options are wrong. Nothing was sent."""


class InvalidRequest(TillError):
    """The input is wrong; `field` says where."""


class Unsupported(TillError):
    """This provider has no such operation; the message says why. Nothing was sent."""


class AuthenticationError(TillError):
    """The provider refused the credentials."""


class PermissionDenied(TillError):
    """The credentials are good, but may not do this."""


class NotFound(TillError):
    """There is no such thing."""


class Conflict(TillError):
    """The same idempotency key with another input, or a state that forbids the operation."""


class RateLimited(TillError):
    """Too many requests. `retry_after` is in seconds, or None when the provider did not say."""

    retry_after: float | None = None


class Blocked(TillError):
    """Refused as abuse (card, address or merchant): do not simply try again."""


class ProviderError(TillError):
    """The provider failed, or answered against its own documentation."""


class TransportError(TillError):
    """No answer: connect, TLS, time-out, reset. `sent` says how far the request went."""


class OutcomeUnknown(TillError):
    """A write was sent and no answer came, or the store failed when it may have been recorded: nobody knows
    whether it happens.

    `settle` says what finds out. `reconcile`: `gateway.reconcile()`, `reconcile_every` and `till payments
    reconcile PROVIDER` do; until then the same idempotency key gives this error again and sends nothing.
    `dashboard`: the provider documents no way to ask, so look for the payment on its dashboard, by its
    reference or, where the provider keeps none, by its amount and time, as you do where reconciling leaves it
    unknown, and tell `gateway.settle()` what you found. A traceback ends with which of the two it is.
    `payment_id` is ours, in the store. The message names the idempotency key, also one that was made for you:
    with that key the same call is safe to repeat, unless `code` is `store_write_gone`.
    """

    settle: Literal["reconcile", "dashboard"] | None = None


class WebhookRejected(TillError):
    """A webhook that is not to be believed; `reason` says why.

    Answer its sender with `http_status`: 413 when it is too large, 401 when it does not prove who sent it,
    400 when it makes no sense.
    """

    reason: str | None = None
    http_status: int = 400


class PluginError(TillError):
    """The provider's plugin misbehaved: its script or its manifest."""


_CLASSES: dict[str, type[TillError]] = {cls.__name__: cls for cls in TillError.__subclasses__()}
for _class in (TillError, *_CLASSES.values()):
    _class.__module__ = "till"  # a traceback names them as an `except` does


# How the traceback of an `OutcomeUnknown` ends.
_NEXT = {
    "reconcile": "Next: gateway.reconcile(), or reconcile_every in the background, asks the provider what"
    " became of it; see docs/reconcile.md",
    "dashboard": "Next: look on the provider's dashboard, for it documents no way to ask what became of this,"
    " and gateway.reconcile() cannot settle it. Then tell gateway.settle() what you found, and only if it is"
    " not there call again with a new idempotency key; see docs/reconcile.md",
}


def error_from_native(native: NativeError) -> TillError:
    """The exception for an error that the core returned; the caller raises it."""
    (
        kind,
        code,
        message,
        field,
        provider_code,
        request_id,
        payment_id,
        reason,
        settle,
        sent,
        retryable,
        after,
        status,
    ) = native
    error = _CLASSES.get(kind, TillError)(
        message,
        code=code,
        field=field or None,
        provider_code=provider_code or None,
        request_id=request_id or None,
        payment_id=payment_id or None,
        sent=sent,
        retryable=retryable,
    )
    if isinstance(error, RateLimited) and after is not None:
        error.retry_after = after / 1000
    if isinstance(error, WebhookRejected):
        error.reason = reason or None
        error.http_status = status or error.http_status
    if isinstance(error, OutcomeUnknown) and settle:
        error.settle = "reconcile" if settle == "reconcile" else "dashboard"
        error.add_note(_NEXT[error.settle])
    return error
