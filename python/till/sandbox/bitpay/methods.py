"""BitPay's methods by facade, each a function of merchant, caller and checked parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from till.sandbox.bitpay import accounts, rates
from till.sandbox.bitpay.dates import loose_date, parse_loose_date
from till.sandbox.bitpay.identity import valid_sin, valid_testnet_address
from till.sandbox.bitpay.invoices import COMPLETE_AT, Invoice, Refund, new_invoice
from till.sandbox.bitpay.ledger import OVERPAYMENT, SALE
from till.sandbox.bitpay.notifications import MANUAL
from till.sandbox.bitpay.tokens import FACADES, Token, new_pairing_code
from till.sandbox.fields import (
    Check,
    Field,
    FieldError,
    boolean,
    check_fields,
    matching,
    money,
    one_of,
    optional_text,
    text,
    web_address,
    whole,
)

if TYPE_CHECKING:
    from till.sandbox.bitpay import BitPay


class RpcError(Exception):
    """The service says no. The texts beyond the published ones and all HTTP statuses are sandbox-made."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Caller:
    """Who is asking: the facade of the token used, the SIN that signed (or none), the token itself."""

    facade: str
    sin: str
    token: Token | None


Params = Mapping[str, object]
Method = Callable[["BitPay", Caller, Params], object]
METHODS: dict[tuple[str, str], Method] = {}
"""The method for a facade and a name."""


def _method(name: str, facades: tuple[str, ...], *fields: Field) -> Callable[[Method], Method]:
    def register(function: Method) -> Method:
        def checked(merchant: BitPay, caller: Caller, params: Params) -> object:
            check_fields(params, fields)
            return function(merchant, caller, params)

        for facade in facades:
            METHODS[facade, name] = checked
        return function

    return register


def _supported_currency(value: object) -> str | None:
    problem = matching(r"[A-Z]{3}", "must be three capital letters")(value)
    if problem is None and not rates.known(str(value)):
        return "is not supported"
    return problem


def _checked_by(test: Callable[[str], bool], problem: str) -> Check:
    def check(value: object) -> str | None:
        return None if isinstance(value, str) and test(value) else problem

    return check


_CURRENCY = Field("currency", _supported_currency, True)
_INVOICE_ID = Field("invoiceId", text, True)
_COMMIT = Field("commit", boolean, True)
_FACADE = one_of(*FACADES)
_PAIRING_CODE = matching(r"[a-zA-Z0-9]{7}", "must be 7 letters or digits")
_INVOICE = ("merchant/invoice",)
# Documented for BitPay's REST interface or implied by other calls, not documented for createInvoice
# here; taken only when the option `invoice_fields` is `wide`.
_WIDE_FIELDS = (
    Field("orderId", text),
    Field("itemCode", text),
    Field("itemDesc", optional_text),
    Field("posData", optional_text),
    Field("redirectURL", web_address),
    Field("notificationURL", web_address),
    Field("fullNotifications", boolean),
    Field("extendedNotifications", boolean),
)


# Tokens


@_method(
    "createToken",
    ("public",),
    Field("id", _checked_by(valid_sin, "must be a client id (SIN)"), True),
    Field("pairingCode", _PAIRING_CODE),
    Field("facade", _FACADE),
    Field("label", matching(r"[a-zA-Z0-9 \-_]{1,60}", "must be 1 to 60 plain characters")),
)
def _create_token(merchant: BitPay, caller: Caller, params: Params) -> object:
    sin, now = str(params["id"]), merchant.clock.now_ms()
    if "pairingCode" in params:
        return [_claim(merchant, sin, params).granted(merchant.resource)]
    if "facade" not in params:
        raise FieldError("Missing required field: facade or pairingCode")
    token = Token(
        facade=str(params["facade"]),
        created_ms=now,
        sins=[sin],
        active=False,
        pairing_code=new_pairing_code(),
        label=str(params.get("label", "")),
    )
    return [merchant.tokens.add(token).waiting()]


def _claim(merchant: BitPay, sin: str, params: Params) -> Token:
    """A code that the merchant handed out is redeemed by a client."""
    token = merchant.tokens.offered(str(params["pairingCode"]), merchant.clock.now_ms())
    if token is None or token.sins:
        raise RpcError("Invalid or expired pairingCode", 404)
    if params.get("facade", token.facade) != token.facade:
        raise RpcError("The facade does not match the pairingCode", 400)
    token.sins, token.active = [sin], True
    merchant.tokens.use_up(token)
    return token


@_method(
    "createToken",
    ("merchant",),
    Field("pairingCode", _PAIRING_CODE, True),
    Field("facade", _FACADE, True),
)
def _approve_token(merchant: BitPay, caller: Caller, params: Params) -> object:
    token = merchant.tokens.offered(str(params["pairingCode"]), merchant.clock.now_ms())
    if token is None or not token.sins:
        raise RpcError("Invalid or expired pairingCode", 404)
    if token.facade != params["facade"]:
        raise RpcError("The facade does not match the pairingCode", 400)
    merchant.approve(token)
    return [token.granted(merchant.resource)]


