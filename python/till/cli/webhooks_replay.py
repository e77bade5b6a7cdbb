"""`till webhooks replay`: sends recorded webhooks again, as badly as the world does."""

from __future__ import annotations

import argparse
import collections
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from till.cli import _recording, _signing
from till.cli._account import seconds
from till.cli._delivery import Answer, Message, Target
from till.cli._output import FAILED, OK, Failure, milliseconds, print_json, table, tell
from till.cli.webhooks_trigger import add_sending_options

MAX_DUPLICATES = 100


class Delivery(NamedTuple):
    """One sending of one recorded webhook: which one, which copy of it, and what came of it."""

    number: int
    copy: int
    answer: Answer


def add(actions: Any) -> None:
    """Adds the command to the parser."""
    replay = actions.add_parser(
        "replay",
        help="send recorded webhooks again: twice, late, in disorder, badly signed",
        description="Sends what `till webhooks listen --record` wrote. With --scheme each is signed anew,"
        " at this moment; without it each goes as it was recorded, old signature included.",
    )
    replay.add_argument("file", metavar="FILE", help="a recording")
    replay.add_argument("--to", metavar="URL", required=True, help="plain http for loopback addresses only")
    replay.add_argument(
        "--duplicates",
        metavar="N",
        type=_copies,
        default=0,
        help="N more copies of each, all at the same moment",
    )
    replay.add_argument("--reorder", action="store_true", help="in an order of chance; its seed is printed")
    replay.add_argument("--seed", metavar="N", type=int, help="the order that this seed gave before")
    replay.add_argument(
        "--delay", metavar="SECONDS", type=seconds, default=0.0, help="wait between two of them"
    )
    replay.add_argument(
        "--crash-before-ack", action="store_true", help="go away without reading the answer, each time"
    )
    add_sending_options(replay)
    _signing.add_signing_options(replay, "sign each anew by this scheme")
    replay.add_argument("--json", action="store_true", help="print JSON")
    replay.set_defaults(run=_replay)


def _copies(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_DUPLICATES:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MAX_DUPLICATES}")
    return int(text)


def _replay(options: argparse.Namespace) -> int:
    target = Target(options.to, ca_file=options.ca_file, timeout=options.timeout)
    recorded = _recording.read(options.file)
    messages = [(number, target.with_query(one, one.query)) for number, one in enumerate(recorded, 1)]
    signer = _signer(options)
    if signer is None and any(not _has_signature(message) for _, message in messages):
        tell("till: a delivery has no header that a signature could stand in; --scheme signs each anew")
    seed = _shuffle(messages, options)
    began = time.monotonic()
    deliveries = list(_send_all(messages, target, signer, options))
    took = time.monotonic() - began
    if options.json:
        print_json(_as_json(deliveries, len(messages), seed))
    else:
        print(_summary(deliveries, len(messages), seed, took))
    return OK if all(one.answer.taken or options.crash_before_ack for one in deliveries) else FAILED


def _signer(options: argparse.Namespace) -> _signing.Signer | None:
    if options.scheme is not None:
        secret = _signing.secret_from(options)
        if secret is None:
            raise _signing.need_secret("signing each anew")
        return _signing.Signer(options.scheme, secret, options)
    for given, option in (
        (options.bad_signature, "--bad-signature"),
        (options.clock_skew is not None, "--clock-skew"),
        (options.secret_file is not None, "--secret-file"),
    ):
        if given:
            raise Failure(f"{option} signs each anew: say how with --scheme")
    return None


def _has_signature(message: Message) -> bool:
    return any("sig" in name.lower() or "hmac" in name.lower() for name, _ in message.headers)


def _shuffle(messages: list[tuple[int, Message]], options: argparse.Namespace) -> int | None:
    if not options.reorder and options.seed is None:
        return None
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    random.Random(seed).shuffle(messages)
    return int(seed)


def _send_all(
    messages: list[tuple[int, Message]],
    target: Target,
    signer: _signing.Signer | None,
    options: argparse.Namespace,
) -> Iterator[Delivery]:
    copies = range(1 + options.duplicates)
    with ThreadPoolExecutor(max_workers=len(copies)) as pool:
        for at, (number, message) in enumerate(messages):
            if at and options.delay:
                time.sleep(options.delay)
            ready = signer.sign(message, target) if signer else message
            sent = [pool.submit(target.send, ready, read=not options.crash_before_ack) for _ in copies]
            yield from (Delivery(number, copy, one.result()) for copy, one in enumerate(sent, 1))


def _answers(deliveries: list[Delivery]) -> dict[str, int]:
    return dict(sorted(collections.Counter(one.answer.word for one in deliveries).items()))


def _summary(deliveries: list[Delivery], recorded: int, seed: int | None, took: float) -> str:
    copies = len(deliveries) - recorded
    more = f" and {copies} copies, those of one at the same moment" if copies else ""
    order = "" if seed is None else f", in the order of --seed {seed}"
    rows = [[word, str(count)] for word, count in _answers(deliveries).items()]
    head = f"sent {recorded} recorded{more}{order}, in {milliseconds(took)}"
    return f"{head}\n\n{table(['Answer', 'Count'], rows, right=['Count'])}"


def _as_json(deliveries: list[Delivery], recorded: int, seed: int | None) -> dict[str, Any]:
    return {
        "recorded": recorded,
        "sent": len(deliveries),
        "seed": seed,
        "answers": _answers(deliveries),
        "deliveries": [
            {
                "number": one.number,
                "copy": one.copy,
                "status": one.answer.status,
                "problem": one.answer.problem,
                "milliseconds": round(one.answer.seconds * 1000),
            }
            for one in deliveries
        ],
    }
