"""The core's table of operations is the one that docs/schemas and docs/host-api.md describe."""

import json
from pathlib import Path
from typing import Any

import pytest

from till import _native

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = {
    path.name: json.loads(path.read_text("utf-8")) for path in (ROOT / "docs" / "schemas").glob("*.json")
}
OPERATIONS: dict[str, Any] = {entry["name"]: entry for entry in json.loads(_native.operations())}
LOCAL: dict[str, Any] = {entry["name"]: entry for entry in json.loads(_native.local_operations())}
CALLED = {name: entry for name, entry in OPERATIONS.items() if entry["input"] is not None}
# What docs/schemas calls that which an operation gives. Payments and refunds are not among them: the core
# makes those itself from what a script returns.
RESULTS = {
    "rates.get": "rate.json",
    "rates.list": "rate.json",
    "currencies.list": "currency.json",
    "ledgers.list": "ledger.json",
    "ledgers.entries": "ledger_entry.json",
    "cards.verify": "card_verification.json",
    "cards.confirm": "card_verification.json",
    "tokens.create": "token.json",
    "tokens.approve": "token.json",
    "check": "check.json",
}


def plain(schema: dict[str, Any]) -> dict[str, Any]:
    """What a schema demands, without its words, without null, and with references followed."""
    if "$ref" in schema:
        file, _, pointer = schema["$ref"].partition("#")
        target = SCHEMAS[file]
        for step in pointer.split("/")[1:]:
            target = target[step]
        return {"money": True} if file == "money.json" else plain(target)
    for inner in [*schema.get("anyOf", []), *schema.get("allOf", [])]:
        if inner != {"type": "null"}:
            return plain(inner)
    members = schema.get("properties", {})
    if members.keys() == {"amount", "currency"}:
        return {"money": True}
    types = schema.get("type", [])
    kept = ("minLength", "maxLength", "minimum", "maximum", "format", "required")
    demands = {key: schema[key] for key in kept if key in schema}
    demands["type"] = [name for name in ([types] if isinstance(types, str) else types) if name != "null"]
    demands["properties"] = {name: plain(inner) for name, inner in members.items()}
    return demands


@pytest.mark.parametrize("name", CALLED)
def test_an_input_is_described_as_the_core_checks_it(name: str) -> None:
    checked = OPERATIONS[name]
    if not checked["input"]["properties"]:
        return  # it takes nothing but options
    schema = SCHEMAS[f"{name}.json"]
    known = {"options"}
    known |= {"idempotency_key"} if checked["write"] else set()
    known |= {"card"} if checked["card"] != "none" else set()
    assert schema["properties"].keys() == checked["input"]["properties"].keys() | known
    for member, inner in checked["input"]["properties"].items():
        assert plain(schema["properties"][member]) == plain(inner), member
    needed = {"card"} if checked["card"] == "required" else set()
    assert {*schema.get("required", [])} == {*checked["input"].get("required", [])} | needed


@pytest.mark.parametrize("name", LOCAL)
def test_an_input_of_a_local_operation_is_described_as_the_core_checks_it(name: str) -> None:
    checked, schema = LOCAL[name]["input"], SCHEMAS[f"{name}.json"]
    assert schema["properties"].keys() == checked["properties"].keys()
    for member, inner in checked["properties"].items():
        assert plain(schema["properties"][member]) == plain(inner), member
        words = {*schema["properties"][member].get("enum", [])} - {None}
        assert words == {*inner.get("enum", [])}, member
    assert {*schema.get("required", [])} == {*checked.get("required", [])}


def test_local_operations_are_no_providers_business() -> None:
    assert not LOCAL.keys() & OPERATIONS.keys()


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_described_as_the_core_checks_it(name: str) -> None:
    checked = OPERATIONS[name]["output"]
    if "items" in checked["properties"]:
        assert checked["properties"].keys() == SCHEMAS["page.json"]["properties"].keys()
        checked = checked["properties"]["items"]["items"]
    schema = SCHEMAS[RESULTS[name]]
    assert schema["additionalProperties"] is checked["additionalProperties"] is False
    assert schema["properties"].keys() == checked["properties"].keys()
    assert {*schema.get("required", [])} == {*checked.get("required", [])}


@pytest.mark.parametrize(
    ("name", "schema"), [("payments.get", "payment.json"), ("refunds.get", "refund.json")]
)
def test_what_the_core_makes_a_record_of_is_in_the_record(name: str, schema: str) -> None:
    returned, record = OPERATIONS[name]["output"]["properties"], SCHEMAS[schema]["properties"]
    assert returned.keys() - {"state", "account"} <= record.keys()
    assert returned["status"]["enum"] == record["status"]["enum"]


def rows_of_the_host_api() -> dict[str, list[str]]:
    """The table of docs/host-api.md: operation -> its other cells."""
    lines = (ROOT / "docs" / "host-api.md").read_text("utf-8").splitlines()
    rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `"))
    return {row[0].split("`")[1]: row for row in rows if row[0].split("`")[1] in OPERATIONS}


def words(cell: str) -> set[str]:
    return {part for index, part in enumerate(cell.split("`")) if index % 2}


@pytest.mark.parametrize("name", CALLED)
def test_the_host_api_says_what_a_function_is_given_and_returns(name: str) -> None:
    first, taken, must, may = rows_of_the_host_api()[name]
    entry, output = OPERATIONS[name], OPERATIONS[name]["output"]
    assert ("page" in first) == ("items" in output["properties"])
    if "items" in output["properties"]:
        output = output["properties"]["items"]["items"]
    needed = {*output.get("required", [])}
    given = {*entry["input"]["properties"], *(["card"] if entry["card"] != "none" else [])}
    is_read_page_by_page = "page" in first and not entry["write"]
    assert words(taken) == given | ({"cursor"} if is_read_page_by_page else set())
    assert words(must) == needed
    allowed = words(may) - OPERATIONS.keys()
    for other in words(may) & OPERATIONS.keys():  # "as `payments.create`"
        allowed |= words(rows_of_the_host_api()[other][3])
    assert allowed - needed == {*output["properties"]} - needed
