"""`till plugin`: for those who write providers, and those who let them in."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from till.cli import (
    plugin_check,
    plugin_install,
    plugin_new,
    plugin_pack,
    plugin_run,
    plugin_test,
    plugin_verify,
)
from till.cli._account import seconds


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    parser = commands.add_parser("plugin", help="write, test, pack and install providers")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    new = _action(actions, "new", plugin_new.run, "make a plugin that works, to be changed into yours")
    new.add_argument("name", metavar="NAME", help="its id, which is also its folder's name")
    check = _action(actions, "check", plugin_check.run, "find mistakes, with lines and help")
    check.add_argument("folder", metavar="FOLDER")
    test = _action(actions, "test", plugin_test.run, "check, and play all fixtures")
    test.add_argument("folder", metavar="FOLDER")
    _add_run(_action(actions, "run", plugin_run.run, "run one operation against a server"))
    keygen = _action(actions, "keygen", plugin_pack.run_keygen, "make a key to sign packages with")
    keygen.add_argument("file", metavar="FILE", help="where the private key goes; it must not exist")
    pack = _action(actions, "pack", plugin_pack.run, "test, and make one signed file")
    pack.add_argument("folder", metavar="FOLDER")
    pack.add_argument(
        "--key", metavar="FILE", required=True, help="the private key, from `till plugin keygen`"
    )
    pack.add_argument("--output", metavar="FOLDER", default=".", help="where the package goes (here)")
    verify = _action(actions, "verify", plugin_verify.run, "what a package is and what it may touch")
    _add_package_options(verify)
    verify.add_argument("--against", metavar="PLACE", help="compare with this older package or folder")
    verify.add_argument("--extract", metavar="FOLDER", help="write its files there, to be read")
    install = _action(actions, "install", plugin_install.run, "put a package where it is loaded")
    _add_package_options(install)


def _action(
    actions: Any, name: str, run: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + "."
    )
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("folder", metavar="FOLDER")
    run.add_argument("operation", metavar="OPERATION", help="such as payments.create, check or native.NAME")
    run.add_argument("--base-url", metavar="URL", help="instead of the plugin's own address")
    run.add_argument("--mode", help="one of the plugin's modes")
    run.add_argument("--settings", metavar="FILE", help="JSON file of settings, - for standard input")
    run.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="one setting; NAME=@FILE reads it from a file",
    )
    run.add_argument(
        "--input", metavar="JSON", default="{}", help="the operation's input; @FILE reads it from a file"
    )
    run.add_argument("--trace", action="store_true", help="show requests and replies, secrets masked")
    run.add_argument("--ca-file", metavar="FILE", help="trust these certificates instead of the system's")
    run.add_argument(
        "--store",
        metavar="PATH",
        default="memory",
        help="where payments are kept for the next run; left out, they are forgotten",
    )
    run.add_argument("--timeout", metavar="SECONDS", type=seconds, help="for the operation (30)")


def _add_package_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package", metavar="FILE", help="ID-VERSION.till")
    parser.add_argument(
        "--plugins", metavar="FOLDER", help="where plugins are (the first of $TILL_PLUGIN_PATH)"
    )
    parser.add_argument(
        "--trust", metavar="KEY", action="append", default=[], help="trust this key, in hex or in a file"
    )
    parser.add_argument("--approve", action="store_true", help="agree to all that it may touch")
