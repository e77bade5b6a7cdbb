"""GlobalPay's four endpoints, as documented and no wider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from till.sandbox import wire
from till.sandbox.call import Answer, Call
from till.sandbox.clock import iso
from till.sandbox.fields import Field, FieldError, check_fields, one_of, optional_text, text, whole
from till.sandbox.globalpay.idempotency import KeyReused, Replays
from till.sandbox.globalpay.invoices import CURRENCIES, STATUSES, new_id
from till.sandbox.globalpay.paging import PAGING, page, read_query
from till.sandbox.globalpay.rate_limit import RateLimit, Rule

if TYPE_CHECKING:
    from till.sandbox.globalpay import GlobalPay

MAX_AMOUNT = 2**53 - 1  # the sandbox's own limit: the largest integer that every JSON reader keeps

_INVOICE = (
    Field("customerId", text, True),
    Field("amount", whole(1, MAX_AMOUNT), True),
    Field("currency", one_of(*CURRENCIES), True),
    Field("description", optional_text),
)
_INVOICE_FILTERS = (*PAGING, Field("status", one_of(*STATUSES)), Field("customerId", text))


class Refused(Exception):
    """The service says no: an HTTP status and the documented envelope."""

    def __init__(self, status: int, message: str, kind: str, code: str, field: str = "") -> None:
        super().__init__(message)
        self.answer = Answer(status, error_envelope(message, kind, code, field))


def error_envelope(message: str, kind: str, code: str, field: str = "") -> dict[str, object]:
    """The documented error; `field` is left out where the error is about no field."""
    error = {"message": message, "type": kind, "code": code}
    return {"error": {**error, "field": field} if field else error}


class Api:
    """Checks a request, then does what it asks on the state of one merchant."""

    def __init__(self, merchant: GlobalPay) -> None:
        self._merchant = merchant
        self._rate_limit = RateLimit()
        self._replays = Replays()
        self._reads = {"/api/invoices": self._list_invoices, "/api/payments": self._list_payments}
        self._writes = {"/api/invoices": self._create_invoice, "/api/refunds": self._create_refund}

    def answer(self, call: Call) -> Answer:
        """The reply to any request below `/api`, with the rate limit's headers."""
        try:
            answer = self._checked(call)
        except Refused as refusal:
            answer = refusal.answer
        except FieldError as error:
            answer = _wrong_field(error).answer
        headers = self._rate_limit.headers(self._rule(), self._merchant.clock.now_ms())
        return Answer(answer.status, answer.body, headers)

    def forget(self) -> None:
        """Drops kept answers and counted requests."""
        self._rate_limit.clear()
        self._replays.clear()

    def _rule(self) -> Rule:
        limit, seconds = (self._merchant.option(name) for name in ("requests_per_hour", "hour_seconds"))
        return Rule(limit, seconds * 1000)

    def _checked(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {self._merchant.api_key}":
            raise Refused(401, "Invalid API key provided", "authentication_error", "invalid_api_key")
        if not self._rate_limit.take(self._rule(), self._merchant.clock.now_ms()):
            raise Refused(429, "Rate limit exceeded", "rate_limit_error", "rate_limit_exceeded")
        if call.method == "GET" and call.path in self._reads:
            return self._reads[call.path](call)
        if call.method == "POST" and call.path in self._writes:
            return self._write(call)
        raise Refused(404, "Resource doesn't exist", "not_found_error", "not_found")

    def _write(self, call: Call) -> Answer:
        if not self._merchant.options["key_may_write"]:
            raise Refused(403, "Insufficient permissions", "permission_error", "insufficient_permissions")
        try:
            earlier = self._replays.find(call)
        except KeyReused:
            message = "This idempotency key was used with another request"
            raise Refused(400, message, "validation_error", "idempotency_key_reused") from None
        if earlier is not None:
            return earlier
        answer = self._writes[call.path](_body(call))
        self._replays.keep(call, answer)
        return answer

    def _create_invoice(self, body: Mapping[str, object]) -> Answer:
        check_fields(body, _INVOICE)
        known = self._merchant.options["customers"]
        if isinstance(known, list) and known and body["customerId"] not in known:
            raise Refused(400, "Invalid customer ID", "validation_error", "invalid_customer", "customerId")
        description = body.get("description")
        invoice = self._merchant.new_invoice(
            str(body["customerId"]),
            int(str(body["amount"])),
            str(body["currency"]),
            None if description is None else str(description),
        )
        return Answer(201, self._merchant.shown(invoice))

    def _list_invoices(self, call: Call) -> Answer:
        query = read_query(call.query, _INVOICE_FILTERS)
        wanted = {name: query[name] for name in ("status", "customerId") if name in query}
        invoices = (self._merchant.shown(invoice) for invoice in self._merchant.invoices.values())
        found = [one for one in invoices if all(one[name] == value for name, value in wanted.items())]
        return Answer(200, page(self._ordered(found), query))

    def _list_payments(self, call: Call) -> Answer:
        query = read_query(call.query, PAGING)
        payments = [payment.shown() for payment in self._merchant.payments]
        return Answer(200, page(self._ordered(payments), query))

    def _ordered(self, oldest_first: list[dict[str, object]]) -> list[dict[str, object]]:
        return oldest_first[::-1] if self._merchant.options["order"] == "newest_first" else oldest_first

    def _create_refund(self, body: Mapping[str, object]) -> Answer:
        """Takes any object: neither the fields nor the answer are documented, nor is what it refunds."""
        now = iso(self._merchant.clock.now_ms())
        refund = {"id": new_id("ref_"), "status": "processed", "createdAt": now}
        self._merchant.refunds.append({**refund, "request": body})
        self._merchant.webhook("refund.processed", refund)
        return Answer(201, refund)


def _body(call: Call) -> Mapping[str, object]:
    if call.query:
        raise FieldError("This endpoint takes no query parameters")
    if call.media_type != "application/json":
        raise FieldError("Content-Type must be application/json")
    if len(call.body) > wire.MAX_BODY_BYTES:
        raise FieldError("Request body is too large")
    try:
        body = wire.read(call.body)
    except wire.WireError:
        raise FieldError("Request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise FieldError("Request body must be a JSON object")
    return body


def _wrong_field(error: FieldError) -> Refused:
    """The documented code is `invalid_customer` for the field `customerId`; the others are made alike."""
    named = {"": "request", "customerId": "customer"}.get(error.field, error.field)
    return Refused(400, str(error), "validation_error", f"invalid_{named}", error.field)
