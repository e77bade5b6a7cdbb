"""The schema of webhook schemes and the files that it describes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/schemas/webhook_scheme.json").read_text("utf-8"))
FILES = sorted((ROOT / "plugins/webhooks").glob("*.json"))
VALIDATOR = Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_known_scheme_validates_and_says_where_it_comes_from(path: Path) -> None:
    scheme = json.loads(path.read_text("utf-8"))
    VALIDATOR.validate(scheme)
    assert scheme["name"] == path.stem
    assert scheme["title"] and scheme["status"] and scheme["evidence"] and scheme["sources"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("surprise", 1),
        ("algorithm", "none"),
        ("signed", []),
        ("signed", ["bdoy"]),
        ("signed", [{"header": "X-Upper"}]),
        ("signed", [{"header": "x", "json": "/x"}]),
        ("signature", {"header": "x", "json": "/x"}),
        ("signature", {}),
        ("freshness", "sometimes"),
        ("dedupe", {"header": "x", "form": "x"}),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(member: str, value: Any) -> None:
    scheme = {**SCHEMA["examples"][0], member: value}
    assert not VALIDATOR.is_valid(scheme)


@pytest.mark.parametrize(
    "member", ["name", "signed", "algorithm", "key", "encoding", "freshness", "signed_covers", "dedupe"]
)
def test_the_schema_demands_what_the_reader_demands(member: str) -> None:
    scheme = {name: value for name, value in SCHEMA["examples"][0].items() if name != member}
    assert not VALIDATOR.is_valid(scheme)


def test_the_page_is_what_the_files_say() -> None:
    script = ROOT / "scripts/write_webhook_schemes.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0
