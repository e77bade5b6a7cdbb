"""`till plugin new`: a plugin that works, to be changed into another."""

from __future__ import annotations

import argparse
import json
import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from till import _native
from till.cli._output import OK, Failure, print_json

_ID = re.compile(r"[a-z][a-z0-9_]{1,31}\Z")
_THERE = (
    "payments.create",
    "payments.get",
    "check",
    "payments.watch",
)  # the last is polled where it is absent
_REASON = "Say here, for the users of a shop, why the service has none."


def run(options: argparse.Namespace) -> int:
    """The command."""
    folder = Path(options.name)
    if not _ID.match(folder.name):
        raise Failure(f"{folder.name!r}: a plugin's id is 2 to 32 of a-z, 0-9 and _, beginning with a letter")
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise Failure(f"{folder} exists already") from None
    except (OSError, ValueError) as error:
        raise Failure(f"cannot make {folder}: {getattr(error, 'strerror', None) or 'no path'}") from None
    written = _write(resources.files("till.cli") / "skeleton", folder, _words(folder.name))
    if options.json:
        print_json({"folder": str(folder), "files": sorted(written)})
    else:
        print(
            f"{folder}: a plugin that works, against a service that does not exist.\n"
            f"  till plugin test {folder}     plays its fixtures\n"
            f"Change manifest.json, provider.lua, README.md and fixtures/ into your service's."
        )
    return OK


def _words(plugin_id: str) -> dict[str, str]:
    host = f"{plugin_id.replace('_', '-').strip('-')}.example"
    absent = {name: _REASON for name in _operations() if name not in _THERE}
    lines = [f"    {json.dumps(name)}: {json.dumps(reason)}" for name, reason in absent.items()]
    return {
        "PLUGIN_ID": plugin_id,
        "PLUGIN_NAME": plugin_id.replace("_", " ").title(),
        "PLUGIN_HOST": host,
        "PLUGIN_ABSENT": ",\n".join(lines),
    }


def _operations() -> list[str]:
    return [str(one["name"]) for one in json.loads(_native.operations())]


def _write(source: Traversable, folder: Path, words: dict[str, str]) -> list[str]:
    written = []
    for entry in source.iterdir():
        if entry.is_dir():
            (folder / entry.name).mkdir()
            written += [f"{entry.name}/{name}" for name in _write(entry, folder / entry.name, words)]
            continue
        text = entry.read_text("utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        (folder / entry.name).write_text(text, "utf-8")
        written.append(entry.name)
    return written
