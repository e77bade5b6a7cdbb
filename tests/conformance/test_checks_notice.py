"""The checks themselves: each notices a provider that does the one thing that it is there for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from till.conformance import Case, Suite

PROVIDERS = Path(__file__).parents[2] / "plugins" / "providers"

# What is changed in a provider's file, and the case that must fail then.
MUTATIONS = {
    "a capability does not work": (
        "openpay/provider.lua",
        'http.post("/paylinks"',
        'http.post("/paylink"',
        "openpay: capability: a payment link is paid",
    ),
    "a reason is left out": (
        "openpay/manifest.json",
        '"rates.list": "OpenPay takes BZD and USD only and documents no exchange rates.",',
        "",
        "openpay: absent: rates.list",
    ),
    "an amount is in cents": (
        "openpay/provider.lua",
        '"amount", money.decimal(input.amount)',
        '"amount", money.minor(input.amount)',
        "openpay: amount: 48.25 USD",
    ),
    "a word has another meaning": (
        "openpay/provider.lua",
        'return total.waiting and "processing"',
        'return total.waiting and "requires_action"',
        "openpay: state: /data/0/status 'pending' is processing",
    ),
    "an unknown word is paid": (
        "openpay/provider.lua",
        '(transaction.status == "completed" or',
        '(transaction.status ~= "failed" or',
        "openpay: state: /data/0/status of another kind is never paid",
    ),
    "a refusal is of another class": (
        "openpay/manifest.json",
        '{"status": 401, "kind": "AuthenticationError"}',
        '{"status": 401, "kind": "NotFound"}',
        "openpay: error: error 401, of a read",
    ),
    "a reply of another shape breaks the script": (
        "openpay/provider.lua",
        "integer(object(reply.json.pagination).total_pages) or 1",
        "object(reply.json.pagination).total_pages or 1",
        "openpay: reply: every member of payments.get drifts",
    ),
    "a write is said to change nothing": (
        "openpay/provider.lua",
        'http.post("/paylinks", {json',
        'http.post("/paylinks", {read = true, json',
        "openpay: write: payments.create, answer lost",
    ),
    "a page follows itself": (
        "openpay/provider.lua",
        "tostring(page + 1)",
        "tostring(page)",
        "openpay: list: 5 payments, 2 at a time",
    ),
    "a webhook names its payment wrongly": (
        "bitgpt/provider.lua",
        "payment = {id = plain_text(body.resource_id), reference = reference_of(payload)}",
        "payment = nil",
        "bitgpt: webhook: a webhook that was sent makes the payment known",
    ),
    "noise is taken for a webhook": (
        "bitgpt/provider.lua",
        """or refuse("$.event", "a webhook of BitGPT's names its event.")
  local payload, payment = object(body.payload), nil""",
        """or "event"
  local payload, payment = object(body.payload), {reference = "1234"}""",
        "bitgpt: webhook: 7 is about nothing",
    ),
    "an id is joined to a path": (
        "openpay/provider.lua",
        'http.get("/paylinks/{id}", {path = {id = id}, expect',
        'http.get("/paylinks/" .. id, {expect',
        "openpay: path: ids of payments.get",
    ),
    "an id of a transaction is joined to a path": (
        "openpay/provider.lua",
        'http.get("/transactions/{id}", {path = {id = id}})',
        'http.get("/transactions/" .. id, {})',
        "openpay: path: ids of payments.get",
    ),
    "an id of a native call is joined to a path": (
        "openpay/provider.lua",
        "http.get(path, {path = {id = params.id}})",
        'http.get(text.replace(path, "{id}", params.id), {})',
        "openpay: path: ids of native.GET /paylinks/:id",
    ),
    "an id of a native call that posts is joined to a path": (
        "bitgpt/provider.lua",
        "http.post(path, {path = {id = id}, json = chosen(params, names)",
        'http.post(text.replace(path, "{id}", id), {json = chosen(params, names)',
        "bitgpt: path: ids of native.POST /payments/{id}",
    ),
    "an id is encoded by hand": (
        "openpay/provider.lua",
        'http.get("/paylinks/{id}", {path = {id = id}, expect',
        'http.get("/paylinks/" .. text.replace(id, "/", "-"), {expect',
        "openpay: path: ids of payments.get",
    ),
    "an id breaks the script": (
        "openpay/provider.lua",
        '  local reply = http.get("/paylinks/{id}", {path',
        '  if text.contains(id, ";") then error("no") end\n  local reply = http.get("/paylinks/{id}", {path',
        "openpay: path: ids of payments.get",
    ),
    "an id is refused once the first request is sent": (
        "openpay/provider.lua",
        "  local link = data_of(reply)\n",
        '  if text.contains(id, ";") then fail("InvalidRequest", "No.") end\n  local link = data_of(reply)\n',
        "openpay: path: ids of payments.get",
    ),
    "a fixture is not what is sent": (
        "openpay/provider.lua",
        '"description", description_of(input),\n    "customer_name"',
        '"customer_name"',
        "openpay: fixture: create paylink",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the provider that is changed is taken from."""
    return tmp_path_factory.mktemp("providers")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Suite]:
    with Suite(["bitgpt", "openpay"], plugin_path=[folder]) as suite:
        yield suite


