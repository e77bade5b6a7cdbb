"""The fixtures of a provider, wherever its plugin stands on the plugin path."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from till import _native
from till._runtime import Runtime, _own_providers

# Those of the shipped providers: an installed package has them apart from manifests and scripts.
_SHIPPED = Path(__file__).parent / "samples"


def fixtures_of(runtime: Runtime, provider: str) -> list[dict[str, Any]]:
    """The fixtures of the version that the runtime loads, in the order of their files' names.

    Files that hold no JSON object are passed over. `PluginError` when the plugin cannot be loaded, `NotFound`
    when there is none.
    """
    version = runtime.describe(provider)["version"]
    names = (provider, f"{provider}-{version}", f"{provider}-{version}.till")
    places = (folder / name for folder in _plugin_path() for name in names)
    files = next((found for place in places if (found := _files_in(place, version)) is not None), {})
    read = [_object(content) for _, content in sorted(files.items())]
    return [fixture for fixture in read if fixture is not None]


def _plugin_path() -> list[Path]:
    """In the order in which the core looks."""
    given = os.environ.get("TILL_PLUGIN_PATH", "").split(":")
    return [Path(folder) for folder in [*_own_providers(), *given] if folder]


def _files_in(place: Path, version: str) -> dict[str, bytes] | None:
    """The plugin's fixtures by the names of their files; None when no plugin of this version is there."""
    if place.suffix == ".till":
        return _files_in_package(place) if place.is_file() else None
    try:
        manifest = _object((place / "manifest.json").read_bytes())
    except OSError:
        return None
    if manifest is None or manifest.get("version") != version:
        return None
    folder = place / "fixtures"
    if not folder.is_dir() and str(place.parent) in _own_providers():
        folder = _SHIPPED / place.name / "fixtures"
    return {path.name: path.read_bytes() for path in folder.glob("*.json")}


def _files_in_package(place: Path) -> dict[str, bytes] | None:
    """A package is read as the core reads it: one whose signature is wrong is none."""
    unpacked = _native.unpack_plugin(place.read_bytes(), str(place))
    if len(unpacked) != 3:
        return None
    _, _, files = unpacked
    return {name: content for name, content in files.items() if name.startswith("fixtures/")}


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
