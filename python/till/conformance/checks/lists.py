"""Lists: `payments.iterate` meets every payment once, however long the pages are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from till.conformance.bench import Bench
from till.conformance.case import Case, must
from till.conformance.scenario import Flow
from till.conformance.subject import Subject

_COUNT = 25  # more than any service that is known shows on a page when nobody says how many


def cases(subject: Subject) -> Iterator[Case]:
    """Two, for providers that have a list."""
    if "payments.list" in subject.manifest["capabilities"]:
        for limit, count in ((2, 5), (None, _COUNT)):
            name = f"{count} payments, {limit or 'as many as the service likes'} at a time"
            yield Case(subject.provider, "list", name, partial(_is_whole, limit, count))


def _is_whole(limit: int | None, count: int, bench: Bench) -> None:
    """Paid ones, for a service may list none that nobody has paid."""
    for _ in range(count):
        Flow(bench).run([{"call": "payments.create"}, *bench.book.paid])
    listed, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        pages += 1
        must(pages <= count + 1, "the list has no end")
        page = bench.call("payments.list", {**bench.book.list_input, "limit": limit, "cursor": cursor})
        must(limit is None or len(page["items"]) <= limit, "a page is longer than was asked for")
        listed += [payment["provider_id"] for payment in page["items"]]
        cursor = page["next"]
    must(len(listed) == len(set(listed)), "a payment is listed twice")
    must(len(listed) == count, f"{len(listed)} payments are listed instead of {count}")
