"""Requests and replies as they go by, secrets masked."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import till
from till._errors import NativeError, error_from_native
from till.cli._output import tell

_SHORTEST = 6  # a shorter secret would be found by chance
_LONGEST_BODY = 4000
_HIDDEN_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}


class Mask:
    """Hides a plugin's secrets: those of the settings, and those that replies hand out."""

    def __init__(self, manifest: Mapping[str, Any], settings: Mapping[str, object]) -> None:
        properties = manifest["settings"].get("properties", {})
        secret = [name for name, setting in properties.items() if setting.get("secret")]
        self._secrets = {str(settings[name]) for name in secret if settings.get(name)}
        self._headers = _HIDDEN_HEADERS | {str(manifest["auth"].get("header", "")).lower()}
        self._reply_keys = frozenset(manifest.get("reply_secrets", []))

    def learn(self, body: bytes) -> None:
        """Takes note of what the manifest calls a secret in a reply."""
        try:
            self._secrets.update(_texts_under(json.loads(body), self._reply_keys))
        except (ValueError, RecursionError):
            return

    def header(self, name: str, value: str) -> str:
        """A header's value, or what stands for it."""
        return "[secret]" if name.lower() in self._headers else value

    def text(self, text: str) -> str:
        """The text without the secrets, also where they stand encoded."""
        for secret in self._secrets:
            if len(secret) >= _SHORTEST:
                for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
                    text = text.replace(form, "[secret]")
        return text


def traced(
    gateway: till.Gateway, operation: str, given: str, mask: Mask, ca_file: str | None
) -> bytes | NativeError:
    """The operation's reply. It is stepped here, and each request and reply told on standard error."""
    exchange = gateway._native.begin(operation, given)
    if isinstance(exchange, tuple):
        raise error_from_native(exchange)
    while (request := exchange.request()) is not None:
        method, url, headers, body = request
        tell(_shown(f"> {method} {url}", headers, body, mask))
        try:
            status, reply_headers, reply_body = _send(request, exchange.timeout_ms() / 1000, ca_file)
        except (OSError, http.client.HTTPException) as error:
            sent = "no" if isinstance(error, (ConnectionRefusedError, ssl.SSLError)) else "maybe"
            tell(mask.text(f"< no answer: {error}"))
            exchange.fail("host_client", f"no answer: {error}", sent)
            continue
        mask.learn(reply_body)
        tell(_shown(f"< {status}", reply_headers, reply_body, mask))
        exchange.reply(status, reply_headers, reply_body)
    return exchange.result()


def _send(
    request: tuple[str, str, list[tuple[str, str]], bytes], timeout: float, ca_file: str | None
) -> tuple[int, list[tuple[str, str]], bytes]:
    method, url, headers, body = request
    parts = urlsplit(url)
    connection = (
        http.client.HTTPSConnection(
            parts.netloc, timeout=timeout, context=ssl.create_default_context(cafile=ca_file)
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.netloc, timeout=timeout)
    )
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target or "/", body or None, dict(headers))
        reply = connection.getresponse()
        return reply.status, reply.getheaders(), reply.read()
    finally:
        connection.close()


def _shown(first: str, headers: list[tuple[str, str]], body: bytes, mask: Mask) -> str:
    mark = first[0]
    lines = [first, *(f"{mark} {name}: {mask.header(name, value)}" for name, value in headers)]
    text = mask.text(body.decode(errors="replace"))
    if len(text) > _LONGEST_BODY:
        text = text[:_LONGEST_BODY] + "..."
    if text:
        lines += [mark, *(f"{mark} {line}" for line in text.splitlines())]
    return mask.text("\n".join(lines))


def _texts_under(value: Any, keys: frozenset[str], inside: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _texts_under(item, keys, inside or name in keys)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_under(item, keys, inside)
    elif inside and isinstance(value, str):
        yield value
