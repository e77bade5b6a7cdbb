"""`till plugin new`, `check`, `test` and `run`: from nothing to a plugin that works."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import till
from plugin_service import KEY, PluginService
from till.cli import main
from till.cli._explain import explained
from till.cli._json_lines import Lines, line_of, lines_of

OPENPAY = Path(__file__).resolve().parents[2] / "plugins" / "providers" / "openpay"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    folder = tmp_path / "mypay"
    assert main(["plugin", "new", str(folder)]) == 0
    return folder


@pytest.fixture
def service() -> Iterator[PluginService]:
    with PluginService() as running:
        yield running


def change(file: Path, part: str, by: str) -> None:
    text = file.read_text()
    assert part in text
    file.write_text(text.replace(part, by, 1))


def check_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    status = main(["plugin", "check", str(folder), "--json"])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return status, found


def check(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """Without the advice that every new plugin has."""
    status, found = check_all(folder, capsys)
    return status, [one for one in found if one["code"] not in ("unchanged", "example_host")]


def test_a_new_plugin_passes_its_test_at_once(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = check_all(plugin, capsys)
    assert (status, [one["place"] for one in found]) == (
        0,
        [
            "$.summary",
            "$.homepage",
            "$.documentation[0]",
            "$.absent",
            "$.modes.live.base_url",
            "$.modes.test.base_url",
            "$.hosts[0]",
            "$.hosts[1]",
        ],
    )
    assert {one["error"] for one in found} == {False}
    assert main(["plugin", "test", str(plugin)]) == 0
    out = capsys.readouterr().out
    assert "test: 6 fixtures passed, 0 problems" in out
    assert "cases passed, 0 failed" in out


@pytest.mark.parametrize("name", ["My-Pay", "1pay", "a", "x" * 33])
def test_a_name_that_is_no_id_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "new", str(tmp_path / name)]) == 2
    assert "a plugin's id is" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_what_is_there_is_not_overwritten(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "new", str(plugin)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_several_mistakes_are_told_at_once_with_lines_and_help(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(plugin / "manifest.json", '"homepage"', '"homapage"')
    change(plugin / "manifest.json", '"version": "0.1.0"', '"version": "1"')
    change(plugin / "provider.lua", "money.of", "mony.of")
    change(plugin / "provider.lua", "{ok = true}", '{ok = true, detail = string.format("a")}')
    (plugin / "README.md").unlink()
    status, found = check(plugin, capsys)
    assert status == 1
    assert [(one["file"], one["line"], one["code"]) for one in found] == [
        ("README.md", 1, "no_readme"),
        ("manifest.json", 4, "manifest"),
        ("manifest.json", 7, "manifest"),
        ("provider.lua", 15, "unknown_global"),
        ("provider.lua", 38, "unknown_function"),
    ]
    assert found[3]["help"] == "did you mean `money`?"
    assert "homepage" in found[2]["message"]


def test_findings_are_lines_for_people(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(plugin / "provider.lua", "local STATUS", "local local STATUS")
    assert main(["plugin", "check", str(plugin)]) == 1
    out = capsys.readouterr().out
    assert "provider.lua:5: error: " in out
    assert "[script_syntax]" in out
    assert "check: 1 error, " in out


def test_fault_of_syntax_in_the_manifest_has_its_line(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(plugin / "manifest.json", '"version": "0.1.0",', '"version": "0.1.0"')
    assert main(["plugin", "check", str(plugin)]) == 1
    lines = (plugin / "manifest.json").read_text(encoding="utf-8").splitlines()
    after = next(at for at, line in enumerate(lines, 1) if '"version"' in line) + 1
    assert f"manifest.json:{after}: error: " in capsys.readouterr().out


def test_a_folder_of_another_name_is_told(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = plugin.rename(plugin.parent / "other")
    status, found = check(other, capsys)
    assert (status, [one["code"] for one in found]) == (1, ["wrong_folder"])


def test_a_difference_to_the_documentation_is_told_with_its_place(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(plugin / "provider.lua", '"order_id", input.reference', '"order", input.reference')
    capsys.readouterr()
    assert main(["plugin", "test", str(plugin)]) == 1
    out = capsys.readouterr().out
    assert "FAIL create_payment.json: create a payment" in out
    assert "$.exchanges[0].request.json.order_id: is missing" in out
    assert "test: 5 fixtures passed, 1 problems" in out


def test_one_error_is_told_once_for_each_fixture(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(plugin / "provider.lua", "input.amount", "input.amont")
    capsys.readouterr()
    assert main(["plugin", "test", str(plugin)]) == 1
    out = capsys.readouterr().out
    failed = out.partition("FAIL create_payment.json")[2].partition("FAIL")[0]
    assert failed.count("script_error") == 1
    assert "$.exchanges[0]: is never reached: PluginError script_error: " in failed
    assert "(and 1 more for this reason)" in failed
    assert main(["plugin", "test", str(plugin), "--json"]) == 1
    played = json.loads(capsys.readouterr().out)["fixtures"]
    (created,) = [one for one in played if one["file"] == "create_payment.json"]
    assert [one["place"] for one in created["differences"]] == ["$.exchanges[0]", "$.output"]


def test_differences_of_their_own_are_all_told(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fixture = plugin / "fixtures" / "get_payment_paid.json"
    document = json.loads(fixture.read_text())
    document["output"] |= {"status": "failed", "reference": "another"}
    fixture.write_text(json.dumps(document))
    capsys.readouterr()
    assert main(["plugin", "test", str(plugin)]) == 1
    out = capsys.readouterr().out
    assert "    $.output.status: " in out and "    $.output.reference: " in out
    assert "for this reason" not in out


def test_what_no_fixture_shows_is_a_problem(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (plugin / "fixtures" / "get_payment_paid.json").unlink()
    change(plugin / "fixtures" / "check.json", '"name": "check"', '"name": "native: account"')
    capsys.readouterr()
    assert main(["plugin", "test", str(plugin), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["passed"], report["failed"]) == (False, 5, 0)
    assert report["problems"] == [
        "no fixture shows how payments.get ends well",
        "more than one fixture has the name 'native: account'",
    ]


def test_a_fixture_that_is_no_json_is_a_difference(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (plugin / "fixtures" / "broken.json").write_text("{")
    assert main(["plugin", "test", str(plugin)]) == 1
    assert "FAIL broken.json" in capsys.readouterr().out


def test_fixtures_wait_for_a_plugin_without_errors(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(plugin / "provider.lua", "money.of", "mony.of")
    assert main(["plugin", "test", str(plugin)]) == 1
    assert "wait until the check has no error" in capsys.readouterr().out


def test_shipped_providers_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "test", str(OPENPAY)]) == 0, capsys.readouterr().out


def test_a_service_with_a_simulator_is_examined_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "openpay"
    shutil.copytree(OPENPAY, folder)
    change(folder / "manifest.json", '401, "kind": "AuthenticationError"', '401, "kind": "NotFound"')
    assert main(["plugin", "test", str(folder), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    wrong = [case for case in report["cases"] if case["problem"]]
    assert ("error", "error 401, of a read") in [(case["check"], case["item"]) for case in wrong]


def test_an_operation_runs_against_a_server(
    plugin: Path, service: PluginService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    place = ["--base-url", service.url, "--set", f"api_key=@{tmp_path / 'key'}"]
    given = '{"amount": {"amount": "48.25", "currency": "EUR"}, "reference": "order-7"}'
    capsys.readouterr()
    assert main(["plugin", "run", str(plugin), "payments.create", *place, "--input", given]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["status"], made["amount"]["amount"], made["reference"]) == ("pending", "48.25", "order-7")

    (tmp_path / "input.json").write_text(json.dumps({"provider_id": made["provider_id"]}))
    given = f"@{tmp_path / 'input.json'}"
    assert main(["plugin", "run", str(plugin), "payments.get", *place, "--input", given]) == 0
    assert json.loads(capsys.readouterr().out)["reference"] == "order-7"


def test_a_trace_shows_requests_and_replies_but_no_secret(
    plugin: Path, service: PluginService, capsys: pytest.CaptureFixture[str]
) -> None:
    change(plugin / "manifest.json", '"errors": {', '"reply_secrets": ["token"],\n  "errors": {')
    place = ["--base-url", service.url, "--set", f"api_key={KEY}"]
    assert main(["plugin", "run", str(plugin), "native.GET /account", *place, "--trace"]) == 0
    done = capsys.readouterr()
    assert f"> GET {service.url}/account" in done.err
    assert "> Authorization: Bearer [secret]" in done.err
    assert "< 200" in done.err
    assert "The shop" in done.err
    for secret in (KEY, "HUSHHUSH"):
        assert secret not in done.err


@pytest.mark.parametrize("trace", [[], ["--trace"]])
def test_a_run_that_fails_says_why(
    trace: list[str], plugin: Path, service: PluginService, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--base-url", service.url, "--set", "api_key=sk_live_WRONG"]
    capsys.readouterr()
    assert main(["plugin", "run", str(plugin), "check", *place, "--json", *trace]) == 1
    error = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (error["error"], error["provider_code"]) == ("AuthenticationError", "bad_key")


@pytest.mark.parametrize(
    ("operation", "given", "message"),
    [
        ("payments.get", {"ID": "p1"}, "$.ID: unknown member; allowed: `id` or `provider_id`."),
        ("payments.get", {"payment_id": "p1"}, "$.payment_id: unknown member"),
        ("payments.create", {"amount": {"amount": "1.001", "currency": "EUR"}}, "$.amount.amount: EUR has 2"),
        ("check", {}, "This key is unknown."),
    ],
)
def test_a_run_speaks_of_its_input_and_of_no_other_commands_flags(
    plugin: Path,
    service: PluginService,
    capsys: pytest.CaptureFixture[str],
    operation: str,
    given: dict[str, Any],
    message: str,
) -> None:
    place = ["--base-url", service.url, "--set", "api_key=sk_live_WRONG"]
    capsys.readouterr()
    assert main(["plugin", "run", str(plugin), operation, *place, "--input", json.dumps(given)]) != 0
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_run_that_nobody_answered_names_no_other_commands_flags() -> None:
    told = explained(till.OutcomeUnknown("no answer", payment_id="pay_1"), Namespace(input="{}"))
    assert "look at the service before you run this again" in told
    assert "--idempotency-key" not in told
    assert "--idempotency-key" in explained(till.OutcomeUnknown("no answer"), Namespace(provider="openpay"))


def test_a_store_keeps_a_payment_for_the_next_run(
    plugin: Path, service: PluginService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--base-url", service.url, "--set", f"api_key={KEY}", "--store", str(tmp_path / "till.sqlite3")]
    given = '{"amount": {"amount": "48.25", "currency": "EUR"}}'
    capsys.readouterr()
    assert main(["plugin", "run", str(plugin), "payments.create", *place, "--input", given]) == 0
    ours = {"id": json.loads(capsys.readouterr().out)["id"]}
    assert main(["plugin", "run", str(plugin), "payments.get", *place, "--input", json.dumps(ours)]) == 0
    assert json.loads(capsys.readouterr().out)["provider_id"] == "p1"
    assert main(["plugin", "run", str(plugin), "payments.get", *place[:4], "--input", json.dumps(ours)]) == 1
    assert "$.id: this gateway's store has no such payment" in capsys.readouterr().err


def test_nobody_there_is_told_in_a_trace(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--base-url", "http://127.0.0.1:1", "--set", f"api_key={KEY}"]
    assert main(["plugin", "run", str(plugin), "check", *place, "--trace"]) == 1
    assert "< no answer:" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["[]", "{", "@nothing.json"])
def test_an_input_that_is_no_object_is_refused(
    given: str, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["plugin", "run", str(plugin), "check", "--set", f"api_key={KEY}", "--input", given]
    assert main(arguments) == 2
    assert "input" in capsys.readouterr().err


def test_lines_of_places_in_json() -> None:
    lines = lines_of('{\n "a": {"b": [\n  1,\n  {"c d": 2}]},\n "e": "x:,}\\"{"\n}')
    wanted = {"$": 1, "$.a": 2, "$.a.b": 2, "$.a.b[0]": 3, "$.a.b[1]": 4, '$.a.b[1]."c d"': 4, "$.e": 5}
    assert {place: line_of(place, lines) for place in wanted} == wanted
    assert line_of('$.a.b[1]."not there"', lines) == 4
    assert [line_of(place, lines) for place in ("$.gone.deep", "", "provider.lua")] == [1, 1, 1]


def test_lines_of_what_is_no_json_are_those_up_to_the_mistake() -> None:
    assert line_of("$.b[0]", lines_of('{"a": 1,\n "b": [1,')) == 2
    assert line_of("$.b", lines_of('{1: 2,\n "b": 2, "')) == 2


class Looked(str):
    """A text that knows how much of it newlines were counted in."""

    characters = 0

    def count(self, part: str, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        end = len(self) if end is None else end
        self.characters += end - start
        return super().count(part, start, end)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "[" * (1 << 18),
        "[" + "1," * (1 << 17),
        '{"' + "k" * (1 << 17) + '": [' + "1," * (1 << 16),
        '"' + '\\"' * (1 << 17),
    ],
    ids=["deep", "flat", "long name", "escapes"],
)
def test_lines_take_time_and_memory_by_the_size_of_the_text(text: str) -> None:
    looked = Looked(text)
    tracemalloc.start()
    try:
        lines_of(looked)
        assert tracemalloc.get_traced_memory()[1] < 1024 * len(text)
    finally:
        tracemalloc.stop()
    assert looked.characters <= len(text)


@pytest.mark.parametrize("manifest", ["[" * 20_000, "[\n" * (1 << 18)], ids=["too deep", "too long"])
def test_a_manifest_that_the_core_will_not_read_is_a_finding(
    manifest: str, plugin: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read: list[int] = []
    monkeypatch.setattr("till.cli.plugin_check.lines_of", lambda text: read.append(len(text)) or Lines(1))
    (plugin / "manifest.json").write_text(manifest)
    status, found = check(plugin, capsys)
    assert (status, [one["file"] for one in found]) == (1, ["manifest.json"])
    assert [size for size in read if size > 256 << 10] == []


SLIPS: dict[str, Callable[[dict[str, Any]], object]] = {
    "an exchange without its reply": lambda fixture: fixture["exchanges"][0].pop("reply"),
    "exchanges that are null": lambda fixture: fixture.update(exchanges=None),
    "exchanges that are an object": lambda fixture: fixture.update(exchanges={}),
    "settings that are a list": lambda fixture: fixture.update(settings=[]),
    "settings of another plugin": lambda fixture: fixture.update(settings={"merchant": "7"}),
    "an operation that is a number": lambda fixture: fixture.update(operation=7),
    "no operation": lambda fixture: fixture.pop("operation"),
    "an input that is text": lambda fixture: fixture.update(input="p1"),
    "a path that is null": lambda fixture: fixture["exchanges"][0]["request"].update(path=None),
    "no name": lambda fixture: fixture.pop("name"),
    "no end": lambda fixture: fixture.pop("output"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_in_a_fixture_is_a_difference(
    name: str, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = plugin / "fixtures" / "get_payment_paid.json"
    fixture = json.loads(path.read_text())
    SLIPS[name](fixture)
    path.write_text(json.dumps(fixture))
    capsys.readouterr()
    assert main(["plugin", "test", str(plugin)]) == 1
    out = capsys.readouterr().out
    assert "FAIL get_payment_paid.json: " in out
    assert "conformance: waits until every fixture can be played" in out


@pytest.mark.parametrize("text", ["[]", "7", "{", '"text"', '{"now": 1E99999999999999999999}'])
def test_a_fixture_that_cannot_be_read_is_a_difference(
    text: str, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (plugin / "fixtures" / "get_payment_paid.json").write_text(text)
    assert main(["plugin", "test", str(plugin)]) == 1
    out = capsys.readouterr().out
    assert "FAIL get_payment_paid.json: " in out
    assert "conformance: waits until every fixture can be played" in out


def test_a_fixture_that_differs_does_not_hold_up_the_conformance_suite(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(plugin / "fixtures" / "get_payment_paid.json", '"status": "paid"', '"status": "pending"')
    assert main(["plugin", "test", str(plugin)]) == 1
    out = capsys.readouterr().out
    assert "FAIL get_payment_paid.json: " in out
    assert "cases passed, 0 failed" in out
