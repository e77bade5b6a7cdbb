"""Gateway and AsyncGateway: one merchant account at a provider, waited for or awaited."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from till import (
    _cards,
    _events,
    _ledgers,
    _native,
    _payments,
    _rates,
    _reconcile,
    _refunds,
    _tokens,
    _webhooks,
)
from till._call import Call
from till._errors import NativeError, TillError, error_from_native
from till._exchange import Exchange
from till._json import decode, encode
from till._names import in_python, nearest
from till._page import page_of
from till._runtime import Runtime, milliseconds, shared_runtime
from till._text import checked_text

if TYPE_CHECKING:
    from till._native import NativeInbox, NativeWatch  # its module has the name of a member here

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Check:
    """The credentials are good; `detail` says for what, if the provider tells."""

    ok: bool
    detail: str | None


def _check(value: Any) -> Check:
    return Check(value["ok"], value.get("detail"))


def _as_it_is(value: Any) -> Any:
    return value


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "cards.confirm": _cards.verification,
    "cards.verify": _cards.verification,
    "check": _check,
    "currencies.list": page_of(_rates.currency),
    "events.done": _events.event,
    "events.fail": _events.event,
    "events.get": _events.event,
    "events.list": page_of(_events.event),
    "events.release": _events.event,
    "events.replay": _events.event,
    "ledgers.entries": page_of(_ledgers.ledger_entry),
    "ledgers.list": page_of(_ledgers.ledger),
    "payments.accept": _payments.payment,
    "payments.cancel": _payments.payment,
    "payments.create": _payments.payment,
    "payments.get": _payments.payment,
    "payments.list": page_of(_payments.payment),
    "payments.stored": page_of(_payments.payment),
    "rates.get": _rates.rate,
    "rates.list": page_of(_rates.rate),
    "reconcile": _reconcile.report,
    "refunds.create": _refunds.refund,
    "refunds.get": _refunds.refund,
    "refunds.list": page_of(_refunds.refund),
    "settle": _reconcile.settled,
    "tokens.approve": page_of(_tokens.token),
    "tokens.create": _tokens.token,
    "webhooks.receive": _webhooks.result,
}


class _Account:
    """What both kinds of gateway are: settings, checked, and a native gateway."""

    _native: _native.NativeGateway
    runtime: Runtime

    def __init__(
        self,
        provider: str,
        settings: Mapping[str, object],
        *,
        mode: str | None = None,
        label: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        rate_limit_wait: float | None = None,
        plugin_version: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        store: str | os.PathLike[str] | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        if runtime is not None and (store, ca_file, proxy) != (None, None, None):
            raise TypeError("store, ca_file and proxy are the runtime's own: give them to till.Runtime")
        if runtime is not None and not isinstance(runtime, Runtime):
            raise TypeError(f"runtime must be a till.Runtime, not {type(runtime).__name__}")
        if not isinstance(settings, Mapping):
            raise TypeError(f"settings must be a mapping, not {type(settings).__name__}")
        checked_text(provider, "provider")
        self.runtime = runtime or shared_runtime(store, ca_file, proxy)
        timeout_ms = milliseconds(timeout, "timeout")
        wait_ms = milliseconds(rate_limit_wait, "rate_limit_wait", least=0)
        common = {
            "mode": mode,
            "label": label,
            "base_url": base_url,
            "timeout_ms": timeout_ms,
            "rate_limit_wait_ms": wait_ms,
            "plugin_version": plugin_version,
        }
        merged = {**settings, **{name: value for name, value in common.items() if value is not None}}
        native = _native.NativeGateway.open(self.runtime._native, provider, encode(merged))
        if isinstance(native, tuple):
            raise error_from_native(native)
        self._native = native
        self._make_nouns()

    def _make_nouns(self) -> None:
        raise NotImplementedError

    @property
    def provider(self) -> str:
        """The provider's id, such as `openpay`."""
        return self._native.provider

    @property
    def name(self) -> str:
        """This account's name in the store: the label, or provider and mode."""
        return self._native.name

    @property
    def test(self) -> bool:
        """True in a mode where no real money moves."""
        return self._native.test

    @property
    def plugin_version(self) -> str:
        """The version of the plugin that the next call will use; `Runtime.reload` may change it."""
        return self._native.plugin_version

    def exchange(self, operation: str, input: Mapping[str, object]) -> Exchange:
        """Begins an operation (`payments.create`, ...) that you step with an HTTP client of your own."""
        native = self._native.begin(checked_text(operation, "operation"), encode(input))
        if isinstance(native, tuple):
            raise self._advising(error_from_native(native), operation)
        return Exchange(native, _DECODERS.get(operation, _as_it_is))

    def reconcile_every(self, seconds: float, *, limit: int | None = None) -> _reconcile.Reconciler:
        """Reconciles in the background, at once and then `seconds` (0.1 to 86,400) after each pass, until the
        `Reconciler` is closed or collected.

        >>> with shop.reconcile_every(60) as reconciler:
        ...     reconciler.error is None
        True
        """
        every_ms = milliseconds(seconds, "seconds")
        options = {"every_ms": every_ms, "limit": limit}
        native = _native.NativeReconciler.open(self._native, encode(options))
        if isinstance(native, tuple):
            raise error_from_native(native)
        return _reconcile.Reconciler(native)

    def _open_watch(self, call: Call[Any]) -> NativeWatch:
        native = _native.NativeWatch.open(self._native, encode(call.input))
        if isinstance(native, tuple):
            raise in_python(error_from_native(native), call.operation)
        return native

    def _open_inbox(self, options: Mapping[str, object]) -> NativeInbox:
        native = _native.NativeInbox.open(self._native, encode(options))
        if isinstance(native, tuple):
            raise error_from_native(native)
        return native

    def _finished(self, call: Call[T], reply: bytes | NativeError) -> T:
        if isinstance(reply, tuple):
            error = in_python(error_from_native(reply), call.operation)
            raise self._advising(error, call.operation)
        return call.decode(decode(reply))

    def _advising(self, error: TillError, operation: str) -> TillError:
        """The error; when there is no operation or native call of that name, with one that may be meant."""
        if error.code == "unsupported" and operation not in _DECODERS:
            kind = "native" if operation.startswith("native.") else "capabilities"
            known = self.runtime.describe(self.provider).get(kind, {})
            if near := nearest(operation.removeprefix("native."), known):
                error.message += f"; did you mean {near!r}?"
                error.args = (error.message,)
        return error

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Gateway(_Account):
    """One merchant account at a provider. Every call waits for its result; any thread may call.

    `settings` are the provider's own (see `till providers show openpay`), secrets included; they are checked
    here and shown nowhere. `mode` is one of the provider's (`live`, `test`); `label` names this account in
    the store, and several accounts at one provider each need one, or they share their payments and
    idempotency keys; `base_url` replaces the mode's (https, or http on this machine); `timeout` is in seconds
    for one whole operation; `rate_limit_wait` (0) is how many seconds more it may wait until a provider whose
    limit is used up takes requests again, instead of raising `RateLimited`. `plugin_version` stays with one
    version of the plugin. `store`, `ca_file` and `proxy` choose a shared `Runtime`; or pass your own.

    A gateway is made once and kept; there is nothing to close, so it is no context manager. Threads,
    connections and the store are the runtime's: a shared one has them until the process ends, one of your own
    until it and its gateways are collected. What works until it is told not to has a `close` of its own: a
    watch, a `Reconciler`, a `Card`.

    >>> shop = till.Gateway("openpay", {"api_key": api_key}, mode="test", base_url=base_url, ca_file=ca_file)
    >>> shop
    Gateway('openpay/test')
    >>> shop.check().ok
    True
    """

    def _make_nouns(self) -> None:
        self.payments = _payments.Payments(self._run, self._open_watch)
        self.refunds = _refunds.Refunds(self._run)
        self.rates = _rates.Rates(self._run)
        self.currencies = _rates.Currencies(self._run)
        self.ledgers = _ledgers.Ledgers(self._run)
        self.cards = _cards.Cards(self._run)
        self.tokens = _tokens.Tokens(self._run)
        self.webhooks = _webhooks.Webhooks(self._run)
        self.events = _events.Events(self._run, self._open_inbox)

    def check(self) -> Check:
        """Are these credentials good? Moves no money. `AuthenticationError` when they are not.

        >>> shop.check()
        Check(ok=True, detail=None)
        """
        return self._run(Call("check", {}, _check))

    def native(self, name: str, params: Mapping[str, object] | None = None) -> Any:
        """One of the provider's own calls, by its own name (see `till providers show`). Numbers with a
        fraction come back as text, every digit kept.

        >>> bitpay.native("getRateForCurrency", {"currency": "USD"})["code"]
        'USD'
        """
        return self._run(Call(f"native.{name}", params or {}, _as_it_is))

    def reconcile(self, *, limit: int | None = None) -> _reconcile.ReconcileReport:
        """Asks about what is not known: writes that were never answered, and payments that are due to be
        looked at, at most `limit` (100) of them. Nothing is sent that could act twice; what cannot be settled
        stays in `unknown`. Call it now and then, or use `reconcile_every`.

        >>> shop.reconcile().unknown
        ()
        """
        return self._run(_reconcile.reconcile(limit))

    @overload
    def settle(
        self, *, payment_id: str, provider_id: str | None = None, not_done: bool = False
    ) -> _payments.Payment: ...

    @overload
    def settle(
        self, *, write_id: str, provider_id: str | None = None, not_done: bool = False
    ) -> _payments.Payment | None: ...

    def settle(
        self,
        *,
        payment_id: str | None = None,
        write_id: str | None = None,
        provider_id: str | None = None,
        not_done: bool = False,
    ) -> _payments.Payment | None:
        """Settles by hand what reconciling leaves unknown, after a look on the provider's dashboard, and
        returns the payment. Either `provider_id`: it was made, and this is it; the provider is asked, and
        where it does not fit (amount, currency, reference ...) that is an error and nothing is settled. Or
        `not_done`: the call never had its effect; a payment that was to be made has `failed`, and the call
        can be made again with a new idempotency key.

        Of several unknown writes about one payment name one by its `write_id`, from
        `ReconcileReport.unknown`; one about no payment gives None. `Conflict` where a write is still under
        way, or is settled already.

        >>> payment = shop.payments.create(till.Money("150.00", "BZD"))
        >>> shop.settle(payment_id=payment.id, provider_id=payment.provider_id).status  # known already
        'pending'
        """
        return self._run(_reconcile.settle(payment_id, write_id, provider_id, not_done))

    def _run(self, call: Call[T]) -> T:
        operation = checked_text(call.operation, "operation")
        return self._finished(call, self._native.call(operation, encode(call.input)))


