"""The wheel's build tells how far it is while it goes on, whichever tools the machine has."""

from __future__ import annotations

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/build_wheel.sh"

# In place of Python: a build that goes on once somebody has seen its first step.
BUILD = """#!/bin/bash
echo "Building wheel"
echo "  [1/2] Building CXX object $(printf 'x%.0s' {1..300})"
read -r -t 10 && echo "[2/2] Linking, told in time"
touch "${@: -2:1}/till.whl"
"""


def test_each_step_is_told_while_the_build_goes_on(tmp_path: Path) -> None:
    build = tmp_path / "python"
    build.write_text(BUILD)
    build.chmod(0o755)
    command = ["bash", str(SCRIPT), str(build), str(tmp_path / "wheel")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as script:
        assert script.stdin and script.stdout
        first = next(line for line in script.stdout if "[" in line)
        rest, _ = script.communicate("seen\n")
    assert first.startswith("  [1/2] Building CXX object xxx") and len(first) < 120
    assert "[2/2] Linking, told in time\n" in rest
    assert "till.whl" in rest and script.returncode == 0
