"""Sending a webhook as a provider would: one request, one answer, nothing repeated and nothing followed."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from till.cli._output import Failure

MAX_ANSWER_BYTES = 64 << 10
# Made anew for each delivery: what the recorded one had belongs to its own connection.
_OF_THE_CONNECTION = {
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@dataclass(frozen=True)
class Message:
    """A webhook as it came, or as it goes out."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    method: str = "POST"
    query: str = ""
    """What stands behind the `?` of the URL; empty: what the address has that it goes to."""

    def header(self, name: str) -> str | None:
        """The first header with this name, in any case."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


class Answer(NamedTuple):
    """What came of a delivery: a status, or the reason why there is none."""

    status: int | None
    body: bytes
    problem: str | None
    seconds: float

    @property
    def word(self) -> str:
        """The status, or the reason, for a table."""
        return str(self.status) if self.status is not None else f"no answer: {self.problem}"

    @property
    def taken(self) -> bool:
        """Whether a sender would count it as taken."""
        return self.status is not None and 200 <= self.status < 300


class Target:
    """An address that webhooks are sent to. Plain http goes to loopback only; https is verified."""

    def __init__(
        self, url: str, *, ca_file: str | None = None, timeout: float = 30.0, option: str = "--to"
    ) -> None:
        self._parts = _checked(url, option)
        self._timeout = timeout
        self._tls = None
        if self._parts.scheme == "https":
            try:
                self._tls = ssl.create_default_context(cafile=ca_file)
            except (OSError, ssl.SSLError):
                raise Failure(f"cannot read certificates from {ca_file}") from None

    def send(self, message: Message, *, read: bool = True) -> Answer:
        """Sends the message; any thread. Without `read` it goes away as soon as the last byte is sent."""
        started = time.monotonic()
        status, body, problem = None, b"", None
        connection = self._connection()
        try:
            connection.putrequest(message.method, self._target(message), skip_accept_encoding=True)
            for name, value in message.headers:
                if name.lower() not in _OF_THE_CONNECTION:
                    connection.putheader(name, value)
            connection.putheader("Connection", "close")
            connection.putheader("Content-Length", str(len(message.body)))
            connection.endheaders(message.body)
            if read:
                answer = connection.getresponse()
                status, body = answer.status, answer.read(MAX_ANSWER_BYTES)
            else:
                problem = "not waited for"
        except (OSError, http.client.HTTPException, ValueError) as error:
            status, problem = None, _reason(error)
        finally:
            connection.close()
        return Answer(status, body, problem, time.monotonic() - started)

    def _connection(self) -> http.client.HTTPConnection:
        host = self._parts.hostname or ""
        if self._tls is None:
            return http.client.HTTPConnection(host, self._parts.port, timeout=self._timeout)
        return http.client.HTTPSConnection(host, self._parts.port, timeout=self._timeout, context=self._tls)

    def url_of(self, message: Message) -> str:
        """The whole URL that the message goes to."""
        return f"{self._parts.scheme}://{self._parts.netloc}{self._target(message)}"

    def _target(self, message: Message) -> str:
        query = message.query or self._parts.query
        return (self._parts.path or "/") + (f"?{query}" if query else "")

    def with_query(self, message: Message, query: str) -> Message:
        """The message with the query it once came with, unless this address has one of its own."""
        return replace(message, query="" if self._parts.query else query)


def with_header(headers: Sequence[tuple[str, str]], name: str, value: str) -> tuple[tuple[str, str], ...]:
    """The headers, with this one unless there is one of its name."""
    if any(known.lower() == name.lower() for known, _ in headers):
        return tuple(headers)
    return (*headers, (name, value))


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its address or as `localhost`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def printable(text: str) -> str:
    """Text from outside without what would move a terminal's cursor."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _checked(url: str, option: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Failure(f"{option} is no URL") from None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not url.isascii()
        or not url.isprintable()
        or " " in url
    ):
        raise Failure(
            f"{option} is a URL such as http://127.0.0.1:8000/webhooks or https://shop.example/webhooks"
        )
    if "@" in parts.netloc:
        raise Failure(f"{option} must not hold a password; send a header instead")
    if parts.scheme == "http" and not is_loopback(host):
        raise Failure(f"{option}: plain http goes to loopback addresses only; use https for {host}")
    return parts


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "time is over"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message}); --ca-file names others"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'failed'}"
    if isinstance(error, socket.gaierror):
        return "the host is unknown"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected)):
        return "connection closed"
    if isinstance(error, ValueError):
        return "a header cannot be sent"
    return (error.strerror if isinstance(error, OSError) else None) or "no HTTP came back"
