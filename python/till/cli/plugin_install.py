"""`till plugin install`: a package and its approval, put where runtimes look for plugins."""

from __future__ import annotations

import argparse
from pathlib import Path

from till.cli._output import OK, USAGE, Failure, print_json, tell
from till.cli._plugin_source import read, unpack
from till.cli._plugin_trust import approve, difference, plugins_folder, trusted_keys, write_whole
from till.cli.plugin_verify import as_json, show


def run(options: argparse.Namespace) -> int:
    """The command."""
    folder = plugins_folder(options)
    if folder is None:
        raise Failure("give --plugins FOLDER, or set TILL_PLUGIN_PATH")
    packed = unpack(Path(options.package))
    if packed.key not in trusted_keys(options):
        raise Failure(
            f"it is signed by {packed.key}, which is not trusted: see --trust and TILL_TRUSTED_KEYS"
        )
    change = difference(packed, folder, None)
    place = folder / f"{packed.plugin.id}-{packed.plugin.version}.till"
    if change.asks_for_more and not options.approve:
        if options.json:
            print_json(as_json(packed, change, True) | {"installed": None})
        else:
            show(packed, change, True)
        tell("till: it asks for more than was approved; --approve agrees to it. Nothing was installed")
        return USAGE
    _place(packed.content, folder, place)
    if change.asks_for_more:
        approve(folder, packed)
    if options.json:
        print_json(as_json(packed, change, True) | {"installed": str(place)})
    else:
        print(f"installed {place}; new calls use it after Runtime.reload() or a restart")
    return OK


def _place(content: bytes, folder: Path, place: Path) -> None:
    """Puts the bytes that were judged, whatever the package's file holds by now."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"cannot make {folder}: {error.strerror}") from None
    if place.exists() and read(place) != content:
        raise Failure(f"{place} is there already with other content: a version is published once")
    write_whole(place, content)
