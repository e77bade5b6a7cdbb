"""Recordings of webhooks: one JSON object a line, without what would let a reader pose as the sender.

A line has `received_at`, `method`, `path`, `headers`, `body` or `body_base64`, `verdict` and `answered`.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from till.cli._delivery import Message
from till.cli._output import Failure

MASK = "***"
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization", "set-cookie", "verif-hash"}
# Signatures stay: a replay is made of them, and from them nobody learns a secret.
_SECRET_WORDS = re.compile(r"token|secret|password|passwd|api-?_?key|credential", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a header or a parameter of this name proves the sender by its mere value."""
    return name.lower() in _SECRET_HEADERS or bool(_SECRET_WORDS.search(name))


def masked_headers(headers: Sequence[tuple[str, str]], also: str | None = None) -> list[list[str]]:
    """The headers without secrets; `also` is the header of a scheme's token."""
    return [[name, MASK if is_secret(name) or name.lower() == also else value] for name, value in headers]


def masked_path(path: str) -> str:
    """The path without secrets among its parameters."""
    place, mark, query = path.partition("?")
    if not mark or not any(is_secret(name) for name, _ in parse_qsl(query, keep_blank_values=True)):
        return path
    fields = parse_qsl(query, keep_blank_values=True)
    shown = [(name, MASK if is_secret(name) else value) for name, value in fields]
    return f"{place}?{urlencode(shown, safe='*')}"


def entry(message: Message, path: str, *, keep_secrets: bool, token_header: str | None) -> dict[str, Any]:
    """One delivery as a line of a recording."""
    given = [list(pair) for pair in message.headers]
    line: dict[str, Any] = {
        "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "method": message.method,
        "path": path if keep_secrets else masked_path(path),
        "headers": given if keep_secrets else masked_headers(message.headers, token_header),
    }
    try:
        line["body"] = message.body.decode("utf-8")
    except UnicodeDecodeError:
        line["body_base64"] = base64.b64encode(message.body).decode("ascii")
    return line


class Recording:
    """A file that deliveries are added to; nobody but its owner may read it."""

    def __init__(self, path: str) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (OSError, ValueError):
            raise Failure(f"cannot write {path}") from None
        self._file = os.fdopen(descriptor, "a", encoding="utf-8")

    def add(self, line: dict[str, Any]) -> None:
        """Adds one line, at once."""
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def read(path: str) -> list[Message]:
    """The deliveries of a recording, without the headers that are masked."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, ValueError):
        raise Failure(f"cannot read {path}") from None
    messages = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            messages.append(_message(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            raise Failure(
                f"{path}, line {number}: no delivery as `till webhooks listen --record` writes them"
            ) from None
    if not messages:
        raise Failure(f"{path} holds no deliveries")
    return messages


def _message(line: dict[str, Any]) -> Message:
    headers = tuple((str(name), str(value)) for name, value in line["headers"] if value != MASK)
    encoded = line.get("body_base64")
    body = base64.b64decode(encoded, validate=True) if encoded is not None else line["body"].encode()
    return Message(headers, body, str(line.get("method", "POST")), _query(str(line.get("path", ""))))


def _query(path: str) -> str:
    """What stands behind the `?`, without what is masked."""
    query = path.partition("?")[2]
    if MASK not in query:
        return query
    fields = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, value) for name, value in fields if value != MASK])
