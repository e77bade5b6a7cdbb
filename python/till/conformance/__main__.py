"""`python -m till.conformance`: examines providers, and reports or writes docs/providers.md."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from till.conformance.case import Case
from till.conformance.matrix import page
from till.conformance.suite import Suite, providers


def main() -> int:
    """Runs the command; the exit status is 1 when a case fails."""
    options = _parser().parse_args()
    with Suite(options.providers, plugin_path=[Path(one) for one in options.plugins]) as suite:
        for case in suite.cases():
            if not options.only or case.name.startswith(tuple(options.only)):
                _report(suite, case, options.verbose)
        if options.write:
            Path(options.write).write_text(page(suite))
        failed = sum(problem is not None for problem in suite.outcomes.values())
        print(f"{len(suite.outcomes)} cases, {failed} failed")
    return 1 if failed else 0


def _report(suite: Suite, case: Case, verbose: bool) -> None:
    begin = time.perf_counter()
    problem = suite.run(case)
    if problem is not None or verbose:
        took = f"{(time.perf_counter() - begin) * 1000:.0f} ms"
        print(f"ok   {case.name} ({took})" if problem is None else f"FAIL {case.name} ({took}): {problem}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m till.conformance", description=__doc__)
    parser.add_argument("providers", nargs="*", metavar="PROVIDER", help=f"of {', '.join(providers())}")
    parser.add_argument("--only", action="append", metavar="NAME", help="cases whose name starts so")
    parser.add_argument("--verbose", action="store_true", help="also show what passed")
    parser.add_argument(
        "--plugins",
        action="append",
        default=[],
        metavar="FOLDER",
        help="where the plugins and their fixtures are; an installed package has no fixtures",
    )
    parser.add_argument("--write", metavar="FILE", help="write the page about all providers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
