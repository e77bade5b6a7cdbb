"""`till keys`: identities with which requests are signed."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import till
from till.cli._output import OK, Failure, print_json


def add(commands: Any) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser("keys", help="make and show identities (BitPay)")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    new = actions.add_parser("new", help="make a key; the file is readable by you alone")
    new.add_argument("file", metavar="FILE", help="where the private key goes; it must not exist")
    new.add_argument("--json", action="store_true", help="print JSON")
    new.set_defaults(run=_new)
    show = actions.add_parser("show", help="the public side of a key")
    show.add_argument("file", metavar="FILE")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(run=_show)


def _new(options: argparse.Namespace) -> int:
    identity = till.Identity.generate()
    try:
        descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Failure(f"{options.file} exists already, and a key in it would be lost") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise Failure(f"cannot write {options.file}: {reason}") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(identity.reveal_private_key() + "\n")
    _print(identity, options)
    return OK


def _show(options: argparse.Namespace) -> int:
    try:
        text = Path(options.file).read_text().strip()
    except (OSError, ValueError):
        raise Failure(f"cannot read {options.file}") from None
    _print(till.Identity(text), options)
    return OK


def _print(identity: till.Identity, options: argparse.Namespace) -> None:
    if options.json:
        print_json({"file": options.file, "sin": identity.sin, "public_key": identity.public_key})
    else:
        print(
            f"client id    {identity.sin}\npublic key   {identity.public_key}\nprivate key  in {options.file}"
        )
