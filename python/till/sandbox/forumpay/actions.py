"""The actions, by their documented names. Parameters are checked before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from till.sandbox.forumpay.coins import COINS, FIAT, MAX_INVOICE, MIN_INVOICE
from till.sandbox.forumpay.payments import QUOTE_MS, Payment, Quote

if TYPE_CHECKING:
    from till.sandbox.forumpay import ForumPay

Params = Mapping[str, str]
Handler = Callable[["ForumPay", Params], object]
ACTIONS: dict[str, Handler] = {}

_TERMS = ("pos_id", "invoice_currency", "invoice_amount", "currency", "payment_id")


class Refused(Exception):
    """The service says no, with an HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def _action(name: str) -> Callable[[Handler], Handler]:
    def keep(handler: Handler) -> Handler:
        ACTIONS[name] = handler
        return handler

    return keep


# Quotes


@_action("GetRate")
def _get_rate(merchant: ForumPay, params: Params) -> object:
    coin = COINS[params["currency"]]
    return merchant.replies.rate(_quote(merchant, params, [coin.code]), coin)


@_action("GetRates")
def _get_rates(merchant: ForumPay, params: Params) -> object:
    quote = _quote(merchant, params, params["currencies"].split(","))
    prices = [
        {"currency": coin.code, **merchant.replies.price(quote, coin), "wait_time": "5 seconds"}
        for coin in quote.coins
    ]
    return {
        "payment_id": quote.payment_id,
        "invoice_amount": f"{quote.invoice_amount:.2f}",
        "invoice_currency": quote.invoice_currency,
        "sid": params.get("sid"),
        "currencies": prices,
    }


def _quote(merchant: ForumPay, params: Params, codes: list[str]) -> Quote:
    amount = Decimal(params["invoice_amount"])
    if not MIN_INVOICE <= amount <= MAX_INVOICE:
        raise Refused(f"Amount must be between {MIN_INVOICE} and {MAX_INVOICE}")
    coins = tuple(COINS[code] for code in codes)
    quote = Quote(params["pos_id"], params["invoice_currency"], amount, coins, merchant.clock.now_ms())
    merchant.quotes[quote.payment_id] = quote
    return quote


# Payments


@_action("StartPayment")
def _start_payment(merchant: ForumPay, params: Params) -> object:
    quote = merchant.quotes.get(params["payment_id"])
    now_ms = merchant.clock.now_ms()
    if quote is None or now_ms >= quote.made_ms + QUOTE_MS:
        raise Refused("Payment ID is unknown or has expired, call GetRate first")
    if quote.payment_id in merchant.payments:
        raise Refused("Payment is already started")
    coin = COINS[params["currency"]]
    asked = (params["pos_id"], params["invoice_currency"], Decimal(params["invoice_amount"]))
    if asked != (quote.pos_id, quote.invoice_currency, quote.invoice_amount) or coin not in quote.coins:
        raise Refused("The payment does not fit its quote")
    extras = {name: value for name, value in params.items() if name not in _TERMS}
    payment = Payment(quote, coin, now_ms, now_ms + 1000 * merchant.payment_seconds, extras)
    merchant.payments[payment.id] = payment
    return merchant.replies.started(payment)


@_action("CheckPayment")
def _check_payment(merchant: ForumPay, params: Params) -> object:
    return merchant.replies.checked(_payment(merchant, params))


@_action("CancelPayment")
def _cancel_payment(merchant: ForumPay, params: Params) -> object:
    payment = _payment(merchant, params)
    payment.cancel(params.get("reason"), merchant.clock.now_ms())
    merchant.announce(payment)
    return {"cancelled": True, "status": "Cancelled"} if merchant.maker else {"cancelled": True}


@_action("AcceptPayment")
def _accept_payment(merchant: ForumPay, params: Params) -> object:
    payment, now_ms = _payment(merchant, params), merchant.clock.now_ms()
    if payment.state(now_ms) not in ("underpayment", "cancelled") or not payment.refundable(now_ms):
        raise Refused("There is no underpayment to accept")
    if Decimal(params["accepted_amount"]) != payment.came:
        raise Refused("accepted_amount must match the payment")
    invoice_amount = Decimal(params["accepted_invoice_amount"])
    if invoice_amount > payment.quote.invoice_amount:
        raise Refused("accepted_invoice_amount is larger than the invoice")
    payment.accept(payment.came, invoice_amount, now_ms)
    merchant.announce(payment)
    return {"success": True}


@_action("RefundPayment")
def _refund_payment(merchant: ForumPay, params: Params) -> object:
    payment, now_ms = _payment(merchant, params), merchant.clock.now_ms()
    open_amount = payment.refundable(now_ms)
    if not open_amount:
        raise Refused("There is nothing to refund")
    if Decimal(params["refund_amount"]) != open_amount:
        raise Refused("refund_amount must match refund_amount_opened")
    if not payment.coin.owns_address(params["address_out"]):
        raise Refused("address_out is not valid")
    payment.refund(params["address_out"], now_ms)
    merchant.announce(payment)
    return {"wait_time": "120 minutes"}


def _payment(merchant: ForumPay, params: Params) -> Payment:
    payment = merchant.payments.get(params["payment_id"])
    if payment is None:
        raise Refused("Payment not found")
    place = (payment.quote.pos_id, payment.coin.code, payment.address)
    asked = (params["pos_id"], params["currency"], params.get("address", payment.address))
    if place != asked:
        raise Refused("Payment not found")
    return payment


# Lists and the rest


@_action("GetCurrencyList")
def _get_currency_list(merchant: ForumPay, params: Params) -> object:
    currency = params.get("invoice_currency", FIAT[0])
    limits = (str(MIN_INVOICE), str(MAX_INVOICE))
    return [merchant.replies.coin(coin, currency, limits) for coin in COINS.values()]


@_action("GetTransactions")
def _get_transactions(merchant: ForumPay, params: Params) -> object:
    offset, limit = int(params.get("offset", 0)), int(params.get("limit", 20))
    wanted = params.get("reference_no")
    newest_first = [
        payment
        for payment in reversed(merchant.payments.values())
        if wanted is None or payment.extras.get("reference_no") == wanted
    ]
    return merchant.replies.transactions(newest_first[offset : offset + min(limit, 100)])


@_action("Ping")
def _ping(merchant: ForumPay, params: Params) -> object:
    if "webhook_url" in params:
        merchant.webhook_test(params["webhook_url"])
    return {"result": "pong"}


@_action("GetWalletApps")
def _get_wallet_apps(merchant: ForumPay, params: Params) -> object:
    picture = f"{merchant.origin}/wallets/pocket.png"
    app = "27846ac7-9f56-4b28-a524-dc5d6fd29a01"
    return [{"id": app, "name": "Pocket", "image": picture, "image_darkmode": picture}]


@_action("RequestKyc")
def _request_kyc(merchant: ForumPay, params: Params) -> object:
    merchant.kyc_requests.append(params["email"])
    return {"status": "ok"}
