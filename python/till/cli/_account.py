"""The options with which a command says whose account at which provider it works on."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import till
from till.cli._output import Failure

_SETTINGS_HELP = """\
settings come from three places, the later ones winning:
  --settings FILE      a JSON object; - reads it from standard input
  TILL_<PROVIDER>_<SETTING>   the environment, such as TILL_OPENPAY_API_KEY
  --set NAME=VALUE     one setting; NAME=@FILE reads it from a file
Keep secrets out of --set NAME=VALUE: other users of this machine can see a command's arguments.
"""


def add_account_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `gateway_from` reads."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _SETTINGS_HELP
    parser.add_argument("provider", metavar="PROVIDER", help="see `till providers`")
    account = parser.add_argument_group("account")
    account.add_argument("--settings", metavar="FILE", help="JSON file of settings, - for standard input")
    account.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="one setting")
    account.add_argument("--mode", help="live or test")
    account.add_argument("--label", help="name of this account in the store")
    account.add_argument("--base-url", metavar="URL", help="instead of the provider's own address")
    account.add_argument("--ca-file", metavar="FILE", help="trust these certificates instead of the system's")
    account.add_argument("--store", metavar="PATH", help="where payments are kept; memory keeps nothing")
    account.add_argument("--timeout", metavar="SECONDS", type=seconds, help="for one operation (30)")


def gateway_from(options: argparse.Namespace) -> till.Gateway:
    """The gateway that the options describe."""
    runtime = till.Runtime(store=options.store, ca_file=options.ca_file)
    return till.Gateway(
        options.provider,
        _settings(options, runtime.describe(options.provider)["settings"]),
        mode=options.mode,
        label=options.label,
        base_url=options.base_url,
        timeout=options.timeout,
        runtime=runtime,
    )


def must_be_there(store: till.Store) -> None:
    """For commands that only look at a store: a file that is not there is not made, but refused."""
    place = store.place
    is_file = place != "memory" and "://" not in place
    if is_file and not Path(place).exists():
        raise Failure(
            f"there is no store at {place}: nothing was kept there, or --store or $TILL_STORE is wrong"
        )


def read_json_object(place: str, what: str) -> dict[str, Any]:
    """The JSON object in a file, or on standard input for `-`. Messages never quote its content."""
    try:
        text = _standard_input(what) if place == "-" else Path(place).read_text()
    except (OSError, ValueError) as error:  # ValueError: no UTF-8 text, or a path with a NUL
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise Failure(f"cannot read {what} from {place}: {reason}") from None
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise Failure(f"{what} in {place}: nested too deeply") from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        where = (
            f": see line {line}" if line else ": NaN and Infinity are no numbers, nor are thousands of digits"
        )
        raise Failure(f"{what} in {place} is not JSON{where}") from None
    if not isinstance(value, dict):
        raise Failure(f"{what} in {place} must be a JSON object")
    return value


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def shift(text: str) -> float:
    """A difference of time from the command line."""
    span = _finite(text)
    if span is None:
        raise argparse.ArgumentTypeError("a number of seconds, such as 30 or -0.5")
    return span


def seconds(text: str) -> float:
    """A span of time from the command line."""
    span = _finite(text)
    if span is None or span <= 0:
        raise argparse.ArgumentTypeError("a number of seconds above 0, such as 30 or 0.5")
    return span


def moment(text: str, option: str, example: str = "2026-02-01T09:00:00Z") -> datetime:
    """A point in time from the command line, for the option of this name."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Failure(f"{option} is a time such as {example}") from None
    if found.tzinfo is None:
        raise Failure(f"{option} needs a time zone, such as Z at its end")
    return found


def _standard_input(what: str) -> str:
    if sys.stdin is None:
        raise Failure(f"cannot read {what}: standard input is closed")
    return sys.stdin.read()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError("no JSON number")


def pairs(given: list[str], option: str) -> dict[str, str]:
    """`NAME=VALUE` pairs; `NAME=@FILE` takes the file's text without the newline at its end."""
    found = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Failure(f"{option} takes NAME=VALUE")
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text().rstrip("\n")
            except (OSError, ValueError):
                raise Failure(f"{option} {name}: cannot read {value[1:]}") from None
        found[name] = value
    return found


def typed(values: dict[str, str], schema: dict[str, Any]) -> dict[str, object]:
    """Text from the command line or the environment as the types that a schema asks for."""
    properties = schema.get("properties", {})
    return {name: _as_type(name, text, properties.get(name, {}).get("type")) for name, text in values.items()}


def _as_type(name: str, text: str, kind: str | None) -> object:
    if kind == "boolean":
        if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise Failure(f"{name} is true or false")
        return text.lower() in ("true", "1", "yes")
    if kind == "integer":
        try:
            return int(text)
        except ValueError:
            raise Failure(f"{name} is a whole number") from None
    return text


def _settings(options: argparse.Namespace, schema: dict[str, Any]) -> dict[str, object]:
    settings: dict[str, object] = {}
    if options.settings:
        settings.update(read_json_object(options.settings, "settings"))
    settings.update(typed(_from_environment(options.provider, schema), schema))
    settings.update(typed(pairs(options.set, "--set"), schema))
    return settings


def environment_name(provider: str, setting: str) -> str:
    """The variable of the environment that a setting is read from."""
    return f"TILL_{provider}_{setting}".upper().replace("-", "_")


def _from_environment(provider: str, schema: dict[str, Any]) -> dict[str, str]:
    names = {name: environment_name(provider, name) for name in schema.get("properties", {})}
    return {name: os.environ[variable] for name, variable in names.items() if variable in os.environ}
