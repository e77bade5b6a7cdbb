"""`till events`: the inbox, where each event waits until the shop has handled it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

import till
from till import _events
from till.cli._account import add_account_options, gateway_from, must_be_there
from till.cli._delivery import printable
from till.cli._output import FAILED, OK, Failure, moment_text, print_json, table
from till.cli._told import all_told, told

_STATES = ("waiting", "taken", "done", "dead")


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    events = commands.add_parser("events", help="look at the inbox of events, and replay them")
    actions = events.add_subparsers(metavar="ACTION", required=True)
    listing = _action(actions, "list", _list, "events, newest first, a page at a time or all of them")
    listing.add_argument("--state", choices=_STATES, help="those in this state only")
    listing.add_argument("--payment", metavar="ID", help="those of the payment with this id of till's")
    _add_paging(listing)
    dead = _action(actions, "dead", _list, "events whose handling failed too often")
    dead.set_defaults(state="dead", payment=None)
    _add_paging(dead)
    show = _action(actions, "show", _show, "one event, with its payment as it is now")
    show.add_argument("id", metavar="ID", help="the event's id")
    replay = _action(actions, "replay", _replay, "make events that are done or dead wait once more")
    replay.add_argument("ids", metavar="ID", nargs="*", help="the events' ids")
    replay.add_argument("--dead", action="store_true", help="all that are dead")


def _action(actions: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text)
    add_account_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _add_paging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", metavar="N", type=int, help="events on a page")
    parser.add_argument("--cursor", help="the next page, as the page before said")
    parser.add_argument("--all", action="store_true", help="this page and all that follow it")


def event_rows(events: Iterable[till.Event]) -> list[list[str]]:
    """For each event: when, what, from where it is known, and how far its handling came."""
    return [[_moment(event), event.type, event.source, _handling(event)] for event in events]


def _moment(event: till.Event) -> str:
    return f"{event.at:%Y-%m-%dT%H:%M:%SZ}"


def _handling(event: till.Event) -> str:
    return event.state if event.attempts < 2 else f"{event.state}, {event.attempts} attempts"


def _account(options: argparse.Namespace) -> till.Gateway:
    gateway = gateway_from(options)
    must_be_there(gateway.runtime.store)
    return gateway


def _list(options: argparse.Namespace) -> int:
    call = _events.list_(
        state=options.state, payment_id=options.payment, limit=options.limit, cursor=options.cursor
    )
    page = (all_told if options.all else told)(_account(options), call)
    if options.json:
        print_json(page)
        return OK
    rows = [
        [_moment(event), event.type, _handling(event), event.payment_id or "", event.id, _last_error(event)]
        for event in map(_events.event, page["items"])
    ]
    print(table(["At", "Event", "Handling", "Payment", "Id", "Last error"], rows))
    if page["next"]:
        print(f"\nMore: --cursor {page['next']}, or --all")
    return OK


def _last_error(event: till.Event) -> str:
    return printable(event.last_error or "")[:60]


def _show(options: argparse.Namespace) -> int:
    found = told(_account(options), _events.get(options.id))
    if options.json:
        print_json(found)
        return OK
    event = _events.event(found)
    lines = {
        "event": event.id,
        "type": event.type,
        "at": moment_text(event.at),
        "known from": event.source,
        "handling": _handling(event),
        "due": event.due_at and moment_text(event.due_at),
        "last error": event.last_error and printable(event.last_error),
        "payment": event.payment_id,
        "reference": event.payment and event.payment.reference,
        "status now": event.payment and event.payment.status,
        "amount": event.payment and event.payment.amount,
    }
    for name, value in lines.items():
        if value is not None:
            print(f"{name:<12} {value}")
    return OK


def _replay(options: argparse.Namespace) -> int:
    if bool(options.ids) == options.dead:
        raise Failure("say which events: their ids, or --dead for all that are dead")
    gateway = _account(options)
    ids = options.ids or [event.id for event in gateway.events.iterate(state="dead")]
    replayed, refused = [], []
    for one in ids:
        try:
            replayed.append(told(gateway, _events.replay(one)))
        except (till.NotFound, till.Conflict) as error:
            refused.append([one, error.message])
    if options.json:
        print_json({"replayed": replayed, "refused": dict(refused)})
    else:
        print(f"{len(replayed)} wait once more")
        if refused:
            print("\n" + table(["Event", "Refused"], refused))
    return FAILED if refused else OK
