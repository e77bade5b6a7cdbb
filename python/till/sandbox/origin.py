"""Whether a request comes from our own pages: on loopback any site may make a browser knock."""

from __future__ import annotations

from collections.abc import Mapping

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def is_foreign(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin made a browser send this request that changes something.

    Browsers say where a request comes from; programs say nothing and pass. Header names are lower case.
    """
    if method in _SAFE_METHODS:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin != f"https://{headers.get('host', '')}"
