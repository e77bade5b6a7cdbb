"""BitGPT's endpoints: who may call them, what they take, what they answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from till.sandbox import wire
from till.sandbox.bitgpt.currencies import CODES, METHODS
from till.sandbox.bitgpt.envelope import Refused, envelope, refusal
from till.sandbox.bitgpt.keys import SCOPES, ApiKey, new_secret
from till.sandbox.bitgpt.lists import (
    INVOICE_FILTERS,
    PAYMENT_FILTERS,
    invoices_page,
    list_of,
    payments_page,
)
from till.sandbox.bitgpt.notifications import EVENTS, Subscription, webhook_url
from till.sandbox.bitgpt.orders import ORDER_FIELDS, read_order
from till.sandbox.bitgpt.records import mysql_time, new_id
from till.sandbox.call import Answer, Call
from till.sandbox.fields import Field, FieldError, check_fields, one_of, optional_text, text

if TYPE_CHECKING:
    from till.sandbox.bitgpt import BitGpt

_EXPAND_INVOICE = (
    *("payments", "payments.provider", "items", "items.product", "items.billing_schema"),
    *("items.payment_intent", "calculations", "organization", "currency"),
)
_SHOW_INVOICE = (Field("expand", list_of(one_of(*_EXPAND_INVOICE))), Field("currency", one_of(*CODES)))
_SHOW_PAYMENT = (Field("expand", list_of(one_of("provider"))),)


def _label(value: object) -> str | None:
    problem = text(value)
    return problem or (None if len(str(value)) <= 255 else "must have at most 255 characters")


def _or_null(value: object) -> str | None:
    return None if value is None else optional_text(value)


_WEBHOOK = (
    Field("label", _label, True),
    Field("url", webhook_url, True),
    Field("events", list_of(one_of(*EVENTS)), True),
    Field("description", _or_null),
)
_API_KEY = (
    Field("label", _label, True),
    Field("description", optional_text),
    Field("scopes", list_of(one_of(*SCOPES))),
    Field("ip_allow_list", list_of(text)),
    Field("expires_at", mysql_time),
)


class _Endpoint(NamedTuple):
    """`scope` is the right that the caller needs; empty where no Authorization is documented."""

    method: str
    path: re.Pattern[str]
    scope: str
    fields: Sequence[Field] | None
    handler: Callable[..., tuple[int, object]]


class Api:
    """Checks a request, then does what it asks on the state of one organization."""

    def __init__(self, merchant: BitGpt) -> None:
        self._merchant = merchant
        self._replays: dict[str, tuple[bytes, Answer]] = {}

        def endpoint(
            method: str,
            path: str,
            scope: str,
            fields: Sequence[Field] | None,
            handler: Callable[..., tuple[int, object]],
        ) -> _Endpoint:
            return _Endpoint(method, re.compile("/api" + path), scope, fields, handler)

        webhooks, keys, one = "/developers/webhooks", "/developers/api_keys", "/([^/]+)"
        self._endpoints = (
            endpoint("POST", "/payments", "payments.read", PAYMENT_FILTERS, self._list_payments),
            endpoint("POST", "/payments" + one, "", _SHOW_PAYMENT, self._get_payment),
            endpoint("POST", "/invoices", "invoices.create", ORDER_FIELDS, self._create_invoice),
            endpoint("POST", "/invoices/validate", "invoices.create", ORDER_FIELDS, self._validate),
            endpoint("POST", "/invoices/list", "invoices.read", INVOICE_FILTERS, self._list_invoices),
            endpoint("POST", "/invoices" + one, "", _SHOW_INVOICE, self._get_invoice),
            endpoint("GET", "/providers" + one, "", None, self._providers),
            endpoint("POST", webhooks, "webhooks.create", _WEBHOOK, self._create_webhook),
            endpoint("GET", webhooks + "/events", "webhooks.read", None, self._events),
            endpoint("GET", keys, "api_keys.read", None, self._list_keys),
            endpoint("POST", keys, "api_keys.create", _API_KEY, self._create_key),
        )

    def answer(self, call: Call) -> Answer:
        """The reply to any request below the base URL."""
        env, now_ms = str(self._merchant.options["env"]), self._merchant.clock.now_ms()
        try:
            return self._answer(call, env, now_ms)
        except Refused as refused:
            return refusal(refused, env, now_ms)
        except FieldError as error:
            problem = str(error).removeprefix(f"Invalid {error.field}: ")
            message = "The request contains invalid parameters."
            return refusal(Refused(400, message, {error.field: problem}), env, now_ms)

    def forget(self) -> None:
        """Drops the remembered idempotency keys."""
        self._replays.clear()

    def _answer(self, call: Call, env: str, now_ms: int) -> Answer:
        endpoint, arguments = self._find(call)
        self._authorize(call, endpoint.scope, now_ms)
        _check_accept(call)
        body = _body(call, endpoint.fields)
        key = call.headers.get("idempotency-key", "") if endpoint.handler == self._create_invoice else ""
        if key in self._replays:
            return self._replay(key, call.body)
        status, data = endpoint.handler(body, *arguments)
        answer = Answer(status, envelope(status, data, env, now_ms))
        if key:
            self._replays[key] = (call.body, answer)
        return answer

    def _find(self, call: Call) -> tuple[_Endpoint, tuple[str, ...]]:
        for endpoint in self._endpoints:
            found = endpoint.path.fullmatch(call.path)
            if found and endpoint.method == call.method:
                return endpoint, found.groups()
        raise Refused(404, "The resource you are trying to access does not exist.")

    def _authorize(self, call: Call, scope: str, now_ms: int) -> None:
        header = call.headers.get("authorization", "")
        if scope or header:  # a wrong key is refused even where none is needed
            form = str(self._merchant.options["authorization"])
            self._merchant.keys.authorize(header, scope, form, now_ms)

    def _replay(self, key: str, body: bytes) -> Answer:
        """The first answer again; the key with another body is refused, by the sandbox's own choice."""
        first, answer = self._replays[key]
        if first != body:
            raise Refused(400, "This Idempotency-Key was used for another request.")
        return answer

    # Invoices and payments

    def _create_invoice(self, body: Mapping[str, object]) -> tuple[int, object]:
        return 201, self._merchant.new_invoice(read_order(body)).view()

    def _validate(self, body: Mapping[str, object]) -> tuple[int, object]:
        order = read_order(body)
        return 200, {"currency": order.code, "price": f"{order.price:.30f}"}

    def _list_invoices(self, body: Mapping[str, object]) -> tuple[int, object]:
        found = invoices_page(list(self._merchant.invoices.values()), body)
        return 200, self._listed([invoice.view() for invoice in found])

    def _get_invoice(self, body: Mapping[str, object], invoice_id: str) -> tuple[int, object]:
        invoice = self._merchant.invoices.get(invoice_id)
        if invoice is None:
            raise Refused(404, "Invoice not found")
        currency = str(body.get("currency", invoice.code))
        return 200, invoice.expanded(_texts(body.get("expand")), self._merchant.shop, currency)

    def _list_payments(self, body: Mapping[str, object]) -> tuple[int, object]:
        expand = _texts(body.get("expand"))
        found = payments_page(self._merchant.payments(), body)
        return 200, self._listed([payment.view(expand) for payment in found])

    def _get_payment(self, body: Mapping[str, object], payment_id: str) -> tuple[int, object]:
        for payment in self._merchant.payments():
            if payment.id == payment_id:
                return 200, payment.view(_texts(body.get("expand")))
        raise Refused(404, "Payment not found")

    def _providers(self, body: Mapping[str, object], invoice_id: str) -> tuple[int, object]:
        if invoice_id not in self._merchant.invoices:
            raise Refused(404, "Invoice not found")
        return 200, {"providers": [method.shown() for method in METHODS]}

    def _listed(self, views: list[dict[str, object]]) -> object:
        """The documentation's sample has an object where the list is: some answers may be like that."""
        return views[0] if self._merchant.options["list_of_one_as_object"] and len(views) == 1 else views

    # What developers set up

    def _create_webhook(self, body: Mapping[str, object]) -> tuple[int, object]:
        now_ms = self._merchant.clock.now_ms()
        description = body.get("description")
        subscription = Subscription(
            id=new_id("webhook", now_ms),
            secret=new_secret("whs_test_"),
            label=str(body["label"]),
            url=str(body["url"]),
            events=tuple(_texts(body["events"])),
            created_ms=now_ms,
            description=None if description is None else str(description),
        )
        self._merchant.subscriptions.append(subscription)
        return 201, subscription.view()

    def _events(self, body: Mapping[str, object]) -> tuple[int, object]:
        return 200, list(EVENTS)

    def _list_keys(self, body: Mapping[str, object]) -> tuple[int, object]:
        return 200, [key.view(secret=False) for key in self._merchant.keys.all()]

    def _create_key(self, body: Mapping[str, object]) -> tuple[int, object]:
        expires, description = body.get("expires_at"), body.get("description")
        key = ApiKey(
            secret=new_secret("sk_test_"),
            label=str(body["label"]),
            created_ms=self._merchant.clock.now_ms(),
            description=None if description is None else str(description),
            scopes=_texts(body.get("scopes")),
            ip_allow_list=_texts(body.get("ip_allow_list")),
            expires_at=None if expires is None else str(expires),
        )
        self._merchant.keys.add(key)
        return 201, key.view(secret=True)


def _check_accept(call: Call) -> None:
    accepted = call.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("*/*", "application/*", "application/json")):
        raise Refused(406, "The requested response format is not supported (JSON is required).")


def _body(call: Call, fields: Sequence[Field] | None) -> Mapping[str, object]:
    if call.query:
        raise Refused(400, "This endpoint takes no query parameters.")
    if fields is None:
        if call.body:
            raise Refused(400, "This endpoint takes no body.")
        return {}
    if call.media_type != "application/json":
        raise Refused(400, "Content-Type must be application/json.")
    if len(call.body) > wire.MAX_BODY_BYTES:
        raise Refused(400, "The request body is too large.")
    try:
        body = wire.read(call.body)
    except wire.WireError:
        raise Refused(400, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "The request body must be a JSON object.")
    check_fields(body, fields)
    return body


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
