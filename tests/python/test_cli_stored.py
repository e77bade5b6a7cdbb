"""`till payments list --stored`, `show`, `reconcile`, and `till events`: the store's view."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import till
from till.cli import main
from till.sandbox import Sandbox
from till.testing import GatewayFactory, Payer

PRICE = till.Money("100.00", "BTN")


@pytest.fixture
def shop(till_gateway: GatewayFactory) -> till.Gateway:
    return till_gateway("globalpay")


@pytest.fixture
def run(
    till_sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Runs a command on the shop's account, secrets in the environment: the exit status, and the output."""
    place = till_sandbox.providers["globalpay"]
    for name, value in place.settings.items():
        monkeypatch.setenv(f"TILL_GLOBALPAY_{name.upper()}", value)
    account = ["--mode", "test", "--base-url", place.base_url, "--ca-file", till_sandbox.ca_file]

    def command(*arguments: str) -> tuple[int, str]:
        status = main([*arguments, *account, "--store", str(tmp_path / "till.sqlite3")])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return command


def pay(shop: till.Gateway, reference: str) -> till.Payment:
    return shop.payments.create(PRICE, reference=reference, options={"customerId": "cus_1"})


def lose(shop: till.Gateway, till_payer: Payer, reference: str, fault: str = "reset_after_read") -> str:
    """A payment whose answer was lost; its id."""
    control = till_payer.control("globalpay")
    control.fault(fault, count=0)
    with pytest.raises(till.OutcomeUnknown) as caught:
        pay(shop, reference)
    control.clear_faults()
    assert caught.value.payment_id
    return caught.value.payment_id


def as_json(answer: tuple[int, str]) -> Any:
    return json.loads(answer[1])


def test_the_stores_payments_are_listed_and_nobody_is_asked(
    shop: till.Gateway, till_payer: Payer, run: Callable[..., tuple[int, str]]
) -> None:
    first, second = pay(shop, "order-1"), pay(shop, "order-2")
    asked = len(till_payer.control("globalpay").requests())
    status, out = run("payments", "list", "globalpay", "--stored")
    assert status == 0 and out.index("order-2") < out.index("order-1")
    told = as_json(run("payments", "list", "globalpay", "--stored", "--limit", "1", "--json"))
    assert [one["id"] for one in told["items"]] == [second.id]
    rest = ["payments", "list", "globalpay", "--stored", "--cursor", told["next"], "--json"]
    assert [one["id"] for one in as_json(run(*rest))["items"]] == [first.id]
    chosen = ["payments", "list", "globalpay", "--stored", "--all", "--json"]
    assert len(as_json(run(*chosen))["items"]) == 2
    assert as_json(run(*chosen, "--reference", "order-1"))["items"][0]["id"] == first.id
    assert as_json(run(*chosen, "--status", "paid"))["items"] == []
    assert len(till_payer.control("globalpay").requests()) == asked


@pytest.mark.parametrize(
    "command",
    [
        ("payments", "list", "globalpay"),
        ("payments", "list", "globalpay", "--stored"),
        ("payments", "list", "globalpay", "--unknown"),
        ("payments", "show", "globalpay", "pay_1"),
        ("payments", "show", "globalpay", "inv_1"),
        ("payments", "show", "globalpay", "pay_1", "--stored"),
        ("payments", "reconcile", "globalpay"),
        ("payments", "settle", "globalpay", "pay_1", "--not-done"),
        ("events", "list", "globalpay"),
        ("events", "dead", "globalpay"),
        ("events", "show", "globalpay", "evt_1"),
        ("events", "replay", "globalpay", "--dead"),
    ],
)
def test_a_store_that_is_not_there_is_named_and_not_made(
    run: Callable[..., tuple[int, str]], tmp_path: Path, command: tuple[str, ...]
) -> None:
    status, out = run(*command)
    assert (status, "there is no store at" in out) == (2, True)
    assert str(tmp_path / "till.sqlite3") in out
    assert not (tmp_path / "till.sqlite3").exists()


