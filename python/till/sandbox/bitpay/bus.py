"""BitPay's event bus: whoever holds a token for an invoice hears of its changes as they happen."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping

from till.sandbox import wire
from till.sandbox.bitpay.identity import base58

_MOST_WAITING = 1000


class EventBus:
    """The tokens and those who listen. All methods run on the server's loop."""

    def __init__(self) -> None:
        self._invoices: dict[str, str] = {}
        self._listeners: dict[str, list[asyncio.Queue[str]]] = {}

    def token(self, invoice_id: str) -> str:
        """A new token that lets its holder listen to one invoice, as often as it likes."""
        token = base58(secrets.token_bytes(48))
        self._invoices[token] = invoice_id
        return token

    def knows(self, token: str) -> bool:
        """Whether the token opens anything."""
        return token in self._invoices

    def tell(self, invoice_id: str, invoice: Mapping[str, object]) -> None:
        """An invoice changed."""
        for listener in self._listeners.get(invoice_id, []):
            if not listener.full():  # who reads nothing misses something, and asks again anyway
                listener.put_nowait(f"event: statechange\ndata: {wire.write(invoice)}\n\n")

    async def listen(self, token: str) -> AsyncIterator[str]:
        """The stream for a known token: `connect` at once, `statechange` with the invoice at each change."""
        listener: asyncio.Queue[str] = asyncio.Queue(_MOST_WAITING)
        listeners = self._listeners.setdefault(self._invoices[token], [])
        listeners.append(listener)
        try:
            yield "event: connect\ndata: {}\n\n"
            while message := await listener.get():
                yield message
        finally:
            listeners.remove(listener)

    def count(self) -> int:
        """How many listen now."""
        return sum(map(len, self._listeners.values()))

    def drop(self) -> int:
        """Ends all streams, as a lost connection would; the tokens stay good. Says how many."""
        listeners = [one for several in self._listeners.values() for one in several]
        for listener in listeners:
            while not listener.empty():
                listener.get_nowait()
            listener.put_nowait("")
        return len(listeners)

    def forget(self) -> None:
        """Ends all streams and makes their tokens worthless."""
        self.drop()
        self._invoices.clear()
        self._listeners.clear()
