"""`till webhooks`: is this webhook good, and if not, why not."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import till
from till.cli._output import FAILED, OK, Failure, milliseconds, print_json, table


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    parser = commands.add_parser("webhooks", help="verify webhooks")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("schemes", help="the senders whose way of signing is known")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=_schemes)
    _add_verify(actions.add_parser("verify", help="verify one webhook, and say why it is refused"))


def _add_verify(verify: argparse.ArgumentParser) -> None:
    verify.add_argument("scheme", metavar="SCHEME", help="a known scheme, or a file with a scheme as JSON")
    verify.add_argument(
        "--header", metavar="'NAME: VALUE'", action="append", default=[], help="a header as it came; repeat"
    )
    verify.add_argument(
        "--body", metavar="FILE", default="-", help="the body as it came; - is standard input"
    )
    verify.add_argument(
        "--secret-file", metavar="FILE", action="append", default=[], help="a file with the secret; repeat"
    )
    verify.add_argument("--url", default="", help="the URL as the sender knows it")
    verify.add_argument("--method", default="POST")
    verify.add_argument("--received-at", metavar="TIME", help="such as 2026-02-01T09:00:00Z; default: now")
    verify.add_argument("--tolerance", metavar="SECONDS", type=float, help="in place of the scheme's window")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(run=_verify)


def _schemes(options: argparse.Namespace) -> int:
    known = till.webhooks.schemes()
    if options.json:
        print_json(list(known.values()))
        return OK
    rows = [
        [name, scheme["title"], scheme.get("algorithm", scheme.get("verify", "")), scheme["signed_covers"]]
        for name, scheme in known.items()
    ]
    print(table(["Scheme", "Sender", "Algorithm", "Signed"], rows))
    return OK


def _verify(options: argparse.Namespace) -> int:
    secrets = [_secret(path) for path in options.secret_file]
    verifier = till.webhooks.Verifier(_scheme(options.scheme), secrets, tolerance=options.tolerance)
    request: dict[str, Any] = {
        "headers": [_header(line) for line in options.header],
        "body": _body(options.body),
        "url": options.url,
        "method": options.method,
        "received_at": _moment(options.received_at),
    }
    try:
        verified: till.webhooks.Verified | None = verifier.verify(**request)
    except till.WebhookRejected:
        verified = None
    explanation = verifier.explain(**request)
    if options.json:
        print_json(explanation)
    else:
        print("\n".join(_lines(explanation, verified)))
    return FAILED if verified is None else OK


def _scheme(text: str) -> str:
    """The name, or the text of the file."""
    return _read(text).decode("utf-8", "replace").strip() if text.endswith(".json") else text


def _secret(path: str) -> str:
    try:
        return _read(path).decode("utf-8").strip("\r\n")
    except UnicodeDecodeError:
        raise Failure(f"{path} is not UTF-8 text") from None


def _body(path: str) -> bytes:
    return sys.stdin.buffer.read() if path == "-" else _read(path)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError):
        raise Failure(f"cannot read {path}") from None


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise Failure("--header is 'NAME: VALUE'")
    return name.strip(), value.strip(" \t")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Failure("--received-at is a time such as 2026-02-01T09:00:00Z") from None
    if moment.tzinfo is None:
        raise Failure("--received-at needs a time zone, such as Z at its end")
    return moment


def _lines(explanation: dict[str, Any], verified: till.webhooks.Verified | None) -> list[str]:
    if verified is None:
        lines = [f"refused: {explanation['reason']}", f"  {explanation['message']}"]
    else:
        lines = [f"accepted: signature {verified.signature}, trust {verified.trust}"]
        if verified.dedupe_key:
            lines.append(f"  dedupe key {verified.dedupe_key}")
    lines += _signed(explanation.get("signed")) + _candidates(explanation) + _clock(explanation.get("clock"))
    return lines + [f"hint: {hint}" for hint in explanation.get("hints", [])]


def _signed(signed: dict[str, Any] | None) -> list[str]:
    if signed is None:
        return []
    lines = [f"signed: {signed['bytes']} bytes, from"]
    for piece in signed["pieces"]:
        shown = repr(piece["text"]) if "text" in piece else _digest(piece)
        lines.append(f"  {piece['piece']}: {shown}")
    return lines


def _digest(piece: dict[str, Any]) -> str:
    return f"{piece['bytes']} bytes, sha256 {piece['sha256']}" if "sha256" in piece else "(not shown)"


def _candidates(explanation: dict[str, Any]) -> list[str]:
    lines = []
    for number, candidate in enumerate(explanation.get("candidates", []), 1):
        named = f", key {candidate['key_id']}" if "key_id" in candidate else ""
        lines.append(f"signature {number}: {candidate['text']}{named}")
        if not candidate["readable"]:
            lines.append("  is not in the scheme's encoding")
            continue
        for at, (key, matches) in enumerate(zip(explanation["keys"], candidate["matches"], strict=True), 1):
            late = "" if key["in_force"] else ", which is not in force"
            lines.append(f"  {'is' if matches else 'is not'} that of secret {at}{late}")
    return lines


def _clock(clock: dict[str, Any] | None) -> list[str]:
    if clock is None:
        return []
    if "difference_ms" not in clock:
        return [f"time: {clock['text']!r} cannot be read"] if "text" in clock else ["time: missing"]
    difference = clock["difference_ms"]
    side = "after" if difference >= 0 else "before"
    window = f"-{milliseconds(clock['future_ms'] / 1000)} to +{milliseconds(clock['past_ms'] / 1000)}"
    return [
        f"time: signed {clock['signed_at']}, received {clock['received_at']}:"
        f" {milliseconds(abs(difference) / 1000)} {side} it; allowed {window}"
    ]
