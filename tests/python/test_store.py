"""Looking after a store: how much there is, what may go, and all of it as JSON lines."""

from __future__ import annotations

import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import till
from till import cli

YEAR = timedelta(days=365)


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "till.sqlite3")


@pytest.fixture
def kept(place: str) -> till.Store:
    """A store with one payment that was refused, one write forgotten by that, and one event that waits."""
    runtime = till.Runtime(store=place)
    shop = till.Gateway("openpay", {"api_key": "sk_test_abcdefgh"}, mode="test", runtime=runtime)
    exchange = shop.exchange("payments.create", {"amount": till.Money("10", "BZD"), "reference": "o-1"})
    exchange.reply(400, [], b'{"message": "no"}')
    with pytest.raises(till.TillError):
        exchange.result()
    return runtime.store


def run(*arguments: str) -> int:
    return cli.main(["store", *arguments])


def test_info_counts_what_is_kept_and_what_is_open(kept: till.Store, place: str) -> None:
    info = kept.info()
    assert (info.place, info.kind, info.payments, info.events) == (place, "sqlite", 1, 1)
    assert info.bytes > 0
    assert info.open[0].events_waiting == 1
    assert info.open[0].oldest_event_at is not None


def test_nothing_that_waits_is_pruned(kept: till.Store) -> None:
    assert kept.prune(payments=timedelta(0), events=timedelta(0), writes=timedelta(0)).total == 0
    assert kept.info().payments == 1


def test_young_webhooks_are_not_forgotten_by_accident(kept: till.Store) -> None:
    with pytest.raises(till.InvalidRequest) as refused:
        kept.prune(webhooks=timedelta(days=29))
    assert (refused.value.code, refused.value.field) == ("webhooks_too_young", "$.webhooks")
    assert kept.prune(webhooks=timedelta(days=30)).total == 0
    assert kept.prune(webhooks=timedelta(0), forget_webhooks=True).total == 0


def test_an_age_is_a_span_of_time(kept: till.Store) -> None:
    with pytest.raises(TypeError):
        kept.prune(payments=90)  # type: ignore[arg-type]


def test_the_history_is_exported_record_by_record(kept: till.Store) -> None:
    records = list(kept.export())
    assert [kind for kind, _ in records] == ["payments", "events"]
    assert records[0][1]["reference"] == "o-1"
    assert list(kept.export("writes")) == []


def test_the_store_shows_no_password() -> None:
    runtime = till.Runtime(store="postgresql://till:open-sesame@127.0.0.1:1/shop?sslpassword=open-sesame")
    for shown in (runtime.store.place, str(runtime.store), repr(runtime.store), repr(runtime)):
        assert "postgresql://till:***@127.0.0.1:1/shop" in shown
        assert "open-sesame" not in shown


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(till.TillError) as refused:
        till.Runtime(store="postgresql://till:open-sesame@127.0.0.1:1/shop").store.info()
    assert refused.value.code == "store_unreachable"
    assert refused.value.retryable
    assert "open-sesame" not in str(refused.value)


def test_info_on_the_command_line(kept: till.Store, place: str, capsys: Any) -> None:
    assert run("info", "--store", place) == 0
    assert "1 payments, 1 events" in capsys.readouterr().out
    assert run("info", "--store", place, "--json") == 0
    assert json.loads(capsys.readouterr().out)["payments"] == 1


@pytest.mark.parametrize("command", [["info"], ["export", "-"], ["prune", "--older-than", "90d"]])
def test_a_store_that_is_not_there_is_named_and_not_made(place: str, capsys: Any, command: list[str]) -> None:
    assert run(*command, "--store", place) == 2
    assert f"there is no store at {place}" in capsys.readouterr().err
    assert not Path(place).exists()
    assert run("info", "--store", f"sqlite:{place}") == 2
    assert run("info", "--store", "memory") == 0


def test_pruning_on_the_command_line_needs_an_age(place: str, capsys: Any) -> None:
    assert run("prune", "--store", place) == 2
    assert "--older-than" in capsys.readouterr().err
    for no_age in ("soon", "6m"):  # nobody keeps books for minutes, and some mean months
        assert run("prune", "--store", place, "--older-than", no_age) == 2


def test_pruning_on_the_command_line_keeps_to_the_policy_of_each_kind(
    kept: till.Store, place: str, capsys: Any
) -> None:
    assert run("prune", "--store", place, "--older-than", "1d") == 2, "webhooks of the last 30 days"
    told = capsys.readouterr().err
    assert "InvalidRequest: --webhooks: " in told and "say --forget-webhooks" in told
    assert "`--webhooks never`" in told and "$." not in told
    assert run("prune", "--store", place, "--older-than", "1d", "--dry-run", "--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["webhooks"] == 0 and printed.err == ""
    assert run("prune", "--store", place, "--older-than", "1d", "--dry-run") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("would go: ") and "--webhooks never" in printed.err
    sure = ["--older-than", "1d", "--forget-webhooks", "--dry-run"]
    assert run("prune", "--store", place, *sure) == 0
    assert capsys.readouterr().err == ""
    assert run("prune", "--store", place, "--webhooks", "0d") == 2, "an age of 0 is an age"
    assert "--forget-webhooks" in capsys.readouterr().err
    assert run("prune", "--store", place, "--payments", "101y") == 2
    assert "--payments: an age is at most 100y" in capsys.readouterr().err
    assert run("prune", "--store", place, "--older-than", "1d", "--webhooks", "never", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"payments": 0, "events": 0, "writes": 0, "webhooks": 0}


def test_an_export_is_a_file_of_json_lines_for_its_owner_alone(
    kept: till.Store, place: str, tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "history.jsonl"
    assert run("export", "--store", place, str(file)) == 0
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [line["kind"] for line in lines] == ["payments", "events"]
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert "2 records" in capsys.readouterr().err
    assert run("export", "--store", place, str(file)) == 2, "a file is never replaced"
    assert run("export", "--store", place, "-", "--kind", "payments") == 0
    assert json.loads(capsys.readouterr().out)["record"]["reference"] == "o-1"