@_method("createPublicPOSToken", ("merchant",))
def _create_public_pos_token(merchant: BitPay, caller: Caller, params: Params) -> object:
    token = Token(facade="pos", created_ms=merchant.clock.now_ms())
    return [merchant.tokens.add(token).granted(merchant.resource)]


# Rates, currencies, accounts


@_method("getRates", ("public",))
def _get_rates(merchant: BitPay, caller: Caller, params: Params) -> object:
    return rates.all_rates()


@_method("getRateForCurrency", ("public",), _CURRENCY)
def _get_rate(merchant: BitPay, caller: Caller, params: Params) -> object:
    return rates.rate_entry(str(params["currency"]))


@_method("getCurrencies", ("public",))
def _get_currencies(merchant: BitPay, caller: Caller, params: Params) -> object:
    return rates.all_currencies()


@_method("createAccount", ("public",), *accounts.FIELDS)
def _create_account(merchant: BitPay, caller: Caller, params: Params) -> object:
    return accounts.application(params, merchant.clock.now_ms())


# Invoices


@_method(
    "createInvoice",
    ("pos", "merchant"),
    Field("price", money(6), True),
    _CURRENCY,
    *_WIDE_FIELDS,
)
def _create_invoice(merchant: BitPay, caller: Caller, params: Params) -> object:
    price, currency = params["price"], str(params["currency"])
    problem = money(6 if currency == "BTC" else 2)(price)
    if problem is not None:
        raise FieldError(f"Invalid price: {problem}")
    extras = {name: value for name, value in params.items() if name not in ("price", "currency")}
    if extras and merchant.options["invoice_fields"] != "wide":
        raise FieldError(f"Unknown field: {min(extras)}")
    now = merchant.clock.now_ms()
    invoice = new_invoice(Decimal(str(price)), currency, extras, now)
    if invoice.btc_price <= 0:
        raise FieldError("Invalid price: is too small to be paid in bitcoin")
    merchant.limit_creation(now)
    if caller.token and caller.facade == "merchant":
        invoice.merchant_token = caller.token.value
    merchant.open(invoice)
    return _with_token(merchant, caller, invoice, transactions=True)


@_method("getInvoice", ("public", "merchant"), _INVOICE_ID)
def _get_invoice(merchant: BitPay, caller: Caller, params: Params) -> object:
    invoice = _invoice(merchant, str(params["invoiceId"]))
    return _with_token(merchant, caller, invoice, transactions=caller.facade != "public")


@_method(
    "findInvoices",
    ("merchant",),
    Field("dateStart", loose_date, True),
    Field("dateEnd", loose_date),
    Field("limit", whole(1, 1000)),
    Field("skip", whole(0, 1_000_000_000)),
    Field("itemCode", text),
    Field("orderId", text),
)
def _find_invoices(merchant: BitPay, caller: Caller, params: Params) -> object:
    start, end = _span(params, "dateStart", "dateEnd")
    found = [
        invoice
        for invoice in reversed(merchant.invoices.values())
        if start <= invoice.created_ms <= end
        and all(
            invoice.extras.get(name) == params[name] for name in ("itemCode", "orderId") if name in params
        )
    ]
    skip, limit = int(str(params.get("skip", 0))), int(str(params.get("limit", 100)))
    page = found[skip : skip + limit]
    return [_with_token(merchant, caller, invoice, transactions=True) for invoice in page]


@_method("getInvoiceBusToken", ("public", "merchant"), _INVOICE_ID)
def _get_invoice_bus_token(merchant: BitPay, caller: Caller, params: Params) -> object:
    invoice = _invoice(merchant, str(params["invoiceId"]))
    return {
        "url": merchant.origin + "/events",
        "token": merchant.bus.token(invoice.id),
        "events": ["payment"],
        "actions": ["subscribe", "unsubscribe"],
    }


@_method("getInvoiceSettings", ("pos", "merchant"))
def _get_invoice_settings(merchant: BitPay, caller: Caller, params: Params) -> object:
    return {
        "account": merchant.account,
        "additionalCurrencies": ["USD", "EUR", "GBP", "JPY"],
        "defaultCurrency": "USD",
        "notificationEmail": "",
        "notificationURL": merchant.webhooks.url,
        "merchantName": merchant.shop,
    }


# The ledger


@_method("getLedgers", ("merchant",))
def _get_ledgers(merchant: BitPay, caller: Caller, params: Params) -> object:
    return merchant.ledger.balances()


@_method(
    "getLedgerEntries",
    ("merchant",),
    _CURRENCY,
    Field("startDate", loose_date, True),
    Field("endDate", loose_date, True),
)
def _get_ledger_entries(merchant: BitPay, caller: Caller, params: Params) -> object:
    start, end = _span(params, "startDate", "endDate")
    return merchant.ledger.between(str(params["currency"]), start, end)


