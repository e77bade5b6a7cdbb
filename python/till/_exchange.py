"""Exchange: one operation stepped by its host, with an HTTP client of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from till import _native
from till._errors import error_from_native
from till._json import decode
from till._text import checked_text


@dataclass(frozen=True, slots=True)
class Request:
    """A request to send as it is: credentials are filled in, so log none of it. Do not follow redirects. It
    cannot be pickled or copied."""

    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    timeout: float
    """Seconds to allow for it."""

    def __reduce__(self) -> NoReturn:
        raise TypeError("a request holds credentials and cannot be pickled or copied")


class Exchange:
    """One operation, stepped: here is the request to send, there is the reply, until it is done.

    Nothing here does any I/O but for the store. Use it from one thread at a time. Dropping it after a write
    was handed out leaves that payment's outcome `unknown`.

    >>> exchange = shop.exchange("check", {})
    >>> while (request := exchange.request) is not None:
    ...     time.sleep(exchange.wait)
    ...     response = http.request(
    ...         request.method, request.url, headers=request.headers, content=request.body
    ...     )
    ...     exchange.reply(response.status_code, response.headers.multi_items(), response.content)
    >>> exchange.result().ok
    True
    """

    __slots__ = ("_decode", "_native")

    def __init__(self, native: _native.NativeExchange, decoder: Callable[[Any], Any]) -> None:
        self._native = native
        self._decode = decoder

    @property
    def request(self) -> Request | None:
        """What to send now; None when the operation has ended."""
        native = self._native.request()
        if native is None:
            return None
        method, url, headers, body = native
        return Request(method, url, tuple(headers), body, self._native.timeout_ms() / 1000)

    @property
    def wait(self) -> float:
        """Seconds to wait, from now, before `request` is sent: the provider said that its limit of requests
        is used up until then. Above 0 only where the gateway's `rate_limit_wait` allows it."""
        return self._native.wait_ms() / 1000

    def reply(self, status: int, headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes) -> None:
        """Hands in the answer, whatever its status. `ValueError` when that is none, or no request is
        waiting for an answer."""
        self._expect_request()
        if isinstance(status, bool) or not isinstance(status, int):
            raise TypeError(f"status must be an int, not {type(status).__name__}")
        if not 100 <= status <= 999:  # the core's own check is for what its integers can hold
            raise ValueError("an HTTP status is a number from 100 to 999")
        if not isinstance(body, bytes):
            raise TypeError(f"body must be bytes, not {type(body).__name__}")
        fields = headers.items() if isinstance(headers, Mapping) else headers
        checked = [(checked_text(name, "headers"), checked_text(value, "headers")) for name, value in fields]
        self._native.reply(status, checked, body)

    def fail(
        self, message: str, *, sent: Literal["no", "maybe", "yes"] = "maybe", code: str = "host_client"
    ) -> None:
        """Says that no answer came, and how far the request went; when in doubt, `maybe`."""
        self._expect_request()
        self._native.fail(
            checked_text(code, "code"), checked_text(message, "message"), checked_text(sent, "sent")
        )

    def result(self) -> Any:
        """The operation's result, as its method would return it; raises what that would raise. `ValueError`
        when a request still waits for its answer."""
        if self._native.request() is not None:
            raise ValueError("the operation has not ended: a request waits for its answer")
        reply = self._native.result()
        if isinstance(reply, tuple):
            raise error_from_native(reply)
        return self._decode(decode(reply))

    def _expect_request(self) -> None:
        if self._native.request() is None:
            raise ValueError("the operation has ended: no request waits for an answer")
