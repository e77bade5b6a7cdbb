"""The parser of the command line: argparse that says what was probably meant."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from till._names import nearest


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that answers a wrong choice with the nearest right one, and takes the words of a
    list before, between and after the options; as do its subparsers."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        found, rest = super().parse_known_args(args, namespace)
        many = next(
            (one for one in self._actions if not one.option_strings and one.nargs in ("*", "+")), None
        )
        # argparse fills a list at the first chance, with nothing where an option comes first.
        if many is not None and (late := [word for word in rest if not word.startswith("-")]):
            setattr(found, many.dest, [*getattr(found, many.dest), *self._get_values(many, late)])
            rest = [word for word in rest if word.startswith("-") and word != "--"]
        return found, rest

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        near = nearest(str(value), map(str, action.choices))
        words = f"did you mean {near!r}?" if near else f"choose from {', '.join(map(str, action.choices))}"
        raise argparse.ArgumentError(action, f"no such choice: {value!r}; {words}")
