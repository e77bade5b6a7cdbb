"""`till webhooks listen`: an address of this machine that shows, records and forwards what comes to it."""

from __future__ import annotations

import argparse
import json
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import till
from till.cli import _recording, _webhook_files
from till.cli._account import seconds
from till.cli._delivery import Answer, Message, Target, printable
from till.cli._output import OK, Failure, tell
from till.cli._webhook_verdict import lines_of
from till.cli.webhooks_trigger import add_sending_options

MAX_BODY_BYTES = 1 << 20  # what the verifier takes, too
_IDLE_SECONDS = 30.0


def add(actions: Any) -> None:
    """Adds the command to the parser."""
    listen = actions.add_parser(
        "listen",
        help="receive webhooks on this machine: show, record, forward",
        description="Shows each webhook that comes to http://127.0.0.1:PORT, and why it is refused. Answers"
        " with --status, or as --forward-to does; what is refused and not forwarded is answered as a gateway"
        " does: 401 where nothing proves the sender, 413 where it is too large, else 400.",
    )
    listen.add_argument("--port", type=_port, default=8300, help="default: 8300; 0 takes a free one")
    listen.add_argument(
        "--scheme", metavar="SCHEME", help="verify by this scheme, or by a file with one as JSON"
    )
    listen.add_argument(
        "--secret-file", metavar="FILE", action="append", default=[], help="a file with the secret; repeat"
    )
    listen.add_argument("--url", default="", help="the URL as the sender knows it, where it is signed")
    listen.add_argument(
        "--forward-to", metavar="URL", help="send each on to your shop, and answer as it does"
    )
    listen.add_argument("--record", metavar="FILE", help="add each to this file, for `till webhooks replay`")
    listen.add_argument(
        "--keep-secrets",
        action="store_true",
        help="record tokens, cookies and passwords too; see the documentation",
    )
    listen.add_argument("--status", metavar="CODE", type=_status, default=200, help="the answer (200)")
    listen.add_argument(
        "--delay", metavar="SECONDS", type=seconds, default=0.0, help="wait before each answer"
    )
    listen.add_argument(
        "--crash-before-ack",
        metavar="N",
        type=_count,
        default=0,
        help="hang up on the first N, once they are read",
    )
    listen.add_argument(
        "--count", metavar="N", type=_count, default=0, help="stop after N that came whole, answered or not"
    )
    add_sending_options(listen)
    listen.add_argument("--json", action="store_true", help="print one line of JSON for each")
    listen.set_defaults(run=_listen)


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() and len(text) < 6 else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _status(text: str) -> int:
    if not text.isdecimal() or not 200 <= int(text) <= 599:
        raise argparse.ArgumentTypeError("an HTTP status from 200 to 599")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number of 1 or more")
    return int(text)


def _listen(options: argparse.Namespace) -> int:
    listener = Listener(options)
    try:
        server = _Server(("127.0.0.1", options.port), listener)
    except OSError as error:
        raise Failure(f"cannot listen on port {options.port}: {error.strerror}") from None
    with server:
        tell(f"till: listening on http://127.0.0.1:{server.server_port}/; stop with Ctrl-C")
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            tell(f"till: {listener.seen} webhooks came")
    listener.close()
    return OK


