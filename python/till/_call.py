"""Call: one operation as a value, and how each operation is defined once for two kinds of gateway.

An operation is a function that sends nothing: it turns its arguments into a `Call`. `blocking` makes a method
of it that runs the call and returns what it decodes to, `awaitable` one that returns a coroutine. Both keep
the function's parameters, types and docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from till._names import core_input
from till._values import check_argument

T = TypeVar("T")
P = ParamSpec("P")


class Call(Generic[T]):
    """One operation: its name, its input and how its output is decoded."""

    __slots__ = ("decode", "input", "operation")

    def __init__(self, operation: str, input: Mapping[str, object], decode: Callable[[Any], T]) -> None:
        self.operation = operation
        self.input = input
        self.decode = decode

    @classmethod
    def of(cls, operation: str, decode: Callable[[Any], T], **arguments: object) -> Call[T]:
        """A call with Python's arguments; those that are None are left out."""
        for name, value in arguments.items():
            check_argument(name, value)
        return cls(operation, core_input(operation, arguments), decode)


class BlockingNoun:
    """A noun of `Gateway`, such as `gateway.payments`."""

    __slots__ = ("_run",)

    def __init__(self, run: Callable[[Call[Any]], Any]) -> None:
        self._run = run


class AsyncNoun:
    """A noun of `AsyncGateway`."""

    __slots__ = ("_run",)

    def __init__(self, run: Callable[[Call[Any]], Coroutine[Any, Any, Any]]) -> None:
        self._run = run


def blocking(operation: Callable[P, Call[T]]) -> Callable[Concatenate[BlockingNoun, P], T]:
    """The operation as a method that waits for its result."""

    @wraps(operation)
    def method(noun: BlockingNoun, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = noun._run(operation(*args, **kwargs))
        return result

    return as_method(method, operation, "{}")


def awaitable(operation: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncNoun, P], Coroutine[Any, Any, T]]:
    """The operation as a method whose result is awaited. Wrong arguments are raised by the call, not by the
    await."""

    @wraps(operation)
    def method(noun: AsyncNoun, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return noun._run(operation(*args, **kwargs))

    return as_method(method, operation, "Coroutine[Any, Any, {}]")


def as_method(
    method: Callable[P, T], operation: Callable[..., object], returns: str, *, inside: str = "Call["
) -> Callable[P, T]:
    """The method with the signature that `help` shows: the operation's parameters after the noun, and in
    `returns` the type that stands `inside` what the operation returns."""
    shown = signature(operation)
    found = str(shown.return_annotation).removeprefix(inside)[: -inside.count("[")]
    method.__signature__ = Signature(  # type: ignore[attr-defined]
        [Parameter("self", Parameter.POSITIONAL_ONLY), *shown.parameters.values()],
        return_annotation=returns.format(found),
    )
    method.__name__ = method.__name__.rstrip("_")  # `list_`: a module has `list` already
    return method
