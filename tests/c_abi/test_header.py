"""till.h keeps its own rules: each function has a contract in the fixed order, and there are at most 60."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HEADER = (Path(__file__).resolve().parents[2] / "bindings/c/till.h").read_text(encoding="utf-8")
LABELS = ["Args", "Returns", "Time", "Repeating", "Ownership", "Threads", "Since"]
DECLARATION = re.compile(
    r"(?:/\*\n(?P<contract>(?: \*[^\n]*\n)+?) \*/\n)?"  # the contract right above ...
    r"TILL_API [^;]*?(?P<name>till_\w+)\([^;]*;"  # ... the declaration
)
FUNCTIONS = {found["name"]: found["contract"] or "" for found in DECLARATION.finditer(HEADER)}


def test_every_declaration_was_found() -> None:
    assert len(FUNCTIONS) == HEADER.count("\nTILL_API ")
    assert 30 <= len(FUNCTIONS) <= 60


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_contract_has_its_parts_in_the_fixed_order(name: str) -> None:
    lines = FUNCTIONS[name].splitlines()
    assert lines, "there is no contract"
    assert re.match(r" \* [A-Z]", lines[0]), "the first line says what the function does"
    labels = [label for line in lines for label in LABELS if re.match(rf" \* {label}[: ]", line)]
    assert labels == sorted(labels, key=LABELS.index)
    assert {"Threads", "Since"} <= set(labels)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_takes_or_gives_something_says_so(name: str) -> None:
    declaration = re.search(rf"TILL_API ([^;]*?)\b{name}\(([^;]*)\);", HEADER)
    assert declaration
    result, arguments = declaration.group(1).strip(), declaration.group(2).strip()
    assert (arguments == "void") or " * Args:" in FUNCTIONS[name]
    assert (result == "void") or " * Returns:" in FUNCTIONS[name]
    gives_a_handle = "**out" in arguments or result.endswith("*")
    assert not gives_a_handle or " * Ownership:" in FUNCTIONS[name]


def test_no_name_ends_in_t() -> None:
    assert not re.findall(r"\btill_\w+_t\b", HEADER)


def test_every_status_has_a_number_of_its_own() -> None:
    body = re.search(r"typedef enum till_status \{(.*?)\}", HEADER, re.DOTALL)
    assert body
    numbers = [int(number) for number in re.findall(r"TILL_[A-Z_]+ = (\d+)", body.group(1))]
    assert numbers == list(range(16))
