"""Writes the table of known schemes into docs/webhook-schemes.md, from plugins/webhooks/*.json.

Usage: write_webhook_schemes.py [--check]; with --check nothing is written, and the exit status is 1 when the
page is not what the files say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "webhook-schemes.md"
BEGIN, END = "<!-- made by scripts/write_webhook_schemes.py -->\n", "<!-- end -->\n"


def carrier(scheme: dict[str, Any]) -> str:
    given = scheme.get("signature", {})
    for kind in ("header", "json", "form", "query"):
        if kind in given:
            place = f"`{given[kind]}`" if kind == "header" else f"{kind} `{given[kind]}`"
            picked = f", `{given['pick']}`" if "pick" in given else ""
            return place + picked + (", JWS" if given.get("format") == "jws" else "")
    return ""


def piece(given: Any) -> str:
    if isinstance(given, str):
        return given
    if "text" in given:
        return given["text"].replace("\n", "\\n").replace("\ufeff", "U+FEFF ")
    if "if_present" in given:
        return "[" + "".join(map(piece, given["if_present"])) + "]"
    if "listed_headers" in given:
        return "{listed headers}"
    return "{" + next(value for kind, value in given.items() if kind != "optional") + "}"


def signed(scheme: dict[str, Any]) -> str:
    pieces = scheme.get("signed", [])
    shown = "".join("{" + part + "}" if isinstance(part, str) else piece(part) for part in pieces)
    return f"`{shown}`".replace("|", "\\|") if shown else "nothing"


def window(scheme: dict[str, Any]) -> str:
    fresh = scheme["freshness"]
    return "" if fresh == "none" else f"-{fresh['past']} s, +{fresh['future']} s"


def row(scheme: dict[str, Any]) -> str:
    status = "" if scheme["status"] == "current" else f" ({scheme['status']})"
    kind = scheme.get("algorithm", scheme.get("verify", ""))
    key = f"{kind}, {scheme['key']}" if "key" in scheme else kind
    cells = [
        f"`{scheme['name']}`",
        scheme["title"] + status,
        carrier(scheme),
        signed(scheme),
        key,
        scheme["signed_covers"],
        window(scheme),
        scheme["evidence"],
    ]
    return "| " + " | ".join(cells) + " |"


def table() -> str:
    files = sorted((ROOT / "plugins" / "webhooks").glob("*.json"), key=lambda path: path.stem)
    rows = [row(json.loads(path.read_text("utf-8"))) for path in files]
    head = "| scheme | sender | carrier | signed | algorithm, key | covers | window | evidence |\n"
    return head + "|---|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"


def main(arguments: list[str]) -> int:
    page = PAGE.read_text("utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    made = before + BEGIN + table() + END + after
    if arguments == ["--check"]:
        return 0 if made == page else 1
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
