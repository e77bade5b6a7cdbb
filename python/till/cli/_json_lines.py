"""Lines of a JSON text: where a place such as `$.auth.scheme` stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

# What is escaped outside of a string is a token of its own, so that no text is looked at twice.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]:,]|\\.|[^\s{}\[\]:,"\\]+', re.DOTALL)
_STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_]*)|\.("(?:[^"\\]|\\.)*")|\[(\d+)\]')


@dataclass(slots=True)
class Lines:
    """The line of a value, from 1, and those of its members by name or of its elements by number."""

    line: int
    inside: dict[str | int, Lines] = field(default_factory=dict)


def lines_of(text: str) -> Lines:
    """The lines of all values in the text. Of a text that is no JSON, those up to its mistake."""
    root = Lines(1)
    around: list[tuple[Lines, bool]] = []  # what is open, and whether it is a list
    counts: list[int] = []  # how many elements came before, in each
    member: Lines | None = None  # whose value comes next
    line, seen = 1, 0
    for token in _TOKEN.finditer(text):
        word = token.group()
        line += text.count("\n", seen, token.start())
        seen = token.start()
        if word in "}]":
            del around[-1:], counts[-1:]
        elif word == ",":
            member = None
            counts[-1:] = [count + 1 for count in counts[-1:]]
        elif word == ":":
            continue
        elif around and not around[-1][1] and member is None:
            member = around[-1][0].inside.setdefault(_name(word), Lines(line))
        else:
            value = member or root
            if around and around[-1][1]:
                value = around[-1][0].inside.setdefault(counts[-1], Lines(line))
            if word in "{[":
                around.append((value, word == "["))
                counts.append(0)
                member = None
    return root


def line_of(place: str, lines: Lines) -> int:
    """The line of the place, or of the nearest one around it that is there."""
    at = 1
    while step := _STEP.match(place, at):
        name = int(step[3]) if step[3] else step[1] or json.loads(step[2])
        if name not in lines.inside:
            break
        lines, at = lines.inside[name], step.end()
    return lines.line


def _name(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token.strip('"')
