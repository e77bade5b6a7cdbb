"""What an invoice is for: checks its items and adds up their prices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from till.sandbox.bitgpt.currencies import CODES, converted, decimals_of
from till.sandbox.bitgpt.envelope import Refused
from till.sandbox.fields import (
    MAX_AMOUNT,
    Field,
    FieldError,
    check_fields,
    email,
    one_of,
    text,
    web_address,
    whole,
)

# The one product of the sandbox: the ids of the documented sample, the price its own.
PRODUCT_ID = "product_0197a8d9-8426-7e71-9edf-26301686ed26"
SCHEMA_ID = "schema_0197a8d9-8427-7dc4-9b9f-4e29594b5d12"
PRODUCT_CODE, PRODUCT_PRICE = "GBP", Decimal("10.00")

MAX_ITEMS = 100  # own choice
_PRICE = re.compile(r"\d{1,30}(\.\d{1,30})?", re.ASCII)


def _price(value: object) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if not _PRICE.fullmatch(value):
        return "must be a decimal number such as 48.25"
    return None if 0 < Decimal(value) <= MAX_AMOUNT else "must be above 0 and not too large"


def _object(value: object) -> str | None:
    return None if isinstance(value, dict) else "must be an object"


def _items(value: object) -> str | None:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return "must be an array of objects"
    return None if 1 <= len(value) <= MAX_ITEMS else f"must have 1 to {MAX_ITEMS} items"


ORDER_FIELDS = (
    Field("items", _items, True),
    Field("customer_email", email, True),
    Field("currency", one_of(*CODES)),
    Field("metadata", _object),
    Field("redirect_url", web_address),
)
_KIND = Field("type", one_of("PAYMENT_INTENT", "PRODUCT"), True)
_INTENT = (_KIND, Field("currency", one_of(*CODES), True), Field("price", _price, True))
_PRODUCT = (
    _KIND,
    Field("product_id", text, True),
    Field("billing_schema_id", text, True),
    Field("quantity", whole(1, 1_000_000), True),
)


@dataclass(frozen=True)
class Order:
    """A checked body of POST /invoices."""

    code: str
    price: Decimal
    items: Sequence[Mapping[str, object]]
    customer_email: str
    metadata: Mapping[str, object]
    redirect_url: str | None


def read_order(body: Mapping[str, object]) -> Order:
    """Checks a body whose own fields were checked; `FieldError` or `Refused` for a wrong item."""
    items, metadata, redirect = body["items"], body.get("metadata", {}), body.get("redirect_url")
    assert isinstance(items, list) and isinstance(metadata, dict)
    priced = [_priced(item, number) for number, item in enumerate(items)]
    codes = {code for code, _ in priced}
    if "currency" not in body and len(codes) > 1:
        raise FieldError("currency is required when the items have different currencies", "currency")
    code = str(body.get("currency", priced[0][0]))
    price = sum((converted(amount, own, code) for own, amount in priced), Decimal(0))
    email_address = str(body["customer_email"])
    return Order(code, price, items, email_address, metadata, None if redirect is None else str(redirect))


def _priced(item: Mapping[str, object], number: int) -> tuple[str, Decimal]:
    place = f"items.{number}"
    try:
        check_fields({name: item[name] for name in item if name == "type"}, (_KIND,))
        check_fields(item, _INTENT if item["type"] == "PAYMENT_INTENT" else _PRODUCT)
    except FieldError as error:
        raise FieldError(str(error), f"{place}.{error.field}") from None
    if item["type"] == "PRODUCT":
        if (item["product_id"], item["billing_schema_id"]) != (PRODUCT_ID, SCHEMA_ID):
            raise Refused(404, "Product not found", {place: "There is no such product"})
        return PRODUCT_CODE, PRODUCT_PRICE * int(str(item["quantity"]))
    code, price = str(item["currency"]), Decimal(str(item["price"]))
    if price != converted(price, code, code):
        raise FieldError(f"{code} has {decimals_of(code)} decimals", f"{place}.price")
    return code, price