class AsyncGateway(_Account):
    """A `Gateway` whose calls are awaited: the same names, parameters and results, on asyncio.

    One gateway may serve several event loops. A cancelled call goes on in the core, and its end is recorded.
    As with a `Gateway` there is nothing to close: no `async with` is needed, and there is none.

    >>> import asyncio
    >>> async def pay():
    ...     place = {"mode": "test", "base_url": base_url, "ca_file": ca_file}
    ...     shop = till.AsyncGateway("openpay", {"api_key": api_key}, **place)
    ...     price = till.Money("150.00", "BZD")
    ...     return await asyncio.gather(*[shop.payments.create(price, reference=str(at)) for at in range(3)])
    >>> [payment.reference for payment in asyncio.run(pay())]
    ['0', '1', '2']
    """

    def _make_nouns(self) -> None:
        self.payments = _payments.AsyncPayments(self._run, self._open_watch)
        self.refunds = _refunds.AsyncRefunds(self._run)
        self.rates = _rates.AsyncRates(self._run)
        self.currencies = _rates.AsyncCurrencies(self._run)
        self.ledgers = _ledgers.AsyncLedgers(self._run)
        self.cards = _cards.AsyncCards(self._run)
        self.tokens = _tokens.AsyncTokens(self._run)
        self.webhooks = _webhooks.AsyncWebhooks(self._run)
        self.events = _events.AsyncEvents(self._run, self._open_inbox)

    async def check(self) -> Check:
        """See `Gateway.check`."""
        return await self._run(Call("check", {}, _check))

    async def native(self, name: str, params: Mapping[str, object] | None = None) -> Any:
        """See `Gateway.native`."""
        return await self._run(Call(f"native.{name}", params or {}, _as_it_is))

    async def reconcile(self, *, limit: int | None = None) -> _reconcile.ReconcileReport:
        """See `Gateway.reconcile`."""
        return await self._run(_reconcile.reconcile(limit))

    @overload
    async def settle(
        self, *, payment_id: str, provider_id: str | None = None, not_done: bool = False
    ) -> _payments.Payment: ...

    @overload
    async def settle(
        self, *, write_id: str, provider_id: str | None = None, not_done: bool = False
    ) -> _payments.Payment | None: ...

    async def settle(
        self,
        *,
        payment_id: str | None = None,
        write_id: str | None = None,
        provider_id: str | None = None,
        not_done: bool = False,
    ) -> _payments.Payment | None:
        """See `Gateway.settle`."""
        return await self._run(_reconcile.settle(payment_id, write_id, provider_id, not_done))

    async def _run(self, call: Call[T]) -> T:
        from till._completion import completions

        operation = checked_text(call.operation, "operation")
        reply = await completions().run(self._native, operation, encode(call.input))
        return self._finished(call, reply)
