"""`till serve`: webhooks and calls over HTTP, for hosts that cannot load native code."""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import socket
import threading
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from till import _native
from till._errors import NativeError, error_from_native
from till._json import encode
from till._runtime import _own_providers
from till.cli._output import FAILED, OK, USAGE, Failure, tell

_EPILOG = """\
The configuration is described in docs/serve.md. On SIGTERM or SIGINT no more requests are taken and those
under way are answered; a second one ends at once. On SIGHUP the certificates and keys of the addresses are
read again.

exit status:
  0    ended when it was told to, and everything that had begun was answered
  1    ended, and something was cut off; or it could not begin
  2    the configuration is wrong
"""


def add(commands: Any) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "serve",
        help="receive webhooks and take calls over HTTP",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", metavar="FILE", required=True, help="TOML, or JSON when it ends in .json")
    parser.add_argument(
        "--check",
        action="store_true",
        help="say whether the configuration is good, and end; ports, the store and ca_file are not tried",
    )
    parser.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    config = _read(options.config)
    text = _encoded(config, options.config)
    if options.check:
        _raise_if_wrong(_native.NativeService.check(text), options.config)
        gateways = ", ".join(config["gateways"])
        print(f"{options.config} is good: gateways {gateways}")
        return OK
    _allow_many_descriptors()
    told = _Told()
    opened = _native.NativeService.open(text)
    if isinstance(opened, tuple):
        _raise_if_wrong(opened, options.config)
        raise AssertionError  # an error is always raised
    _announce(opened)
    while told.to_reload():
        opened.reload_certificates()
    _notify("STOPPING=1")
    tell("till: stopping; what is under way is being answered")
    return OK if _close(opened, told) else FAILED


def _read(path: str) -> dict[str, Any]:
    try:
        text = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise Failure(f"cannot read {path}: {reason}") from None
    try:
        config = json.loads(text) if path.endswith(".json") else tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError:
        raise Failure(f"{path} is not UTF-8 text") from None
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise Failure(f"{path}: {error}") from None
    if not isinstance(config, dict):
        raise Failure(f"{path}: a configuration is an object")
    return config


def _encoded(config: dict[str, Any], path: str) -> str:
    runtime = config.setdefault("runtime", {})
    if isinstance(runtime, dict) and isinstance(runtime.setdefault("plugin_path", []), list):
        runtime["plugin_path"] = [*runtime["plugin_path"], *_own_providers()]
    try:
        return encode(config)
    except TypeError as error:  # a date, or a number with a fraction
        raise Failure(f"{path}: {str(error).replace('$.', '', 1)}") from None


def _raise_if_wrong(native: NativeError | None, path: str) -> None:
    if native is None:
        return
    error = error_from_native(native)
    place = (error.field or "").removeprefix("$").removeprefix(".")
    message = error.message.removeprefix(f"{error.field}: ") if error.field else error.message
    where = f"{path}: {place}" if place else path
    wrong = type(error).__name__ in ("ConfigurationError", "NotFound", "PluginError")
    raise Failure(f"{where}: {message}", USAGE if wrong else FAILED)


class _Told:
    """Waits for the signals that a service hears. The second one that ends it ends the process where it
    stands: what was acknowledged is in the store."""

    def __init__(self) -> None:
        # A signal may come to any thread of the process, and then interrupts nothing that this one waits
        # for. Its number is in the pipe whichever thread it came to.
        self._numbers, self._into = os.pipe()
        os.set_blocking(self._into, False)
        signal.set_wakeup_fd(self._into)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
                signal.signal(number, lambda number, frame: None)

    def to_reload(self) -> bool:
        """Waits for the next signal: whether files are to be read again. Else the service is to end."""
        return os.read(self._numbers, 1)[0] == signal.SIGHUP

    def until(self, thread: threading.Thread) -> None:
        """Waits for the thread, which calls `ended`. A signal to end ends the process instead."""
        thread.start()
        while number := os.read(self._numbers, 1)[0]:
            if number != signal.SIGHUP:
                os._exit(128 + number)
        thread.join()

    def ended(self) -> None:
        """From another thread: there is nothing more to wait for."""
        os.write(self._into, bytes(1))


def _close(service: _native.NativeService, told: _Told) -> bool:
    """Closes on a thread of its own, so that this one hears of a second signal."""
    whole: list[bool] = []

    def close() -> None:
        try:
            whole.append(service.close(service.close_timeout_ms))
        finally:
            told.ended()

    told.until(threading.Thread(target=close))
    return whole == [True]


def _announce(service: _native.NativeService) -> None:
    for address in service.webhook_addresses:
        print(f"webhooks  {address}/webhooks/GATEWAY")
    for address in service.api_addresses:
        print(f"api       {address}")
    print("ready", flush=True)
    _notify("READY=1")


def _notify(state: str) -> None:
    """Tells systemd, when it started us and asked for it (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(state.encode(), address)


def _allow_many_descriptors() -> None:
    """Each connection takes one; the usual soft limit is there for programs that use select()."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
