"""Card: payment card data, kept by the core and shown to nobody."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from till import _native
from till._errors import error_from_native
from till._text import checked_text

if TYPE_CHECKING:
    from typing import Self


class Card:
    """A payment card for `payments.create` and `cards.verify`.

    The number and the code go straight into the core, which keeps them in this process's memory, fills them
    into requests at the last moment and wipes them at `close()`, at the end of a `with` block, or with the
    object. What is left here is a handle that says nothing. The object cannot be pickled or copied.
    `InvalidRequest` when the number is no card number, `TypeError` when number, code or name is no str; no
    message ever repeats a digit of them.

    >>> with till.Card("4111 1111 1111 1111", 12, 2030, cvv="123", holder_name="Ana Cal") as card:
    ...     card
    Card('**** 1111')
    """

    __slots__ = ("__weakref__", "_handle", "_last4", "_wipe")

    def __init__(
        self,
        number: str,
        expiry_month: int | str,
        expiry_year: int | str,
        *,
        cvv: str = "",
        holder_name: str = "",
    ) -> None:
        handle = _native.remember_card(
            checked_text(number, "number"),
            checked_text(cvv, "cvv"),
            _expiry(expiry_month, "expiry_month"),
            _expiry(expiry_year, "expiry_year"),
            checked_text(holder_name, "holder_name"),
        )
        if isinstance(handle, tuple):
            raise error_from_native(handle)
        self._handle = handle
        self._last4 = "".join([char for char in number if char.isdigit()])[-4:]
        self._wipe = weakref.finalize(self, _native.forget_card, handle)

    @property
    def last4(self) -> str:
        """The last four digits, which receipts may show."""
        return self._last4

    @property
    def handle(self) -> str:
        """The name under which the core knows this card; `ValueError` once it was wiped."""
        if not self._wipe.alive:
            raise ValueError("this card was closed")
        return self._handle

    def close(self) -> None:
        """Wipes the card. Doing so again does nothing; operations under way finish."""
        self._wipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Card('**** {self._last4}')"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a card cannot be pickled or copied")


def _expiry(value: int | str, name: str) -> str:
    return str(value) if type(value) is int else checked_text(value, name)
