"""Money: an exact decimal amount with its currency."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from till._errors import InvalidRequest, NativeError, error_from_native
from till._native import NativeMoney
from till._text import checked_text

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")

_LEAST_MINOR = -(2**63)
_FORMAT = re.compile(r"((?:.?[<>^])?(?:[1-9]\d*)?)(,?)", re.DOTALL)


class Money:
    """An exact decimal amount with its currency. Immutable and hashable.

    `amount` is a `Decimal`, a `str` or an `int`; a `float` is a `TypeError`, because no binary float is the
    amount anyone meant. More decimals than the currency has are `InvalidRequest`: nothing is ever rounded.
    Money of one currency adds, subtracts and compares; mixing currencies is `InvalidRequest`, though never
    equal.

    >>> price = till.Money("48.25", "EUR")
    >>> price + till.Money(2, "EUR")
    Money('50.25', 'EUR')
    >>> price.minor, price.amount
    (4825, Decimal('48.25'))
    >>> till.Money.from_minor(701648, "BTC") < till.Money("0.01", "BTC")
    True
    >>> sum([price, price])
    Money('96.50', 'EUR')
    >>> f"{price}", f"{till.Money(1234567, 'EUR'):,}"
    ('48.25 EUR', '1,234,567.00 EUR')
    """

    __slots__ = ("_currency", "_native", "_text")

    _native: NativeMoney
    _text: str
    _currency: str
    __match_args__: ClassVar[tuple[str, ...]] = ("amount", "currency")

    def __init__(self, amount: Decimal | str | int, currency: str) -> None:
        self._adopt(_parsed(_amount_text(amount), currency))

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Self:
        """Money from a count of the currency's smallest unit: 4825 of EUR is 48.25 EUR.

        >>> till.Money.from_minor(150, "JPY")
        Money('150', 'JPY')
        """
        if isinstance(minor, bool) or not isinstance(minor, int):
            raise TypeError(f"minor must be an int, not {type(minor).__name__}")
        if not _LEAST_MINOR <= minor <= -_LEAST_MINOR - 1:
            raise InvalidRequest(
                "a count of minor units has at most 64 bits", code="decimal_overflow", field="minor"
            )
        return cls._of(_checked(NativeMoney.from_minor(minor, checked_text(currency, "currency"))))

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> Self:
        """Money from `{"amount": "48.25", "currency": "EUR"}`; both members are text, so that no reader of
        JSON makes a binary float of the amount."""
        if not isinstance(value, Mapping):
            raise TypeError(f"money is an object of amount and currency, not {type(value).__name__}")
        if missing := {"amount", "currency"} - value.keys():
            raise InvalidRequest("money needs an amount and a currency", code="missing", field=min(missing))
        return cls._of(_parsed(value["amount"], value["currency"]))

    def to_json(self) -> dict[str, str]:
        """The shape that crosses every boundary.

        >>> till.Money("48.25", "EUR").to_json()
        {'amount': '48.25', 'currency': 'EUR'}
        """
        return {"amount": self._text, "currency": self._currency}

    @property
    def amount(self) -> Decimal:
        """The amount, with at least the currency's usual decimals."""
        return Decimal(self._text)

    @property
    def currency(self) -> str:
        """The currency's code."""
        return self._currency

    @property
    def minor(self) -> int:
        """The amount counted in the currency's smallest unit; `InvalidRequest` beyond 64 bits."""
        return _checked(self._native.minor())

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money._of(_checked(self._native.plus(other._native)))

    def __radd__(self, other: int) -> Money:
        # sum() begins with the number 0.
        if type(other) is int and other == 0:
            return self
        return NotImplemented

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money._of(_checked(self._native.minus(other._native)))

    def __neg__(self) -> Money:
        return Money("-" + self._text if not self._text.startswith("-") else self._text[1:], self._currency)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self._currency == other._currency and self.amount == other.amount

    def __lt__(self, other: Money) -> bool:
        return NotImplemented if not isinstance(other, Money) else self._compare(other) < 0

    def __le__(self, other: Money) -> bool:
        return NotImplemented if not isinstance(other, Money) else self._compare(other) <= 0

    def __gt__(self, other: Money) -> bool:
        return NotImplemented if not isinstance(other, Money) else self._compare(other) > 0

    def __ge__(self, other: Money) -> bool:
        return NotImplemented if not isinstance(other, Money) else self._compare(other) >= 0

    def __hash__(self) -> int:
        return hash((self.amount, self._currency))

    def __repr__(self) -> str:
        return f"Money({self._text!r}, {self._currency!r})"

    def __str__(self) -> str:
        return f"{self._text} {self._currency}"

    def __format__(self, spec: str) -> str:
        """As `str`, in a width; `,` groups the thousands: `f"{price:>16,}"`. Nothing is ever rounded, so any
        other format is a `ValueError`: say `f"{price.amount:.1f}"` to mean it."""
        found = _FORMAT.fullmatch(spec)
        if found is None:
            raise ValueError(f"Money has no format {spec!r}: [[fill]align][width][,] is what it takes")
        place, grouping = found.groups()
        return format(f"{self.amount:{grouping}f} {self._currency}", place)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Money, (self._text, self._currency))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Money is immutable: {name} cannot be set")

    def _compare(self, other: Money) -> int:
        return _checked(self._native.compare(other._native))

    def _adopt(self, native: NativeMoney) -> None:
        write = object.__setattr__
        write(self, "_native", native)
        write(self, "_text", native.amount_text())
        write(self, "_currency", native.currency_code())

    @classmethod
    def _of(cls, native: NativeMoney) -> Self:
        money = cls.__new__(cls)
        money._adopt(native)
        return money


def _parsed(amount: str, currency: str) -> NativeMoney:
    return _checked(NativeMoney.parse(checked_text(amount, "amount"), checked_text(currency, "currency")))


def _amount_text(amount: Decimal | str | int) -> str:
    if isinstance(amount, str):
        return amount
    if isinstance(amount, Decimal):
        return format(amount, "f")  # never an exponent; NaN and Infinity become words that the core refuses
    if isinstance(amount, int) and not isinstance(amount, bool):
        return str(amount)
    raise TypeError(f"an amount is a Decimal, a str or an int, not {type(amount).__name__}")


def _checked(result: T | NativeError) -> T:
    if isinstance(result, tuple):
        raise error_from_native(result)
    return result