class Listener:
    """What becomes of a webhook: judged, recorded, forwarded, answered. Any thread; shown one at a time."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._verifier = _verifier(options)
        self._token_header = _token_header(options.scheme)
        forward = options.forward_to
        self._forward = (
            Target(forward, ca_file=options.ca_file, timeout=options.timeout, option="--forward-to")
            if forward
            else None
        )
        self._recording = _recording.Recording(options.record) if options.record else None
        self._lock = threading.Lock()
        self._to_crash = options.crash_before_ack
        self._answered = 0
        self.seen = 0

    def close(self) -> None:
        """Ends the recording."""
        if self._recording:
            self._recording.close()

    def take(self, message: Message, path: str) -> Answer | None:
        """The answer, or None to hang up."""
        verdict, lines = self._judge(message)
        with self._lock:
            self.seen += 1
            crash = self._to_crash > 0
            self._to_crash -= crash
        answer = self._answer(message, verdict)
        if self._options.delay:
            time.sleep(self._options.delay)
        self._report(message, path, verdict, lines, None if crash else answer)
        return None if crash else answer

    def finish(self) -> bool:
        """That one was answered; whether it was the last that --count asks for."""
        with self._lock:
            self._answered += 1
            return self._answered == int(self._options.count)

    def _judge(self, message: Message) -> tuple[dict[str, Any] | None, list[str]]:
        if self._verifier is None:
            return None, []
        request: dict[str, Any] = {
            "headers": message.headers,
            "body": message.body,
            "url": self._url_of(message),
            "method": message.method,
            "received_at": time.time(),
        }
        try:
            verified = self._verifier.verify(**request)
        except till.WebhookRejected as refused:
            verdict = {"accepted": False, "reason": refused.reason, "http_status": refused.http_status}
            return verdict, lines_of(self._verifier.explain(**request), None)
        except till.InvalidRequest as error:  # a query that cannot be read
            verdict = {"accepted": False, "reason": "malformed", "http_status": 400}
            return verdict, [f"refused: {error}"]
        verdict = {
            "accepted": True,
            "signature": verified.signature,
            "trust": verified.trust,
            "dedupe_key": verified.dedupe_key,
        }
        return verdict, lines_of(self._verifier.explain(**request), verified)[
            : 2 if verified.dedupe_key else 1
        ]

    def _url_of(self, message: Message) -> str:
        """The URL that the sender knows, with the query of this request."""
        url: str = self._options.url
        return f"{url}?{message.query}" if url and message.query and "?" not in url else url

    def _answer(self, message: Message, verdict: dict[str, Any] | None) -> Answer:
        if self._forward:
            return self._forward.send(self._forward.with_query(message, message.query))
        refusal = None if verdict is None else verdict.get("http_status")
        return Answer(refusal or self._options.status, b"", None, 0.0)

    def _report(
        self,
        message: Message,
        path: str,
        verdict: dict[str, Any] | None,
        lines: list[str],
        answer: Answer | None,
    ) -> None:
        entry = _recording.entry(
            message, path, keep_secrets=self._options.keep_secrets, token_header=self._token_header
        )
        word = "hung up" if answer is None else answer.word
        entry |= {"verdict": verdict, "answered": answer.status if answer else None}
        with self._lock:
            if self._recording:
                self._recording.add(entry)
            if self._options.json:
                print(json.dumps(entry, ensure_ascii=False))
            else:
                shown = _recording.masked_path(path)
                head = f"{datetime.now(UTC):%H:%M:%S} {message.method} {printable(shown)}"
                what = f"{len(message.body)} bytes: {word}"
                print("\n".join([f"{head}, {what}", *(f"  {line}" for line in lines)]))
            sys.stdout.flush()


def _verifier(options: argparse.Namespace) -> till.webhooks.Verifier | None:
    if options.scheme is None:
        if options.secret_file:
            raise Failure("--secret-file needs --scheme: which sender's way of signing is it?")
        return None
    scheme = _webhook_files.scheme(options.scheme)
    if not options.url and _webhook_files.signs_url(scheme):
        raise Failure(
            f"the scheme {options.scheme} signs the URL: give the one that its sender knows with --url"
        )
    return till.webhooks.Verifier(scheme, [_webhook_files.secret(path) for path in options.secret_file])


def _token_header(scheme: str | None) -> str | None:
    """The header whose fixed word proves the sender; a recording must not hold it."""
    if scheme is None:
        return None
    known = _webhook_files.scheme_object(_webhook_files.scheme(scheme))
    header: str | None = known.get("signature", {}).get("header") if known.get("verify") == "token" else None
    return header


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # whoever keeps a connection open does not keep the command from ending

    def __init__(self, place: tuple[str, int], listener: Listener) -> None:
        self.listener = listener
        super().__init__(place, _Handler)

    def stop(self) -> None:
        """Ends `serve_forever` from the thread of a request."""
        threading.Thread(target=self.shutdown, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that went away is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    server: _Server

    def _handle(self) -> None:
        self.close_connection = True
        body = self._body()
        if body is None:
            return
        headers = tuple((name, value) for name, value in self.headers.items())
        message = Message(headers, body, self.command, self.path.partition("?")[2])
        answer = self.server.listener.take(message, self.path)
        try:
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self._reply(answer.status if answer.status is not None else 502, answer.body)
        finally:
            if self.server.listener.finish():
                self.server.stop()

    do_POST = do_PUT = do_GET = _handle

    def _body(self) -> bytes | None:
        """The body; None when the request is answered already."""
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = self.headers.get("content-length", "0")
        if not length.isdecimal():
            self._refuse(400, "Content-Length is a number")
            return None
        if int(length) > MAX_BODY_BYTES:
            self._refuse(413, "a webhook has at most 1 MiB")
            return None
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else None

    def _chunks(self) -> bytes | None:
        body = bytearray()
        while True:
            size = self.rfile.readline(1024).partition(b";")[0].strip()
            try:
                count = int(size, 16)
            except ValueError:
                self._refuse(400, "the chunks of the body cannot be read")
                return None
            if count < 0 or len(body) + count > MAX_BODY_BYTES:
                self._refuse(413, "a webhook has at most 1 MiB")
                return None
            body += self.rfile.read(count)
            self.rfile.readline(1024)
            if count == 0:
                return bytes(body)

    def _refuse(self, status: int, why: str) -> None:
        tell(f"till: answered {status}: {why}")
        self._reply(status, why.encode())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """The listener shows what came."""
