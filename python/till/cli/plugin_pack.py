"""`till plugin keygen` and `pack`: one signed file of a plugin that passes its tests."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from till import _native
from till._errors import error_from_native
from till.cli._output import FAILED, OK, Failure, print_json
from till.cli._plugin_source import files_to_pack, folder_of, load, read, unpack
from till.cli._plugin_trust import write_whole
from till.cli.plugin_test import as_json, examine, show_report


def run_keygen(options: argparse.Namespace) -> int:
    """The command `keygen`."""
    made = _native.generate_package_key()
    if len(made) != 2:
        raise error_from_native(made)
    private, public = made
    try:
        descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Failure(f"{options.file} exists already, and a key in it would be lost") from None
    except (OSError, ValueError) as error:
        raise Failure(
            f"cannot write {options.file}: {getattr(error, 'strerror', None) or 'no path'}"
        ) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(private + "\n")
    if options.json:
        print_json({"file": options.file, "public_key": public})
    else:
        print(f"public key   {public}\nprivate key  in {options.file}: keep it to yourself")
    return OK


def run(options: argparse.Namespace) -> int:
    """The command `pack`."""
    folder = folder_of(options.folder)
    private = read(Path(options.key)).decode(errors="replace").strip()
    files = files_to_pack(folder)
    unwritten = _native.check_plugin_written(files)
    if unwritten is not None:
        raise error_from_native(unwritten)
    report = examine(folder)
    if not report.good:
        if options.json:
            print_json(as_json(report) | {"package": None})
        else:
            show_report(report)
        raise Failure("nothing was packed: the plugin does not pass its test", FAILED)
    packed = _native.pack_plugin(files, private)
    if isinstance(packed, tuple):
        raise error_from_native(packed)
    plugin = load(folder)
    place = _write(packed, Path(options.output), f"{plugin.id}-{plugin.version}.till")
    written = unpack(place)
    if options.json:
        print_json(as_json(report) | {"package": str(place), "key": written.key})
    else:
        print(f"{place}: {len(written.files)} files, {len(packed)} bytes, signed by {written.key}")
    return OK


def _write(packed: bytes, folder: Path, name: str) -> Path:
    place = folder / name
    if not folder.is_dir():
        raise Failure(f"{folder} is no folder")
    if place.exists() and read(place) != packed:
        raise Failure(f"{place} is there already with other content: raise the version in manifest.json")
    write_whole(place, packed)
    return place
