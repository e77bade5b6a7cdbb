"""Everything on a provider's port: its API, the pages of payers, the control API."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette

from till.sandbox.control_api import control_routes
from till.sandbox.delivery import ApiEndpoint
from till.sandbox.payer_pages import payer_routes
from till.sandbox.simulator import Simulator


class Application:
    """The ASGI application of one provider: its API, its pages, its control API."""

    def __init__(self, simulator: Simulator) -> None:
        self._prefix = simulator.api_prefix
        self._api = ApiEndpoint(simulator)
        routes = [*simulator.routes(), *payer_routes(simulator), *control_routes(simulator)]
        self._beside = Starlette(routes=routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hands a request to the part that its path belongs to."""
        if scope["type"] == "http" and _below(scope["path"], self._prefix):
            await self._api(scope, receive, send)
        else:
            await self._beside(scope, receive, send)


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")