def test_the_providers_list_needs_no_store_where_none_was_named(
    till_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = till_sandbox.providers["globalpay"]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("TILL_STORE", raising=False)
    monkeypatch.setenv("TILL_GLOBALPAY_API_KEY", place.settings["api_key"])
    account = ["--mode", "test", "--base-url", place.base_url, "--ca-file", till_sandbox.ca_file]
    assert main(["payments", "list", "globalpay", *account]) == 0
    named = str(tmp_path / "mistyped.sqlite3")
    monkeypatch.setenv("TILL_STORE", named)
    assert main(["payments", "list", "globalpay", *account]) == 2
    assert not Path(named).exists()


def test_what_is_unknown_is_listed_and_settled(
    shop: till.Gateway, till_payer: Payer, run: Callable[..., tuple[int, str]]
) -> None:
    pay(shop, "order-1")
    lost = lose(shop, till_payer, "order-2")
    status, out = run("payments", "list", "globalpay", "--unknown")
    assert status == 0 and "pending, unknown" in out and lost in out and "order-1" not in out
    status, out = run("payments", "reconcile", "globalpay")
    assert status == 0
    assert "asked about 1: 1 settled" in out
    assert lost in out.partition("Settled")[2] and "Still unknown" not in out
    assert as_json(run("payments", "list", "globalpay", "--unknown", "--json"))["items"] == []


def test_what_stays_unknown_says_why(
    shop: till.Gateway, till_payer: Payer, run: Callable[..., tuple[int, str]]
) -> None:
    lost = lose(shop, till_payer, "order-1", "status_500")
    status, out = run("payments", "reconcile", "globalpay")
    assert status == 3
    assert "Still unknown" in out and lost in out and "not found" in out
    assert "\nnot found: the provider's list shows nothing like it, which proves nothing: look on" in out
    assert "`till payments settle PROVIDER PAYMENT --provider-id ID`, or `--not-done`" in out
    status, out = run("payments", "reconcile", "globalpay", "--limit", "5", "--json")
    told = json.loads(out)
    assert (status, told["unknown"][0]["payment_id"]) == (3, lost)


def test_what_was_not_done_is_settled_by_hand(
    shop: till.Gateway, till_payer: Payer, run: Callable[..., tuple[int, str]]
) -> None:
    lost = lose(shop, till_payer, "order-1", "status_500")
    assert run("payments", "reconcile", "globalpay")[0] == 3
    status, out = run("payments", "settle", "globalpay", lost, "--not-done")
    assert (status, out) == (0, f"settled as not done: payment {lost} is failed\n")
    assert run("payments", "reconcile", "globalpay")[0] == 0
    status, out = run("payments", "settle", "globalpay", lost, "--not-done")
    assert status == 1 and "Conflict: nothing is left to settle" in out


def test_what_was_found_is_settled_by_hand(
    shop: till.Gateway, till_payer: Payer, run: Callable[..., tuple[int, str]]
) -> None:
    other = pay(shop, "order-1")
    lost = lose(shop, till_payer, "by-hand")
    (name,) = [one.provider_id or "" for one in shop.payments.iterate() if "by-hand" in str(one.raw)]
    settle = ("payments", "settle", "globalpay")
    status, out = run(*settle, lost, "--provider-id", other.provider_id or "")
    assert status == 1 and "another one of this gateway" in out
    status, out = run(*settle, lost, "--provider-id", name)
    assert (status, out) == (0, f"settled as {name} at globalpay: payment {lost} is pending\n")
    assert as_json(run(*settle, lost, "--provider-id", name, "--json"))["provider_id"] == name


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--not-done",), "give one of the two: PAYMENT, or --write"),
        (("pay_1", "--write", "wrt_1", "--not-done"), "give one of the two: PAYMENT, or --write"),
        (("pay_1", "--not-done"), "PAYMENT: this gateway's store has no such payment"),
        (("--write", "wrt_1", "--not-done"), "--write: this gateway's store has no such write"),
    ],
)
def test_what_is_to_be_settled_is_named(
    shop: till.Gateway, run: Callable[..., tuple[int, str]], arguments: tuple[str, ...], told: str
) -> None:
    pay(shop, "order-1")
    status, out = run("payments", "settle", "globalpay", *arguments)
    assert status and told in out


def test_a_payment_is_shown_with_its_history(
    shop: till.Gateway, till_payer: Payer, run: Callable[..., tuple[int, str]]
) -> None:
    payment = pay(shop, "order-1")
    till_payer.pay(payment)
    status, out = run("payments", "show", "globalpay", payment.id or "")
    assert status == 0
    assert out.index("payment.created") < out.index("payment.paid")
    told = as_json(run("payments", "show", "globalpay", payment.id or "", "--json"))
    assert (told["status"], told["outcome"]) == ("paid", "known")


def test_a_payment_is_shown_as_it_was_last_seen(
    shop: till.Gateway, till_payer: Payer, run: Callable[..., tuple[int, str]]
) -> None:
    payment = pay(shop, "order-1")
    till_payer.pay(payment)
    asked = len(till_payer.control("globalpay").requests())
    assert (
        as_json(run("payments", "show", "globalpay", payment.id or "", "--stored", "--json"))["status"]
        == "pending"
    )
    lost = lose(shop, till_payer, "order-2")
    status, out = run("payments", "show", "globalpay", lost, "--stored")
    assert status == 0 and "outcome      unknown" in out
    assert len(till_payer.control("globalpay").requests()) >= asked
    assert run("payments", "show", "globalpay", "pay_none", "--stored")[0] == 1
    status, out = run("payments", "show", "globalpay", "inv_1", "--stored")
    assert status == 2 and "till's id" in out


