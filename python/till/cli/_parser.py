"""The parser of the command line: argparse that says what was probably meant."""

from __future__ import annotations

import argparse
from typing import Any

from till._names import nearest


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that answers a wrong choice with the nearest right one, as do its subparsers."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        near = nearest(str(value), map(str, action.choices))
        words = f"did you mean {near!r}?" if near else f"choose from {', '.join(map(str, action.choices))}"
        raise argparse.ArgumentError(action, f"no such choice: {value!r}; {words}")
