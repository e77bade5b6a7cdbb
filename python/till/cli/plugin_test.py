"""`till plugin test`: the checks, every fixture played, and the conformance suite."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from till._errors import error_from_native
from till._json import decode, encode
from till.cli._output import FAILED, OK, print_json
from till.cli._plugin_conformance import Examined, examined
from till.cli._plugin_source import Loaded, fixtures_of, folder_of, load, read
from till.cli.plugin_check import Finding, findings_of, show

# What stands before the error in a difference that an error makes.
_ERROR = re.compile(r"is never reached: |the operation fails: |expected \w+, got (?=\w+ \w+: )")


@dataclass(frozen=True)
class Played:
    """One fixture after it was played; without differences all is as documented."""

    file: str
    name: str
    operation: str
    ends_well: bool
    differences: tuple[tuple[str, str], ...]
    playable: bool = True
    """False: it is no fixture, or its settings are none of the plugin's, so that nothing was played."""


@dataclass(frozen=True)
class Report:
    """All that a test of one plugin found."""

    findings: list[Finding]
    played: list[Played]
    problems: list[str]
    cases: list[Examined] | None
    """None: the conformance suite did not run."""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        wrong = any(one.error for one in self.findings) or any(one.differences for one in self.played)
        wrong = wrong or any(one.problem for one in self.cases or [])
        return not wrong and not self.problems


def examine(folder: Path) -> Report:
    """Checks the plugin in the folder, plays its fixtures, examines it; one with errors is only checked."""
    findings = findings_of(folder)
    if any(one.error for one in findings):
        return Report(findings, [], [], None)
    plugin = load(folder)
    played = [_play(plugin, path) for path in fixtures_of(folder)]
    problems = _problems(plugin, played)
    if not all(one.playable for one in played):  # the suite takes its settings and ids from them
        return Report(findings, played, problems, [])
    return Report(findings, played, problems, examined(plugin.manifest["id"], folder))


def run(options: argparse.Namespace) -> int:
    """The command."""
    report = examine(folder_of(options.folder))
    if options.json:
        print_json(as_json(report))
    else:
        show_report(report)
    return OK if report.good else FAILED


def as_json(report: Report) -> dict[str, Any]:
    """The report for programs."""
    failed = sum(bool(one.differences) for one in report.played)
    cases = report.cases
    return {
        "ok": report.good,
        "findings": [asdict(one) for one in report.findings],
        "fixtures": [
            {
                "file": one.file,
                "name": one.name,
                "operation": one.operation,
                "differences": [{"place": place, "message": message} for place, message in one.differences],
            }
            for one in report.played
        ],
        "problems": report.problems,
        "cases": None if cases is None else [asdict(one) for one in cases],
        "passed": len(report.played) - failed,
        "failed": failed,
    }


def show_report(report: Report) -> None:
    """The report for people."""
    show(report.findings)
    for one in report.played:
        if one.differences:
            print(f"FAIL {one.file}: {one.name}")
            for line in _told_once(one.differences):
                print(f"    {line}")
    for problem in report.problems:
        print(f"FAIL {problem}")
    for case in report.cases or []:
        if case.problem:
            print(f"FAIL {case.check}: {case.item}: {case.problem}")
    if any(one.error for one in report.findings):
        print("test: the fixtures wait until the check has no error")
        return
    failed = sum(bool(one.differences) for one in report.played)
    print(f"test: {len(report.played) - failed} fixtures passed, {failed + len(report.problems)} problems")
    if not all(one.playable for one in report.played):
        print("conformance: waits until every fixture can be played")
        return
    if report.cases is None:
        print("conformance: not examined, for that needs the sandbox: pip install 'till[sandbox]'")
        return
    wrong = sum(bool(one.problem) for one in report.cases)
    print(f"conformance: {len(report.cases) - wrong} cases passed, {wrong} failed")


def _told_once(differences: tuple[tuple[str, str], ...]) -> list[str]:
    """The differences as lines, with those that one error makes counted behind the first of them."""
    causes = [_ERROR.sub("", message) for _, message in differences]
    lines = []
    for at, (place, message) in enumerate(differences):
        if causes[at] in causes[:at]:
            continue
        more = causes.count(causes[at]) - 1
        lines.append(f"{place}: {message}" + (f" (and {more} more for this reason)" if more else ""))
    return lines


def _play(plugin: Loaded, path: Path) -> Played:
    text = read(path)
    differences = plugin.native.play(text)
    if isinstance(differences, tuple):
        error = error_from_native(differences)
        return Played(path.name, path.stem, "", False, ((error.field or "$", error.message),), False)
    try:
        fixture = decode(text)
    except ArithmeticError:
        return Played(path.name, path.stem, "", False, (("$", "holds a number out of all range"),), False)
    found = tuple((one["place"], one["message"]) for one in json.loads(differences))
    if not isinstance(fixture, dict):
        return Played(path.name, path.stem, "", False, found, False)
    name, operation = str(fixture.get("name", path.stem)), str(fixture.get("operation", ""))
    playable = not found or not _is_refused(plugin, fixture, differences)
    return Played(path.name, name, operation, "error" not in fixture, found, playable)


def _is_refused(plugin: Loaded, document: dict[str, Any], differences: bytes) -> bool:
    """Whether the differences are a mistake of format or of settings. These come before the operation, and so
    are the same for one that no plugin has."""
    if not isinstance(document.get("operation"), str):
        return True
    return plugin.native.play(encode({**document, "operation": "none"}).encode()) == differences


def _problems(plugin: Loaded, played: list[Played]) -> list[str]:
    manifest = plugin.manifest
    declared = [*manifest["capabilities"], *(f"native.{name}" for name in manifest.get("native", {}))]
    shown = {one.operation for one in played if one.ends_well}
    problems = [
        f"no fixture shows how {operation} ends well" for operation in declared if operation not in shown
    ]
    strangers = {one.operation for one in played} - set(declared) - {""}
    problems += [f"a fixture is for {one}, which the manifest does not declare" for one in sorted(strangers)]
    twins = [name for name, count in Counter(one.name for one in played).items() if count > 1]
    return problems + [f"more than one fixture has the name {name!r}" for name in twins]
