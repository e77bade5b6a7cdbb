"""`till plugin check`: everything that can be said against a plugin, with lines and help."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from till import _native
from till.cli._json_lines import Lines, line_of, lines_of
from till.cli._output import FAILED, OK, print_json
from till.cli._plugin_source import MANIFEST, README, SCRIPT, fixtures_of, folder_of, read

_LARGEST_MANIFEST = 256 << 10  # as the core's: kMaxManifestBytes of core/base/limits.h


@dataclass(frozen=True)
class Finding:
    """One mistake, or a piece of advice."""

    file: str
    line: int
    place: str
    error: bool
    code: str
    message: str
    help: str

    def __str__(self) -> str:
        kind = "error" if self.error else "advice"
        place = f"{self.place}: " if self.place else ""
        help_line = f"\n    help: {self.help}" if self.help else ""
        return f"{self.file}:{self.line}: {kind}: {place}{self.message} [{self.code}]{help_line}"


def findings_of(folder: Path) -> list[Finding]:
    """What can be said against the plugin in the folder, by file and line."""
    manifest, script = read(folder / MANIFEST), read(folder / SCRIPT)
    is_read = len(manifest) <= _LARGEST_MANIFEST  # else the core says just that
    lines = lines_of(manifest.decode(errors="replace")) if is_read else Lines(1)
    found = [_finding(one, lines) for one in json.loads(_native.lint_plugin(manifest, script))]
    found += _missing_files(folder)
    found += _wrong_name(folder, manifest)
    return sorted(found, key=lambda one: (one.file, one.line))


def run(options: argparse.Namespace) -> int:
    """The command."""
    found = findings_of(folder_of(options.folder))
    errors = sum(one.error for one in found)
    if options.json:
        print_json(
            {"findings": [asdict(one) for one in found], "errors": errors, "advice": len(found) - errors}
        )
    else:
        show(found)
    return FAILED if errors else OK


def show(found: list[Finding]) -> None:
    """The findings and how many there are, for people."""
    for one in found:
        print(one)
    errors = sum(one.error for one in found)
    print(f"check: {_count(errors, 'error')}, {len(found) - errors} advice" if found else "check: no finding")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _finding(one: dict[str, object], lines: Lines) -> Finding:
    file, place = str(one["file"]), str(one["place"])
    line = int(str(one["line"])) or (line_of(place, lines) if file == MANIFEST else 1)
    message = str(one["message"]).removeprefix(f"{SCRIPT}:{line}: ")
    return Finding(file, line, place, bool(one["error"]), str(one["code"]), message, str(one["help"]))


def _missing_files(folder: Path) -> list[Finding]:
    found = []
    if not (folder / README).is_file():
        found.append(
            Finding(
                README, 1, "", True, "no_readme", "there is none", "say what works, what does not, and why"
            )
        )
    if not fixtures_of(folder):
        help_line = "play each documented request and reply: docs/writing-a-provider.md"
        found.append(Finding("fixtures", 1, "", True, "no_fixtures", "there are none", help_line))
    return found


def _wrong_name(folder: Path, manifest: bytes) -> list[Finding]:
    try:
        document = json.loads(manifest)
        names = (document["id"], f"{document['id']}-{document['version']}")
    except (ValueError, TypeError, KeyError, RecursionError):
        return []  # told already
    if folder.name in names:
        return []
    message = f"the folder must have the name {names[0]} or {names[1]}, but is {folder.name}"
    return [Finding(MANIFEST, 1, "$.id", True, "wrong_folder", message, "rename one of them")]
