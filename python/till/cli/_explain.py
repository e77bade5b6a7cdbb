"""Errors of the library in the words of the command line: its flags, what helps, and the exit status."""

from __future__ import annotations

import argparse
import re
from typing import Any

from till import _errors
from till.cli import _output
from till.cli._account import environment_name

# Members of the input that are no flag of the same name. A command may set `places` of its own.
_PLACES = {
    "amount": "AMOUNT",
    "amount.amount": "AMOUNT",
    "amount.currency": "CURRENCY",
    "currency": "CURRENCY",
    "options": "--option",
    "payment_id": "ID",
    "provider_id": "ID",
}


def explained(error: _errors.TillError, options: argparse.Namespace) -> str:
    """The error for people: where in the command it is, and what to do about it."""
    text = str(error)
    if error.field:
        text = text.replace(error.field, _place(error, options), 1)
    if error.sent == "no" and not _takes_json(options):  # else the words may be the provider's
        text = _WORD.sub(lambda word: _flag(word[0], options) or word[0], text)
        text = _TWICE.sub(r"\1", text)
    return f"{type(error).__name__}: {text}{_advice(error, options)}"


def status_of(error: _errors.TillError) -> int:
    """The exit status for an error."""
    if isinstance(error, _errors.OutcomeUnknown):
        return _output.UNKNOWN
    wrong = (_errors.ConfigurationError, _errors.InvalidRequest, _errors.Unsupported)
    of_the_command = isinstance(error, wrong) and error.sent == "no"
    if of_the_command or error.code in ("unknown_provider", "idempotency_key_reused"):
        return _output.USAGE
    return _output.FAILED


def _takes_json(options: argparse.Namespace) -> bool:
    """Whether the operation's input is a JSON object of the command line, and has no flag for each member."""
    return hasattr(options, "input")


def _place(error: _errors.TillError, options: argparse.Namespace) -> str:
    if _takes_json(options) and not isinstance(error, _errors.ConfigurationError):
        return error.field or ""
    path = (error.field or "").removeprefix("$.")
    name = path.partition("[")[0].replace(".", "_")
    places = _PLACES | getattr(options, "places", {})
    if path in places:
        return str(places[path])
    if path.startswith("options."):
        return f"--option {path.removeprefix('options.')}"
    if flag := _flag(name, options):
        return flag
    if isinstance(error, _errors.ConfigurationError) and path.isidentifier():
        return f"setting {path}"
    return error.field or ""


# A member's name of several words, as no sentence has one.
_WORD = re.compile(r"(?<![.`\w])[a-z]+(?:_[a-z]+)+\b")
# A member whose flag the message names, too: once both are the flag, one is enough.
_TWICE = re.compile(r"(--[a-z-]+) \(\1 on the command line\)")


# Members of the input whose flag is called otherwise.
_FLAGS = {"secrets": "secret_file", "timeout_ms": "timeout", "tolerance_ms": "tolerance", "write_id": "write"}


def _flag(name: str, options: argparse.Namespace) -> str | None:
    """The command's flag for a member of the input; None where it has none."""
    option = _FLAGS.get(name, name)
    return "--" + option.replace("_", "-") if hasattr(options, option) else None


def _advice(error: _errors.TillError, options: argparse.Namespace) -> str:
    if isinstance(error, _errors.OutcomeUnknown):
        return _after_no_answer(error, options)
    if error.code == "webhooks_too_young":
        return "\n  `--webhooks never` keeps them all, `--webhooks 30d` those that may come again."
    provider = getattr(options, "provider", None)
    if isinstance(error, _errors.AuthenticationError) and provider:
        return f"\n  Where to find the right credentials: till providers show {provider}"
    if isinstance(error, _errors.ConfigurationError) and provider and hasattr(options, "set"):
        return _where_to_give((error.field or "").removeprefix("$."), provider)
    return ""


def _where_to_give(setting: str, provider: str) -> str:
    if setting not in _manifest(provider).get("settings", {}).get("properties", {}):
        return ""
    return f" (give it in ${environment_name(provider, setting)}, --settings FILE or --set {setting}=@FILE)"


def _after_no_answer(error: _errors.OutcomeUnknown, options: argparse.Namespace) -> str:
    if _takes_json(options):
        return "\n  It may have arrived: look at the service before you run this again."
    ours = f" {error.payment_id}" if error.payment_id else ""
    provider = getattr(options, "provider", None)
    settle = (
        f"\n  Then say what is there: till payments settle {provider or 'PROVIDER'}"
        f" {error.payment_id or 'PAYMENT'} --provider-id ID,\n  or --not-done, and only then pay again with"
        " a new --idempotency-key."
    )
    if provider and error.settle == "dashboard":
        return (
            f"\n  Nothing settles payment{ours} by itself: {provider} documents no way to, and its list does"
            f" not\n  tell. Look for its amount and time on the provider's dashboard.{settle}"
        )
    return (
        f"\n  `till payments reconcile {provider or 'PROVIDER'}`, with the same account and store, asks what"
        f" became of payment{ours};\n  a running shop does so with gateway.reconcile(). While that leaves it"
        " unknown:\n  look for its reference, or amount and time, with `till payments list` or on the"
        f" provider's dashboard.{settle}"
    )


def _manifest(provider: str) -> dict[str, Any]:
    """The provider's manifest; empty where there is none."""
    from till._runtime import Runtime

    try:
        return Runtime(store="memory").describe(provider)
    except _errors.TillError:
        return {}
