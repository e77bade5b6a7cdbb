"""stripe-mock, Stripe's own server for tests: it holds each request against Stripe's OpenAPI description.

`TILL_STRIPE_MOCK` names its binary. Without it, it is built into build/ with Go; without Go or a network
there is none.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VERSION = "v0.148.0"
BUILD = Path(__file__).resolve().parents[3] / "build"
BUILD_SECONDS = 120
START_SECONDS = 20


class NoStripeMockError(Exception):
    """There is none; the text says why."""


def binary() -> Path:
    """The server's program; raises NoStripeMockError."""
    if given := os.environ.get("TILL_STRIPE_MOCK"):
        return Path(given)
    built = BUILD / f"stripe-mock-{VERSION}" / "stripe-mock"
    if built.exists():
        return built
    if shutil.which("go") is None:
        raise NoStripeMockError("no stripe-mock: there is no Go to build it (or set TILL_STRIPE_MOCK)")
    command = ["go", "install", f"github.com/stripe/stripe-mock@{VERSION}"]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "GOBIN": str(built.parent)},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NoStripeMockError(f"no stripe-mock: building it took over {BUILD_SECONDS} s") from None
    if done.returncode != 0:
        raise NoStripeMockError(f"no stripe-mock: {done.stderr.strip()[-300:]}")
    return built


@contextmanager
def stripe_mock(program: Path, folder: Path, answers: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Runs the program on this machine and gives its base URL.

    answers: the objects that it answers with, by kind, instead of its own. It refuses requests whose
    Stripe-Version is not that of its description.
    """
    command = [
        str(program),
        "-strict-version-check",
        "-http-addr",
        "127.0.0.1:0",
        "-https-addr",
        "127.0.0.1:0",
    ]
    if answers is not None:
        (folder / "answers.json").write_text(json.dumps({"resources": answers}))
        command += ["-fixtures", str(folder / "answers.json")]
    log = folder / "stripe-mock.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield f"http://127.0.0.1:{_port(process, log)}/v1"
        finally:
            process.kill()


def _port(process: subprocess.Popen[bytes], log: Path) -> str:
    """The port that it chose, which it writes once it listens."""
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if found := re.search(r"HTTP at address: 127\.0\.0\.1:(\d+)", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"stripe-mock does not start: {log.read_text()}")
