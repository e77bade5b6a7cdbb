"""What the commands print: tables, progress and failures."""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

if TYPE_CHECKING:
    from till import TillError

OK, FAILED, USAGE, UNKNOWN, NOT_PAID, STILL_WAITING, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
EXIT_STATUS = """\
exit status:
  0    done (for `pay --wait` and `demo`: paid)
  1    the provider or the network failed, the provider refused, or output could not be written
  2    the command, a setting or an input is wrong; nothing was sent
  3    a payment was sent and no answer came: look for it at the provider before trying again
  4    the payment is not paid: declined, expired, or its card must be verified first
  5    `pay --wait`: the time is over and the payment still waits, for its payer or for its bank
  130  interrupted; `pay --wait` has printed the payment as it was last seen
With --json the result is one JSON document on standard output (payments, events and reports as in
docs/schemas), and a failure is one line of JSON at the end of standard error (docs/schemas/error.json);
a wrong command line is told in words.
"""

# The classes of docs/schemas/error.json; each one's number is its place.
_CLASSES = [
    "TillError",
    "ConfigurationError",
    "InvalidRequest",
    "Unsupported",
    "AuthenticationError",
    "PermissionDenied",
    "NotFound",
    "Conflict",
    "RateLimited",
    "Blocked",
    "ProviderError",
    "TransportError",
    "OutcomeUnknown",
    "WebhookRejected",
    "PluginError",
]
_LONGEST_MESSAGE = 1024


class Failure(Exception):
    """Ends a command with a message for people and an exit status."""

    def __init__(self, message: str, status: int = USAGE) -> None:
        super().__init__(message)
        self.status = status

    def as_error(self) -> TillError:
        """The same as one of the library's errors."""
        from till import InvalidRequest, TillError

        kind = InvalidRequest if self.status == USAGE else TillError
        return kind(str(self), code="invalid_command" if self.status == USAGE else "failed")


def tell(text: str) -> None:
    """A line on stderr. A stderr that takes nothing must not cost the command its result."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """One JSON document on stdout, for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def error_json(error: TillError) -> dict[str, Any]:
    """An error for programs, as docs/schemas/error.json."""
    name = type(error).__name__
    after = getattr(error, "retry_after", None)
    members = {
        "error": name,
        "status": _CLASSES.index(name) + 1,
        "code": error.code,
        "message": error.message[:_LONGEST_MESSAGE],
        "field": error.field,
        "provider_code": error.provider_code,
        "request_id": error.request_id,
        "payment_id": error.payment_id,
        "reason": getattr(error, "reason", None),
        "settle": getattr(error, "settle", None),
        "http_status": getattr(error, "http_status", None),
        "sent": error.sent,
        "retryable": error.retryable,
        "retry_after_ms": None if after is None else round(after * 1000),
    }
    return {member: value for member, value in members.items() if value is not None}


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Aligned columns; those named in `right` are flush right."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(_width(line[at]) for line in lines) for at in range(len(head))]

    def cell(text: str, at: int) -> str:
        space = " " * (widths[at] - _width(text))
        return space + text if head[at] in right else text + space

    def line(cells: Sequence[str]) -> str:
        return "  ".join(cell(text, at) for at, text in enumerate(cells)).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(lines[0]), rule, *[line(one) for one in lines[1:]]])


def _width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def moment_text(at: datetime) -> str:
    """A point in time for people, in UTC as the library's are: `2026-12-01 22:07:53 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def milliseconds(seconds: float) -> str:
    """A duration: `12 ms`, `1.25 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


class Step(NamedTuple):
    """One step that is over: what it was, what came of it, how long it took."""

    text: str
    notes: tuple[str, ...]
    seconds: float


class Notes(list[str]):
    """What is shown beside a step. `word` says how it ended, when it ended without an error."""

    word = "ok"


class Progress:
    """Steps as they happen, on stderr: a line that is filled in on a terminal, one line per step
    elsewhere."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self.steps: list[Step] = []
        self._live = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._color = self._live and "NO_COLOR" not in os.environ

    def title(self, text: str) -> None:
        """A heading over the steps that follow."""
        self._write(f"{self._paint(text, '1')}\n")

    @contextmanager
    def step(self, text: str) -> Iterator[Notes]:
        """One step. What is put into the yielded notes is shown beside it when it is done."""
        if self._live:
            self._write(f"  ...  {text}")
        notes = Notes()
        begin = time.perf_counter()
        try:
            yield notes
        except BaseException:
            self._end(text, "fail", "31", begin, notes)
            raise
        self._end(text, notes.word, "32" if notes.word == "ok" else "33", begin, notes)

    def _end(self, text: str, word: str, color: str, begin: float, notes: list[str]) -> None:
        mark = self._paint(word.ljust(4), color)
        note = ": " + ", ".join(notes) if notes else ""
        seconds = time.perf_counter() - begin
        self.steps.append(Step(text, tuple(notes), seconds))
        clear = "\r\x1b[2K" if self._live else ""
        self._write(f"{clear}  {mark} {text}{note} ({milliseconds(seconds)})\n")

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text

    def _write(self, text: str) -> None:
        if not self._quiet:
            with suppress(OSError):
                self._stream.write(text)
                self._stream.flush()
