"""A verdict on a webhook in words: what was signed, what was compared, how the clocks stand."""

from __future__ import annotations

from typing import Any

import till
from till.cli._delivery import printable
from till.cli._output import milliseconds


def lines_of(explanation: dict[str, Any], verified: till.webhooks.Verified | None) -> list[str]:
    """The lines about one request; `verified` is None when it is refused."""
    if verified is None:
        lines = [f"refused: {explanation['reason']}", f"  {explanation['message']}"]
    else:
        lines = [f"accepted: signature {verified.signature}, trust {verified.trust}"]
        if verified.dedupe_key:
            lines.append(f"  dedupe key {printable(verified.dedupe_key)}")
    lines += _signed(explanation.get("signed")) + _candidates(explanation) + _clock(explanation.get("clock"))
    return lines + [f"hint: {hint}" for hint in explanation.get("hints", [])]


def _signed(signed: dict[str, Any] | None) -> list[str]:
    if signed is None:
        return []
    lines = [f"signed: {signed['bytes']} bytes, from"]
    for piece in signed["pieces"]:
        shown = repr(piece["text"]) if "text" in piece else _digest(piece)
        lines.append(f"  {piece['piece']}: {shown}")
    return lines


def _digest(piece: dict[str, Any]) -> str:
    return f"{piece['bytes']} bytes, sha256 {piece['sha256']}" if "sha256" in piece else "(not shown)"


def _candidates(explanation: dict[str, Any]) -> list[str]:
    lines = []
    for number, candidate in enumerate(explanation.get("candidates", []), 1):
        named = f", key {printable(candidate['key_id'])}" if "key_id" in candidate else ""
        lines.append(f"signature {number}: {printable(candidate['text'])}{named}")
        if not candidate["readable"]:
            lines.append("  is not in the scheme's encoding")
            continue
        for at, (key, matches) in enumerate(zip(explanation["keys"], candidate["matches"], strict=True), 1):
            late = "" if key["in_force"] else ", which is not in force"
            lines.append(f"  {'is' if matches else 'is not'} that of secret {at}{late}")
    return lines


def _clock(clock: dict[str, Any] | None) -> list[str]:
    if clock is None:
        return []
    if "difference_ms" not in clock:
        return [f"time: {clock['text']!r} cannot be read"] if "text" in clock else ["time: missing"]
    difference = clock["difference_ms"]
    side = "after" if difference >= 0 else "before"
    window = f"-{milliseconds(clock['future_ms'] / 1000)} to +{milliseconds(clock['past_ms'] / 1000)}"
    return [
        f"time: signed {clock['signed_at']}, received {clock['received_at']}:"
        f" {milliseconds(abs(difference) / 1000)} {side} it; allowed {window}"
    ]
