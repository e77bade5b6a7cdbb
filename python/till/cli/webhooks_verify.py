"""`till webhooks verify`: is this webhook good, and if not, why not."""

from __future__ import annotations

import argparse
from typing import Any

import till
from till.cli import _webhook_files
from till.cli._account import moment, seconds
from till.cli._output import FAILED, OK, print_json
from till.cli._webhook_verdict import lines_of


def add(actions: Any) -> None:
    """Adds the command to the parser."""
    verify = actions.add_parser("verify", help="verify one webhook, and say why it is refused")
    verify.add_argument("scheme", metavar="SCHEME", help="a known scheme, or a file with a scheme as JSON")
    verify.add_argument(
        "--header", metavar="'NAME: VALUE'", action="append", default=[], help="a header as it came; repeat"
    )
    verify.add_argument(
        "--body", metavar="FILE", required=True, help="the body as it came; - is standard input"
    )
    verify.add_argument(
        "--secret-file", metavar="FILE", action="append", default=[], help="a file with the secret; repeat"
    )
    verify.add_argument("--url", default="", help="the URL as the sender knows it")
    verify.add_argument("--method", default="POST")
    verify.add_argument("--received-at", metavar="TIME", help="such as 2026-02-01T09:00:00Z; default: now")
    verify.add_argument(
        "--tolerance", metavar="SECONDS", type=seconds, help="in place of the scheme's window"
    )
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    secrets = [_webhook_files.secret(path) for path in options.secret_file]
    scheme = _webhook_files.scheme(options.scheme)
    verifier = till.webhooks.Verifier(scheme, secrets, tolerance=options.tolerance)
    request: dict[str, Any] = {
        "headers": [_webhook_files.header(line) for line in options.header],
        "body": _webhook_files.body(options.body),
        "url": options.url,
        "method": options.method,
        "received_at": options.received_at and moment(options.received_at, "--received-at"),
    }
    try:
        verified: till.webhooks.Verified | None = verifier.verify(**request)
    except till.WebhookRejected:
        verified = None
    explanation = verifier.explain(**request)
    if options.json:
        print_json(explanation)
    else:
        print("\n".join(lines_of(explanation, verified)))
    return FAILED if verified is None else OK
