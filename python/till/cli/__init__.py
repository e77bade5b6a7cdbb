"""The command line: `till`."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from till import __version__
from till.cli import _output
from till.cli._output import Failure

if TYPE_CHECKING:
    from till._errors import TillError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the return value is the exit status. User errors end in one line, never in a
    traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _prepare_streams()
    if sys.stdout is None:
        return _complain("standard output is closed; nothing was done", _output.USAGE)
    try:
        return _flushed(_run(arguments))
    except KeyboardInterrupt:
        _output.tell("till: interrupted")
        return _output.INTERRUPTED
    except OSError as error:
        # The reader of a pipe went away, or a disk is full. Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _output.FAILED
        return _complain(f"cannot write the output: {error.strerror or error}", _output.FAILED)


def _prepare_streams() -> None:
    """A closed stderr swallows messages instead of sending them to stdout; text that has no form in the
    terminal's encoding is escaped."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for the rest of the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flushed(status: int) -> int:
    sys.stdout.flush()
    return status


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["sandbox"]:
        return _sandbox(arguments[1:])
    try:
        options = _whole_parser().parse_args(arguments)
    except SystemExit as end:  # --help, --version, or a wrong command line that was explained
        return end.code if isinstance(end.code, int) else _output.USAGE
    as_json = getattr(options, "json", False)
    try:
        status: int = options.run(options)
        return status
    except Failure as failure:
        if as_json:
            return _complain_in_json(failure.as_error(), failure.status)
        return _complain(str(failure), failure.status)
    except Exception as error:
        from till._errors import TillError

        if not isinstance(error, TillError):
            raise
        from till.cli._explain import explained, status_of

        if as_json:
            return _complain_in_json(error, status_of(error))
        return _complain(explained(error, options), status_of(error))


def _complain(message: str, status: int) -> int:
    _output.tell(f"till: {message}")
    return status


def _complain_in_json(error: TillError, status: int) -> int:
    _output.tell(json.dumps(_output.error_json(error)))
    return status


def _sandbox(arguments: list[str]) -> int:
    try:
        from till.sandbox.__main__ import run
    except ModuleNotFoundError as error:
        return _complain(f"the sandbox needs {error.name}: pip install 'till[sandbox]'", _output.USAGE)
    return run(arguments)


def _whole_parser() -> argparse.ArgumentParser:
    from till.cli import demo, events, keys, pay, payments, plugin, providers, serve, store, webhooks
    from till.cli._parser import Parser

    parser = Parser(
        prog="till",
        description="An embeddable payment runtime for shops.",
        epilog=_output.EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"till {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    providers.add(commands)
    pay.add(commands)
    payments.add(commands)
    events.add(commands)
    keys.add(commands)
    plugin.add(commands)
    commands.add_parser("sandbox", help="run local simulators of the providers", add_help=False)
    webhooks.add(commands)
    serve.add(commands)
    store.add(commands)
    demo.add(commands)
    return parser
