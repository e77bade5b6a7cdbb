"""`till store`: looking after what is kept."""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

import till
from till._json import encode
from till.cli._account import must_be_there
from till.cli._output import OK, Failure, print_json, table, tell

_KINDS = ("payments", "writes", "events", "webhooks", "refusals")
_UNITS = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "y": timedelta(days=365),
}
_LONGEST_AGE = 100 * _UNITS["y"]
_MAY_COME_AGAIN = timedelta(days=30)
_PROGRESS_EVERY = 10_000  # records between two lines of progress

_PRUNE_HELP = """\
what goes, once it is older:
  payments   paid, expired, cancelled or failed, with nothing unknown and no event that waits;
             with them go their events and writes
  events     handled, or dead
  writes     answered as long ago; their idempotency keys can be used again
  webhooks   all. A provider may send one again for up to 30 days, and a webhook that was forgotten takes
             effect again: younger ones go only with --forget-webhooks
what is never removed: payments that are open or of which something is unknown, writes without an answer,
events that wait for a handler.
--older-than is for all four kinds; an age of a kind's own comes before it, and `never` keeps that kind.
"""


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    store = commands.add_parser("store", help="look after what is kept: size, retention, export")
    actions = store.add_subparsers(metavar="ACTION", required=True)
    _add_info(actions.add_parser("info", help="where it is, how much there is, and what is open"))
    _add_prune(actions.add_parser("prune", help="remove what is over and old"))
    _add_export(actions.add_parser("export", help="the whole history as JSON lines"))


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", metavar="PLACE", help="a path or a postgresql:// URL; default: $TILL_STORE"
    )


def _add_info(info: argparse.ArgumentParser) -> None:
    _add_place(info)
    info.add_argument("--json", action="store_true", help="print JSON")
    info.set_defaults(run=_info)


def _add_prune(prune: argparse.ArgumentParser) -> None:
    prune.formatter_class = argparse.RawDescriptionHelpFormatter
    prune.epilog = _PRUNE_HELP
    _add_place(prune)
    prune.add_argument("--older-than", metavar="AGE", type=_age, help="such as 90d, 36h or 2y")
    for kind in ("payments", "events", "writes", "webhooks"):
        prune.add_argument(f"--{kind}", metavar="AGE", type=_age_or_never, help="an age, or never")
    prune.add_argument("--forget-webhooks", action="store_true", help="even those of the last 30 days")
    prune.add_argument("--dry-run", action="store_true", help="only say how much would go")
    prune.add_argument("--json", action="store_true", help="print JSON")
    prune.set_defaults(run=_prune)


def _add_export(export: argparse.ArgumentParser) -> None:
    _add_place(export)
    export.add_argument("file", metavar="FILE", help="is made, never replaced; - for standard output")
    export.add_argument("--kind", action="append", choices=_KINDS, help="only these; may be repeated")
    export.add_argument("--bodies", action="store_true", help="webhooks with their bodies")
    export.set_defaults(run=_export)


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([hdy])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age; write 90d, 36h or 2y (six months are 180d)")
    age = int(match[1]) * _UNITS[match[2]]
    if age > _LONGEST_AGE:
        raise argparse.ArgumentTypeError("an age is at most 100y")
    return age


def _age_or_never(text: str) -> timedelta | str:
    return text if text == "never" else _age(text)


def _store(options: argparse.Namespace) -> till.Store:
    store = till.Runtime(store=options.store).store
    must_be_there(store)
    return store


def _info(options: argparse.Namespace) -> int:
    store = _store(options)
    if options.json:
        print_json(store._call("store.info", {}))
        return OK
    info = store.info()
    print(f"{info.place} ({info.kind}, schema {info.schema}, {info.bytes / 1e6:.1f} MB)")
    print(f"{info.payments} payments, {info.events} events, {info.writes} writes, {info.webhooks} webhooks")
    if info.open:
        print("\n" + _table_of(info.open))
    return OK


def _table_of(counts: tuple[till.OpenCounts, ...]) -> str:
    head = ["Gateway", "Unknown", "Unsettled", "Waiting", "Taken", "Dead", "Unmatched"]
    rows = [
        [
            one.gateway,
            str(one.payments_unknown),
            str(one.writes_unsettled),
            str(one.events_waiting),
            str(one.events_taken),
            str(one.events_dead),
            str(one.webhooks_unmatched),
        ]
        for one in counts
    ]
    return table(head, rows, right=head[1:])


def _prune(options: argparse.Namespace) -> int:
    ages = {}
    for kind in ("payments", "events", "writes", "webhooks"):
        own = getattr(options, kind)
        age = options.older_than if own is None else own
        ages[kind] = None if age == "never" else age
    if all(age is None for age in ages.values()):
        raise Failure("say how old what goes must be: --older-than 400d, or an age for a kind")
    gone = _store(options).prune(**ages, forget_webhooks=options.forget_webhooks, dry_run=options.dry_run)
    if options.json:
        print_json(dataclasses.asdict(gone))
        return OK
    verb = "would go" if options.dry_run else "removed"
    counts = ", ".join(f"{count} {kind}" for kind, count in dataclasses.asdict(gone).items())
    print(f"{verb}: {counts}")
    young = ages["webhooks"] is not None and ages["webhooks"] < _MAY_COME_AGAIN
    if options.dry_run and young and not options.forget_webhooks:
        tell(
            "till: without --dry-run this is refused: webhooks of the last 30 days may come again. Write"
            " --webhooks never, --webhooks 30d, or --forget-webhooks"
        )
    return OK


def _export(options: argparse.Namespace) -> int:
    records = _store(options).export(*(options.kind or _KINDS), bodies=options.bodies)
    count = 0
    with _output_file(options.file) as out:
        for kind, record in records:
            out.write(encode({"kind": kind, "record": record}) + "\n")
            count += 1
            if count % _PROGRESS_EVERY == 0:
                tell(f"till: {count} records ({kind})")
    tell(f"till: {count} records exported")
    return OK


@contextmanager
def _output_file(place: str) -> Iterator[TextIO]:
    """For its owner alone: an export holds names and amounts."""
    if place == "-":
        yield sys.stdout
        return
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Failure(f"cannot make {Path(place)}: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        yield file
        file.flush()
        os.fsync(handle)
