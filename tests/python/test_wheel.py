"""The wheel: small, self-contained, and importable where nothing but Python is."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_BYTES = 5_000_000
PROVIDERS = ("bitgpt", "bitpay", "forumpay", "globalpay", "openpay")
LIBC = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "linux-vdso.so.1", "ld-linux-aarch64.so.1"}


def run(*command: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`$TILL_WHEEL`, or a wheel built now from this checkout."""
    given = os.environ.get("TILL_WHEEL")
    if given:
        return Path(given)
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder), str(ROOT))
    return next(folder.glob("till-*.whl"))


@pytest.fixture(scope="module")
def venv_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of a fresh virtual environment with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", str(folder))
    python = str(folder / "bin" / "python")
    run(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel))
    return python


@pytest.mark.timeout(3600)
def test_the_wheel_is_under_5_mb_and_carries_the_providers(wheel: Path) -> None:
    print(f"wheel: {wheel.stat().st_size / 1e6:.2f} MB")
    assert wheel.stat().st_size < MAX_BYTES
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for provider in PROVIDERS:
        assert f"till/providers/{provider}/manifest.json" in names
        assert f"till/providers/{provider}/provider.lua" in names
    assert "till/py.typed" in names
    assert "till/_native.pyi" in names
    assert not [name for name in names if name.endswith((".cpp", ".h", ".a"))]
    assert not [name for name in names if name.startswith("till/providers/") and "/fixtures/" in name]


@pytest.mark.timeout(3600)
def test_the_wheel_works_without_a_compiler_or_any_library_but_libc(venv_python: str, tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), "HOME": str(tmp_path), "TILL_STORE": "memory"}
    script = (
        "import till, till._native\n"
        "runtime = till.Runtime(store='memory')\n"
        "print(till._native.__file__)\n"
        "print(*runtime.providers())\n"
        "print(till.Identity.generate().sin[:1])\n"
        "settings = {'api_key': 'sk_test_12345678'}\n"
        "shop = till.Gateway('openpay', settings, base_url='https://127.0.0.1:9', timeout=5)\n"
        "try: shop.check()\n"
        "except till.TransportError as error: print(error.sent)\n"
    )
    lines = run(venv_python, "-c", script, env=bare).splitlines()
    assert "openpay" in lines[1].split()
    assert lines[2:] == ["T", "no"]
    needed = {line.split()[0].rpartition("/")[2] for line in run("ldd", lines[0]).splitlines()}
    assert needed <= LIBC
    dynamic = run("readelf", "-d", lines[0])
    assert "RPATH" not in dynamic
    assert "RUNPATH" not in dynamic


@pytest.mark.timeout(3600)
def test_the_module_exports_its_init_function_only(venv_python: str) -> None:
    path = run(venv_python, "-c", "import till._native as native; print(native.__file__)").strip()
    symbols = [line.split()[-1] for line in run("nm", "-D", "--defined-only", path).splitlines()]
    assert symbols == ["PyInit__native"]
    missing = [line.split()[-1] for line in run("nm", "-D", "--undefined-only", path).splitlines()]
    assert not [name for name in missing if "secp256k1" in name]  # see bindings/python/static_secp256k1.c


@pytest.mark.timeout(3600)
def test_the_module_and_pythons_own_openssl_and_sqlite_live_together(venv_python: str) -> None:
    script = (
        "import hashlib, sqlite3, ssl, till\n"
        "settings = {'api_key': 'sk_test_12345678'}\n"
        "shop = till.Gateway('openpay', settings, base_url='https://127.0.0.1:9', store='memory')\n"
        "try: shop.check()\n"
        "except till.TransportError: pass\n"
        "ssl.create_default_context(); sqlite3.connect(':memory:').execute('select 1')\n"
        "print(hashlib.sha256(b'').hexdigest()[:8], till.Identity.generate().sin[:1])\n"
    )
    assert run(venv_python, "-c", script).split() == ["e3b0c442", "T"]


@pytest.mark.timeout(3600)
def test_the_command_is_installed(venv_python: str) -> None:
    command = str(Path(venv_python).parent / "till")
    assert "openpay" in run(command, "providers")
    done = subprocess.run([command, "sandbox"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "pip install 'till[sandbox]'" in done.stderr
