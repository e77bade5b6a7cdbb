"""The counter adds up both kinds of report, and a suite that did not run is a failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/count_tests.py"

CTEST = """<?xml version="1.0"?><testsuite name="Linux" tests="4" failures="1" skipped="1">
<testcase name="a" classname="a" time="0.1" status="run"/>
<testcase name="b" classname="b" time="0.1" status="run"/>
<testcase name="c" classname="c" time="0.1" status="fail"><failure message=""/></testcase>
<testcase name="d" classname="d" time="0.1" status="notrun"><skipped message=""/></testcase>
</testsuite>"""
PYTEST = """<?xml version="1.0"?><testsuites><testsuite name="pytest">
<testcase classname="t" name="a"/><testcase classname="t" name="b"><skipped/></testcase>
<testcase classname="t" name="c"><error/></testcase>
</testsuite></testsuites>"""


def count(*reports: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, reports)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines()[-1]


def report(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_both_kinds_of_report_add_up(tmp_path: Path) -> None:
    reports = report(tmp_path, "ctest.xml", CTEST), report(tmp_path, "pytest.xml", PYTEST)
    assert count(*reports) == (1, "3 passed, 2 failed, 2 skipped")


def test_all_passed_is_success_without_a_skipped_part(tmp_path: Path) -> None:
    good = report(tmp_path, "good.xml", '<testsuite><testcase name="a" status="run"/></testsuite>')
    assert count(good) == (0, "1 passed, 0 failed")


def test_a_missing_report_is_a_failure(tmp_path: Path) -> None:
    good = report(tmp_path, "good.xml", '<testsuite><testcase name="a" status="run"/></testsuite>')
    assert count(good, tmp_path / "none.xml") == (1, "1 passed, 1 failed")


def test_an_empty_report_is_a_failure(tmp_path: Path) -> None:
    assert count(report(tmp_path, "empty.xml", "<testsuite/>")) == (1, "0 passed, 1 failed")


def test_a_broken_report_is_a_failure(tmp_path: Path) -> None:
    assert count(report(tmp_path, "broken.xml", "<testsuite>")) == (1, "0 passed, 1 failed")


def test_a_step_that_broke_without_a_failed_test_is_a_failure(tmp_path: Path) -> None:
    good = report(tmp_path, "good.xml", '<testsuite><testcase name="a" status="run"/></testsuite>')
    report(tmp_path, "good.status", "139\n")
    assert count(good) == (1, "1 passed, 1 failed")
    report(tmp_path, "good.status", "0\n")
    assert count(good) == (0, "1 passed, 0 failed")


GTEST = """<?xml version="1.0"?><testsuites tests="3" failures="{failed}"><testsuite name="S">
<testcase name="x" classname="S" status="run" result="completed"/>
<testcase name="y" classname="S" status="run" result="skipped"><skipped message=""/></testcase>
<testcase name="z" classname="S" status="run" result="completed">{failure}</testcase>
</testsuite></testsuites>"""


def test_a_program_that_reports_its_tests_is_counted_by_them(tmp_path: Path) -> None:
    ctest = report(tmp_path, "asan.xml", '<testsuite><testcase name="http.1" status="run"/></testsuite>')
    (tmp_path / "asan").mkdir()
    report(tmp_path / "asan", "http.1.xml", GTEST.format(failed=0, failure=""))
    assert count(ctest) == (0, "2 passed, 0 failed, 1 skipped")
    report(tmp_path / "asan", "http.1.xml", GTEST.format(failed=1, failure="<failure/>"))
    assert count(ctest) == (1, "1 passed, 1 failed, 1 skipped")


def test_a_program_that_broke_after_its_tests_is_a_failure(tmp_path: Path) -> None:
    broken = '<testsuite><testcase name="http.1" status="fail"><failure/></testcase></testsuite>'
    ctest = report(tmp_path, "asan.xml", broken)
    assert count(ctest) == (1, "0 passed, 1 failed")  # it crashed before it could report
    (tmp_path / "asan").mkdir()
    # Such as a leak, which is found at the end.
    report(tmp_path / "asan", "http.1.xml", GTEST.format(failed=0, failure=""))
    assert count(ctest) == (1, "2 passed, 1 failed, 1 skipped")
