"""Versions of plugins: which one a gateway runs, and what a reload changes under it."""

import json
import shutil
from pathlib import Path

import pytest

import till

OPENPAY = Path(__file__).resolve().parents[2] / "plugins" / "providers" / "openpay"
KEY = {"api_key": "sk_live_example"}


def install(folder: Path, version: str) -> None:
    """OpenPay under another id, in this version, in a folder of its own."""
    place = folder / f"mypay-{version}"
    shutil.copytree(OPENPAY, place, ignore=shutil.ignore_patterns("fixtures"))
    manifest = json.loads((place / "manifest.json").read_text())
    (place / "manifest.json").write_text(json.dumps({**manifest, "id": "mypay", "version": version}))


@pytest.fixture
def runtime(tmp_path: Path) -> till.Runtime:
    install(tmp_path, "1.0.0")
    return till.Runtime(store="memory", plugin_path=[tmp_path])


def test_a_reload_moves_open_gateways_on_and_says_so(runtime: till.Runtime, tmp_path: Path) -> None:
    shop = till.Gateway("mypay", KEY, runtime=runtime)
    pinned = till.Gateway("mypay", KEY, runtime=runtime, plugin_version="1.0.0")
    assert runtime.reload() == []
    install(tmp_path, "1.1.0")
    assert shop.plugin_version == "1.0.0"
    assert runtime.reload() == [till.PluginChange("mypay", "1.1.0", "added", None)]
    assert (shop.plugin_version, pinned.plugin_version) == ("1.1.0", "1.0.0")


def test_a_plugin_that_broke_is_refused_with_a_reason(runtime: till.Runtime, tmp_path: Path) -> None:
    shop = till.Gateway("mypay", KEY, runtime=runtime)
    (tmp_path / "mypay-1.0.0" / "provider.lua").write_text("function (")
    [change] = runtime.reload()
    assert (change.provider, change.version, change.change) == ("mypay", None, "refused")
    assert change.message is not None and "provider.lua:1:" in change.message
    assert shop.plugin_version == "1.0.0"


def test_a_version_that_is_not_there_is_said_with_those_that_are(runtime: till.Runtime) -> None:
    with pytest.raises(till.NotFound, match=r"there are: 1\.0\.0") as caught:
        till.Gateway("mypay", KEY, runtime=runtime, plugin_version="7.0.0")
    assert caught.value.code == "unknown_version"


def test_keys_are_a_list_of_hex_or_files(tmp_path: Path) -> None:
    till.Runtime(store="memory", trusted_keys=["ab" * 32])
    with pytest.raises(TypeError, match="not one key"):
        till.Runtime(store="memory", trusted_keys="ab" * 32)
    with pytest.raises(till.ConfigurationError) as caught:
        till.Runtime(store="memory", trusted_keys=[tmp_path / "nothing"])
    assert caught.value.field == "$.trusted_keys[0]"
