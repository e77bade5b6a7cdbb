"""Each mutation fits the sources: its text stands there once, and the test that is to notice it exists."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = tomllib.loads((ROOT / "tests/mutation/mutations.toml").read_text(encoding="utf-8"))["mutation"]


def test_names_are_unique() -> None:
    names = [mutation["name"] for mutation in MUTATIONS]
    assert len(set(names)) == len(names) > 0


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation["name"])
def test_mutation_fits_the_sources(mutation: dict[str, str]) -> None:
    assert set(mutation) - {"store"} == {"name", "removes", "file", "find", "replace", "room", "test"}
    assert mutation.get("store", "postgres") == "postgres"
    text = (ROOT / mutation["file"]).read_text(encoding="utf-8")
    assert text.count(mutation["find"]) == 1
    assert mutation["find"] != mutation["replace"]
    name = mutation["test"].rpartition(".")[2].partition("/")[0]
    tests = (ROOT / "tests" / mutation["room"]).glob("*.cpp")
    assert any(f", {name})" in path.read_text(encoding="utf-8") for path in tests)
