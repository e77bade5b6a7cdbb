"""The checks themselves: each notices a provider that does the one thing that it is there for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from till.conformance import Suite

PROVIDERS = Path(__file__).parents[2] / "plugins" / "providers"

# What is changed in OpenPay's files, and the cases that must fail then.
MUTATIONS = {
    "a capability does not work": (
        "provider.lua",
        'http.post("/paylinks"',
        'http.post("/paylink"',
        "openpay: capability: a payment link is paid",
    ),
    "a reason is left out": (
        "manifest.json",
        '"rates.list": "OpenPay takes BZD and USD only and documents no exchange rates.",',
        "",
        "openpay: absent: rates.list",
    ),
    "an amount is in cents": (
        "provider.lua",
        '"amount", money.decimal(input.amount)',
        '"amount", money.minor(input.amount)',
        "openpay: amount: 48.25 USD",
    ),
    "a word has another meaning": (
        "provider.lua",
        'return total.waiting and "processing"',
        'return total.waiting and "requires_action"',
        "openpay: state: /data/0/status 'pending' is processing",
    ),
    "an unknown word is paid": (
        "provider.lua",
        '(transaction.status == "completed" or',
        '(transaction.status ~= "failed" or',
        "openpay: state: /data/0/status of another kind is never paid",
    ),
    "a refusal is of another class": (
        "manifest.json",
        '{"status": 401, "kind": "AuthenticationError"}',
        '{"status": 401, "kind": "NotFound"}',
        "openpay: error: error 401, of a read",
    ),
    "a reply of another shape breaks the script": (
        "provider.lua",
        "integer(object(reply.json.pagination).total_pages) or 1",
        "object(reply.json.pagination).total_pages or 1",
        "openpay: reply: every member of payments.get drifts",
    ),
    "a write is said to change nothing": (
        "provider.lua",
        'http.post("/paylinks", {json',
        'http.post("/paylinks", {read = true, json',
        "openpay: write: payments.create, answer lost",
    ),
    "a fixture is not what is sent": (
        "provider.lua",
        '"description", description_of(input),\n    "customer_name"',
        '"customer_name"',
        "openpay: fixture: create paylink",
    ),
}


@pytest.fixture
def providers(tmp_path: Path) -> Path:
    """A copy of the providers that may be changed."""
    shutil.copytree(PROVIDERS / "openpay", tmp_path / "openpay")
    return tmp_path


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_noticed(name: str, providers: Path) -> None:
    file, text, other, noticed = MUTATIONS[name]
    path = providers / "openpay" / file
    source = path.read_text()
    assert text in source, "the mutation has lost its place"
    with Suite(["openpay"], plugin_path=[providers]) as suite:
        (case,) = [case for case in suite.cases() if case.name == noticed]
        assert suite.run(case) is None
        path.write_text(source.replace(text, other))
        suite.forget()
        assert suite.run(case) is not None


def test_a_secret_in_the_store_is_noticed(providers: Path) -> None:
    """The core hides secrets by itself; so what is hidden is changed, not who hides it."""
    with Suite(["openpay"], plugin_path=[providers]) as suite:
        (case,) = [case for case in suite.cases() if case.name == "openpay: secret: a payment link is paid"]
        assert suite.run(case) is None
        suite.forget()
        bench = suite.bench("openpay")
        bench.secret_settings = lambda: ["1234"]  # the reference
        assert suite.run(case) == "a secret is seen in payments.create"
