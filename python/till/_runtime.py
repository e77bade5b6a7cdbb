"""Runtime: what gateways share: one I/O thread, one connection pool, one store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from till import _native
from till._errors import ConfigurationError, error_from_native
from till._json import decode, encode
from till._store import Store
from till._text import checked_text


@dataclass(frozen=True, slots=True)
class PluginChange:
    """What `Runtime.reload` found out about one version of a plugin."""

    provider: str
    version: str | None
    """None where the plugin is too broken to say."""
    change: Literal["added", "changed", "removed", "refused"]
    message: str | None
    """Why it was refused."""


class Runtime:
    """The compiled core, opened. Most programs never make one: gateways share a default.

    `store` is a path, a `postgresql://` URL where workers on several machines share the work, or `memory`,
    which keeps nothing beyond this process; left out, it is `$TILL_STORE`, else a
    file in the user's state folder. `ca_file` replaces the system's certificates. `plugin_path` lists
    folders of providers, or of packages, that come before the built-in ones; a package is loaded when its
    key is among `trusted_keys` (in hex, or files of them) and what it may touch was approved. Threads and
    connections start with the first call, and again in a forked child; they end, and the store is closed,
    when the runtime and its gateways are collected. Every write is in the store before, so nothing needs
    closing.

    >>> runtime = till.Runtime(store="memory")
    >>> "openpay" in runtime.providers()
    True
    >>> runtime.describe("openpay")["name"]
    'OpenPay'
    """

    __slots__ = ("_native",)

    _native: _native.NativeRuntime

    def __init__(
        self,
        *,
        store: str | os.PathLike[str] | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        no_proxy: str | None = None,
        plugin_path: Sequence[str | os.PathLike[str]] = (),
        trusted_keys: Sequence[str | os.PathLike[str]] = (),
        connect_timeout: float | None = None,
        max_connections_per_origin: int | None = None,
    ) -> None:
        if isinstance(plugin_path, (str, bytes, os.PathLike)):
            raise TypeError("plugin_path is a list of folders, not one folder")
        if isinstance(trusted_keys, (str, bytes, os.PathLike)):
            raise TypeError("trusted_keys is a list of keys, not one key")
        options: dict[str, object] = {
            "plugin_path": [os.fspath(folder) for folder in plugin_path] + _own_providers(),
            "trusted_keys": [os.fspath(key) for key in trusted_keys],
            "store": _path(store),
            "ca_file": _path(ca_file),
            "proxy": proxy,
            "no_proxy": no_proxy,
            "connect_timeout_ms": milliseconds(connect_timeout, "connect_timeout"),
            "max_connections_per_origin": max_connections_per_origin,
        }
        text = encode({name: value for name, value in options.items() if value is not None})
        native = _native.NativeRuntime.open(text)
        if isinstance(native, tuple):
            raise error_from_native(native)
        self._native = native

    def providers(self) -> list[str]:
        """Ids of all providers, sorted."""
        return self._native.provider_ids()

    def describe(self, provider: str) -> dict[str, Any]:
        """A provider's manifest: what it can do, what it cannot and why, and its settings."""
        reply = self._native.describe_provider(checked_text(provider, "provider"))
        if isinstance(reply, tuple):
            raise error_from_native(reply)
        described: dict[str, Any] = decode(reply)
        return described

    def reload(self) -> list[PluginChange]:
        """Takes new and changed plugins without stopping anything, and says what changed among those in use.

        Calls under way end with the script they began with. Each open gateway goes on with the newest
        version at its next call, unless it names a `plugin_version`; one whose settings are no good for the
        new version stays with the old one (`Gateway.plugin_version` tells).

        >>> runtime = till.Runtime(store="memory")
        >>> runtime.reload()
        []
        """
        return [
            PluginChange(one["provider"], one["version"] or None, one["change"], one["message"] or None)
            for one in decode(self._native.reload())
        ]

    @property
    def store(self) -> Store:
        """What is kept, and where."""
        return Store(self._native)

    def __repr__(self) -> str:
        return f"Runtime(store={self.store.place!r})"


_shared: dict[tuple[str | None, str | None, str | None], Runtime] = {}


def shared_runtime(
    store: str | os.PathLike[str] | None = None,
    ca_file: str | os.PathLike[str] | None = None,
    proxy: str | None = None,
) -> Runtime:
    """The process's one runtime with these options, made on first use. Any thread."""
    key = (_path(store), _path(ca_file), proxy)
    runtime = _shared.get(key)
    if runtime is None:
        # Two threads may both get here; making one costs nothing, and setdefault decides. No lock: a fork
        # could keep it locked for ever.
        runtime = _shared.setdefault(key, Runtime(store=store, ca_file=ca_file, proxy=proxy))
    return runtime


_FOREVER = 1e12  # seconds; the core has limits of its own, which need a number that it can read


def milliseconds(seconds: float | None, name: str, *, least: int = 1) -> int | None:
    """Whole milliseconds, at least `least`. `ConfigurationError` when that is no span of time."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    if least == 0 and seconds == 0:
        return 0
    if not 0 < seconds < _FOREVER:  # NaN is neither
        raise ConfigurationError("must be a span of time above 0 seconds", code="invalid_timeout", field=name)
    return max(1, round(seconds * 1000))


def _path(path: str | os.PathLike[str] | None) -> str | None:
    return None if path is None else os.fspath(path)


def _own_providers() -> list[str]:
    """The folder of built-in providers: in the installed package, or in the checkout around this file."""
    here = Path(__file__).resolve().parent
    folders = (here / "providers", here.parents[1] / "plugins" / "providers")
    return [str(folder) for folder in folders if folder.is_dir()][:1]
