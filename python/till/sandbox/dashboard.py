"""One page on which a developer sees what all simulated services saw and sent, and plays fate."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from till.sandbox import wire
from till.sandbox.control_api import advance_clock
from till.sandbox.faults import KINDS
from till.sandbox.fields import FieldError
from till.sandbox.origin import is_foreign
from till.sandbox.page import json_answer, page
from till.sandbox.simulator import Simulator

SHOWN = 25
"""How many payments, webhooks and requests of a service the page shows: the latest."""

_MAX_FORM_BYTES = 16_384
_MAX_STEP_SECONDS = 1_000_000_000
_STEPS = ((60, "1 min"), (900, "15 min"), (3600, "1 h"), (86_400, "1 day"))
_WEBHOOK_TONES = {"delivered": "good", "failed": "bad", "held": "warning"}
_FAULT_NAMES = {kind: kind.replace("_", " ") for kind in KINDS}
_Form = Mapping[str, str]


class Dashboard:
    """The pages of one sandbox. All methods run on the server's loop.

    What changes something is a form with a token that only these pages know, so that no other site can
    make a developer's browser do it.
    """

    def __init__(self, simulators: Sequence[Simulator]) -> None:
        self._simulators = {simulator.id: simulator for simulator in simulators}
        self._token = secrets.token_urlsafe(32)

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/", self._show),
                Route("/live", self._show_live),
                Route("/{provider}/{action}", self._act, methods=["POST"]),
                Route("/{provider}/webhooks/{id}/{action}", self._repeat, methods=["POST"]),
            ]
        )

    async def _show(self, request: Request) -> Response:
        return self._page()

    async def _show_live(self, request: Request) -> Response:
        """What an open page takes its changes from: only the content."""
        return self._page(live=True)

    def _page(self, problem: str = "", status: int = 200, *, live: bool = False) -> Response:
        panels = [_panel(simulator) for simulator in self._simulators.values()]
        return page(
            "dashboard.html",
            status,
            panels=panels,
            token=self._token,
            problem=problem,
            live=live,
            steps=_STEPS,
            kinds=_FAULT_NAMES,
        )

    async def _act(self, request: Request) -> Response:
        action = _ACTIONS.get(request.path_params["action"])
        return await self._done(request, action)

    async def _repeat(self, request: Request) -> Response:
        copies = {"again": 1, "twice": 2}.get(request.path_params["action"])

        def repeat(simulator: Simulator, form: _Form) -> None:
            webhook = simulator.webhooks.find(request.path_params["id"])
            if webhook is None or copies is None:
                raise ValueError("This webhook is gone.")
            simulator.webhooks.repeat(webhook, copies)

        return await self._done(request, repeat)

    async def _done(self, request: Request, action: Callable[[Simulator, _Form], None] | None) -> Response:
        """Does what a form asks for, if the form is ours, and shows the page again."""
        form = await _form(request)
        trusted = hmac.compare_digest(form.get("token", "").encode(), self._token.encode())
        if is_foreign(request.method, request.headers) or not trusted:
            return self._page("This form is not of this page. Nothing was done; please try again.", 403)
        simulator = self._simulators.get(request.path_params["provider"])
        if simulator is None or action is None:
            return json_answer(404, {"error": "There is no such page."})
        try:
            action(simulator, form)
        except ValueError as error:  # FieldError is one
            return self._page(f"{simulator.title}: {error}", 400)
        return RedirectResponse(f"/#{simulator.id}", 303)


# What the forms do


def _advance(simulator: Simulator, form: _Form) -> None:
    advance_clock(simulator, _whole(form, "seconds", _MAX_STEP_SECONDS))


def _arm(simulator: Simulator, form: _Form) -> None:
    given: dict[str, object] = {"kind": form.get("kind", ""), "count": _whole(form, "count", 1_000_000)}
    if form.get("path"):
        given["path"] = form["path"]
    simulator.faults.arm(given)


def _set_url(simulator: Simulator, form: _Form) -> None:
    simulator.webhooks.set_url(form.get("url", "").strip())


def _hold(simulator: Simulator, form: _Form) -> None:
    simulator.webhooks.hold = True


_ACTIONS: dict[str, Callable[[Simulator, _Form], None]] = {
    "clock": _advance,
    "arm": _arm,
    "clear": lambda simulator, form: simulator.faults.clear(),
    "webhook-url": _set_url,
    "hold": _hold,
    "release": lambda simulator, form: _ignored(simulator.webhooks.release()),
    "release-reverse": lambda simulator, form: _ignored(simulator.webhooks.release(backwards=True)),
    "out-of-order": lambda simulator, form: _ignored(simulator.webhooks.replay_backwards()),
}


def _ignored(count: int) -> None:
    """The page shows what was sent; the number alone is not needed."""


def _whole(form: _Form, name: str, most: int) -> int:
    text = form.get(name, "")
    if not text.isdecimal() or len(text) > len(str(most)) or int(text) > most:
        raise FieldError(f"Invalid {name}: must be a whole number up to {most}")
    return int(text)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; empty when it is longer than any of ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_FORM_BYTES:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


# What the page shows


def _panel(simulator: Simulator) -> dict[str, object]:
    ids = simulator.payment_ids()
    webhooks, requests = simulator.webhooks.all(), simulator.recorder.entries()
    return {
        "id": simulator.id,
        "title": simulator.title,
        "base_url": simulator.base_url,
        "now": _moment(simulator.clock.now_ms()),
        "payments": [_payment(simulator, payment_id) for payment_id in ids[: -SHOWN - 1 : -1]],
        "payment_count": len(ids),
        "webhooks": [_webhook(webhook.describe()) for webhook in webhooks[: -SHOWN - 1 : -1]],
        "webhook_count": len(webhooks),
        "sends_webhooks": simulator.sends_webhooks,
        "webhook_url": simulator.webhooks.url,
        "held": simulator.webhooks.hold,
        "held_count": sum(webhook.held for webhook in webhooks),
        "requests": [_request(entry) for entry in requests[: -SHOWN - 1 : -1]],
        "request_count": len(requests),
        "faults": [_fault(fault) for fault in simulator.faults.describe()],
    }


def _payment(simulator: Simulator, payment_id: str) -> dict[str, object]:
    checkout = simulator.checkout(payment_id)
    return {
        "id": payment_id,
        "url": simulator.payer_url_template.replace("{id}", payment_id),
        "time": _time(checkout.created_ms),
        "amount": f"{checkout.amount} {checkout.currency}",
        "description": checkout.description,
        "status": checkout.status,
        "tone": checkout.tone,
    }


def _webhook(shown: Mapping[str, object]) -> dict[str, object]:
    attempts = shown["attempts"]
    assert isinstance(attempts, list)
    return {
        **shown,
        "time": _time(shown["time_ms"]),
        "tone": _WEBHOOK_TONES.get(str(shown["status"]), "waiting"),
        "answers": [str(attempt["http_status"] or attempt["error"]) for attempt in attempts],
        "headers": wire.write(shown["headers"]),
        "body": wire.write(shown["body"]),
    }


def _request(entry: Mapping[str, object]) -> dict[str, object]:
    status, body = entry["status"], entry["body"]
    method = body.get("method") if isinstance(body, dict) else None
    target = f"{entry['path']}?{entry['query']}" if entry["query"] else str(entry["path"])
    refused = not isinstance(status, int) or status >= 400
    return {
        "time": _time(entry["time_ms"]),
        "verb": entry["method"],
        "target": target,
        "rpc_method": method if isinstance(method, str) else "",
        "status": status,
        "tone": "bad" if refused else "good",
        "fault": _FAULT_NAMES.get(str(entry["fault"]), ""),
        "headers": wire.write(entry["headers"]),
        "body": "" if body is None else wire.write(body),
    }


def _fault(armed: Mapping[str, object]) -> str:
    left = armed["left"]
    times = "every request" if left is None else "1 request" if left == 1 else f"{left} requests"
    where = f" to {armed['path']}" if armed.get("path") else ""
    method = f" of {armed['rpc_method']}" if armed.get("rpc_method") else ""
    return f"{_FAULT_NAMES[str(armed['kind'])]}: {times}{where}{method}"


def _moment(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _time(time_ms: object) -> str:
    return f"{datetime.fromtimestamp(int(str(time_ms)) // 1000, UTC):%H:%M:%S}"
