"""`till webhooks trigger`: plays a sender once."""

from __future__ import annotations

import argparse
from typing import Any

import till
from till import _samples
from till.cli import _signing, _webhook_files
from till.cli._account import seconds
from till.cli._delivery import Answer, Message, Target, printable, with_header
from till.cli._output import FAILED, OK, Failure, milliseconds, print_json

_SHOWN_ANSWER = 200


def add(actions: Any) -> None:
    """Adds the command to the parser."""
    trigger = actions.add_parser(
        "trigger",
        help="send one signed event, as a sender would",
        description="Sends one event and prints what is answered. The exit status is 0 for an answer of 2xx.",
    )
    trigger.add_argument(
        "name",
        metavar="SCHEME|PROVIDER",
        help="see `till webhooks schemes` and `till providers`; or a scheme.json",
    )
    trigger.add_argument("--to", metavar="URL", help="plain http for loopback addresses only")
    trigger.add_argument("--event", metavar="NAME", help="which of a provider's documented events")
    trigger.add_argument("--payment", metavar="ID", help="the provider's id of the payment that it is about")
    trigger.add_argument(
        "--body", metavar="FILE", help="the event, in place of a sample; - is standard input"
    )
    trigger.add_argument(
        "--header", metavar="'NAME: VALUE'", action="append", default=[], help="one more header; repeat"
    )
    trigger.add_argument("--id", help="the event's id, where the scheme has a header for it")
    trigger.add_argument("--print", action="store_true", help="print the event in place of sending it")
    add_sending_options(trigger)
    _signing.add_signing_options(trigger, "sign by this scheme, where PROVIDER has none of its name")
    trigger.add_argument("--json", action="store_true", help="print JSON")
    trigger.set_defaults(run=_trigger)


def add_sending_options(parser: argparse.ArgumentParser) -> None:
    """What every command that sends has."""
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=seconds, default=30.0, help="for one answer (30)"
    )
    parser.add_argument("--ca-file", metavar="FILE", help="trust these certificates instead of the system's")


def _trigger(options: argparse.Namespace) -> int:
    _check_sender(options)
    sample, message = _event(options)
    if options.print:
        print(message.body.decode("utf-8", "backslashreplace"))
        return OK
    if options.to is None:
        raise Failure("--to URL says where the event goes")
    target = Target(options.to, ca_file=options.ca_file, timeout=options.timeout)
    secret = _signing.secret_from(options)
    scheme = _scheme_of(options, secret)
    message = _signed(options, scheme, secret, message, target)
    answer = target.send(message)
    if options.json:
        print_json(_as_json(sample, scheme, message, answer))
    else:
        print("\n".join(_lines(sample, scheme, message, answer) + _effect(sample, options, answer)))
    return OK if answer.taken else FAILED


def _check_sender(options: argparse.Namespace) -> None:
    """A provider without webhooks is nobody to play, whatever the body, unless a scheme says how to sign."""
    if options.scheme is None and (reason := _samples.absence(options.name)):
        raise Failure(
            f"{options.name} sends no webhooks: {reason} There are samples of"
            f" {', '.join(_samples.providers())}"
        )


def _event(options: argparse.Namespace) -> tuple[_samples.Sample | None, Message]:
    """The sample that is sent, if it is one, and the request without a signature."""
    given = tuple(_webhook_files.header(line) for line in options.header)
    samples = _samples.of(options.name)
    if options.body is not None:
        if options.event is not None or options.payment is not None:
            raise Failure("--event and --payment are about a sample, and --body stands in its place")
        body = _webhook_files.body(options.body)
        kind = "application/json" if body[:1] in (b"{", b"[") else "application/x-www-form-urlencoded"
        return None, Message(with_header(given, "content-type", kind), body)
    if not samples:
        _scheme_of(options, None)  # a name that nobody has is no reason to ask for a body
        raise Failure(
            f"there is no sample of an event of {options.name!r}: give one with --body FILE, or - for"
            f" standard input. There are samples of {', '.join(_samples.providers())}"
        )
    event = options.event or next(iter(samples))
    if event not in samples:
        raise Failure(
            f"there is no sample of an event {event!r} of {options.name}; there are samples of"
            f" {', '.join(samples)}. --body FILE sends any other"
        )
    sample = samples[event]
    if options.payment is not None:
        try:
            sample = sample.about(options.payment)
        except ValueError as error:
            raise Failure(f"--payment: {error}") from None
    headers = given
    for name, value in sample.headers.items():
        headers = with_header(headers, name, value)
    return sample, Message(headers, sample.body)


