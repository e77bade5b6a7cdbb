"""What a type checker sees: exact results and full parameters, waited for or awaited."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

import till

HEAD = """
from collections.abc import Coroutine
from typing import Any
import till

shop = till.Gateway("openpay", {"api_key": "sk_test_12345678"})
later = till.AsyncGateway("openpay", {"api_key": "sk_test_12345678"})
price = till.Money("1.00", "BZD")
"""

RIGHT = """
payment: till.Payment = shop.payments.create(price, reference="1", metadata={"a": [1]})
page: till.Page[till.Payment] = shop.payments.list(limit=2)
first: till.Payment = page[0]
verification: till.CardVerification = shop.cards.confirm(till.Card("4111111111111111", 12, 2030), price)
coming: Coroutine[Any, Any, till.Payment] = later.payments.create(price)

async def check() -> None:
    payment: till.Payment = await later.payments.get("pay_1")
    checked: bool = (await later.check()).ok
    currencies: till.Page[till.Currency] = await later.currencies.list()
"""

WRONG = [
    "shop.payments.create(1.5)",
    'shop.payments.create("1.00")',
    'shop.payments.create(price, referense="1")',
    "shop.payments.create(price, reference=1)",
    "shop.payments.cerate(price)",
    'till.Money(1.5, "BZD")',
    "later.payments.create(price).status",
    'shop.payments.get("pay_1").status = "paid"',
    "price + 1",
    'till.Gateway("openpay")',
]


def check(text: str, folder: Path) -> list[str]:
    """The errors that mypy --strict finds."""
    path = folder / "program.py"
    path.write_text(HEAD + text)
    cache = str(folder / "cache")
    out, err, _ = api.run(["--strict", "--no-error-summary", "--no-pretty", "--cache-dir", cache, str(path)])
    assert err == ""
    return [line for line in out.splitlines() if ": error:" in line]


@pytest.mark.timeout(600)
def test_a_right_program_passes_and_every_wrong_line_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # mypy finds an installed package by itself; of a checkout it has to be told.
    home = Path(till.__file__).parents[1]
    if home.name != "site-packages":
        monkeypatch.setenv("MYPYPATH", str(home))
    monkeypatch.chdir(tmp_path)
    assert check(RIGHT, tmp_path) == []
    errors = check("\n".join(WRONG), tmp_path)
    start = HEAD.count("\n") + 1
    found = {int(line.split(":")[1]) for line in errors}
    assert found == set(range(start, start + len(WRONG))), errors
