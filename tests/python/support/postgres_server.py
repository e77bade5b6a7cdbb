"""A PostgreSQL server for the tests: tests/store/postgres_server.sh, from Python."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "store" / "postgres_server.sh"


class PostgresServer:
    """Runs until it is closed; each store that it hands out is empty."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="till-postgres-")
        self._stores = 0
        self.start()

    def start(self) -> None:
        """Starts it, on the same address as before."""
        self._socket_url = self._run("start").splitlines()[0]

    def stop(self, mode: str = "fast") -> None:
        """`fast`, `immediate` or `kill`."""
        self._run("stop", mode)

    def new_store(self) -> str:
        """The place of a store that nobody has used."""
        self._stores += 1
        name = f"store_{self._stores}"
        place = f"{self._socket_url}&options=-csearch_path%3D{name}"
        host = self._socket_url.partition("host=")[2].partition("&")[0]
        port = self._socket_url.rpartition("port=")[2]
        command = [
            "psql",
            "-q",
            "-h",
            host,
            "-p",
            port,
            "-U",
            "till",
            "-c",
            f"CREATE SCHEMA {name}",
            "postgres",
        ]
        subprocess.run(command, check=True)
        return place

    def close(self) -> None:
        """Ends it, and all that it kept."""
        self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _run(self, verb: str, *more: str) -> str:
        done = subprocess.run(
            [str(SCRIPT), verb, self._folder, *more], check=True, capture_output=True, text=True, timeout=120
        )
        return done.stdout
