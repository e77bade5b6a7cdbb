"""Page: one part of a list, and how all parts are read one after another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from till._call import AsyncNoun, BlockingNoun, Call, as_method
from till._errors import ProviderError

T = TypeVar("T")
P = ParamSpec("P")


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


class _Walk(Generic[T]):
    """The pages of a list in their order: `call` reads the next one, and is None at the end."""

    def __init__(self, first: Call[Page[T]]) -> None:
        self.call: Call[Page[T]] | None = first

    def step(self, call: Call[Page[T]], page: Page[T]) -> Page[T]:
        """Takes the page that `call` gave."""
        if page.next is not None and page.next == call.input.get("cursor"):
            raise ProviderError(
                "the list has no end: a page names itself as the next one", code="endless_list"
            )
        following = {**call.input, "cursor": page.next}
        self.call = None if page.next is None else Call(call.operation, following, call.decode)
        return page


def blocking_items(
    operation: Callable[P, Call[Page[T]]], doc: str
) -> Callable[Concatenate[BlockingNoun, P], Iterator[T]]:
    """The items of all pages of a list, as a method. Wrong arguments are raised by the call itself."""

    def iterate(noun: BlockingNoun, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return items(noun, _Walk(operation(*args, **kwargs)))

    def items(noun: BlockingNoun, walk: _Walk[T]) -> Iterator[T]:
        while (call := walk.call) is not None:
            yield from walk.step(call, noun._run(call))

    return _described(iterate, operation, doc, "Iterator[{}]")


def async_items(
    operation: Callable[P, Call[Page[T]]], doc: str
) -> Callable[Concatenate[AsyncNoun, P], AsyncIterator[T]]:
    """The same for `async for`."""

    def iterate(noun: AsyncNoun, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return items(noun, _Walk(operation(*args, **kwargs)))

    async def items(noun: AsyncNoun, walk: _Walk[T]) -> AsyncIterator[T]:
        while (call := walk.call) is not None:
            for item in walk.step(call, await noun._run(call)):
                yield item

    return _described(iterate, operation, doc, "AsyncIterator[{}]")


def _described(
    method: Callable[P, T], operation: Callable[..., object], doc: str, returns: str
) -> Callable[P, T]:
    method.__module__, method.__doc__ = operation.__module__, doc
    return as_method(method, operation, returns, inside="Call[Page[")
