"""Subject: a provider as it says it is; and Desk, where one without a simulator is examined."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import till
from till import _native
from till._call import Call
from till._errors import error_from_native
from till._json import decode
from till._runtime import _own_providers
from till.conformance.book import Book, has_book, read_book

_NOWHERE = "https://127.0.0.1:9"  # the port of discard, where nobody listens


class Subject:
    """A provider's manifest, fixtures and book. Folders of `plugin_path` come before the built-in ones."""

    def __init__(self, provider: str, plugin_path: Sequence[Path] = ()) -> None:
        self.provider = provider
        runtime = till.Runtime(store="memory", plugin_path=plugin_path)
        self.manifest: dict[str, Any] = runtime.describe(provider)
        self.simulated = has_book(provider)
        self._folders = [*plugin_path, *map(Path, _own_providers())]

    @cached_property
    def book(self) -> Book:
        """What the suite must be told; only for a provider that has a simulator."""
        return read_book(self.provider)

    def folder(self) -> Path:
        """Where the provider's files are."""
        return next(folder / self.provider for folder in self._folders if (folder / self.provider).is_dir())

    def fixtures(self) -> list[Path]:
        """The provider's fixtures, sorted."""
        return sorted((self.folder() / "fixtures").glob("*.json"))

    def played(self, fixture: bytes) -> list[tuple[str, str]]:
        """What the script does otherwise than the fixture, as places and messages. Sends nothing."""
        found = self._plugin.play(fixture)
        if isinstance(found, tuple):
            raise error_from_native(found)
        return [(one["place"], one["message"]) for one in decode(found)]

    @cached_property
    def _plugin(self) -> _native.NativePlugin:
        plugin = _native.NativePlugin.load(str(self.folder()))
        if isinstance(plugin, tuple):
            raise error_from_native(plugin)
        return plugin


class Desk(Subject):
    """A gateway with the settings of a fixture, to a place where nobody answers."""

    def __init__(self, provider: str, plugin_path: Sequence[Path] = ()) -> None:
        super().__init__(provider, plugin_path)
        fixtures = [json.loads(path.read_text()) for path in self.fixtures()]
        given: list[dict[str, Any]] = [fixture.get("settings", {}) for fixture in fixtures]
        fullest = sorted(given, key=len)[-1:] or [{}]
        settings = {**fullest[0], "base_url": _NOWHERE}
        runtime = till.Runtime(store="memory", plugin_path=plugin_path)
        self._gateway = till.Gateway(provider, settings, runtime=runtime)

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """The operation's result as the core gives it, as JSON."""
        return self._gateway._run(Call(operation, arguments, lambda value: value))

    def requests(self) -> list[dict[str, Any]]:
        """What the service saw."""
        return []
