"""The page on which a payer pays: drawn from a simulator's `checkout()`, the same for every service."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from till.sandbox.page import json_answer, page, qr_svg
from till.sandbox.simulator import ControlError, Simulator


def payer_routes(simulator: Simulator) -> list[Route]:
    """The page where `payer_url_template` says, its buttons, and what the open page polls."""
    path, _, query = simulator.payer_url_template.removeprefix(simulator.origin).partition("?")
    parameter = query.partition("=")[0]

    async def show(request: Request) -> Response:
        found = request.query_params.get(parameter, "") if parameter else request.path_params["id"]
        return checkout_page(simulator, found)

    async def press(request: Request) -> Response:
        return _press(simulator, request.path_params["id"], request.path_params["action"])

    async def status(request: Request) -> Response:
        return _status(simulator, request.path_params["id"])

    return [
        Route(path, show),
        Route("/payer/{id}/status", status),
        Route("/payer/{id}/{action}", press, methods=["POST"]),
    ]


def checkout_page(simulator: Simulator, payment_id: str, problem: str = "") -> Response:
    """The page of one payment; `problem` says why a button had no effect."""
    try:
        checkout = simulator.checkout(payment_id)
    except ControlError as error:
        return page("message.html", error.status, title="Not found", text=str(error))
    remaining = None if checkout.expires_ms is None else max(0, checkout.expires_ms - checkout.now_ms)
    return page(
        "checkout.html",
        409 if problem else 200,
        c=checkout,
        qr=qr_svg(checkout.qr_text) if checkout.qr_text else "",
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
        return checkout_page(simulator, payment_id, str(error))
    place = simulator.payer_url_template.removeprefix(simulator.origin)
    return RedirectResponse(place.replace("{id}", payment_id), 303)


def _status(simulator: Simulator, payment_id: str) -> Response:
    try:
        checkout = simulator.checkout(payment_id)
    except ControlError as error:
        return json_answer(error.status, {"error": str(error)})
    return json_answer(200, {"status": checkout.status, "version": checkout.version})