def test_filters_of_the_providers_list_are_refused_for_the_stores(
    run: Callable[..., tuple[int, str]],
) -> None:
    status, out = run("payments", "list", "globalpay", "--stored", "--since", "2026-01-01")
    assert status == 2 and "--since" in out


def bury(shop: till.Gateway) -> till.Event:
    """An event that is dead."""
    while True:
        (event,) = shop.events.take(limit=1) or (None,)
        if event is None:
            (found,) = shop.events.list(state="dead")
            return found
        shop.events.fail(event, "the mail server\x1b[2J is away", retry_after=0)


def test_events_are_listed_shown_and_replayed(
    shop: till.Gateway, till_payer: Payer, run: Callable[..., tuple[int, str]]
) -> None:
    payment = pay(shop, "order-1")
    dead = bury(shop)
    status, out = run("events", "dead", "globalpay")
    assert status == 0 and dead.id in out and "the mail server\\x1b[2J is away" in out
    told = as_json(run("events", "list", "globalpay", "--payment", payment.id or "", "--json"))
    assert [(one["id"], one["state"]) for one in told["items"]] == [(dead.id, "dead")]
    status, out = run("events", "show", "globalpay", dead.id)
    assert status == 0 and "order-1" in out and "payment.created" in out and "\x1b" not in out
    assert f"at           {dead.at:%Y-%m-%d %H:%M:%S} UTC\n" in out
    assert run("events", "replay", "globalpay", "--dead") == (0, "1 wait once more\n")
    assert shop.events.get(dead.id).state == "waiting"
    status, out = run("events", "replay", "globalpay", dead.id, "evt_none")
    assert status == 1 and "0 wait once more" in out and "evt_none" in out
    assert as_json(run("events", "dead", "globalpay", "--json"))["items"] == []


@pytest.mark.parametrize(
    "words",
    [
        "globalpay evt_1 evt_2 --store s --json",
        "globalpay --store s evt_1 evt_2 --json",
        "globalpay evt_1 --store s evt_2 --json",
        "--store s globalpay --json evt_1 evt_2",
        "globalpay evt_1 --store s --json -- evt_2",
    ],
)
def test_ids_may_stand_before_and_after_the_options(words: str) -> None:
    from till.cli import _whole_parser

    options = _whole_parser().parse_args(["events", "replay", *words.split()])
    assert (options.provider, options.ids, options.store, options.json) == (
        "globalpay",
        ["evt_1", "evt_2"],
        "s",
        True,
    )


def test_an_option_that_is_not_there_stays_a_mistake(run: Callable[..., tuple[int, str]]) -> None:
    status, out = run("events", "replay", "globalpay", "evt_1", "--dread", "evt_2")
    assert status == 2 and "unrecognized arguments: --dread" in out


def test_an_event_that_was_not_taken_yet_is_due_at_no_time(
    shop: till.Gateway, run: Callable[..., tuple[int, str]]
) -> None:
    pay(shop, "order-1")
    (event,) = as_json(run("events", "list", "globalpay", "--json"))["items"]
    assert (event["state"], event["due_at"]) == ("waiting", None)
    assert "1970" not in run("events", "show", "globalpay", event["id"])[1]


def test_pages_of_events_follow_each_other(shop: till.Gateway, run: Callable[..., tuple[int, str]]) -> None:
    pay(shop, "order-1")
    pay(shop, "order-2")
    told = as_json(run("events", "list", "globalpay", "--limit", "1", "--json"))
    assert len(told["items"]) == 1
    status, out = run("events", "list", "globalpay", "--limit", "1")
    assert status == 0 and f"--cursor {told['next']}" in out
    assert (
        len(as_json(run("events", "list", "globalpay", "--all", "--state", "waiting", "--json"))["items"])
        == 2
    )


def test_a_replay_of_nothing_says_what_is_missing(run: Callable[..., tuple[int, str]]) -> None:
    for more in ([], ["evt_1", "--dead"]):
        status, out = run("events", "replay", "globalpay", *more)
        assert status == 2 and "--dead" in out


def test_each_reason_for_an_unknown_end_has_advice() -> None:
    from typing import get_args, get_type_hints

    from till.cli.payments import _WHAT_TO_DO, _report_lines

    reasons = get_args(get_args(get_type_hints(till.UnknownWrite)["reason"])[0])
    assert set(_WHAT_TO_DO) == set(reasons)
    written = "2026-01-01T00:00:00Z"
    write = till.UnknownWrite(
        "wr_1", "payments.create", "pay_1", "k", datetime.fromisoformat(written), "newer", "it is shut"
    )  # type: ignore[arg-type]
    told = _report_lines(till.ReconcileReport(1, 0, 0, 0, (write,), None), [])
    assert "newer: look on the provider's dashboard" in told[-2]
    assert told[-1] == "it is shut"
