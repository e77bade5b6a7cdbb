"""`till plugin verify`: what a package is, who signed it, and what it may touch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from till.cli._output import OK, USAGE, Failure, print_json, tell
from till.cli._plugin_source import Packed, unpack
from till.cli._plugin_trust import Difference, difference, plugins_folder, trusted_keys


def run(options: argparse.Namespace) -> int:
    """The command."""
    packed = unpack(Path(options.package))
    change = difference(packed, plugins_folder(options), options.against)
    trusted = packed.key in trusted_keys(options)
    if options.extract:
        _extract(packed, Path(options.extract))
    if options.json:
        print_json(as_json(packed, change, trusted))
    else:
        show(packed, change, trusted)
    if change.asks_for_more and not options.approve:
        tell("till: it asks for more than was approved; --approve agrees to it")
        return USAGE
    return OK


def as_json(packed: Packed, change: Difference, trusted: bool) -> dict[str, Any]:
    """The package for programs."""
    return {
        "id": packed.plugin.id,
        "version": packed.plugin.version,
        "name": packed.plugin.manifest["name"],
        "key": packed.key,
        "trusted": trusted,
        "permissions": list(packed.plugin.permissions),
        "compared_with": change.base,
        "added": list(change.added),
        "removed": list(change.removed),
        "other_key": change.other_key,
        "asks_for_more": change.asks_for_more,
        "files": {name: len(content) for name, content in packed.files.items()},
    }


def show(packed: Packed, change: Difference, trusted: bool) -> None:
    """The package for people. New permissions are marked with +, those that it no longer asks for with -."""
    print(f"{packed.plugin.manifest['name']} ({packed.plugin.id} {packed.plugin.version})")
    print(f"signature    good, by the key {packed.key}")
    print(f"key          {'trusted' if trusted else 'not trusted: see --trust and $TILL_TRUSTED_KEYS'}")
    if change.other_key:
        print(f"             another than before, which was {change.other_key}")
    print(f"files        {len(packed.files)}, {sum(map(len, packed.files.values()))} bytes")
    print(f"may touch    (compared with {change.base})")
    for permission in packed.plugin.permissions:
        print(f"  {'+' if permission in change.added else ' '} {explained(permission)}")
    for permission in change.removed:
        print(f"  - {explained(permission)}")


def explained(permission: str) -> str:
    """A permission as a sentence."""
    kind, _, name = permission.partition(" ")
    if permission == "host of the merchant":
        return "sends requests to an address that the merchant gives"
    sentences = {
        "card_data": "takes card numbers",
        "host": f"sends requests to {name}",
        "path_secret": f"puts the secret {name} into addresses, which servers log",
        "reveals": f"{name} hands a secret to its caller",
        "script_header": f"sets the header {name}",
        "secret": f"asks the merchant for the secret {name}",
    }
    return sentences.get(kind, permission)


def _extract(packed: Packed, folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
        for name, content in packed.files.items():  # names were checked by the core: no path leads out
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
    except OSError as error:
        raise Failure(f"cannot write {folder}: {error.strerror}") from None
