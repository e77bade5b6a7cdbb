"""Everything on a provider's port: its API, the pages of payers, the control API."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers

from till.sandbox.clock import Clock
from till.sandbox.control_api import control_routes
from till.sandbox.delivery import ApiEndpoint
from till.sandbox.origin import is_foreign
from till.sandbox.page import json_answer
from till.sandbox.payer_pages import payer_routes
from till.sandbox.simulator import Simulator


class Application:
    """The ASGI application of one provider: its API, its pages, its control API."""

    def __init__(self, simulator: Simulator) -> None:
        self._prefix = simulator.api_prefix
        self._clock = simulator.clock
        self._api = ApiEndpoint(simulator)
        routes = [*simulator.routes(), *payer_routes(simulator), *control_routes(simulator)]
        self._beside = Starlette(routes=routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hands a request to the part that its path belongs to."""
        dated = _dated(send, self._clock)
        if scope["type"] == "http" and _below(scope["path"], self._prefix):
            await self._api(scope, receive, dated)
        elif scope["type"] == "http" and is_foreign(scope["method"], Headers(scope=scope)):
            await json_answer(403, {"error": "Another site sent this."})(scope, receive, dated)
        else:
            await self._beside(scope, receive, dated)


def _dated(send: Any, clock: Clock) -> Any:
    """Adds the date to a reply: that of the simulated clock, so that it fits the times in the reply."""

    async def send_dated(message: Any) -> None:
        if message["type"] == "http.response.start":
            date = formatdate(clock.now_ms() // 1000, usegmt=True).encode()
            message = {**message, "headers": [*message["headers"], (b"date", date)]}
        await send(message)

    return send_dated


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")
