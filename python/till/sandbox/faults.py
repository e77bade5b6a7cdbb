"""Faults on request: what goes wrong, for which requests, how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from till.sandbox.fields import Check, Field, FieldError, boolean, check_fields, one_of, text, whole

# Kinds that never let the simulator act unless `effect` says so, and kinds that do by default.
_WITHOUT_EFFECT = ("status_500", "status_429")
_WITH_EFFECT = ("latency", "reset_after_read", "truncate", "wrong_content_type", "drip")
KINDS = ("reset_before_read", *_WITHOUT_EFFECT, *_WITH_EFFECT)
"""Every kind of fault, by the name the control API takes."""

MAX_SECONDS = 600


def _seconds(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return "must be a number of seconds"
    return None if 0 <= value <= MAX_SECONDS else f"must be between 0 and {MAX_SECONDS}"


_OPTIONS: dict[str, Check] = {
    "kind": one_of(*KINDS),
    "count": whole(0, 1_000_000),
    "skip": whole(0, 1_000_000),
    "path": text,
    "rpc_method": text,
    "effect": boolean,
    "seconds": _seconds,
    "retry_after": whole(0, 86_400),
    "content_type": text,
    "keep_bytes": whole(0, 1 << 20),
    "chunk_bytes": whole(1, 1 << 20),
    "interval_seconds": _seconds,
}
_FIELDS = [Field(name, check, required=name == "kind") for name, check in _OPTIONS.items()]


@dataclass
class Fault:
    """One armed fault. `left` is how many requests it still hits, None for all of them."""

    kind: str
    left: int | None
    skip: int
    path: str
    rpc_method: str
    effect: bool
    options: Mapping[str, object] = field(default_factory=dict)

    def number(self, name: str, default: float) -> float:
        """A numeric option as seconds or a count."""
        value = self.options.get(name, default)
        return float(value) if isinstance(value, (int, Decimal, float)) else default

    def describe(self) -> dict[str, object]:
        """The fault as the control API shows it."""
        return {**self.options, "kind": self.kind, "left": self.left, "effect": self.effect}


class Faults:
    """The armed faults of one provider, in the order they were asked for."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, options: Mapping[str, object]) -> None:
        """Adds a fault; `FieldError` when an option is unknown or wrong.

        `count` requests are hit (1 when absent, 0 means every one) after `skip` others passed. `path`
        limits it to request paths that start so, `rpc_method` to one method of the BitPay API.
        """
        check_fields(options, _FIELDS, name_known=True)
        kind = str(options["kind"])
        if kind == "reset_before_read" and "rpc_method" in options:
            raise FieldError("Invalid rpc_method: the body is not read before this fault strikes")
        count = options.get("count", 1)
        skip = options.get("skip", 0)
        self._armed.append(
            Fault(
                kind=kind,
                left=count if isinstance(count, int) and count > 0 else None,
                skip=skip if isinstance(skip, int) else 0,
                path=str(options.get("path", "")),
                rpc_method=str(options.get("rpc_method", "")),
                effect=bool(options.get("effect", kind in _WITH_EFFECT)),
                options=options,
            )
        )

    def clear(self) -> None:
        """Disarms everything."""
        self._armed.clear()

    def describe(self) -> list[dict[str, object]]:
        """What is armed now."""
        return [fault.describe() for fault in self._armed]

    def armed_before_read(self) -> bool:
        """Whether any fault strikes before a request is read."""
        return any(fault.kind == "reset_before_read" for fault in self._armed)

    def take(self, path: str, rpc_method: str, *, before_read: bool) -> Fault | None:
        """The fault that hits this request, if any, and counts it down."""
        for fault in self._armed:
            if (fault.kind == "reset_before_read") != before_read or not _hits(fault, path, rpc_method):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.left is not None:
                fault.left -= 1
                if fault.left == 0:
                    self._armed.remove(fault)
            return fault
        return None


def _hits(fault: Fault, path: str, rpc_method: str) -> bool:
    return path.startswith(fault.path) and fault.rpc_method in ("", rpc_method)
