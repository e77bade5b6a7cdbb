"""From the wire to a simulator and back: reads a request, applies a fault, delivers the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from till.sandbox import wire
from till.sandbox.call import Answer, Call
from till.sandbox.faults import Fault
from till.sandbox.protocol import TRANSPORT, reset
from till.sandbox.recorder import mask_body, mask_headers
from till.sandbox.simulator import Simulator

_FAULT_STATUS = {"status_500": 500, "status_429": 429}

Pause = Callable[[], Awaitable[bool]]
"""What happens between two pieces of an answer; True when its caller has left."""


class ApiEndpoint:
    """The ASGI application for everything under a simulator's API prefix."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request; a caller who left before it was read whole has no effect."""
        body = await _read_body(receive)
        if body is None:
            return
        call = _call(scope, body)
        fault = self._simulator.faults.take(call.path, self._simulator.rpc_method(call), before_read=False)
        entry = self._describe(call, fault)
        self._simulator.recorder.add(entry)
        answer = self._answer(call, fault)
        entry["status"] = answer.status
        if fault is None:
            await _send(send, answer, answer.payload())
        else:
            await _send_faulty(scope, receive, send, answer, fault)

    def _answer(self, call: Call, fault: Fault | None) -> Answer:
        status = _FAULT_STATUS.get(fault.kind) if fault else None
        answer = None
        if fault is None or fault.effect:
            answer = self._simulator.answer(call)
        if fault is None or (status is None and answer is not None):
            assert answer is not None
            return answer
        return self._fault_answer(fault, status or 500)

    def _fault_answer(self, fault: Fault, status: int) -> Answer:
        headers = {}
        if status == 429:
            headers["retry-after"] = str(int(fault.number("retry_after", 1)))
        text = "Too many requests" if status == 429 else "Something went wrong on our end"
        return Answer(status, self._simulator.fault_body(status, text), headers)

    def _describe(self, call: Call, fault: Fault | None) -> dict[str, object]:
        try:
            body = self._simulator.mask(mask_body(wire.read(call.body))) if call.body else None
        except wire.WireError:
            body = f"({len(call.body)} bytes that are not JSON)"
        return {
            "time_ms": self._simulator.clock.now_ms(),
            "method": call.method,
            "path": self._simulator.mask_path(call.path),
            "query": call.query,
            "headers": mask_headers(call.headers),
            "body": body,
            "fault": fault.kind if fault else None,
            "status": None,
        }


def _call(scope: Any, body: bytes) -> Call:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Call(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
    )


async def _read_body(receive: Any) -> bytes | None:
    body = b""
    while True:
        message: dict[str, Any] = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        body += part
        if not message.get("more_body", False):
            return body
        if len(body) > wire.MAX_BODY_BYTES:
            return body  # too long to be valid: the simulator refuses what it sees


async def _send(
    send: Any, answer: Answer, payload: bytes, pieces: list[bytes] | None = None, pause: Pause | None = None
) -> None:
    headers = {"content-type": answer.content_type, "content-length": str(len(payload))}
    headers.update(answer.headers)
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    parts = pieces if pieces is not None else [payload]
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
        if pause and await pause():
            return
    if sum(map(len, parts)) == len(payload):
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_faulty(scope: Any, receive: Any, send: Any, answer: Answer, fault: Fault) -> None:
    payload = answer.payload()
    transport: asyncio.Transport = scope[TRANSPORT]
    if fault.kind == "latency":
        if not await _left(receive, fault.number("seconds", 1)):
            await _send(send, answer, payload)
    elif fault.kind == "reset_after_read":
        reset(transport)
        await _until_closed(receive)
    elif fault.kind == "truncate":
        kept = int(fault.number("keep_bytes", len(payload) // 2))
        await _send(send, answer, payload, [payload[: min(kept, len(payload) - 1)]])
        transport.close()
        await _until_closed(receive)
    elif fault.kind == "wrong_content_type":
        kind = str(fault.options.get("content_type", "text/html; charset=utf-8"))
        await _send(send, Answer(answer.status, answer.body, answer.headers, kind), payload)
    elif fault.kind == "drip":
        size = int(fault.number("chunk_bytes", 1))
        pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
        interval = fault.number("interval_seconds", 0.05)
        await _send(send, answer, payload, pieces, lambda: _left(receive, interval))
    else:
        await _send(send, answer, payload)


async def _left(receive: Any, seconds: float) -> bool:
    """Waits so long, and says whether the caller left meanwhile: then nobody reads on, and what went on would
    be cut with a traceback when the sandbox ends."""
    try:
        await asyncio.wait_for(_until_closed(receive), seconds)
    except TimeoutError:
        return False
    return True


async def _until_closed(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
