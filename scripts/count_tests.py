"""Adds up JUnit XML reports of ctest and pytest; the closing line is `N passed, M failed[, K skipped]`.

Usage: count_tests.py REPORT.xml...

Where ctest ran a whole program as one case NAME, REPORT/NAME.xml is what the program says of its tests, and
they are counted in its stead.

Exits 1 when a test failed, when a report is missing or unreadable, or when nothing passed: a suite that did
not run must never look like a suite that is fine.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: Count) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def count_case(case: ElementTree.Element) -> Count:
    """One test case; ctest says `status="run|fail|disabled|notrun"` besides its child elements."""
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return Count(failed=1)
    if case.find("skipped") is not None or case.get("status") in ("disabled", "notrun"):
        return Count(skipped=1)
    return Count(passed=1)


def count_program(report: Path, case: ElementTree.Element) -> Count:
    """The tests of a case that is a program with a report of its own; breaking after them is a failure."""
    count = count_case(case)
    detail = report.with_suffix("") / f"{case.get('name')}.xml"
    if not detail.exists():
        return count
    tests = Count()
    for test in ElementTree.parse(detail).getroot().iter("testcase"):
        tests.add(count_case(test))
    if count.failed and not tests.failed:
        tests.failed = 1
    return tests


def broke(report: Path) -> bool:
    """Whether the step ended with a failure: REPORT.status, beside REPORT.xml, holds its exit status."""
    status = report.with_suffix(".status")
    return status.exists() and status.read_text().strip() != "0"


def count_report(path: Path) -> Count:
    """All test cases of a report; one that cannot be read, or whose step broke otherwise, is a failure."""
    total = Count()
    try:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            total.add(count_program(path, case))
    except (OSError, ElementTree.ParseError) as error:
        print(f"{path}: no report: {error}", file=sys.stderr)
        return Count(failed=1)
    if total == Count():
        print(f"{path}: the report holds no test", file=sys.stderr)
        return Count(failed=1)
    if total.failed == 0 and broke(path):
        print(f"{path}: no test failed, but the step did", file=sys.stderr)
        total.failed = 1
    return total


def main(arguments: list[str]) -> int:
    total = Count()
    for name in arguments:
        count = count_report(Path(name))
        numbers = f"{count.passed:>6} passed {count.failed:>4} failed {count.skipped:>4} skipped"
        print(f"{Path(name).stem:<12} {numbers}")
        total.add(count)
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
