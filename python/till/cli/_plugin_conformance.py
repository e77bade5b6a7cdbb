"""The conformance suite for one plugin, in a folder of any name."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Examined:
    """One case of the suite; without a problem all is as it should be."""

    check: str
    item: str
    problem: str | None


def examined(plugin_id: str, folder: Path) -> list[Examined] | None:
    """All cases but the fixtures: with a simulator of the service the whole suite, else as far as that goes.

    None when the packages of the sandbox, on which the suite stands, are not installed.
    """
    try:
        from till.conformance import Suite
    except ModuleNotFoundError:
        return None
    with tempfile.TemporaryDirectory(prefix="till-plugin-") as place:
        (Path(place) / plugin_id).symlink_to(folder.resolve(), target_is_directory=True)
        with Suite([plugin_id], plugin_path=[Path(place)]) as suite:
            cases = [case for case in suite.cases() if case.check != "fixture"]
            return [Examined(case.check, case.item, suite.run(case)) for case in cases]
