"""Page: one part of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One part of a list; iterate over it. `next` goes into the following call as `cursor`, and is None at
    the end.

    >>> page = shop.payments.list(limit=2)
    >>> for payment in page:
    ...     assert isinstance(payment, till.Payment)
    >>> page.next is None or len(page) == 2
    True
    """

    items: tuple[T, ...]
    next: str | None = None
    total: int | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, at: int) -> T:
        return self.items[at]


def page_of(item: Callable[[Any], T]) -> Callable[[Any], Page[T]]:
    """A decoder of pages, from the decoder of their items."""

    def decode(value: Any) -> Page[T]:
        return Page(tuple([item(one) for one in value["items"]]), value.get("next"), value.get("total"))

    return decode
