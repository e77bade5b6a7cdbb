"""GatewayFactory: accounts at the sandbox."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import till

if TYPE_CHECKING:
    from till.sandbox import Sandbox


class GatewayFactory:
    """Opens gateways at the sandbox. Those of one test share a store that no other test sees."""

    def __init__(self, sandbox: Sandbox, store: Path) -> None:
        self._sandbox = sandbox
        self._store = store

    @cached_property
    def runtime(self) -> till.Runtime:
        """What the gateways share. It trusts the sandbox's certificate."""
        return till.Runtime(store=self._store, ca_file=self._sandbox.ca_file)

    def __call__(
        self, provider: str, settings: Mapping[str, object] | None = None, **options: Any
    ) -> till.Gateway:
        """A gateway. `settings` are the provider's own, and come before those of the sandbox's account;
        `options` are those of `till.Gateway`."""
        merged = self._settings(provider, settings)
        return till.Gateway(provider, merged, **self._options(provider, options))

    def asynchronous(
        self, provider: str, settings: Mapping[str, object] | None = None, **options: Any
    ) -> till.AsyncGateway:
        """A gateway to be awaited; `options` are those of `till.AsyncGateway`."""
        merged = self._settings(provider, settings)
        return till.AsyncGateway(provider, merged, **self._options(provider, options))

    def _settings(self, provider: str, more: Mapping[str, object] | None) -> dict[str, object]:
        known = self._sandbox.providers
        if provider not in known:
            raise ValueError(f"the sandbox has no provider {provider!r}; it has {', '.join(known)}")
        return {**known[provider].settings, **(more or {})}

    def _options(self, provider: str, given: dict[str, Any]) -> dict[str, Any]:
        known = inspect.signature(till.Gateway).parameters
        for name in given:
            if name not in known:
                raise TypeError(
                    f"till.Gateway has no option {name!r}: a provider's own go into settings={{...}}"
                )
        place = self._sandbox.providers[provider]
        return {"mode": place.mode, "base_url": place.base_url, "runtime": self.runtime, **given}
