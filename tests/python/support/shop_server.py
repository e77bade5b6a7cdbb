"""A shop's address for tests of what sends webhooks: it keeps what comes, and answers as it is told."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Came(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class ShopServer:
    """Answers with `statuses` in turn, the last one from then on; None hangs up."""

    def __init__(self, statuses: list[int | None], body: bytes = b"") -> None:
        self.came: list[Came] = []
        shop, waiting, lock = self, list(statuses), threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("content-length", "0")))
                with lock:
                    shop.came.append(
                        Came(self.path, {k.lower(): v for k, v in self.headers.items()}, content)
                    )
                    status = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True  # the sender went away

            def log_message(self, format: str, *arguments: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
