"""The envelope that every answer of BitGPT has, and the refusals that end up in it."""

from __future__ import annotations

from collections.abc import Mapping

from till.sandbox.bitgpt.records import new_id
from till.sandbox.call import Answer


class Refused(Exception):
    """The service says no: an HTTP status, a sentence, and what is wrong with which field."""

    def __init__(self, status: int, message: str, validator: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.validator = status, message, validator


def envelope(
    status: int,
    data: object,
    env: str,
    now_ms: int,
    *,
    error: str | None = None,
    validator: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """The documented members in the documented order; `support_id` is in every answer."""
    return {
        "status": status,
        "data": data,
        "error": error,
        "log": None,
        "validator": None if validator is None else dict(validator),
        "support_id": new_id("support", now_ms),
        "message": None if error else "Resource created successfully" if status == 201 else "OK",
        "env": env,
    }


def refusal(refused: Refused, env: str, now_ms: int) -> Answer:
    """The answer that says no. `data` is null there, since nothing is documented for it."""
    body = envelope(refused.status, None, env, now_ms, error=refused.message, validator=refused.validator)
    return Answer(refused.status, body)
