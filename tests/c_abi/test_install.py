"""A stranger's C project uses an installed copy, by pkg-config (shared, static) and by CMake, and pays."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TILL_BUILD_DIR", ROOT / "build/dev"))
EXAMPLES = ROOT / "bindings/c/examples"
EXAMPLE = EXAMPLES / "pay.c"
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"]

CMAKE_PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(stranger LANGUAGES C)
find_package(till 0.1 REQUIRED)
add_executable(pay_shared pay.c)
target_link_libraries(pay_shared PRIVATE till::till)
add_executable(pay_static pay.c)
target_link_libraries(pay_static PRIVATE till::static)
file(WRITE "${CMAKE_BINARY_DIR}/providers" "${till_PROVIDERS_DIR}")
"""


def run(*command: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed copy, at a place that its build did not know."""
    if not (BUILD / "CMakeCache.txt").exists():
        pytest.fail(f"{BUILD} holds no build; run `make build` or set TILL_BUILD_DIR")
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", BUILD, "--prefix", folder / "prefix", "--component", "till")
    return folder / "prefix"


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    """A provider's server that gives every payment link the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = {"id": "pl_1", "url": "https://pay.example/pl_1", "status": "active", **body}
            answer = json.dumps({"success": True, "data": data}).encode()
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def pays(program: Path, url: str, env: dict[str, str]) -> None:
    """The example program creates a payment and prints it."""
    settings = json.dumps({"api_key": "sk_test_1234567890", "base_url": url})
    env = {"TILL_STORE": "memory", "TILL_PLUGIN_PATH": "", **env}
    payment = json.loads(run(program, "openpay", settings, "150.00", "BZD", "order-1", env=env))
    assert payment["amount"] == {"amount": "150.00", "currency": "BZD"}
    assert payment["checkout_url"] == "https://pay.example/pl_1"
    assert payment["reference"] == "order-1"


def pkg_config(prefix: Path, *arguments: str) -> list[str]:
    env = {"PKG_CONFIG_PATH": str(next(prefix.rglob("till.pc")).parent)}
    return run("pkg-config", *arguments, "till", env=env).split()


def test_only_the_public_surface_is_installed(prefix: Path) -> None:
    assert [path.name for path in (prefix / "include").rglob("*") if path.is_file()] == ["till.h"]
    names = {path.name for path in prefix.rglob("libtill*")}
    assert names == {"libtill.a", "libtill.so", "libtill.so.0", "libtill.so.0.1.0"}
    assert (prefix / "share/till/providers/openpay/manifest.json").is_file()
    assert not list(prefix.rglob("fixtures"))


def test_a_project_with_pkg_config_uses_the_shared_library(
    prefix: Path, provider_url: str, tmp_path: Path
) -> None:
    program = tmp_path / "pay"
    flags = pkg_config(prefix, "--cflags", "--libs")
    run("cc", *STRICT, EXAMPLE, *flags, "-o", program)
    library_path = str(next(prefix.rglob("libtill.so")).parent)
    pays(program, provider_url, {"LD_LIBRARY_PATH": library_path})


def test_the_program_of_the_readme_compiles(prefix: Path, tmp_path: Path) -> None:
    programs = re.findall(r"```c\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(programs) == 1
    (tmp_path / "readme.c").write_text(programs[0])
    flags = pkg_config(prefix, "--cflags", "--libs")
    run("cc", *STRICT, tmp_path / "readme.c", *flags, "-o", tmp_path / "readme")


def test_the_example_of_events_prints_each_until_its_input_ends(
    prefix: Path, provider_url: str, tmp_path: Path
) -> None:
    flags = pkg_config(prefix, "--cflags", "--libs")
    for name in ("pay", "events"):
        run("cc", *STRICT, EXAMPLES / f"{name}.c", *flags, "-o", tmp_path / name)
    store = {"TILL_STORE": str(tmp_path / "till.sqlite3")}
    env = {"LD_LIBRARY_PATH": str(next(prefix.rglob("libtill.so")).parent), **store}
    pays(tmp_path / "pay", provider_url, env)
    settings = json.dumps({"api_key": "sk_test_1234567890", "base_url": provider_url})
    command = [str(tmp_path / "events"), "openpay", settings]
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env={**os.environ, **env}, **piped) as printing:
        assert printing.stdout
        event = json.loads(printing.stdout.readline())
        rest, _ = printing.communicate()
    assert (event["type"], event["payment"]["reference"]) == ("payment.created", "order-1")
    assert (rest, printing.returncode) == ("", 0)
    with sqlite3.connect(store["TILL_STORE"]) as book:
        assert book.execute("SELECT state, attempts FROM events").fetchall() == [("done", 1)]


def test_a_project_with_pkg_config_static_needs_no_libtill_at_run_time(
    prefix: Path, provider_url: str, tmp_path: Path
) -> None:
    program = tmp_path / "pay"
    flags = pkg_config(prefix, "--cflags", "--libs", "--static")
    # Beside a shared library of the same name the linker takes that: the archive is asked for by its file.
    flags = ["-l:libtill.a" if flag == "-ltill" else flag for flag in flags]
    run("cc", *STRICT, EXAMPLE, *flags, "-o", program)
    assert "libtill" not in run("ldd", program)
    providers = pkg_config(prefix, "--variable=providersdir")[0]
    pays(program, provider_url, {"TILL_PLUGIN_PATH": providers})


def test_a_project_with_cmake_finds_both_libraries(prefix: Path, provider_url: str, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(CMAKE_PROJECT)
    shutil.copy(EXAMPLE, tmp_path)
    build = tmp_path / "build"
    options = [f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_C_FLAGS=" + " ".join(STRICT)]
    run("cmake", "-S", tmp_path, "-B", build, *options)
    run("cmake", "--build", build)
    pays(build / "pay_shared", provider_url, {})
    assert "libtill" not in run("ldd", build / "pay_static")
    pays(build / "pay_static", provider_url, {"TILL_PLUGIN_PATH": (build / "providers").read_text()})
