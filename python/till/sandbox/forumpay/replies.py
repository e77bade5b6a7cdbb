"""How the service writes things: the page's fields, or with the maker's beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from till.sandbox.forumpay.coins import Coin, written
from till.sandbox.forumpay.payments import Payment, Quote

if TYPE_CHECKING:
    from till.sandbox.forumpay import ForumPay

_STATUS = {
    "waiting": "Waiting for transaction.",
    "processing": "Processing",
    "cancelled": "Cancelled",
    "confirmed": "Confirmed",
    "zero_confirmed": "Confirmed",
    "underpayment": "Underpayment",
    "blocked": "Blocked",
}


def clock_time(time_ms: int | None) -> str | None:
    """`2020-03-27 11:00:00`, in UTC."""
    if time_ms is None:
        return None
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


class Replies:
    """Writes one merchant's replies in the form that its options say."""

    def __init__(self, merchant: ForumPay) -> None:
        self._merchant = merchant

    # Quotes and payments

    def rate(self, quote: Quote, coin: Coin) -> dict[str, object]:
        """The reply of GetRate."""
        shown: dict[str, object] = {
            "invoice_amount": f"{quote.invoice_amount:.2f}",
            "invoice_currency": quote.invoice_currency,
            "currency": coin.code,
            **self.price(quote, coin),
            "wait_time": "5 seconds",
            "payment_id": quote.payment_id,
        }
        if self._merchant.maker:
            shown["sid"] = None
        return shown

    def price(self, quote: Quote, coin: Coin) -> dict[str, object]:
        """What the invoice costs in a coin."""
        return {
            "rate": f"{coin.prices[quote.invoice_currency]:f}",
            "amount_exchange": written(quote.exchanged(coin)),
            "network_processing_fee": written(coin.processing_fee),
            "amount": written(quote.amount(coin)),
            "fast_transaction_fee": written(coin.fast_fee),
            "fast_transaction_fee_currency": coin.fast_fee_unit,
        }

    def started(self, payment: Payment) -> dict[str, object]:
        """The reply of StartPayment."""
        shown = {
            **self.rate(payment.quote, payment.coin),
            "address": payment.address,
            **self.codes(payment, written(payment.asked)),
        }
        if self._merchant.maker:
            shown |= {
                "min_confirmations": payment.min_confirmations,
                "notices": [],
                "stats_token": payment.id.replace("-", "")[::-1],
                "print_string": f"Reference: {payment.quote.pos_id}:{payment.id}",
                "item_name": None,
                **self._access(payment),
            }
        return shown

    def codes(self, payment: Payment, amount: str) -> dict[str, object]:
        """The four forms of a QR code: text and picture, with and without the amount."""
        plain = payment.address
        full = f"{payment.coin.scheme}:{plain}?amount={amount}"
        picture = self._merchant.origin + "/api/qr/?d="
        return {
            "qr": full,
            "qr_alt": plain,
            "qr_img": picture + quote_plus(full),
            "qr_alt_img": picture + quote_plus(plain),
        }

    def checked(self, payment: Payment) -> dict[str, object]:
        """The reply of CheckPayment."""
        now_ms = self._merchant.clock.now_ms()
        state, open_amount = payment.state(now_ms), payment.refundable(now_ms)
        shown: dict[str, object] = {
            "reference_no": payment.extras.get("reference_no"),
            "invoice_amount": self._invoice_amount(payment),
            "invoice_currency": payment.quote.invoice_currency,
            "currency": payment.coin.code,
            "amount": written(payment.needed),
            "payment": written(payment.came),
            "confirmations": self._number(payment.confirmations),
            "min_confirmations": self._number(payment.min_confirmations),
            "confirmed": payment.confirmed(now_ms),
            "state": state,
            "status": _STATUS[state],
            "wait_time": "5 seconds",
        }
        if open_amount:
            shown["refund_amount_opened"] = written(open_amount)
        if self._merchant.maker:
            shown |= self._checked_by_maker(payment, now_ms)
        return shown

    def _checked_by_maker(self, payment: Payment, now_ms: int) -> dict[str, object]:
        ended, accepted = payment.ended_ms(now_ms), payment.accepted
        shown: dict[str, object] = {
            "inserted": clock_time(payment.started_ms),
            "type": "Sell",
            "original_amount": None if accepted is None else written(payment.asked),
            "accept_zero_confirmations": self._flag(payment.yes("accept_zero_confirmations")),
            "require_kyt_for_confirmation": self._flag(payment.yes("require_kyt_for_confirmation")),
            "confirmed_time": clock_time(payment.confirmed_ms),
            "reason": payment.cancel_reason,
            "sid": payment.extras.get("sid"),
            "cancelled": ended is not None,
            "cancelled_time": clock_time(ended),
            "print_string": f"Reference: {payment.quote.pos_id}:{payment.id}",
            "item_name": None,
            **self._access(payment),
        }
        if payment.coins:
            shown["unconfirmed_amount"] = written(payment.came)
            shown["unconfirmed_invoice_amount"] = f"{payment.worth:.2f}"
        if payment.state(now_ms) == "underpayment":
            missing = written(payment.missing)
            rest = {"address": payment.address, "missing_amount": missing}
            shown["underpayment"] = {**rest, **self.codes(payment, missing)}
        return shown

    # Lists

    def transactions(self, payments: list[Payment]) -> object:
        """The reply of GetTransactions, in either shape."""
        items = [self.transaction(payment) for payment in payments]
        return {"invoices": items} if self._merchant.options["list_shape"] == "invoices" else items

    def transaction(self, payment: Payment) -> dict[str, object]:
        """One entry of GetTransactions."""
        now_ms = self._merchant.clock.now_ms()
        state, open_amount = payment.state(now_ms), payment.refundable(now_ms)
        refunded = sum(refund.amount for refund in payment.refunds)
        shown: dict[str, object] = {
            "status": _STATUS[state],
            "pos_id": payment.quote.pos_id,
            "payment_id": payment.id,
            "invoice_currency": payment.quote.invoice_currency,
            "invoice_amount": self._invoice_amount(payment),
            "currency": payment.coin.code,
            "amount": written(payment.needed),
            "address": payment.address,
            "type": "Sell",
            "payment": written(payment.came) if payment.coins else None,
            "refund": f"{refunded:.8f}" if refunded else "",
            "refund_amount_opened": written(open_amount) if open_amount else "",
            "refund_status": _refund_status(payment),
            "inserted": clock_time(payment.started_ms),
            "confirmed": clock_time(payment.confirmed_ms),
            "cancelled": clock_time(payment.ended_ms(now_ms)),
            "double_spending_alert": None,
            "accept_zero_confirmations": payment.yes("accept_zero_confirmations"),
            "item_name": "",
            "access_token": payment.id.replace("-", ""),
        }
        if self._merchant.maker:
            shown |= {
                "state": state,
                "status_loc": _STATUS[state],
                "amount_exchange": written(payment.quote.exchanged(payment.coin)),
                "network_processing_fee": written(payment.coin.processing_fee),
                "type_loc": "Sell",
                "refund_status_loc": _refund_status(payment),
                "invoice_date": None,
                "sid": payment.extras.get("sid"),
            }
        return shown

    def coin(self, coin: Coin, currency: str, limits: tuple[str, str]) -> dict[str, object]:
        """One entry of GetCurrencyList. The page shows no sample, so it is the maker's."""
        price, fee = f"{coin.prices[currency]:f}", written(coin.processing_fee)
        least, most = limits
        return {
            "currency": coin.code,
            "description": coin.name,
            "status": "OK",
            "zero_confirmations_enabled": self._flag(True),
            "currency_fiat": currency,
            "icon_url": f"{self._merchant.origin}/icons/{coin.code.lower()}.png",
            "rate": price,
            "sell_status": "OK",
            "sell_rate": price,
            "buy_status": "OK",
            "buy_rate": price,
            "sell_min_invoice_amount": least,
            "sell_max_invoice_amount": most,
            "sell_network_processing_fee": fee,
            "buy_min_invoice_amount": least,
            "buy_max_invoice_amount": most,
            "buy_network_processing_fee": fee,
        }

    # Pieces

    def _access(self, payment: Payment) -> dict[str, object]:
        url = self._merchant.payer_url_template.replace("{id}", payment.id)
        return {"access_token": payment.id.replace("-", ""), "access_url": url}

    def _invoice_amount(self, payment: Payment) -> str:
        amount = payment.quote.invoice_amount
        if payment.accepted_invoice is not None and self._merchant.options["accepted_invoice"] == "replace":
            amount = payment.accepted_invoice
        return f"{amount:.2f}"

    def _number(self, value: int) -> object:
        return str(value) if self._merchant.options["numbers"] == "strings" else value

    def _flag(self, value: bool) -> object:
        if self._merchant.options["numbers"] == "strings":
            return "1" if value else "0"
        return value


def _refund_status(payment: Payment) -> str | None:
    if not payment.refunds:
        return None
    return "Refunded" if all(refund.done for refund in payment.refunds) else "Refund requested"
