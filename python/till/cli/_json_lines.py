"""Lines of a JSON text: where a place such as `$.auth.scheme` stands."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def lines_of(text: str) -> dict[str, int]:
    """The line of each place in the text, from 1. Of a text that is no JSON, those up to its mistake."""
    found: dict[str, int] = {"$": 1}
    open_places: list[tuple[str, str, int]] = []  # the place, "{" or "[", how many elements came before
    key = None
    for token in _TOKEN.finditer(text):
        word, line = token.group(), text.count("\n", 0, token.start()) + 1
        if word in "}]":
            if open_places:
                open_places.pop()
        elif word == ",":
            key = None
            if open_places and open_places[-1][1] == "[":
                place, kind, count = open_places.pop()
                open_places.append((place, kind, count + 1))
        elif word == ":":
            continue
        elif open_places and open_places[-1][1] == "{" and key is None:
            key = _member(open_places[-1][0], word)
            found.setdefault(key, line)
        else:
            place = key or ("$" if not open_places else f"{open_places[-1][0]}[{open_places[-1][2]}]")
            found.setdefault(place, line)
            if word in "{[":
                open_places.append((place, word, 0))
                key = None
    return found


def line_of(place: str, lines: dict[str, int]) -> int:
    """The line of the place, or of the nearest one around it that is there."""
    while place and place not in lines:
        place = re.sub(
            r'(?:\.[A-Za-z0-9_]+|\."(?:[^"\\]|\\.)*"|\[\d+\])\Z|\A\$\Z|\A[^$].*\Z', "", place, count=1
        )
    return lines.get(place, 1)


def _member(place: str, token: str) -> str:
    try:
        name = json.loads(token)
    except ValueError:
        name = token.strip('"')
    return f"{place}.{name}" if _WORD.match(name) else f"{place}.{json.dumps(name, ensure_ascii=False)}"
