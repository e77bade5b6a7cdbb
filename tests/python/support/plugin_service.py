"""The service that a plugin of `till plugin new` is for: payments in memory, over plain HTTP, on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk_live_TOPSECRET"


class Handler(BaseHTTPRequestHandler):
    """Three addresses: POST /payments, GET /payments/ID and GET /account."""

    payments: dict[str, Any]
    account = b'{"name": "The shop", "token": "token_HUSHHUSH"}'

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(size))
        name = f"p{len(self.payments) + 1}"
        self.payments[name] = {
            "id": name,
            "state": "open",
            "pay_url": f"https://mypay.example/pay/{name}",
            **body,
        }
        self._answer(201, self.payments[name])

    def do_GET(self) -> None:
        if self.path == "/account":
            self._answer(200, self.account)
        elif (found := self.payments.get(self.path.rpartition("/")[2])) is not None:
            self._answer(200, found)
        else:
            self._answer(404, {"error": {"code": "unknown", "message": "There is no such payment."}})

    def _answer(self, status: int, value: object) -> None:
        if self.headers["Authorization"] != f"Bearer {KEY}":
            status, value = 401, {"error": {"code": "bad_key", "message": "This key is unknown."}}
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class PluginService:
    """The service while it runs; `url` is its address, and `handler.account` the text that it says of one."""

    def __enter__(self) -> PluginService:
        self.handler = type("OwnHandler", (Handler,), {"payments": {}})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
