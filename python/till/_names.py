"""Names: where Python's differ from the core's, errors that say Python's, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from till._errors import TillError

# Operation -> the core's name -> Python's. `from` cannot be a parameter, and an `id` says whose it is.
_PARAMETERS: dict[str, dict[str, str]] = {
    "events.done": {"id": "event_id"},
    "events.fail": {"id": "event_id", "retry_after_ms": "retry_after"},
    "events.get": {"id": "event_id"},
    "events.release": {"id": "event_id"},
    "events.replay": {"id": "event_id"},
    "events.take": {"lease_ms": "lease"},
    "ledgers.entries": {"from": "since", "to": "until"},
    "payments.accept": {"id": "payment_id"},
    "payments.cancel": {"id": "payment_id"},
    "payments.get": {"id": "payment_id"},
    "payments.list": {"from": "since", "to": "until"},
    "rates.get": {"from": "from_currency", "to": "to_currency"},
    "refunds.get": {"id": "refund_id"},
    "store.prune": {f"{kind}_older_than_ms": kind for kind in ("events", "payments", "webhooks", "writes")},
}


def core_input(operation: str, arguments: Mapping[str, object]) -> dict[str, object]:
    """The arguments under the core's names; None is left out: an absent argument is an absent member."""
    names = {python: core for core, python in _PARAMETERS.get(operation, {}).items()}
    return {names.get(name, name): value for name, value in arguments.items() if value is not None}


def in_python(error: TillError, operation: str) -> TillError:
    """The error, with the field that it is about and its message in the words of Python's parameters."""
    for core, python in _PARAMETERS.get(operation, {}).items():
        field = re.compile(rf"\$\.{core}\b")
        if error.field and field.match(error.field):
            error.field = field.sub(f"$.{python}", error.field)
            error.message = field.sub(f"$.{python}", error.message)
            error.args = (error.message,)
            break
    return error


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, whatever its capitals; None when none is near."""
    from difflib import get_close_matches

    by_form = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_form, 1)
    return by_form[found[0]] if found else None
