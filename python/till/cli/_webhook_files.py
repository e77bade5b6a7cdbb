"""What the webhook commands read: schemes, secrets, bodies and headers."""

from __future__ import annotations

import json
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import till
from till.cli._output import Failure


def scheme(text: str) -> str:
    """The name, or the text of the file; a name that is not known is refused with those near it."""
    if text.endswith(".json"):
        return read(text).decode("utf-8", "replace").strip()
    known = till.webhooks.schemes()
    if text not in known:
        near = get_close_matches(text.lower(), known, 3)
        meant = f"; did you mean {' or '.join(near)}?" if near else ";"
        raise Failure(f"there is no scheme {text!r}{meant} `till webhooks schemes` lists them")
    return text


def scheme_object(text: str) -> dict[str, Any]:
    """A scheme, given as `scheme()` gives it, as an object; empty when there is none of this name."""
    if text.startswith("{"):
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError:
            return {}
        return found
    return till.webhooks.schemes().get(text, {})


def signs_url(text: str) -> bool:
    """Whether a scheme needs the URL that the sender knows."""
    known = scheme_object(text)
    parts = json.dumps([known.get(member) for member in ("signature", "signed", "freshness", "dedupe")])
    return any(word in parts for word in ('"url"', '"path"', '"query":'))


def secret(path: str) -> str:
    """The secret in a file, without the end of its line."""
    try:
        text = read(path).decode("utf-8").strip("\r\n")
    except UnicodeDecodeError:
        raise Failure(f"{path} is not UTF-8 text") from None
    if not text:
        raise Failure(f"{path}: the secret is empty")
    return text


def body(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`."""
    return sys.stdin.buffer.read() if path == "-" else read(path)


def read(path: str) -> bytes:
    """The bytes of a file."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise Failure(f"cannot read {path}: {reason}") from None


def header(line: str) -> tuple[str, str]:
    """`NAME: VALUE`."""
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise Failure("--header is 'NAME: VALUE'")
    return name.strip(), value.strip(" \t")
