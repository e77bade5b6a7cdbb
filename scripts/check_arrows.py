"""Checks that the project's layers only point down, and that the core knows no provider by name.

    service -> runtime -> store, plugin, http -> payment, webhook -> json, money, crypto -> base

A file may include its own room and any room on a lower level, nothing beside it and nothing above. The
bindings stand on service and runtime and may use the values below them, but not scripts, http's client or the
store; they never see each other.

Usage: check_arrows.py [ROOT]; prints one line per offence and exits 1 when there is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

LEVELS = (
    ("base",),
    ("json", "money", "crypto"),
    ("payment", "webhook"),
    ("store", "plugin", "http"),
    ("runtime",),
    ("service",),
)
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

# What a binding may include: service and runtime, and the values that cross its surface.
BINDING_ROOMS = {"service", "runtime", "payment", "webhook", "json", "money", "crypto", "base"}
BINDING_HEADERS = {
    "core/http/message.h",
    "core/plugin/lint.h",
    "core/plugin/manifest.h",
    "core/plugin/operations.h",
    "core/plugin/package.h",
    "core/plugin/permissions.h",
    "core/plugin/plugin.h",
}

SOURCES = {".h", ".hpp", ".c", ".cc", ".cpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def source_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.rglob("*") if path.suffix in SOURCES and path.is_file())


def includes(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match.group(1)


def core_offence(room: str, header: str) -> str | None:
    """Why a file of core/<room> may not include this header, or None."""
    parts = header.split("/")
    if parts[0] in ("bindings", "python", "plugins", "tests", "bench"):
        return f"core may not include {header}"
    if parts[0] in (".", ".."):
        return f"includes are written from the repository's root, not as {header}"
    if parts[0] != "core":
        return None
    target = parts[1]
    if target not in LEVEL_OF:
        return f"{header} is in no known room"
    if target == room or LEVEL_OF[target] < LEVEL_OF[room]:
        return None
    return f"{room} may not see {target}: arrows go down only"


def binding_offence(binding: str, header: str) -> str | None:
    """Why a file of bindings/<binding> may not include this header, or None."""
    parts = header.split("/")
    if parts[0] == "bindings" and parts[1] != binding:
        return f"the bindings stand side by side: {binding} may not see {parts[1]}"
    if parts[0] != "core" or header in BINDING_HEADERS or parts[1] in BINDING_ROOMS:
        return None
    return f"a binding may not see {parts[1]}: it stands on runtime"


def include_offences(root: Path) -> Iterator[str]:
    for path in source_files(root / "core"):
        parts = path.relative_to(root).parts
        if len(parts) < 3 or parts[1] not in LEVEL_OF:
            yield f"{path.relative_to(root)}: is in no known room"
            continue
        for number, header in includes(path):
            if why := core_offence(parts[1], header):
                yield f"{path.relative_to(root)}:{number}: {why}"
    for path in source_files(root / "bindings"):
        for number, header in includes(path):
            if why := binding_offence(path.relative_to(root).parts[1], header):
                yield f"{path.relative_to(root)}:{number}: {why}"


def provider_ids(root: Path) -> list[str]:
    return sorted(manifest.parent.name for manifest in root.glob("plugins/providers/*/manifest.json"))


def provider_offences(root: Path) -> Iterator[str]:
    """The core and the bindings treat every provider alike; a name in a comment is a first step away."""
    ids = provider_ids(root)
    if not ids:
        return
    name = re.compile("|".join(re.escape(provider) for provider in ids), re.IGNORECASE)
    for folder in ("core", "bindings"):
        for path in source_files(root / folder):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if match := name.search(line):
                    yield f"{path.relative_to(root)}:{number}: names the provider {match.group(0)}"


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    offences = [*include_offences(root), *provider_offences(root)]
    for offence in offences:
        print(offence)
    if not offences:
        print("arrows: every include points down, and no provider is named in the core or a binding")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
