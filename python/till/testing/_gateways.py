"""GatewayFactory: accounts at the sandbox."""

from __future__ import annotations

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

    def __call__(self, provider: str, **options: Any) -> till.Gateway:
        """A gateway; `options` are those of `till.Gateway`."""
        return till.Gateway(provider, self._settings(provider), **{**self._place(provider), **options})

    def asynchronous(self, provider: str, **options: Any) -> till.AsyncGateway:
        """A gateway to be awaited; `options` are those of `till.AsyncGateway`."""
        return till.AsyncGateway(provider, self._settings(provider), **{**self._place(provider), **options})

    def _settings(self, provider: str) -> dict[str, str]:
        known = self._sandbox.providers
        if provider not in known:
            raise ValueError(f"the sandbox has no provider {provider!r}; it has {', '.join(known)}")
        return dict(known[provider].settings)

    def _place(self, provider: str) -> dict[str, Any]:
        place = self._sandbox.providers[provider]
        return {"mode": place.mode, "base_url": place.base_url, "runtime": self.runtime}
