"""`till plugin run`: one operation of a plugin in a folder, against a server."""

from __future__ import annotations

import argparse
import json
from decimal import Decimal
from typing import Any

import till
from till._errors import error_from_native
from till._json import decode, encode
from till.cli._account import pairs, read_json_object, typed
from till.cli._output import OK, Failure, print_json
from till.cli._plugin_source import Loaded, folder_of, load
from till.cli._plugin_trace import Mask, traced


def run(options: argparse.Namespace) -> int:
    """The command."""
    plugin = load(folder := folder_of(options.folder))
    settings = _settings(options, plugin)
    gateway = till.Gateway(
        plugin.id,
        settings,
        mode=options.mode,
        base_url=options.base_url,
        timeout=options.timeout,
        plugin_version=plugin.version,
        runtime=till.Runtime(store=options.store, ca_file=options.ca_file, plugin_path=[folder.parent]),
    )
    operation, given = options.operation, encode(_input(options.input))
    if options.trace:
        reply = traced(gateway, operation, given, Mask(plugin.manifest, settings), options.ca_file)
    else:
        reply = gateway._native.call(operation, given)
    if isinstance(reply, tuple):
        raise error_from_native(reply)
    print_json(_plain(decode(reply)))
    return OK


def _settings(options: argparse.Namespace, plugin: Loaded) -> dict[str, object]:
    settings = read_json_object(options.settings, "settings") if options.settings else {}
    return {**settings, **typed(pairs(options.set, "--set"), plugin.manifest["settings"])}


def _input(text: str) -> dict[str, Any]:
    if text.startswith("@"):
        return read_json_object(text[1:], "the input")
    try:
        value = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Failure("--input takes a JSON object, or @FILE with one") from None
    if not isinstance(value, dict):
        raise Failure("--input takes a JSON object, or @FILE with one")
    return value


def _plain(value: Any) -> Any:
    """The result with its numbers as they came: a fraction as text, every digit kept."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value