# One invoice, with the token that getInvoice returned


@_method(
    "refund",
    _INVOICE,
    Field("bitcoinAddress", _checked_by(valid_testnet_address, "must be a test address"), True),
    Field("amount", money(8), True),
    _CURRENCY,
)
def _refund(merchant: BitPay, caller: Caller, params: Params) -> object:
    invoice, currency = _subject(merchant, caller), str(params["currency"])
    if currency not in (invoice.currency, "BTC"):
        raise FieldError("Invalid currency: must be the invoice's or BTC")
    amount = Decimal(str(params["amount"]))
    problem = money(8 if currency == "BTC" else 2)(amount)
    if problem is not None:
        raise FieldError(f"Invalid amount: {problem}")
    if invoice.exception:
        raise RpcError("The invoice is partially or over paid; credit that first", 409)
    if invoice.confirmations < COMPLETE_AT or not invoice.settled:
        raise RpcError("The invoice needs six confirmations before a refund", 409)
    if _refunded_btc(invoice) + _as_btc(invoice, amount, currency) > _refundable_btc(invoice):
        raise RpcError("The refund is larger than what was paid", 409)
    now = merchant.clock.now_ms()
    refund = Refund(amount, currency, str(params["bitcoinAddress"]), now)
    invoice.refunds.append(refund)
    return refund.shown()


@_method("getRefunds", _INVOICE)
def _get_refunds(merchant: BitPay, caller: Caller, params: Params) -> object:
    return [refund.shown() for refund in _subject(merchant, caller).refunds]


@_method("creditPartialPayment", _INVOICE, _COMMIT)
def _credit_partial_payment(merchant: BitPay, caller: Caller, params: Params) -> object:
    invoice = _creditable(merchant, caller, "paidPartial")
    effect = invoice if params["commit"] else copy.deepcopy(invoice)
    effect.credit_partial()
    if effect is invoice:
        satoshi, now = sum(item.amount for item in invoice.coins), merchant.clock.now_ms()
        merchant.ledger.credit(SALE, satoshi, invoice, now)
        merchant.settle(invoice)
    return effect.shown(merchant.origin, merchant.clock.now_ms(), transactions=True)


@_method("creditOverpayment", _INVOICE, _COMMIT)
def _credit_overpayment(merchant: BitPay, caller: Caller, params: Params) -> object:
    invoice = _creditable(merchant, caller, "paidOver")
    effect, now = invoice if params["commit"] else copy.deepcopy(invoice), merchant.clock.now_ms()
    surplus = effect.credit_overpayment(now)
    if effect is invoice:
        merchant.ledger.credit(OVERPAYMENT, surplus, invoice, now)
        merchant.announce(invoice)
    return effect.shown(merchant.origin, now, transactions=True)


@_method("sendNotification", _INVOICE)
def _send_notification(merchant: BitPay, caller: Caller, params: Params) -> object:
    merchant.notify(_subject(merchant, caller), MANUAL)
    return "Success"


# Shared steps


def _with_token(
    merchant: BitPay, caller: Caller, invoice: Invoice, *, transactions: bool
) -> dict[str, object]:
    now = merchant.clock.now_ms()
    shown = invoice.shown(merchant.origin, now, transactions=transactions)
    parent = caller.token or merchant.public
    return {
        **shown,
        "token": merchant.tokens.for_invoice(invoice.id, parent, caller.sin, now).value,
    }


def _invoice(merchant: BitPay, invoice_id: str) -> Invoice:
    invoice = merchant.invoices.get(invoice_id)
    if invoice is None:
        raise RpcError("Invoice not found", 404)
    return invoice


def _subject(merchant: BitPay, caller: Caller) -> Invoice:
    return _invoice(merchant, caller.token.subject if caller.token else "")


def _creditable(merchant: BitPay, caller: Caller, exception: str) -> Invoice:
    invoice = _subject(merchant, caller)
    if invoice.exception != exception:
        raise RpcError(f"The invoice is not {exception}", 409)
    if invoice.confirmations < COMPLETE_AT:
        raise RpcError("The invoice needs six confirmations first", 409)
    return invoice


def _span(params: Params, start: str, end: str) -> tuple[int, int]:
    begin = parse_loose_date(str(params[start]), end=False)
    if end not in params:
        return begin, 1 << 62
    return begin, parse_loose_date(str(params[end]), end=True)


def _as_btc(invoice: Invoice, amount: Decimal, currency: str) -> Decimal:
    """An amount as a part of the invoice: a refund of the whole price is the whole of the coins."""
    return amount if currency == "BTC" else amount / invoice.price * invoice.btc_price


def _refunded_btc(invoice: Invoice) -> Decimal:
    dead = ("failure", "cancelled")
    live = [refund for refund in invoice.refunds if refund.status not in dead]
    return sum((_as_btc(invoice, r.amount, r.currency) for r in live), Decimal(0))


def _refundable_btc(invoice: Invoice) -> Decimal:
    return invoice.btc_paid
