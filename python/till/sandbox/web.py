"""The pages and the control API that stand beside a simulated service on the same port."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import jinja2
import segno
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from till.sandbox import wire
from till.sandbox.bitpay import BitPay
from till.sandbox.delivery import ApiEndpoint
from till.sandbox.fields import FieldError, whole
from till.sandbox.simulator import ControlError, Simulator

_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ControlHandler = Callable[[Simulator, Request, dict[str, object]], Awaitable[object]]


class Application:
    """The ASGI application of one provider: its API, its pages, its control API."""

    def __init__(self, simulator: Simulator) -> None:
        self._prefix = simulator.api_prefix
        self._api = ApiEndpoint(simulator)
        self._beside = Starlette(routes=[*_page_routes(simulator), *_control_routes(simulator)])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hands a request to the part that its path belongs to."""
        if scope["type"] == "http" and _below(scope["path"], self._prefix):
            await self._api(scope, receive, send)
        else:
            await self._beside(scope, receive, send)


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


# Control


def _control_routes(simulator: Simulator) -> list[Route]:
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
        return _json(200, {"data": await handler(simulator, request, given)})
    except ControlError as error:
        return _json(error.status, {"error": str(error)})
    except (FieldError, wire.WireError) as error:
        return _json(400, {"error": str(error)})


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
        simulator.clock.advance(int(str(step)) * 1000)
    return {"now_ms": simulator.clock.now_ms()}


async def _reset(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    simulator.reset()
    return None


async def _command(simulator: Simulator, request: Request, given: dict[str, object]) -> object:
    command = simulator.commands().get(request.path_params["name"])
    if command is None:
        raise ControlError("There is no such command.", 404)
    return command(given)


def _json(status: int, body: object) -> Response:
    return Response(wire.write(body), status, media_type="application/json")


# Pages


def _page_routes(simulator: Simulator) -> list[Route]:
    async def by_path(request: Request) -> Response:
        return _checkout(simulator, request.path_params["id"])

    async def by_query(request: Request) -> Response:
        return _checkout(simulator, request.query_params.get("id", ""))

    async def press(request: Request) -> Response:
        return _press(simulator, request.path_params["id"], request.path_params["action"])

    async def status(request: Request) -> Response:
        return _status(simulator, request.path_params["id"])

    async def picture(request: Request) -> Response:
        return _qr_picture(simulator, request.path_params["id"])

    routes = [
        Route("/payer/{id}/status", status),
        Route("/payer/{id}/{action}", press, methods=["POST"]),
    ]
    if isinstance(simulator, BitPay):
        pages = [Route("/invoice", by_query), Route("/i/{id}", by_path)]
        return [*routes, *pages, *_bitpay_routes(simulator)]
    return [*routes, Route("/payment/{id}", by_path), Route("/qr/{id}.png", picture)]


def _checkout(simulator: Simulator, payment_id: str, problem: str = "") -> Response:
    try:
        checkout = simulator.checkout(payment_id)
    except ControlError as error:
        return _page("message.html", error.status, title="Not found", text=str(error))
    remaining = None if checkout.expires_ms is None else max(0, checkout.expires_ms - checkout.now_ms)
    return _page(
        "checkout.html",
        409 if problem else 200,
        c=checkout,
        qr=_qr_svg(checkout.qr_text) if checkout.qr_text else "",
        remaining_s=None if remaining is None else remaining // 1000,
        total_s=None
        if checkout.expires_ms is None
        else max(1, (checkout.expires_ms - checkout.created_ms) // 1000),
        problem=problem,
    )


def _press(simulator: Simulator, payment_id: str, action: str) -> Response:
    try:
        simulator.act(payment_id, action, {})
    except ControlError as error:
        return _checkout(simulator, payment_id, str(error))
    page = simulator.payer_url_template.removeprefix(simulator.origin)
    return RedirectResponse(page.replace("{id}", payment_id), 303)


def _status(simulator: Simulator, payment_id: str) -> Response:
    try:
        checkout = simulator.checkout(payment_id)
    except ControlError as error:
        return _json(error.status, {"error": str(error)})
    return _json(200, {"status": checkout.status, "version": checkout.version})


def _qr_svg(text: str) -> str:
    """The code as an inline drawing without a fixed size, so that the page's style decides."""
    svg: str = segno.make(text, error="m", micro=False).svg_inline(border=0, omitsize=True, dark="#10243e")
    return svg


def _qr_picture(simulator: Simulator, payment_id: str) -> Response:
    try:
        simulator.payment(payment_id)
    except ControlError as error:
        return _json(error.status, simulator.error_body(str(error)))
    out = io.BytesIO()
    segno.make(simulator.payer_url_template.replace("{id}", payment_id), micro=False).save(
        out, kind="png", scale=8, border=4
    )
    return Response(out.getvalue(), media_type="image/png")


def _page(template: str, status: int, **values: object) -> Response:
    """An HTML page that may load nothing and run only what carries its nonce."""
    nonce = secrets.token_urlsafe(16)
    html = _PAGES.get_template(template).render(nonce=nonce, **values)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return Response(html, status, headers, "text/html")


# Only at BitPay


def _bitpay_routes(simulator: BitPay) -> list[Route]:
    async def request_page(request: Request) -> Response:
        return _approval(simulator, request.query_params.get("pairingCode", ""))

    async def approve(request: Request) -> Response:
        token = simulator.waiting_token(request.query_params.get("pairingCode", ""))
        if token is None:
            return _approval(simulator, "")
        simulator.approve(token)
        text = f"The client may now use your account as “{token.facade}”."
        return _page("message.html", 200, title="Access approved", text=text)

    async def events(request: Request) -> Response:
        return _events(simulator, request)

    return [
        Route("/api-access-request", request_page),
        Route("/api-access-request/approve", approve, methods=["POST"]),
        Route("/events", events),
    ]


def _approval(simulator: BitPay, pairing_code: str) -> Response:
    token = simulator.waiting_token(pairing_code)
    if token is None:
        text = "This pairing code is unknown, was already used, or has expired."
        return _page("message.html", 404, title="No such request", text=text)
    return _page("approve.html", 200, token=token, shop=simulator.shop)


def _events(simulator: BitPay, request: Request) -> Response:
    """The event bus: `connect` once, then `statechange` with the invoice at each change."""
    query = request.query_params
    if query.get("action") != "subscribe" or query.getlist("events[]") != ["payment"]:
        return _json(400, {"error": "action must be subscribe and events[] must be payment"})
    changes: asyncio.Queue[dict[str, object]] = asyncio.Queue(1000)
    stop = simulator.listen(query.get("token", ""), changes.put_nowait)
    if stop is None:
        return _json(401, {"error": "Invalid token"})

    async def stream() -> AsyncIterator[str]:
        try:
            yield "event: connect\ndata: {}\n\n"
            while True:
                yield f"event: statechange\ndata: {wire.write(await changes.get())}\n\n"
        finally:
            stop()

    return StreamingResponse(stream(), media_type="text/event-stream")
