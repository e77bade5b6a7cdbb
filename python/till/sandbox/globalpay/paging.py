"""GlobalPay's lists: `limit` and `offset` in, the documented figures about the whole list out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from till.sandbox.fields import Field, FieldError, check_fields, whole_text

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
PAGING = (Field("limit", whole_text(1, MAX_LIMIT)), Field("offset", whole_text(0, 999_999_999)))


def read_query(query: str, documented: Sequence[Field]) -> dict[str, str]:
    """The query's parameters; `FieldError` for one that is unknown, wrong or there twice."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs):
        raise FieldError("A query parameter appears twice")
    check_fields(given, documented)
    return given


def page(items: Sequence[Mapping[str, object]], query: Mapping[str, str]) -> dict[str, object]:
    """The documented list reply."""
    limit, offset = int(query.get("limit", DEFAULT_LIMIT)), int(query.get("offset", 0))
    chosen = items[offset : offset + limit]
    return {
        "data": list(chosen),
        "pagination": {
            "total": len(items),
            "limit": limit,
            "offset": offset,
            "hasMore": offset + len(chosen) < len(items),
        },
    }
