"""The arrow check finds each kind of offence in a small made-up tree, and none in the real one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(root: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/check_arrows.py"), str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_project_itself_has_no_offence() -> None:
    status, output = check(ROOT)
    assert (status, output.splitlines()) == (0, output.splitlines()[:1])
    assert output.startswith("arrows: ")


@pytest.mark.parametrize(
    ("file", "header"),
    [
        ("core/base/id.cpp", "core/json/json.h"),  # up
        ("core/json/parse.cpp", "core/money/money.h"),  # beside
        ("core/payment/payment.cpp", "core/webhook/scheme.h"),  # beside
        ("core/plugin/script.cpp", "core/http/client.h"),  # the plugin has no socket
        ("core/plugin/script.cpp", "core/store/store.h"),
        ("core/plugin/script.cpp", "core/runtime/runtime.h"),
        ("core/http/client.cpp", "core/store/store.h"),
        ("core/store/sqlite.cpp", "core/runtime/runtime.h"),
        ("core/runtime/runtime.cpp", "bindings/c/till.h"),
        ("core/runtime/runtime.cpp", "../http/client.h"),
        ("core/runtime/runtime.cpp", "core/attic/thing.h"),
        ("bindings/python/module.cpp", "core/http/client.h"),
        ("bindings/python/module.cpp", "core/store/store.h"),
        ("bindings/python/module.cpp", "core/plugin/script.h"),
        ("bindings/python/module.cpp", "bindings/c/till.h"),
    ],
)
def test_an_include_that_does_not_point_down_is_an_offence(tmp_path: Path, file: str, header: str) -> None:
    write(tmp_path, file, f'// A file.\n#include "{header}"\n')
    status, output = check(tmp_path)
    assert status == 1
    assert output.startswith(f"{file}:2: ")


@pytest.mark.parametrize(
    ("file", "header"),
    [
        ("core/json/parse.cpp", "core/base/result.h"),
        ("core/json/parse.cpp", "core/json/json.h"),
        ("core/runtime/operation.cpp", "core/http/client.h"),
        ("core/runtime/operation.cpp", "core/store/store.h"),
        ("core/store/sqlite.cpp", "core/payment/payment.h"),
        ("core/plugin/script.cpp", "lua5.4/lua.hpp"),
        ("bindings/c/exchange.cpp", "core/http/message.h"),
        ("bindings/c/exchange.cpp", "bindings/c/till.h"),
    ],
)
def test_an_include_that_points_down_is_fine(tmp_path: Path, file: str, header: str) -> None:
    write(tmp_path, file, f'#include "{header}"\n')
    assert check(tmp_path)[0] == 0


def test_a_file_in_no_known_room_is_an_offence(tmp_path: Path) -> None:
    write(tmp_path, "core/misc/thing.cpp", "")
    assert check(tmp_path) == (1, "core/misc/thing.cpp: is in no known room\n")


@pytest.mark.parametrize("folder", ["core/runtime", "bindings/c"])
def test_code_that_names_a_provider_is_an_offence(tmp_path: Path, folder: str) -> None:
    write(tmp_path, "plugins/providers/somepay/manifest.json", "{}")
    write(
        tmp_path, f"{folder}/special.cpp", '// A case.\nbool f(const char* id) { return id == "SomePay"; }\n'
    )
    assert check(tmp_path) == (1, f"{folder}/special.cpp:2: names the provider SomePay\n")


def test_a_comment_that_names_a_provider_is_an_offence(tmp_path: Path) -> None:
    write(tmp_path, "plugins/providers/somepay/manifest.json", "{}")
    write(tmp_path, "core/base/comment.cpp", "// As the SomePay API has it.\n")
    assert check(tmp_path) == (1, "core/base/comment.cpp:1: names the provider SomePay\n")
