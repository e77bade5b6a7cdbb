"""A plugin as its author has it: a folder, or a package, read for the commands of `till plugin`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from till import _native
from till._errors import error_from_native
from till.cli._output import Failure

MANIFEST, SCRIPT, README = "manifest.json", "provider.lua", "README.md"
_LARGEST = 8 << 20
_PACKED = (MANIFEST, SCRIPT, README, "LICENSE")


def folder_of(text: str) -> Path:
    """The folder that the command names; it has a manifest and a script."""
    folder = Path(text).resolve()
    if not folder.is_dir():
        raise Failure(f"{text} is no folder; `till plugin new {Path(text).name or 'NAME'}` makes one")
    for name in (MANIFEST, SCRIPT):
        if not (folder / name).is_file():
            raise Failure(f"{text} holds no {name}")
    return folder


def read(path: Path) -> bytes:
    """A file of at most 8 MiB."""
    try:
        with path.open("rb") as file:
            found = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise Failure(f"cannot read {path}: {reason}") from None
    if len(found) > _LARGEST:
        raise Failure(f"{path} is larger than {_LARGEST} bytes")
    return found


def fixtures_of(folder: Path) -> list[Path]:
    """The plugin's fixtures, sorted."""
    return sorted((folder / "fixtures").glob("*.json"))


def files_to_pack(folder: Path) -> dict[str, bytes]:
    """What a package of this folder holds."""
    files = {name: read(folder / name) for name in _PACKED if (folder / name).is_file()}
    return files | {f"fixtures/{path.name}": read(path) for path in fixtures_of(folder)}


@dataclass(frozen=True)
class Loaded:
    """A plugin that the core takes."""

    manifest: dict[str, Any]
    permissions: tuple[str, ...]
    native: _native.NativePlugin

    @property
    def id(self) -> str:
        """As in the manifest."""
        return str(self.manifest["id"])

    @property
    def version(self) -> str:
        """As in the manifest."""
        return str(self.manifest["version"])


@dataclass(frozen=True)
class Packed:
    """A package whose signature is good."""

    plugin: Loaded
    key: str
    files: dict[str, bytes]
    content: bytes
    """The whole file, as it was read and verified."""


def load(folder: Path) -> Loaded:
    """The plugin in the folder; `PluginError` when the core refuses it."""
    native = _native.NativePlugin.load(str(folder))
    if isinstance(native, tuple):
        raise error_from_native(native)
    return _loaded(native)


def unpack(path: Path) -> Packed:
    """The package in the file; `PluginError` when it was changed, or the core refuses it."""
    content = read(path)
    unpacked = _native.unpack_plugin(content, str(path))
    if len(unpacked) != 3:
        raise error_from_native(unpacked)
    native, key, files = unpacked
    return Packed(_loaded(native), key, files, content)


def _loaded(native: _native.NativePlugin) -> Loaded:
    return Loaded(json.loads(native.manifest()), tuple(native.permissions()), native)
