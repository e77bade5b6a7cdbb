"""Requests and replies as they go by, secrets masked."""

from __future__ import annotations

import base64
import http.client
import json
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote, quote_plus, urlsplit

import till
from till._errors import NativeError, error_from_native
from till.cli._output import tell

_SHORTEST = 6  # a shorter secret would be found by chance
_LONGEST_BODY = 4000
_LARGEST_REPLY = 4 << 20  # as the core's own client: kMaxResponseBytes of core/base/limits.h
_HIDDEN_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
# A string of JSON; what is escaped outside of one is passed over, so that no text is looked at twice.
_STRING = re.compile(r'(?:\\.)++|"(?:[^"\\]++|\\.)*+"', re.DOTALL)

Reply = tuple[int, list[tuple[str, str]], bytes]


class Mask:
    """Hides a plugin's secrets: those of the settings, and those that replies hand out."""

    def __init__(self, manifest: Mapping[str, Any], settings: Mapping[str, object]) -> None:
        properties = manifest["settings"].get("properties", {})
        secret = [name for name, setting in properties.items() if setting.get("secret")]
        self._secrets: set[str] = set()
        self._forms: list[str] = []
        self._know(str(settings[name]) for name in secret if settings.get(name))
        self._headers = _HIDDEN_HEADERS | {str(manifest["auth"].get("header", "")).lower()}
        prefix = manifest["auth"].get("prefix", "")
        self._prefixes = ["Basic ", *([prefix] if isinstance(prefix, str) else prefix["values"].values())]
        self._reply_keys = frozenset(manifest.get("reply_secrets", []))

    def learn(self, body: bytes) -> None:
        """Takes note of what the manifest calls a secret in a reply."""
        try:
            json.loads(body, object_pairs_hook=self._learn_members)
        except (ValueError, RecursionError):
            return

    def _learn_members(self, pairs: list[tuple[str, Any]]) -> list[Any]:
        """Of one object, a key that is there twice included. The values, for the object around it."""
        for name, value in pairs:
            if name in self._reply_keys:
                self._know(_texts_in(value))
        return [value for _, value in pairs]

    def _know(self, secrets: Iterable[str]) -> None:
        self._secrets.update(secrets)
        forms = {form for secret in self._secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)  # one may hold another

    def header(self, name: str, value: str) -> str:
        """A header's value, or the prefix that the manifest says and what stands for the rest."""
        if name.lower() not in self._headers:
            return self.text(value)
        return max((one for one in self._prefixes if value.startswith(one)), key=len, default="") + "[secret]"

    def text(self, text: str) -> str:
        """The text without the secrets, also where they stand encoded or as JSON has them."""
        text = _STRING.sub(self._string, text)
        for form in self._forms:
            text = text.replace(form, "[secret]")
        return text

    def _string(self, found: re.Match[str]) -> str:
        """JSON may write any character in two ways, so a string is read, and written anew if it must be."""
        written = found[0]
        if "\\" not in written:
            return '"[secret]"' if written[1:-1] in self._secrets else written
        try:
            value = json.loads(written, strict=False)
        except ValueError:
            return written
        shown = "[secret]" if value in self._secrets else self.text(value)
        return written if shown == value else json.dumps(shown, ensure_ascii=False)


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
        except _NoAnswer as error:
            tell(mask.text(f"< no answer: {error}"))
            exchange.fail("host_client", f"no answer: {error}", error.sent)
            continue
        mask.learn(reply_body)
        tell(_shown(f"< {status}", reply_headers, reply_body, mask))
        exchange.reply(status, reply_headers, reply_body)
    return exchange.result()


class _NoAnswer(Exception):
    """No whole answer came; `sent` says how far the request went."""

    def __init__(self, reason: object, sent: Literal["no", "maybe", "yes"]) -> None:
        super().__init__(str(reason))
        self.sent = sent


def _send(
    request: tuple[str, str, list[tuple[str, str]], bytes], timeout: float, ca_file: str | None
) -> Reply:
    method, url, headers, body = request
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection: http.client.HTTPConnection | None = None
    sent: Literal["no", "maybe", "yes"] = "no"
    try:
        if parts.scheme == "https":
            trust = ssl.create_default_context(cafile=ca_file)
            connection = http.client.HTTPSConnection(parts.netloc, timeout=timeout, context=trust)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
        connection.connect()
        sent = "maybe"
        connection.request(method, target or "/", body or None, dict(headers))
        reply = connection.getresponse()
        sent = "yes"
        return reply.status, reply.getheaders(), _body_of(reply)
    except (OSError, http.client.HTTPException) as error:
        raise _NoAnswer(error, sent) from error
    finally:
        if connection is not None:
            connection.close()


def _body_of(reply: http.client.HTTPResponse) -> bytes:
    body = reply.read(_LARGEST_REPLY + 1)
    if len(body) > _LARGEST_REPLY:
        raise http.client.HTTPException("the body of the answer is over the limit")
    if reply.length:  # read() with a limit does not tell of an end that comes too early
        raise http.client.IncompleteRead(body, reply.length)
    return body


def _shown(first: str, headers: list[tuple[str, str]], body: bytes, mask: Mask) -> str:
    mark = first[0]
    lines = [mask.text(first), *(f"{mark} {name}: {mask.header(name, value)}" for name, value in headers)]
    text = mask.text(body.decode(errors="replace"))
    if len(text) > _LONGEST_BODY:
        text = text[:_LONGEST_BODY] + "..."
    if text:
        lines += [mark, *(f"{mark} {line}" for line in text.splitlines())]
    return "\n".join(lines)


def _forms(secret: str) -> set[str]:
    """A secret as it may be written."""
    plain = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    octets = secret.encode(errors="replace")  # JSON may hold half of a character
    encoded = {quote(octets, safe=""), quote_plus(octets), base64.b64encode(octets).decode()}
    return plain | encoded | {form.replace("/", "\\/") for form in plain}


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts_in(item)
    elif isinstance(value, str) and value:
        yield value
