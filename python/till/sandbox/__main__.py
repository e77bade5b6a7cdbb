"""`python -m till.sandbox`: runs the simulators until it is interrupted."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from till.sandbox.sandbox import DASHBOARD, PROVIDERS, Sandbox

_PORTS = (*PROVIDERS, DASHBOARD)
_LABEL_WIDTH = len("checkout_url")  # the longest name of a setting


def run(argv: Sequence[str]) -> int:
    """Starts the sandbox, prints where it is, waits for SIGINT or SIGTERM. Returns the exit status."""
    options = _parser().parse_args(argv)
    ports = {name: getattr(options, f"port_{name}") for name in _PORTS}
    done = threading.Event()
    restore = _stop_on_signals(done)
    try:
        sandbox = Sandbox(host=options.host, ports=ports, shop=options.shop).start()
    except OSError as error:
        restore()
        wanted = ", ".join(str(port) for port in ports.values() if port)
        at = f"{options.host}, one of ports {wanted}" if wanted else options.host
        print(f"till sandbox: cannot listen on {at}: {error.strerror}", file=sys.stderr)
        return 1
    try:
        print(_line(sandbox) if options.json else _table(sandbox), flush=True)
        if options.until_input_ends:
            threading.Thread(target=_wait_for_end_of_input, args=(done,), daemon=True).start()
        done.wait()
    finally:
        sandbox.close()
        restore()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="till sandbox",
        description=f"Strict local simulators of {', '.join(PROVIDERS)} over TLS. No real money.",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    for name in _PORTS:
        parser.add_argument(f"--port-{name}", type=_port, default=0, help="default: a free one")
    parser.add_argument("--shop", default="Corner Shop", help="name on the payer's pages")
    parser.add_argument("--until-input-ends", action="store_true", help=argparse.SUPPRESS)
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() and len(text) < 6 else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _stop_on_signals(done: threading.Event) -> _Restore:
    def stop(number: int, frame: FrameType | None) -> None:
        done.set()

    if threading.current_thread() is not threading.main_thread():
        return _Restore({})  # only the main thread may set handlers; the caller ends the wait itself
    caught = (signal.SIGINT, signal.SIGTERM)
    return _Restore({number: signal.signal(number, stop) for number in caught})


class _Restore:
    """Puts signal handlers back."""

    def __init__(self, before: dict[signal.Signals, object]) -> None:
        self._before = before

    def __call__(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def _wait_for_end_of_input(done: threading.Event) -> None:
    sys.stdin.read()
    done.set()


def _line(sandbox: Sandbox) -> str:
    return json.dumps(sandbox.describe())


def _table(sandbox: Sandbox) -> str:
    lines = ["till sandbox: simulated payment services, no real money", ""]
    lines += [f"Dashboard  {sandbox.dashboard_url}", f"CA file    {sandbox.ca_file}", ""]
    for name, provider in sandbox.providers.items():
        facts = {
            "API": provider.base_url,
            "control": provider.control_url,
            "payer": provider.payer_url_template,
            **provider.settings,
            "Python": sandbox.open_line(name),
            "shell": sandbox.shell_line(name),
        }
        lines.append(f"{provider.title}, mode: {provider.mode}")
        lines += [f"  {what:<{_LABEL_WIDTH}}  {fact}" for what, fact in facts.items()]
        lines.append("")
    lines.append("Stop with Ctrl-C.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
