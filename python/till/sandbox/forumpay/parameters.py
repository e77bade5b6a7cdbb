"""What each action takes: the page's parameters, and the maker's beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from urllib.parse import parse_qsl

from till.sandbox import wire
from till.sandbox.call import Call
from till.sandbox.fields import Check, Field, FieldError, email, matching, one_of, text, web_address
from till.sandbox.forumpay.coins import COINS, FIAT

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def amount(places: int) -> Check:
    """Text of a number above zero with at most so many decimals."""
    shape = re.compile(rf"\d{{1,12}}(\.\d{{1,{places}}})?", re.ASCII)

    def check(value: object) -> str | None:
        if not isinstance(value, str) or not shape.fullmatch(value):
            return f"must be a number with at most {places} decimals"
        return None if Decimal(value) > 0 else "must be greater than 0"

    return check


def _at_most(length: int) -> Check:
    def check(value: object) -> str | None:
        too_long = isinstance(value, str) and len(value) > length
        return f"must have at most {length} characters" if too_long else text(value)

    return check


def _coin_list(value: object) -> str | None:
    known = isinstance(value, str) and all(code in COINS for code in value.split(","))
    return None if known else "must be supported coins, separated by commas"


_truth = one_of("true", "false", "1", "0")  # the page writes true, the maker's plugins also 1 and 0
_whole = matching(r"\d{1,9}", "must be a whole number")

_POS = Field("pos_id", matching(r"[A-Za-z0-9._-]{1,255}", "must be letters, digits, '.', '_' and '-'"), True)
_PAYMENT = Field("payment_id", matching(_UUID, "must be an id from GetRate"), True)
_COIN = Field("currency", one_of(*COINS), True)
_ADDRESS = Field("address", text, True)
_INVOICE = (
    Field("invoice_currency", one_of(*FIAT), True),
    Field("invoice_amount", amount(2), True),
)
_TERMS = (Field("accept_zero_confirmations", _truth), Field("require_kyt_for_confirmation", _truth))
_SESSION = (Field("wallet_app_id", text), Field("sid", text))

_EVERYWHERE = (Field("locale", text), Field("user", text))

_PAGE: dict[str, tuple[Field, ...]] = {
    "GetRate": (_POS, *_INVOICE, _COIN, *_TERMS),
    "StartPayment": (
        *(_POS, _PAYMENT, *_INVOICE, _COIN, *_TERMS),
        Field("reference_no", text),
        Field("payer_ip_address", matching(r"[0-9a-fA-F.:]{2,45}", "must be an IP address")),
        Field("payer_user_agent", text),
    ),
    "CheckPayment": (_POS, _COIN, _PAYMENT, _ADDRESS),
    "CancelPayment": (
        _POS,
        _COIN,
        _PAYMENT,
        _ADDRESS,
        Field("reason", text),
        Field("comment", _at_most(255)),
    ),
    "AcceptPayment": (
        *(_POS, _PAYMENT, _COIN, _ADDRESS),
        Field("accepted_amount", amount(8), True),
        Field("accepted_invoice_amount", amount(2), True),
    ),
    "RefundPayment": (
        *(_POS, _PAYMENT, _COIN),
        Field("address_out", text, True),
        Field("refund_amount", amount(8), True),
    ),
    "GetCurrencyList": (),
    "GetTransactions": (Field("offset", _whole), Field("limit", _whole)),
}
_ANYWHERE = Field(
    _POS.name, _POS.check
)  # "each API call requires" it, though two examples and lists go without

_PAYER = (
    *("payer_id", "payer_kyc_pin", "payer_type", "payer_first_name", "payer_last_name", "payer_country"),
    *("payer_date_of_birth", "payer_country_of_birth", "payer_company", "payer_date_of_incorporation"),
)
_MAKER: dict[str, tuple[Field, ...]] = {
    "GetRate": _SESSION,
    "StartPayment": (
        *_SESSION,
        *(Field(name, text) for name in _PAYER),
        Field("payer_email", email),
        Field("auto_accept_underpayment", _truth),
        Field("auto_accept_underpayment_min", amount(2)),
        Field("auto_accept_overpayment", _truth),
        Field("auto_accept_overpayment_max", amount(2)),
        Field("auto_accept_late_payment", _truth),
        Field("webhook_url", web_address),
        Field("on_success_redirect_url", web_address),
        Field("on_failure_redirect_url", web_address),
        Field("network_processing_fee_paid_by", text),
    ),
    "GetCurrencyList": (Field("invoice_currency", one_of(*FIAT)),),
    "GetTransactions": (Field("reference_no", text),),
    "Ping": (Field("webhook_url", web_address),),
    "GetRates": (_POS, *_INVOICE, Field("currencies", _coin_list, True), *_TERMS, *_SESSION),
    "GetWalletApps": (),
    "RequestKyc": (Field("email", email, True),),
}


def documented(action: str, *, maker: bool) -> tuple[Field, ...] | None:
    """The parameters of an action; None for one that there is not."""
    found = _PAGE.get(action)
    if maker:
        found = (*(found or ()), *_MAKER.get(action, ())) if found is not None or action in _MAKER else None
    if found is None:
        return None
    common = _EVERYWHERE if _POS in found else (*_EVERYWHERE, _ANYWHERE)
    return (*found, *common)


def given(call: Call) -> Mapping[str, str]:
    """The parameters of a request. An empty one counts as left out, as the maker's client sends them."""
    if call.method == "POST" and call.query:
        raise FieldError("Parameters of a POST stand in its body")
    if call.method == "GET" and call.body:
        raise FieldError("A GET has no body")
    pairs = _form(call) if call.method == "POST" else parse_qsl(call.query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise FieldError("A parameter appears twice")
    return {name: value for name, value in pairs if value != ""}


def _form(call: Call) -> Sequence[tuple[str, str]]:
    if len(call.body) > wire.MAX_BODY_BYTES:
        raise FieldError("The request is too large")
    if call.media_type == "application/x-www-form-urlencoded":
        return parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    if call.media_type != "multipart/form-data":
        raise FieldError("A POST is a form")
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode("latin-1", "replace")
    form = BytesParser(policy=policy.HTTP).parsebytes(head + call.body)
    if not form.is_multipart() or form.defects:
        raise FieldError("The form cannot be read")
    return [_part(part) for part in form.iter_parts() if isinstance(part, EmailMessage)]


def _part(part: EmailMessage) -> tuple[str, str]:
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    if not isinstance(name, str) or not isinstance(content, bytes):
        raise FieldError("The form cannot be read")
    return name, content.decode("utf-8", "replace")
