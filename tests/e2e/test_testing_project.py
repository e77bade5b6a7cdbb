"""The example of docs/testing.md, in a project of its own: a fresh virtual environment with the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, cwd: Path) -> str:
    bare = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    done = subprocess.run(
        command, cwd=cwd, env=bare, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(900)
@pytest.mark.skipif("TILL_WHEEL" not in os.environ, reason="needs the wheel, in $TILL_WHEEL")
def test_the_documented_example_passes_in_a_fresh_project(tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", "venv", cwd=tmp_path)
    python = str(tmp_path / "venv" / "bin" / "python")
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        os.environ["TILL_WHEEL"],
        cwd=tmp_path,
    )
    # pytest and the sandbox's packages are those of this environment; till itself is the wheel's.
    place = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip()
    (Path(place) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    ((name, text),) = re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / name).write_text(text)
    assert run(python, "-c", "import till; print(till.__file__)", cwd=tmp_path).startswith(place)
    assert "5 passed" in run(python, "-m", "pytest", "-q", cwd=tmp_path)
