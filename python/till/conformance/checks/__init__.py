"""The checks, each a module with `cases(subject)`: what it examines about a provider, one case per thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from till.conformance.case import Case
from till.conformance.checks import (
    absent,
    amounts,
    capabilities,
    errors,
    fixtures,
    lists,
    paths,
    replies,
    secrets,
    states,
    webhooks,
    writes,
)
from till.conformance.subject import Subject

CHECKS: dict[str, Callable[[Subject], Iterator[Case]]] = {
    "capability": capabilities.cases,
    "absent": absent.cases,
    "amount": amounts.cases,
    "state": states.cases,
    "error": errors.cases,
    "reply": replies.cases,
    "write": writes.cases,
    "list": lists.cases,
    "webhook": webhooks.cases,
    "secret": secrets.cases,
    "path": paths.cases,
    "fixture": fixtures.cases,
}
"""Every kind of check by its name, in the order of reports."""

WITHOUT_SIMULATOR = ("absent", "path", "fixture")
"""Those that need none."""
