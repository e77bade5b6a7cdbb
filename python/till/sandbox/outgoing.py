"""One HTTP POST from the simulators' loop to a shop: a connection of its own, no redirects, no retries."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
from collections.abc import Collection, Mapping
from functools import cache
from urllib.parse import SplitResult, urlsplit

import h11

TIMEOUT_SECONDS = 10.0
"""How long a shop may take for the whole exchange."""

MAX_ANSWER_BYTES = 1 << 20


class Undeliverable(Exception):
    """No answer came; the text says why."""


def host_of(url: str) -> str:
    """The host a URL names, lower case; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def target_of(url: str, hosts: Collection[str]) -> SplitResult:
    """Checks where a POST would go and returns the parts of the URL; `Undeliverable` when it must not go.

    Loopback may be reached over http and https, the other `hosts` over https; nobody else is called.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Undeliverable("the URL is not valid") from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or not _plain(url):
        raise Undeliverable("the URL is not valid")
    if _is_loopback(host):
        return parts
    if host not in hosts:
        raise Undeliverable("only loopback addresses and registered hosts are called")
    if parts.scheme != "https":
        raise Undeliverable("plain http is for loopback addresses only")
    return parts


async def post(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    """Sends the body and returns the HTTP status of the answer; `Undeliverable` when there is none."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await _exchange(parts, body, headers)
    except TimeoutError:
        raise Undeliverable(f"no answer within {TIMEOUT_SECONDS:g} s") from None
    except ssl.SSLError as error:
        raise Undeliverable(f"TLS: {error.reason or 'failed'}") from None
    except OSError as error:
        raise Undeliverable(os.strerror(error.errno) if error.errno else type(error).__name__) from None
    except h11.ProtocolError as error:
        raise Undeliverable(f"HTTP: {error}") from None
    except UnicodeError:
        raise Undeliverable("the URL is not valid") from None


async def _exchange(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    tls = _trust() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    try:
        connection = h11.Connection(h11.CLIENT)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        own = {"host": parts.netloc, "connection": "close", "content-length": str(len(body))}
        given = {name: value for name, value in headers.items() if name.lower() not in own}
        request = h11.Request(method="POST", target=target, headers=list({**own, **given}.items()))
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return await _status(connection, reader)
    finally:
        writer.transport.abort()  # nothing more is wanted; a shop need not say goodbye


async def _status(connection: h11.Connection, reader: asyncio.StreamReader) -> int:
    """Reads the answer to its end, so that a shop that answers slowly counts as slow."""
    status, received = 0, 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            piece = await reader.read(65536)
            received += len(piece)
            if received > MAX_ANSWER_BYTES:
                raise Undeliverable("the answer is too long")
            connection.receive_data(piece)
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
            return status


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url


@cache
def _trust() -> ssl.SSLContext:
    """The machine's CAs; the environment's SSL_CERT_FILE names others, for instance a test's own."""
    return ssl.create_default_context()
