"""GlobalPay's `Idempotency-Key`: the same request with the same key is carried out once."""

from __future__ import annotations

import hashlib

from till.sandbox.call import Answer, Call


class Replays:
    """The answers to writes that carried a key. How long they are kept is not documented: until a reset."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[bytes, Answer]] = {}

    def find(self, call: Call) -> Answer | None:
        """The first answer to this very request; `KeyReused` when the key came with another request."""
        kept = self._answers.get(_key(call))
        if kept is None:
            return None
        if kept[0] != _digest(call):
            raise KeyReused
        return kept[1]

    def keep(self, call: Call, answer: Answer) -> None:
        """Remembers what a write did. A refused one did nothing, so its key stays free (own choice)."""
        if _key(call) and answer.status < 300:
            self._answers[_key(call)] = (_digest(call), answer)

    def clear(self) -> None:
        """Forgets all."""
        self._answers.clear()


class KeyReused(Exception):
    """A key that an earlier, different request had."""


def _key(call: Call) -> str:
    return call.headers.get("idempotency-key", "")


def _digest(call: Call) -> bytes:
    return hashlib.sha256(f"{call.method} {call.target}\n".encode() + call.body).digest()
