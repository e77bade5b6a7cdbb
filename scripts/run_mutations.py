#!/usr/bin/env python3
"""Removes the checks of tests/mutation/mutations.toml, one at a time; a named test must notice each.

Usage: scripts/run_mutations.py [NAME...]

Works on a copy of the tracked files in build/mutation, so the sources stay as they are. Exits 1 when a test
did not notice, or fails with the check in place.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / "build/mutation"
MAX_TEST_SECONDS = 300


def copy_sources() -> None:
    """Brings the copy up to date; what did not change keeps its time, so that little is built again."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    for name in listed.stdout.decode().split("\0"):
        source, copy = ROOT / name, COPY / name
        if not name or not source.is_file():
            continue
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)


class Broken(Exception):
    """The tests of a mutation cannot be built, or do not end."""


def build(room: str) -> None:
    """Builds the tests of one room."""
    if not (COPY / "build/dev/build.ninja").is_file():
        subprocess.run(["cmake", "--preset", "dev"], cwd=COPY, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(
        ["cmake", "--build", "--preset", "dev", "--target", f"till_test_{room}"],
        cwd=COPY,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Broken(done.stdout + done.stderr)


def passes(mutation: dict[str, str]) -> bool:
    """Whether all tests of the filter pass; a filter that names none ends the program."""
    room, test = mutation["room"], mutation["test"]
    try:
        done = subprocess.run(
            [COPY / f"build/dev/tests/{room}/till_test_{room}", f"--gtest_filter={test}"],
            cwd=COPY,
            env={**os.environ, "TILL_TEST_STORE": mutation.get("store", "sqlite")},
            capture_output=True,
            text=True,
            check=False,
            timeout=MAX_TEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Broken(f"{test} does not end") from None
    if re.search(r"\bRunning 0 tests\b", done.stdout):
        sys.exit(f"mutations: there is no test {test} in till_test_{room}")
    return done.returncode == 0


def is_noticed(mutation: dict[str, str]) -> bool:
    """Whether the named test passes as things are, and fails without the check."""
    file = COPY / mutation["file"]
    whole = file.read_text(encoding="utf-8")
    if whole.count(mutation["find"]) != 1:
        sys.exit(f"mutations: {mutation['name']}: the text to find does not stand once in {mutation['file']}")
    build(mutation["room"])
    if not passes(mutation):
        print(f"  {mutation['test']} fails with the check in place", flush=True)
        return False
    file.write_text(whole.replace(mutation["find"], mutation["replace"]), encoding="utf-8")
    try:
        build(mutation["room"])
        return not passes(mutation)
    finally:
        file.write_text(whole, encoding="utf-8")


def main(names: list[str]) -> int:
    mutations = tomllib.loads((ROOT / "tests/mutation/mutations.toml").read_text(encoding="utf-8"))[
        "mutation"
    ]
    unknown = set(names) - {mutation["name"] for mutation in mutations}
    if unknown:
        sys.exit(f"mutations: unknown: {', '.join(sorted(unknown))}")
    copy_sources()
    chosen = [mutation for mutation in mutations if not names or mutation["name"] in names]
    missed = 0
    for mutation in chosen:
        try:
            verdict = "noticed" if is_noticed(mutation) else "MISSED"
        except Broken as broken:
            print(broken, flush=True)
            verdict = "BROKEN"
        missed += verdict != "noticed"
        print(f"{verdict:8} {mutation['name']:28} without {mutation['removes']}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
