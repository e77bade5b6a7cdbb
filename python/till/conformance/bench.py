"""Bench: one provider's gateway at its simulator, called through the core's own client or step by step."""

from __future__ import annotations

import http.client
import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import till
from till._call import Call
from till._exchange import Request
from till._receiver import Receiver
from till.conformance.subject import Subject
from till.sandbox import Control, Sandbox, wire

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Reply:
    """What came back for one request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return wire.read(self.body)
        except wire.WireError:
            return None

    def with_json(self, value: Any) -> Reply:
        """The same reply with another body."""
        return Reply(self.status, self.headers, wire.write(value).encode())


Answerer = Callable[[int, Request], Reply]
"""Answers the n-th request of an operation, counted from 0."""


class Bench(Subject):
    """Where one provider is examined. The gateway's payments are in `store`; `control` is the simulator."""

    def __init__(
        self, provider: str, sandbox: Sandbox, store: Path | str, plugin_path: Sequence[Path] = ()
    ) -> None:
        super().__init__(provider, plugin_path)
        place = sandbox.providers[provider]
        self.control: Control = sandbox.control(provider)
        self.settings: Mapping[str, str] = place.settings
        self.runtime = till.Runtime(store=store, ca_file=sandbox.ca_file, plugin_path=plugin_path)
        self._place = {"mode": place.mode, "base_url": place.base_url}
        self._tls = ssl.create_default_context(cafile=sandbox.ca_file)
        self.receiver = Receiver()
        self.begin()

    def close(self) -> None:
        """Stops listening for webhooks."""
        self.receiver.close()

    def begin(self) -> None:
        """Everything as at the start: the simulator forgets, and the gateway is another one in the store, so
        that no idempotency key was used."""
        self.control.reset()
        self.receiver.messages.clear()
        self._gateway = self.gateway(label=f"conformance-{secrets.token_hex(6)}")

    def gateway(self, settings: Mapping[str, str] | None = None, **options: Any) -> till.Gateway:
        """Another gateway to the same account, with other settings where they are given."""
        return till.Gateway(
            self.provider,
            {**self.settings, **(settings or {})},
            runtime=self.runtime,
            **{"timeout": 20, **self._place, **options},
        )

    def secret_settings(self) -> list[str]:
        """The values of the settings that are secret."""
        properties = self.manifest["settings"]["properties"]
        return [value for name, value in self.settings.items() if properties[name].get("secret")]

    def call(self, operation: str, arguments: Mapping[str, Any], gateway: till.Gateway | None = None) -> Any:
        """The operation's result as the core gives it, as JSON."""
        return (gateway or self._gateway)._run(Call(operation, self._input(operation, arguments), _as_it_is))

    def watch(self, payment_id: str) -> Iterator[till.Payment]:
        """The payment as it changes, until it is final or half a minute is over."""
        return self._gateway.payments.watch(payment_id, timeout=30)

    def requests(self) -> list[dict[str, Any]]:
        """What the service saw since the case began."""
        return self.control.requests()

    def stepped(self, operation: str, arguments: Mapping[str, Any], answer: Answerer) -> Any:
        """The operation's result when every request is answered by `answer`."""
        exchange = self._gateway.exchange(operation, self._input(operation, arguments))
        exchange._decode = _as_it_is
        count = 0
        while (request := exchange.request) is not None:
            reply = answer(count, request)
            exchange.reply(reply.status, reply.headers, reply.body)
            count += 1
        return exchange.result()

    def answered(self, operation: str, arguments: Mapping[str, Any], reply: Reply) -> Any:
        """The operation's result when its own request is answered so; others go to the simulator."""
        return self.stepped(
            operation,
            arguments,
            lambda _, request: reply if self._is_own(operation, request) else self.forwarded(request),
        )

    def lost(self, operation: str, arguments: Mapping[str, Any], sent: Any) -> Any:
        """The operation's result when its own request is never answered."""
        exchange = self._gateway.exchange(operation, self._input(operation, arguments))
        while (request := exchange.request) is not None:
            if self._is_own(operation, request):
                exchange.fail("the connection was lost", sent=sent)
            else:
                reply = self.forwarded(request)
                exchange.reply(reply.status, reply.headers, reply.body)
        return exchange.result()

    def _is_own(self, operation: str, request: Request) -> bool:
        """Whether this is the request that carries out a write; a read has no other."""
        if operation not in self.book.writes:
            return True
        own = self.book.writes[operation]["request"]
        if "path" in own:
            return urlsplit(request.url).path.startswith(own["path"])
        body: Any = wire.read(request.body)
        return bool(body["method"] == own["rpc_method"])

    def forwarded(self, request: Request) -> Reply:
        """What the simulator answers."""
        parts = urlsplit(request.url)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS, context=self._tls
        )
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(request.method, target, request.body or None, dict(request.headers))
            response = connection.getresponse()
            return Reply(response.status, tuple(response.getheaders()), response.read())
        finally:
            connection.close()

    def recorded(
        self, operation: str, arguments: Mapping[str, Any]
    ) -> tuple[list[Request], list[Reply], Any]:
        """What the operation sends to the simulator, what that answers, and the result."""
        requests: list[Request] = []
        replies: list[Reply] = []

        def answer(_: int, request: Request) -> Reply:
            requests.append(request)
            replies.append(self.forwarded(request))
            return replies[-1]

        result = self.stepped(operation, arguments, answer)
        return requests, replies, result

    def _input(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        plain = self.book.create if operation == "payments.create" else {}
        given = {**plain, **arguments}
        if isinstance(card := given.get("card"), Mapping):
            given["card"] = till.Card(**card)
        return {name: value for name, value in given.items() if value is not None}


def _as_it_is(value: Any) -> Any:
    return value
