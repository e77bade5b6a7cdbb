"""The check `path`: which ids it finds in addresses, and what it takes for right."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from till.cli import main
from till.conformance import Suite

ROOT = Path(__file__).parents[2]
PROVIDERS, STRIPE = ROOT / "plugins" / "providers", ROOT / "examples" / "providers" / "stripe"
WATCH = """
function provider.payments.watch(input)
  return {url = "https://api.acme.example/v1/payments/" .. text.url_encode(input.provider_id) .. "/events"}
end
"""
WATCH_FIXTURE = {
    "name": "watch",
    "source": "https://acme.example/docs",
    "operation": "payments.watch",
    "settings": {"api_key": "sk_live_example"},
    "input": {"provider_id": "p1"},
    "output": {"url": "https://api.acme.example/v1/payments/p1/events"},
}


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """What `till plugin new` makes: `payments.get` takes an id into its address."""
    assert main(["plugin", "new", str(tmp_path / "acme")]) == 0
    return tmp_path / "acme"


def change(file: Path, part: str, by: str) -> None:
    text = file.read_text()
    assert part in text
    file.write_text(text.replace(part, by))


def paths(folder: Path) -> dict[str, str | None]:
    """The check's cases about the plugin in the folder, and the problem of each."""
    with Suite([folder.name], plugin_path=[folder.parent]) as suite:
        return {case.item: suite.run(case) for case in suite.cases() if case.check == "path"}


def test_what_takes_no_id_into_an_address_has_no_case() -> None:
    found = {case.name for case in Suite(plugin_path=[PROVIDERS]).cases() if case.check == "path"}
    assert found == {
        "bitgpt: path: ids of native.GET /providers/{invoice_id}",
        "bitgpt: path: ids of native.POST /invoices/{id}",
        "bitgpt: path: ids of native.POST /payments/{id}",
        "bitgpt: path: ids of payments.get",
        "openpay: path: ids of native.GET /paylinks/:id",
        "openpay: path: ids of native.GET /transactions/:id",
        "openpay: path: ids of payments.get",
    }


@pytest.mark.parametrize(
    ("template", "joined", "operations"),
    [
        (
            '"/checkout/sessions/{id}", {path = {id = id}, ',
            '"/checkout/sessions/" .. id, {',
            ["payments.get", "refunds.create", "refunds.list"],
        ),
        (
            '"/checkout/sessions/{id}/expire"',
            '"/checkout/sessions/" .. input.provider_id .. "/expire"',
            ["payments.cancel"],
        ),
        ('"/refunds/{id}", {path = {id = input.id}}', '"/refunds/" .. input.id', ["refunds.get"]),
    ],
)
def test_every_operation_that_takes_an_id_is_looked_at(
    template: str, joined: str, operations: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "stripe"
    shutil.copytree(STRIPE, folder)
    found = paths(folder)
    assert found == dict.fromkeys(found)
    change(folder / "provider.lua", template, joined)
    wrong = {item for item, problem in paths(folder).items() if problem is not None}
    assert wrong == {f"ids of {operation}" for operation in operations}


def test_an_address_that_is_listened_to_is_one(acme: Path) -> None:
    change(acme / "manifest.json", '"check": {}', '"check": {}, "payments.watch": {}')
    (acme / "provider.lua").write_text((acme / "provider.lua").read_text() + WATCH)
    (acme / "fixtures" / "watch.json").write_text(json.dumps(WATCH_FIXTURE))
    assert paths(acme) == {"ids of payments.get": None, "ids of payments.watch": None}
    change(acme / "provider.lua", "text.url_encode(input.provider_id)", "input.provider_id")
    assert "$.output.url: " in str(paths(acme)["ids of payments.watch"])


def test_an_id_may_be_refused_before_anything_is_sent(acme: Path) -> None:
    refusal = 'if text.contains(input.provider_id, "/") then fail("InvalidRequest", "No.") end'
    change(acme / "provider.lua", "payments.get(input)\n", f"payments.get(input)\n  {refusal}\n")
    assert paths(acme) == {"ids of payments.get": None}
    change(acme / "provider.lua", 'fail("InvalidRequest"', 'fail("ProviderError"')
    assert "ProviderError" in str(paths(acme)["ids of payments.get"])


@pytest.mark.parametrize("given", [{"of": "account"}, {"of": ""}, {"of": 7}, {"of": ["account"]}])
def test_a_word_that_only_reads_like_a_segment_is_no_id(given: Mapping[str, Any], acme: Path) -> None:
    path = acme / "fixtures" / "native_account.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "input": given}))
    assert paths(acme) == {"ids of payments.get": None}
