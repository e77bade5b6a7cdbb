"""BitPay's other pages: the short address of an invoice, the approval of a client, the event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from till.sandbox.page import json_answer, page
from till.sandbox.payer_pages import checkout_page

if TYPE_CHECKING:
    from till.sandbox.bitpay import BitPay


def bitpay_routes(merchant: BitPay) -> list[Route]:
    """Pages beside the invoice's own and the API."""

    async def request_page(request: Request) -> Response:
        return _approval(merchant, request.query_params.get("pairingCode", ""))

    async def approve(request: Request) -> Response:
        token = merchant.waiting_token(request.query_params.get("pairingCode", ""))
        if token is None:
            return _approval(merchant, "")
        merchant.approve(token)
        text = f"The client may now use your account as “{token.facade}”."
        return page("message.html", 200, title="Access approved", text=text)

    async def events(request: Request) -> Response:
        return _events(merchant, request)

    async def short_page(request: Request) -> Response:
        return checkout_page(merchant, request.path_params["id"])

    return [
        Route("/i/{id}", short_page),
        Route("/api-access-request", request_page),
        Route("/api-access-request/approve", approve, methods=["POST"]),
        Route("/events", events),
    ]


def _approval(merchant: BitPay, pairing_code: str) -> Response:
    token = merchant.waiting_token(pairing_code)
    if token is None:
        text = "This pairing code is unknown, was already used, or has expired."
        return page("message.html", 404, title="No such request", text=text)
    return page("approve.html", 200, token=token, shop=merchant.shop)


def _events(merchant: BitPay, request: Request) -> Response:
    query = request.query_params
    if query.get("action") != "subscribe" or query.getlist("events[]") != ["payment"]:
        return json_answer(400, {"error": "action must be subscribe and events[] must be payment"})
    token = query.get("token", "")
    if not merchant.bus.knows(token):
        return json_answer(401, {"error": "Invalid token"})
    headers = {"cache-control": "no-store"}
    return StreamingResponse(merchant.bus.listen(token), 200, headers, "text/event-stream")
