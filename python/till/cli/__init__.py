"""The command line: `till`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from till import __version__
from till.cli import _output
from till.cli._output import Failure


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the return value is the exit status. User errors end in one line, never in a
    traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["sandbox"]:
        return _sandbox(arguments[1:])
    try:
        options = _parser().parse_args(arguments)
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("till: interrupted", file=sys.stderr)
        return _output.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away; what it wanted it has. Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _output.FAILED
    except Failure as failure:
        return _complain(str(failure), failure.status)
    except Exception as error:
        from till._errors import TillError

        if not isinstance(error, TillError):
            raise
        return _complain(_explained(error), _status_of(error))


def _complain(message: str, status: int) -> int:
    print(f"till: {message}", file=sys.stderr)
    return status


def _explained(error: Exception) -> str:
    from till import _errors

    advice = ""
    if isinstance(error, _errors.OutcomeUnknown):
        advice = f"\n  Look at it first: till payments show PROVIDER {error.payment_id or 'ID'}"
    if isinstance(error, _errors.AuthenticationError):
        advice = "\n  Where to find the right credentials: till providers show PROVIDER"
    return f"{type(error).__name__}: {error}{advice}"


def _status_of(error: Exception) -> int:
    from till import _errors

    if isinstance(error, _errors.OutcomeUnknown):
        return _output.UNKNOWN
    wrong = (_errors.ConfigurationError, _errors.InvalidRequest, _errors.Unsupported)
    return _output.USAGE if isinstance(error, wrong) else _output.FAILED


def _sandbox(arguments: list[str]) -> int:
    try:
        from till.sandbox.__main__ import run
    except ModuleNotFoundError as error:
        return _complain(f"the sandbox needs {error.name}: pip install 'till[sandbox]'", _output.USAGE)
    return run(arguments)


def _parser() -> argparse.ArgumentParser:
    from till.cli import demo, keys, pay, providers

    parser = argparse.ArgumentParser(
        prog="till",
        description="An embeddable payment runtime for shops.",
        epilog=_output.EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"till {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    providers.add(commands)
    pay.add(commands)
    keys.add(commands)
    commands.add_parser("sandbox", help="run local simulators of the providers", add_help=False)
    demo.add(commands)
    return parser
