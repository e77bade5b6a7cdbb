"""The control API beside a simulated service: plays the payer, the network, time and bad luck over JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from till.sandbox import wire
from till.sandbox.fields import Field, FieldError, boolean, check_fields, one_of, optional_text, whole
from till.sandbox.page import json_answer
from till.sandbox.simulator import ControlError, Simulator

MAX_WAIT_SECONDS = 60
"""The longest that a look at the webhooks may wait for those under way."""

_ControlHandler = Callable[[Simulator, Request, dict[str, object]], Awaitable[object]]
_WEBHOOK_SETTINGS = (Field("url", optional_text), Field("hold", boolean))


def control_routes(simulator: Simulator) -> list[Route]:
    """What is below `/_sandbox`; the README lists it."""

    def route(path: str, handler: _ControlHandler, *methods: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _controlled(simulator, handler, request)

        return Route("/_sandbox" + path, endpoint, methods=list(methods))

    return [
        route("", _overview, "GET"),
        route("/payments", _list_payments, "GET"),
        route("/payments/{id}", _show_payment, "GET"),
        route("/payments/{id}/{action}", _act, "POST"),
        route("/requests", _requests, "GET"),
        route("/faults", _faults, "GET", "POST", "DELETE"),
        route("/options", _options, "GET", "POST"),
        route("/clock", _clock, "GET", "POST"),
        route("/webhooks", _webhooks, "GET", "POST"),
        route("/webhooks/release", _release, "POST"),
        route("/webhooks/out-of-order", _out_of_order, "POST"),
        route("/webhooks/{id}/{action}", _repeat, "POST"),
        route("/reset", _reset, "POST"),
        route("/commands/{name}", _command, "POST"),
    ]


async def _controlled(simulator: Simulator, handler: _ControlHandler, request: Request) -> Response:
    """Runs a handler on the request's JSON; `{"data": ...}` or `{"error": ...}` comes back."""
    try:
        raw = await request.body()
        given = wire.read(raw) if raw else {}
        if not isinstance(given, dict):
            raise ControlError("the body must be a JSON object")
        return json_answer(200, {"data": await handler(simulator, request, given)})
    except ControlError as error:
        return json_answer(error.status, {"error": str(error)})
    except (FieldError, wire.WireError) as error:
        return json_answer(400, {"error": str(error)})


async def _overview(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    return {
        "provider": simulator.id,
        "base_url": simulator.base_url,
        "payer_url_template": simulator.payer_url_template,
        "payments": simulator.payment_ids(),
        "commands": sorted(simulator.commands()),
        "options": simulator.options,
    }


async def _list_payments(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    return [simulator.payment(payment_id) for payment_id in simulator.payment_ids()]


async def _show_payment(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    return simulator.payment(request.path_params["id"])


async def _act(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    simulator.act(request.path_params["id"], request.path_params["action"], given)
    return simulator.payment(request.path_params["id"])


async def _requests(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    return simulator.recorder.entries()


async def _faults(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    if request.method == "POST":
        simulator.faults.arm(given)
    elif request.method == "DELETE":
        simulator.faults.clear()
    return simulator.faults.describe()


async def _options(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    if request.method == "POST":
        simulator.set_options(given)
    return simulator.options


async def _clock(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    if request.method == "POST":
        step = given.get("advance_seconds")
        problem = whole(0, 1_000_000_000)(step)
        if problem is not None:
            raise ControlError(f"advance_seconds {problem}")
        advance_clock(simulator, int(str(step)))
    return {"now_ms": simulator.clock.now_ms()}


async def _webhooks(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    """What was sent; `{"url", "hold"}` changes where the next ones go and whether they go at all."""
    webhooks = simulator.webhooks
    if request.method == "POST":
        check_fields(given, _WEBHOOK_SETTINGS, name_known=True)
        try:
            webhooks.set_url(str(given.get("url", webhooks.url)))
        except ValueError as problem:
            raise ControlError(f"Invalid url: {problem}") from None
        webhooks.hold = bool(given.get("hold", webhooks.hold))
    elif "wait_seconds" in request.query_params:
        await webhooks.settled(_seconds(request.query_params["wait_seconds"]))
    return {
        "url": webhooks.url,
        "hold": webhooks.hold,
        "webhooks": [webhook.describe() for webhook in webhooks.all()],
    }


async def _repeat(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    webhook = simulator.webhooks.find(request.path_params["id"])
    copies = {"again": 1, "twice": 2}.get(request.path_params["action"])
    if webhook is None or copies is None:
        raise ControlError("There is no such webhook, or no such action.", 404)
    simulator.webhooks.repeat(webhook, copies)
    return webhook.describe()


async def _release(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    check_fields(given, [Field("order", one_of("sent", "reverse"))], name_known=True)
    return {"sent": simulator.webhooks.release(backwards=given.get("order") == "reverse")}


async def _out_of_order(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    return {"sent": simulator.webhooks.replay_backwards()}


async def _reset(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    simulator.reset()
    return None


async def _command(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    command = simulator.commands().get(request.path_params["name"])
    if command is None:
        raise ControlError("There is no such command.", 404)
    return command(given)


def advance_clock(simulator: Simulator, seconds: int) -> None:
    """Moves a simulator's clock, and lets happen what happens by itself with time."""
    simulator.clock.advance(seconds * 1000)
    simulator.time_passed()
    simulator.webhooks.send_due()


def _seconds(text: str) -> int:
    seconds = int(text) if text.isdecimal() and len(text) < 4 else -1
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise ControlError(f"wait_seconds must be a whole number from 0 to {MAX_WAIT_SECONDS}")
    return seconds