def _scheme_of(options: argparse.Namespace, secret: till.webhooks.Secret | None) -> str | None:
    """The scheme to sign by: the one that was asked for, or that of the sender's name; None for none."""
    if options.scheme is not None:
        return str(options.scheme)
    name: str = options.name
    is_provider = bool(_samples.of(name))
    if name.endswith(".json") or name in till.webhooks.schemes():
        return None if is_provider and secret is None else name
    if not is_provider:
        raise Failure(f"{name!r} is no scheme and no provider with samples; see `till webhooks schemes`")
    if secret is not None:
        raise Failure(f"{name} has no scheme of its name: say which with --scheme")
    return None


def _signed(
    options: argparse.Namespace,
    scheme: str | None,
    secret: till.webhooks.Secret | None,
    message: Message,
    target: Target,
) -> Message:
    if scheme is None:
        if options.bad_signature or options.clock_skew is not None:
            raise Failure(f"{options.name} is not signed without a secret: give one, and --scheme if need be")
        return message
    signs = _webhook_files.scheme_object(_webhook_files.scheme(scheme)).get("verify") != "refetch"
    if secret is None and signs:
        raise _signing.need_secret(f"the scheme {scheme} signs")
    return _signing.Signer(scheme, secret, options).sign(message, target, id=options.id)


def _lines(sample: _samples.Sample | None, scheme: str | None, message: Message, answer: Answer) -> list[str]:
    named = f"{sample.event}, " if sample else ""
    lines = [f"sent      {named}{len(message.body)} bytes, {_signature(sample, scheme)}"]
    lines.append(f"answered  {answer.word} in {milliseconds(answer.seconds)}")
    text = answer.body[:_SHOWN_ANSWER].decode("utf-8", "replace").strip()
    return [*lines, f"          {printable(text)}"] if text else lines


def _signature(sample: _samples.Sample | None, scheme: str | None) -> str:
    if scheme is not None:
        return f"signed by {scheme}"
    documented = [name for name in sample.headers if name.lower() != "content-type"] if sample else []
    return (
        f"with the documentation's {', '.join(documented)}, not signed anew" if documented else "not signed"
    )


def _effect(sample: _samples.Sample | None, options: argparse.Namespace, answer: Answer) -> list[str]:
    """What a 2xx means for the payment: a webhook about one that the store does not know is taken all the
    same. Only a sender that signs is told so."""
    if sample is None or sample.payment is None or not answer.taken:
        return []
    if answer.body == b"unknown_payment":
        lines = [f"kept as unmatched: the shop's store has no payment {sample.payment}, and none moved"]
    else:
        lines = [
            f"about payment {sample.payment}. One that the shop's store does not have is kept as unmatched,",
            "and none moves: a gateway tells a sender that signs (unknown_payment), and nobody else;",
            f"`till payments list {options.name} --stored` shows those that the store has",
        ]
    if options.payment is None:
        lines.append("that payment is the documentation's: --payment ID tells of one of yours")
    return [f"          {printable(line)}" for line in lines]


def _as_json(
    sample: _samples.Sample | None, scheme: str | None, message: Message, answer: Answer
) -> dict[str, Any]:
    return {
        "event": sample and sample.event,
        "payment": sample and sample.payment,
        "scheme": scheme,
        "bytes": len(message.body),
        "status": answer.status,
        "problem": answer.problem,
        "milliseconds": round(answer.seconds * 1000),
        "answer": answer.body[:_SHOWN_ANSWER].decode("utf-8", "replace"),
    }
