"""Amounts: what the service receives is what was asked for, digit by digit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import till
from till._exchange import Request
from till.conformance.bench import Bench
from till.conformance.case import Case, must
from till.conformance.pointer import MISSING, get
from till.conformance.subject import Subject
from till.sandbox import wire


def cases(subject: Subject) -> Iterator[Case]:
    """One for each amount of the book, and one that says whether the book tries enough."""
    for amount in subject.book.amounts["of"]:
        name = f"{amount['amount']} {amount['currency']}"
        yield Case(subject.provider, "amount", name, partial(_arrives, amount))
    yield Case(subject.provider, "amount", "small, large, and of every kind of currency", _are_enough)


def _arrives(amount: dict[str, Any], bench: Bench) -> None:
    asked = till.Money.from_json(amount)
    requests, _, payment = bench.recorded("payments.create", {**amount.get("with", {}), "amount": asked})
    values = [value for request in requests for value in _amounts_in(request, bench.book.amounts)]
    must(values, "no request holds an amount where the book says")
    wanted = asked.minor if bench.book.amounts["unit"] == "minor" else asked.amount
    for value in values:
        must(_is_plain(value), f"{value!r} is no plain number")
        must(Decimal(str(value)) == wanted, f"the service received {value} for {asked}")
    must(payment["amount"] == asked.to_json(), f"the payment is over {payment['amount']}")
    listed = bench.call("payments.get", {"id": payment["id"]})
    must(listed["amount"] == asked.to_json(), f"the payment is read as {listed['amount']}")


def _amounts_in(request: Request, where: dict[str, Any]) -> Iterator[Any]:
    if "query" in where:
        yield from parse_qs(urlsplit(request.url).query).get(where["query"], [])
    elif request.body:
        value = get(wire.read(request.body), where["body"])
        if value is not MISSING:
            yield value


def _is_plain(value: object) -> bool:
    """Digits and at most one point; no exponent, which some readers take for another number."""
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.replace(".", "", 1).isdigit()


def _are_enough(bench: Bench) -> None:
    amounts = [till.Money.from_json(amount) for amount in bench.book.amounts["of"]]
    must(any(0 < amount.amount < 1 for amount in amounts), "no amount below one is tried")
    must(any(amount.amount >= 10**6 for amount in amounts), "no amount of seven digits is tried")
    tried = {amount.currency for amount in amounts}
    exponents = {-int(amount.amount.as_tuple().exponent) for amount in amounts}
    for currency in bench.manifest["currencies"]:
        decimals = -int(till.Money(1, currency).amount.as_tuple().exponent)
        must(
            currency in tried or decimals in exponents,
            f"no currency with {decimals} decimals is tried, such as {currency}",
        )