@pytest.fixture
def fresh(running: Suite, folder: Path) -> Suite:
    """The suite with providers that nobody changed yet."""
    for provider in running.providers:
        shutil.copytree(PROVIDERS / provider, folder / provider, dirs_exist_ok=True)
    running.forget()
    return running


def case_named(suite: Suite, name: str) -> Case:
    (case,) = [case for case in suite.cases() if case.name == name]
    return case


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_noticed(name: str, fresh: Suite, folder: Path) -> None:
    file, text, other, noticed = MUTATIONS[name]
    path = folder / file
    source = path.read_text()
    assert text in source, "the mutation has lost its place"
    case = case_named(fresh, noticed)
    assert fresh.run(case) is None
    path.write_text(source.replace(text, other))
    fresh.forget()
    assert fresh.run(case) is not None


def test_a_secret_that_is_seen_is_noticed(fresh: Suite) -> None:
    """The core hides secrets by itself; so what is looked for is changed, not what is shown."""
    case = case_named(fresh, "openpay: secret: a payment link is paid")
    assert fresh.run(case) is None
    fresh.forget()
    fresh.bench("openpay").secret_settings = lambda: ["1234"]  # type: ignore[method-assign]  # the reference
    assert fresh.run(case) == "a secret is seen in payments.create"


def test_a_provider_without_a_simulator_is_examined_as_far_as_that_goes(tmp_path: Path) -> None:
    shutil.copytree(PROVIDERS / "openpay", tmp_path / "acme")
    manifest = tmp_path / "acme" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"id": "openpay"', '"id": "acme"'))
    with Suite(["acme"], plugin_path=[tmp_path]) as suite:
        assert {case.check for case in suite.cases()} == {"absent", "path", "fixture"}
        assert [suite.run(case) for case in suite.cases()] == [None] * len(suite.cases())
        case = case_named(suite, "acme: absent: rates.list")
        script = tmp_path / "acme" / "provider.lua"
        script.write_text(script.read_text().replace('http.post("/paylinks"', 'http.post("/paylink"'))
        suite.forget()
        assert suite.run(case) is None
        assert suite.run(case_named(suite, "acme: fixture: create paylink")) is not None


@pytest.mark.parametrize("end", [{"output": {"ok": True}}, {"exchanges": [], "error": {"kind": "NotFound"}}])
def test_what_only_has_the_name_of_an_error_is_no_refusal(end: dict[str, object], tmp_path: Path) -> None:
    shutil.copytree(PROVIDERS / "openpay", tmp_path / "openpay")
    sample = json.loads((tmp_path / "openpay" / "fixtures" / "check.json").read_text())
    sample |= {"name": "error that is none", **end}
    (tmp_path / "openpay" / "fixtures" / "error_that_is_none.json").write_text(json.dumps(sample))
    cases = Suite(["openpay"], plugin_path=[tmp_path]).cases()
    assert [case for case in cases if case.check == "error" and "none" in case.item] == []
