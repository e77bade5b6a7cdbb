"""The published JSON Schemas: valid, true to their examples, and met by every manifest that ships."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "docs" / "schemas").glob("*.json"))
SCHEMAS = {path.name: json.loads(path.read_text("utf-8")) for path in FILES}
FIXTURES = sorted((ROOT / "plugins" / "providers").glob("*/fixtures/*.json"))
MANIFESTS = sorted((ROOT / "plugins" / "providers").glob("*/manifest.json"))
# What each operation gives; a list gives a page of it.
RESULTS = {
    "payments.create": "payment",
    "payments.get": "payment",
    "payments.list": "payment",
    "payments.cancel": "payment",
    "payments.accept": "payment",
    "refunds.create": "refund",
    "refunds.get": "refund",
    "refunds.list": "refund",
    "rates.get": "rate",
    "rates.list": "rate",
    "currencies.list": "currency",
    "ledgers.list": "ledger",
    "ledgers.entries": "ledger_entry",
    "cards.verify": "card_verification",
    "cards.confirm": "card_verification",
    "tokens.create": "token",
    "tokens.approve": "token",
    "check": "check",
}
PAGES = {operation for operation in RESULTS if operation.endswith((".list", ".entries", ".approve"))}
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name], registry=REGISTRY)


def embedded_examples(schema: Any, path: str = "#") -> Iterator[tuple[str, Any, Any]]:
    """Each schema inside `schema` that has examples: where it stands, itself, the example."""
    if not isinstance(schema, dict):
        return
    for example in schema.get("examples", []):
        yield path, schema, example
    for group in ("properties", "$defs"):
        for key, inner in schema.get(group, {}).items():
            yield from embedded_examples(inner, f"{path}/{group}/{key}")
    for key in ("items", "additionalProperties"):
        yield from embedded_examples(schema.get(key), f"{path}/{key}")
    for group in ("anyOf", "allOf", "oneOf"):
        for index, inner in enumerate(schema.get(group, [])):
            yield from embedded_examples(inner, f"{path}/{group}/{index}")


def test_the_promised_schemas_are_there() -> None:
    shapes = {"manifest.json", "money.json", "payment.json", "refund.json", "error.json", "page.json"}
    assert shapes | {f"{name}.json" for name in RESULTS.values()} <= SCHEMAS.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_and_described(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == name
    assert schema["title"] and schema["description"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_examples_validate(name: str) -> None:
    found = list(embedded_examples(SCHEMAS[name]))
    assert found
    for path, schema, example in found:
        rooted = {"$id": name, "$defs": SCHEMAS[name].get("$defs", {}), **schema}
        errors = list(Draft202012Validator(rooted, registry=REGISTRY).iter_errors(example))
        assert not errors, f"{name} {path}: {errors}"


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_shipped_manifest_validates(path: Path) -> None:
    manifest = json.loads(path.read_text("utf-8"))
    found = validator("manifest.json").iter_errors(manifest)
    errors = [f"{error.json_path}: {error.message}" for error in found]
    assert not errors


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_shipped_fixture_validates(path: Path) -> None:
    validator("fixture.json").validate(json.loads(path.read_text("utf-8")))


def test_manifests_are_found() -> None:
    assert {path.parent.name for path in MANIFESTS} >= {"openpay", "bitpay"}


GOOD: dict[str, Any] = {
    "manifest": 1,
    "id": "acme",
    "version": "1.0.0",
    "name": "Acme",
    "summary": "Cards.",
    "capabilities": {"payments.create": {"input": ["channel"]}, "check": {}},
    "native": {"POST /links": {"write": True, "summary": "Makes a link."}},
    "absent": {"refunds.create": "Not documented.", "webhooks": "Not documented."},
    "settings": {
        "type": "object",
        "properties": {"key": {"type": "string", "title": "Key", "description": "Yours.", "secret": True}},
        "additionalProperties": False,
    },
    "modes": {"live": {"base_url": "https://api.acme.example/v1", "wrong_prefixes": {"key": ["t_"]}}},
    "default_mode": "live",
    "hosts": ["api.acme.example"],
    "auth": {"scheme": "header", "header": "X-Key", "prefix": "", "secret": "key"},
    "headers": {"X-Version": "2"},
    "errors": {
        "rules": [{"status": [500, 599], "kind": "ProviderError"}],
        "message": ["/error"],
        "request_id_header": "",
    },
    "idempotency": None,
    "permissions": {"card_data": False},
}

FAULTS: list[tuple[list[str | int], Any]] = [
    (["sumary"], "x"),
    (["manifest"], 2),
    (["id"], "Acme"),
    (["version"], "1.0"),
    (["name"], ""),
    (["homepage"], "acme.example"),
    (["capabilities", "payment.create"], {}),
    (["capabilities", "check", "option"], {}),
    (["capabilities", "check", "input"], ["amount"]),
    (["capabilities", "check", "options"], {"type": "object"}),
    (["native", "POST /links"], {"write": True}),
    (["absent", "refund.create"], "x"),
    (["absent", "webhooks"], ""),
    (["settings", "additionalProperties"], True),
    (["settings", "properties", "mode"], {"type": "string", "title": "M", "description": "M"}),
    (["settings", "properties", "rate_limit_wait_ms"], {"type": "integer", "title": "W", "description": "W"}),
    (["settings", "properties", "key", "title"], ""),
    (["settings", "properties", "key", "default"], "x"),
    (["settings", "properties", "key", "pattern"], "^a"),
    (["settings", "properties", "key", "type"], ["string", "null"]),
    (["modes", "live", "base_url"], "http://api.acme.example"),
    (["modes", "live", "base_url"], "https://api.acme.example/"),
    (["modes", "live", "wrong_prefixes"], ["t_"]),
    (["modes", "live", "wrong_prefixes"], {"key": "t_"}),
    (["modes", "live", "wrong_prefixes"], {"key": [""]}),
    (["modes"], {}),
    (["hosts", 0], "https://api.acme.example"),
    (["hosts", 0], "*.acme.example"),
    (["hosts", 0], "10.0.0.1"),
    (["auth", "scheme"], "bearer"),
    (["auth", "header"], "content-LENGTH"),
    (["auth", "header"], "X Key"),
    (["auth", "prefix"], "a\r\nb"),
    (["auth", "prefix"], {"setting": "kind"}),
    (["auth", "prefix"], {"setting": "kind", "values": {}}),
    (["auth", "prefix"], {"setting": "kind", "values": {"a": " b"}}),
    (["auth"], {"scheme": "basic", "username": "key", "password": "key", "challenge_setting": True}),
    (["headers", "Authorization"], "x"),
    (["headers", "Host"], "x"),
    (["headers", "X-Version"], "a\nb"),
    (["script_headers"], ["transfer-encoding"]),
    (["errors", "rules", 0, "kind"], "OutcomeUnknown"),
    (["errors", "rules", 0, "status"], 99),
    (["errors", "rules", 0], {"kind": "NotFound"}),
    (["errors", "rules", 0, "range"], {}),
    (["errors", "rules", 0, "range"], {"/a": [1]}),
    (["errors", "rules", 0, "range"], {"a": [1, 2]}),
    (["errors", "fields"], ["error"]),
    (["errors", "message"], ["error"]),
    (["errors", "message"], ["/a~2"]),
    (["webhooks"], {"events": {}, "signed": True, "reason": "x"}),
    (["webhooks"], {"events": {}, "signed": False}),
    (["webhooks"], {"events": {}, "signed": True, "secret": "token"}),
    (["webhooks"], {"events": {}, "signed": False, "reason": "x", "secret": "token"}),
    (["webhooks"], {"events": {}, "signed": True, "secret": "token", "scheme": {"setting": "kind"}}),
    (["account"], {}),
    (["webhooks"], {"events": {"": "x"}, "signed": False, "reason": "x"}),
    (["rate_limit"], {"reset_header": "X-Reset"}),
    (["rate_limit"], {"reset_header": "X Reset", "reset_unit": "seconds"}),
    (["rate_limit"], {"reset_header": "X-Reset", "reset_unit": "minutes"}),
    (["idempotency"], {}),
    (["permissions"], True),
    (["permissions", "card_data"], "yes"),
]


def test_a_good_manifest_validates() -> None:
    assert not list(validator("manifest.json").iter_errors(GOOD))


@pytest.mark.parametrize(("place", "value"), FAULTS, ids=lambda part: json.dumps(part)[:60])
def test_one_fault_makes_a_manifest_invalid(place: list[str | int], value: Any) -> None:
    manifest = copy.deepcopy(GOOD)
    at: Any = manifest
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    assert list(validator("manifest.json").iter_errors(manifest))


@pytest.mark.parametrize(
    "key",
    [
        "manifest",
        "id",
        "version",
        "name",
        "summary",
        "capabilities",
        "settings",
        "modes",
        "default_mode",
        "hosts",
        "auth",
    ],
)
def test_a_manifest_needs_its_required_members(key: str) -> None:
    manifest = copy.deepcopy(GOOD)
    del manifest[key]
    assert list(validator("manifest.json").iter_errors(manifest))


@pytest.mark.parametrize("amount", [48.25, 48, "48,25", "1e3", "", ".5", "5.", "+1", None])
def test_money_is_decimal_text(amount: Any) -> None:
    assert list(validator("money.json").iter_errors({"amount": amount, "currency": "EUR"}))


def test_payment_names_every_member() -> None:
    schema = SCHEMAS["payment.json"]
    assert set(schema["required"]) == set(schema["properties"])


def results_of_fixtures() -> Iterator[Any]:
    """What the scripts gave and the core passes on unchanged: all but payments and refunds."""
    for path in FIXTURES:
        fixture = json.loads(path.read_text("utf-8"))
        kind = RESULTS.get(fixture["operation"])
        if kind in (None, "payment", "refund") or "output" not in fixture:
            continue
        name = f"{path.parents[1].name}-{path.stem}"
        yield pytest.param(fixture["operation"], kind, fixture["output"], id=name)


@pytest.mark.parametrize(("operation", "kind", "output"), [*results_of_fixtures()])
def test_what_a_script_gives_is_as_described(operation: str, kind: str, output: Any) -> None:
    if operation in PAGES:
        assert not list(validator("page.json").iter_errors(output))
    for item in output["items"] if operation in PAGES else [output]:
        assert not list(validator(f"{kind}.json").iter_errors(item))


def test_every_kind_of_result_is_met_by_a_fixture() -> None:
    assert {case.values[1] for case in results_of_fixtures()} == {*RESULTS.values()} - {"payment", "refund"}


@pytest.mark.parametrize("operation", ["payments.get", "payments.cancel", "payments.accept"])
@pytest.mark.parametrize("given", [{}, {"id": "a", "provider_id": "b"}, {"id": None}])
def test_a_payment_is_named_by_one_id(operation: str, given: Any) -> None:
    assert list(validator(f"{operation}.json").iter_errors(given))
