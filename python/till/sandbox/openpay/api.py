"""OpenPay's seven endpoints, as documented and no wider."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from till.sandbox import wire
from till.sandbox.call import Answer, Call
from till.sandbox.fields import (
    Field,
    FieldError,
    check_fields,
    email,
    matching,
    money,
    one_of,
    optional_text,
    text,
    web_address,
)
from till.sandbox.openpay.cards import (
    MAX_FAILED_ATTEMPTS,
    Card,
    Outcome,
    Verification,
    confirms,
    micro_amount,
    outcome_of,
)
from till.sandbox.openpay.paylinks import Paylink
from till.sandbox.openpay.transactions import CURRENCIES, Transaction

if TYPE_CHECKING:
    from till.sandbox.openpay import OpenPay

_CARD = (
    Field("card_number", matching(r"\d{16}", "must have 16 digits"), True),
    Field("card_expiry_month", matching(r"0[1-9]|1[0-2]", "must be 01 to 12"), True),
    Field("card_expiry_year", matching(r"20\d{2}", "must be a year such as 2025"), True),
)
_HOLDER = (
    Field("card_cvv", matching(r"\d{3,4}", "must have 3 or 4 digits"), True),
    Field("card_holder_name", text, True),
)
_PRICE = (Field("amount", money(2), True), Field("currency", one_of(*CURRENCIES), True))
_CUSTOMER = (Field("customer_name", optional_text), Field("customer_email", email))
_DESCRIPTION = Field("description", optional_text)

_PAYLINK = (*_PRICE, _DESCRIPTION, *_CUSTOMER, Field("return_url", web_address))
_PAYMENT = (*_PRICE, *_CARD, *_HOLDER, _DESCRIPTION, *_CUSTOMER)
_INITIATE = (*_CARD, *_HOLDER, *_CUSTOMER)
_COMPLETE = (*_CARD, Field("amount", money(2), True))

_VERIFICATION_INITIATED = {
    "success": False,
    "error_code": "VERIFICATION_INITIATED",
    "message": "Card verification required. A small random amount has been charged to your card. "
    "Please verify the amount to continue.",
    "verification_required": True,
}


class Refused(Exception):
    """The service says no: an HTTP status and the body that goes with it."""

    def __init__(self, status: int, message: str, **more: object) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"success": False, "message": message, **more})


class Api:
    """Checks a request, then does what it asks on the state of one merchant."""

    def __init__(self, merchant: OpenPay) -> None:
        self._merchant = merchant
        self._chance = random.Random()
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = [
            ("POST", re.compile(r"/v1/paylinks"), self._create_paylink),
            ("GET", re.compile(r"/v1/paylinks/([^/]+)"), self._get_paylink),
            ("POST", re.compile(r"/v1/payments"), self._pay),
            ("GET", re.compile(r"/v1/transactions"), self._list_transactions),
            ("GET", re.compile(r"/v1/transactions/([^/]+)"), self._get_transaction),
            ("POST", re.compile(r"/v1/cards/verification/initiate"), self._initiate),
            ("POST", re.compile(r"/v1/cards/verification/complete"), self._complete),
        ]

    def answer(self, call: Call) -> Answer:
        """The reply to any request below `/v1`."""
        try:
            self._authenticate(call)
            for method, pattern, handler in self._routes:
                found = pattern.fullmatch(call.path)
                if found and method == call.method:
                    return handler(call, *found.groups())
            raise Refused(404, "Resource does not exist")
        except Refused as refusal:
            return refusal.answer
        except FieldError as error:
            return Refused(400, str(error)).answer

    def _authenticate(self, call: Call) -> None:
        key = call.headers.get("x-api-key", "")
        if key != self._merchant.api_key:
            raise Refused(401, "Invalid or missing API Key")

    # Paylinks

    def _create_paylink(self, call: Call) -> Answer:
        body = _body(call, _PAYLINK)
        link = Paylink(
            amount=_cents(body["amount"]),
            currency=str(body["currency"]),
            created_ms=self._merchant.clock.now_ms(),
            description=_optional(body, "description"),
            customer_name=_optional(body, "customer_name"),
            return_url=_optional(body, "return_url"),
        )
        self._merchant.paylinks[link.id] = link
        return Answer(201, {"success": True, "data": link.created(self._merchant.origin)})

    def _get_paylink(self, call: Call, paylink_id: str) -> Answer:
        _no_query(call)
        link = self._merchant.paylinks.get(paylink_id)
        if link is None:
            raise Refused(404, "Paylink not found")
        return Answer(200, {"success": True, "data": link.shown(self._merchant.origin)})

    # Direct payments

    def _pay(self, call: Call) -> Answer:
        try:
            reply = self._pay_by_card(_body(call, _PAYMENT))
        except Refused as refusal:
            reply = refusal.answer
        except FieldError as error:
            # The one 400 that is documented here carries INVALID_CARD, so a bad number gets that.
            bad_card = str(error).startswith("Invalid card_number")
            code = {"response_code": "INVALID_CARD"} if bad_card else {}
            reply = Refused(400, "Invalid card" if bad_card else str(error), **code).answer
        return self._tagged(reply)

    def _pay_by_card(self, body: Mapping[str, object]) -> Answer:
        number = str(body["card_number"])
        card = self._card(body)
        self._refuse_abuse(card)
        if card.blocked:
            raise Refused(400, "Card is blocked.", response_code="CARD_BLOCKED")
        outcome = outcome_of(number, test_mode=self._merchant.test_mode)
        if not card.verified and (outcome.approved or self._merchant.options["verify_first"]):
            self._charge_micro_amount(card, _optional(body, "customer_name"))
            return Answer(402, _VERIFICATION_INITIATED)
        payment = self._merchant.charge(
            _cents(body["amount"]),
            str(body["currency"]),
            card,
            approved=outcome.approved,
            customer_name=_optional(body, "customer_name"),
        )
        if not outcome.approved:
            card.declined_at_ms.append(self._merchant.clock.now_ms())
            raise Refused(400, outcome.message, response_code=outcome.response_code)
        return _approved(payment, outcome)

    def _refuse_abuse(self, card: Card) -> None:
        limit = self._merchant.option("declines_before_block")
        since = self._merchant.clock.now_ms() - 1000 * self._merchant.option("cooldown_seconds")
        card.declined_at_ms = [at for at in card.declined_at_ms if at > since]
        if len(card.declined_at_ms) >= limit:
            raise Refused(429, "Too many declined attempts. Please try again later.")

    def _tagged(self, reply: Answer) -> Answer:
        if not self._merchant.test_mode or not isinstance(reply.body, dict):
            return reply
        success, *others = reply.body.items()
        return Answer(reply.status, dict([success, ("test_mode", True), *others]))

    # Transactions

    def _list_transactions(self, call: Call) -> Answer:
        pairs = parse_qsl(call.query, keep_blank_values=True)
        query = dict(pairs)
        if len(query) != len(pairs):
            raise Refused(400, "A query parameter appears twice")
        return Answer(200, self._merchant.transactions.page(query))

    def _get_transaction(self, call: Call, transaction_id: str) -> Answer:
        _no_query(call)
        transaction = self._merchant.transactions.get(transaction_id)
        if transaction is None:
            raise Refused(404, "Transaction not found")
        return Answer(200, {"success": True, "data": transaction.shown()})

    # Card verification

    def _initiate(self, call: Call) -> Answer:
        body = _body(call, _INITIATE)
        card = self._card(body)
        self._refuse_abuse(card)
        if card.blocked:
            raise Refused(400, "Card is blocked.")
        if card.verified:
            raise Refused(400, "Card is already verified.")
        outcome = outcome_of(str(body["card_number"]), test_mode=self._merchant.test_mode)
        if not outcome.approved and not self._merchant.options["verify_first"]:
            card.declined_at_ms.append(self._merchant.clock.now_ms())
            raise Refused(400, outcome.message)
        self._charge_micro_amount(card, _optional(body, "customer_name"))
        message = "Verification initiated. A small random amount has been charged to your card."
        return Answer(200, {"success": True, "message": message})

    def _complete(self, call: Call) -> Answer:
        body = _body(call, _COMPLETE)
        card = self._merchant.cards.find(str(body["card_number"]))
        if card is not None and card.blocked:
            raise Refused(400, "Too many failed attempts. Card blocked.", remaining_attempts=0)
        pending = card.verification if card and card.expiry == _expiry(body) else None
        if card is None or pending is None:
            raise Refused(404, "No verification is pending for this card.")
        if confirms(_cents(body["amount"]), pending.amount, pending.currency):
            self._settle(card, pending, "completed")
            card.verified = True
            return Answer(200, {"success": True, "message": "Card verified successfully."})
        pending.failed_attempts += 1
        remaining = MAX_FAILED_ATTEMPTS - pending.failed_attempts
        if remaining > 0:
            raise Refused(400, "Incorrect amount. Please try again.", remaining_attempts=remaining)
        self._settle(card, pending, "failed")
        card.blocked = True
        raise Refused(400, "Too many failed attempts. Card blocked.", remaining_attempts=0)

    def _settle(self, card: Card, pending: Verification, status: str) -> None:
        transaction = self._merchant.transactions.get(pending.transaction_id)
        if transaction is not None:
            transaction.set_status(status, self._merchant.clock.now_ms())
        card.verification = None

    def _card(self, body: Mapping[str, object]) -> Card:
        month, year = str(body["card_expiry_month"]), str(body["card_expiry_year"])
        card = self._merchant.cards.meet(str(body["card_number"]), month, year)
        if card.expiry != (int(month), int(year)):
            raise Refused(400, "Invalid card", response_code="INVALID_CARD")
        return card

    def _charge_micro_amount(self, card: Card, customer_name: str | None) -> None:
        """Charges once; asking again while a charge is pending makes no second one."""
        if card.verification is not None:
            return
        currency = str(self._merchant.options["processing_currency"])
        amount = micro_amount(self._chance, currency)
        charge = self._merchant.charge(
            amount, currency, card, approved=True, kind="verification", customer_name=customer_name
        )
        charge.status = "pending"
        card.verification = Verification(charge.id, amount, currency)


def _body(call: Call, documented: tuple[Field, ...]) -> Mapping[str, object]:
    _no_query(call)
    if call.media_type != "application/json":
        raise Refused(400, "Content-Type must be application/json")
    if len(call.body) > wire.MAX_BODY_BYTES:
        raise Refused(400, "Request body is too large")
    try:
        body = wire.read(call.body)
    except wire.WireError:
        raise Refused(400, "Request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "Request body must be a JSON object")
    check_fields(body, documented)
    return body


def _no_query(call: Call) -> None:
    if call.query:
        raise Refused(400, "This endpoint takes no query parameters")


def _cents(value: object) -> Decimal:
    if not isinstance(value, (int, Decimal)):
        raise TypeError("checked before")
    return Decimal(value).quantize(Decimal("0.01"))


def _expiry(body: Mapping[str, object]) -> tuple[int, int]:
    return int(str(body["card_expiry_month"])), int(str(body["card_expiry_year"]))


def _optional(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    return None if value is None else str(value)


def _approved(payment: Transaction, outcome: Outcome) -> Answer:
    data = {
        "transaction_id": payment.id,
        "status": payment.status,
        "message": outcome.message,
        "gateway_reference": payment.gateway_reference,
        "response_code": outcome.response_code,
    }
    return Answer(200, {"success": True, "data": data})
