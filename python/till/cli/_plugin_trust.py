"""Trusted keys and approvals, for the commands that look at packages. docs/packages.md tells the formats."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from till.cli._output import Failure
from till.cli._plugin_source import Packed, load, read, unpack

_KEY = re.compile(r"[0-9a-fA-F]{64}\Z")
APPROVALS = "approvals.json"


@dataclass(frozen=True)
class Approval:
    """What was agreed for one plugin."""

    key: str
    permissions: frozenset[str]


@dataclass(frozen=True)
class Difference:
    """What a package asks beside what is there already."""

    base: str
    """What it is compared with, in words."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    other_key: str | None
    """The key that signed before, when it is another one."""

    @property
    def asks_for_more(self) -> bool:
        """Whether somebody has to agree."""
        return bool(self.added or self.other_key)


def plugins_folder(options: argparse.Namespace) -> Path | None:
    """`--plugins`, else the first folder of `$TILL_PLUGIN_PATH`."""
    first = options.plugins or os.environ.get("TILL_PLUGIN_PATH", "").partition(":")[0]
    return Path(first) if first else None


def trusted_keys(options: argparse.Namespace) -> set[str]:
    """The keys of `--trust` and `$TILL_TRUSTED_KEYS`."""
    entries = [*options.trust, *filter(None, os.environ.get("TILL_TRUSTED_KEYS", "").split(":"))]
    keys: set[str] = set()
    for entry in entries:
        keys |= {entry.lower()} if _KEY.match(entry) else _keys_in(Path(entry))
    return keys


def approvals_in(folder: Path) -> dict[str, Approval]:
    """What was agreed so far, by id of the plugin."""
    path = folder / APPROVALS
    if not path.exists():
        return {}
    try:
        document = json.loads(read(path))
        return {
            str(plugin): Approval(str(one["key"]).lower(), frozenset(map(str, one["permissions"])))
            for plugin, one in document.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Failure(f"{path} is not as docs/packages.md has it; nothing counts as approved") from None


def approve(folder: Path, packed: Packed) -> None:
    """Adds the package's permissions to those that were agreed. The file is whole at any moment."""
    approvals = approvals_in(folder)
    before = approvals.get(packed.plugin.id)
    kept = before.permissions if before and before.key == packed.key else frozenset()
    approvals[packed.plugin.id] = Approval(packed.key, kept | frozenset(packed.plugin.permissions))
    document = {
        plugin: {"key": one.key, "permissions": sorted(one.permissions)}
        for plugin, one in sorted(approvals.items())
    }
    write_whole(folder / APPROVALS, (json.dumps(document, indent=2) + "\n").encode())


def difference(packed: Packed, folder: Path | None, against: str | None) -> Difference:
    """What the package asks beside an older plugin, or else beside what was approved in the folder."""
    wanted = set(packed.plugin.permissions)
    if against:
        base, before = against, _older(Path(against), packed.key)
    else:
        found = approvals_in(folder).get(packed.plugin.id) if folder else None
        base = "what was approved" if found else "nothing approved yet"
        before = found or Approval(packed.key, frozenset())
    other_key = before.key if before.key != packed.key else None
    added, removed = sorted(wanted - before.permissions), sorted(before.permissions - wanted)
    return Difference(base, tuple(added), tuple(removed), other_key)


def _older(path: Path, key: str) -> Approval:
    """An older plugin as if it had been approved; a folder is signed by nobody, so by no other key."""
    if path.is_dir():
        return Approval(key, frozenset(load(path.resolve()).permissions))
    older = unpack(path)
    return Approval(older.key, frozenset(older.plugin.permissions))


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that nobody ever sees half of it."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), 0o644)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}") from None


def _keys_in(path: Path) -> set[str]:
    lines = [line.partition("#")[0].strip() for line in read(path).decode(errors="replace").splitlines()]
    keys = {line.lower() for line in lines if line}
    if not keys or not all(_KEY.match(key) for key in keys):
        raise Failure(f"{path} must hold one key of 64 hexadecimal digits on each line")
    return keys
