"""`till webhooks`: verify, receive, send and replay webhooks."""

from __future__ import annotations

import argparse
from typing import Any

import till
from till.cli import webhooks_listen, webhooks_replay, webhooks_trigger, webhooks_verify
from till.cli._output import OK, print_json, table


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    parser = commands.add_parser("webhooks", help="verify, receive, send and replay webhooks")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("schemes", help="the senders whose way of signing is known")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=_schemes)
    webhooks_verify.add(actions)
    webhooks_listen.add(actions)
    webhooks_trigger.add(actions)
    webhooks_replay.add(actions)


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
