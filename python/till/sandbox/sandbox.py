"""The sandbox as a whole: all simulated services over TLS, in a thread or in a process of their own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import Any, Literal, Self

from till.sandbox.bitgpt import BitGpt
from till.sandbox.bitpay import BitPay
from till.sandbox.clock import Clock
from till.sandbox.control import Control
from till.sandbox.dashboard import Dashboard
from till.sandbox.forumpay import ForumPay
from till.sandbox.globalpay import GlobalPay
from till.sandbox.openpay import OpenPay
from till.sandbox.server import ServerThread, open_socket, plain_site, provider_site
from till.sandbox.simulator import Simulator
from till.sandbox.tls import make_tls_files

_SIMULATORS: dict[str, type[Simulator]] = {
    "bitgpt": BitGpt,
    "bitpay": BitPay,
    "forumpay": ForumPay,
    "globalpay": GlobalPay,
    "openpay": OpenPay,
}
PROVIDERS = tuple(sorted(_SIMULATORS))
"""Ids of the services that are simulated."""

# A first payment at each of them: the operands of `till pay`, and the options that it needs there.
_FIRST_PAYMENTS = {
    "bitgpt": "48.25 EUR --customer-email ana@shop.example",
    "bitpay": "25.00 USD",
    "forumpay": "48.25 EUR --pay-currency BTC",
    "globalpay": "20.00 BTN",
    "openpay": "20.00 BZD",
}

DASHBOARD = "dashboard"
"""The name under which the dashboard's port can be chosen."""


@dataclass(frozen=True)
class Provider:
    """How one simulated service is reached and what a gateway to it needs; `title` is for people."""

    title: str
    mode: str
    base_url: str
    settings: Mapping[str, str]
    control_url: str
    payer_url_template: str


class Sandbox:
    """Strict local simulators of payment services.

    >>> with Sandbox() as sandbox:
    ...     sandbox.providers["openpay"].base_url.startswith("https://127.0.0.1:")
    True

    `process="thread"` runs them in a background thread of this process, `"subprocess"` in a process of
    their own that ends with this one. `ports` fixes a provider's port, or that of the `dashboard`; the
    others take free ones. `clock` (thread only) replaces the time; each provider else has a clock of its
    own that the control API can advance. Not thread-safe itself; the services and `control` are.
    """

    ca_file: str
    dashboard_url: str
    providers: dict[str, Provider]

    def __init__(
        self,
        *,
        process: Literal["thread", "subprocess"] = "thread",
        host: str = "127.0.0.1",
        ports: Mapping[str, int] | None = None,
        shop: str = "Corner Shop",
        clock: Clock | None = None,
    ) -> None:
        if process not in ("thread", "subprocess"):
            raise ValueError("process must be 'thread' or 'subprocess'")
        if clock is not None and process == "subprocess":
            raise ValueError("a clock cannot be shared with a subprocess")
        unknown = set(ports or {}) - {*PROVIDERS, DASHBOARD}
        if unknown:
            raise ValueError(f"no such provider: {min(unknown)}")
        self._process = process
        self._host, self._ports, self._shop, self._clock = host, dict(ports or {}), shop, clock
        self._folder: Path | None = None
        self._server: ServerThread | None = None
        self._child: subprocess.Popen[str] | None = None
        self._pid = 0

    def start(self) -> Self:
        """Starts serving; `OSError` when a port is taken, `RuntimeError` when starting fails or it runs
        already."""
        if self._server is not None or self._child is not None:
            raise RuntimeError("the sandbox runs already")
        self._pid = os.getpid()
        try:
            if self._process == "thread":
                self._start_thread()
            else:
                self._start_subprocess()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Ends the services and removes the temporary files. A second call does nothing.

        Nor does a call in a child after `fork`: what runs and lies on disk belongs to the parent.
        """
        if os.getpid() != self._pid:
            return
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._child is not None:
            _end(self._child)
            self._child = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        """Starts it, unless `start` did."""
        return self if self._server is not None or self._child is not None else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def control(self, provider_id: str) -> Control:
        """A client that plays payer, network and bad luck for one provider."""
        return Control(self.providers[provider_id].control_url, self.ca_file)

    def open_line(self, provider_id: str) -> str:
        """The line of Python that opens a gateway to a simulated service."""
        provider = self.providers[provider_id]
        settings = json.dumps(dict(provider.settings))
        place = f'mode="{provider.mode}", base_url="{provider.base_url}", ca_file="{self.ca_file}"'
        return f'till.Gateway("{provider_id}", {settings}, {place})'

    def shell_line(self, provider_id: str) -> str:
        """The line for a shell that takes a first payment at a simulated service. Its store is beside the CA
        file, and ends with the sandbox."""
        provider = self.providers[provider_id]
        settings = [
            f"TILL_{provider_id}_{name}".upper() + "=" + quote(value)
            for name, value in provider.settings.items()
        ]
        place = f"--mode {provider.mode} --base-url {provider.base_url} --ca-file {quote(self.ca_file)}"
        store = quote(str(Path(self.ca_file).with_name("till.sqlite3")))
        pay = f"till pay {provider_id} {_FIRST_PAYMENTS[provider_id]}"
        return f"{' '.join(settings)} {pay} {place} --store {store}"

    def describe(self) -> dict[str, Any]:
        """Everything an embedder needs, ready for JSON. `control_url` is that of the first provider."""
        return {
            "ca_file": self.ca_file,
            "dashboard_url": self.dashboard_url,
            "control_url": self.providers[PROVIDERS[0]].control_url,
            "providers": {
                name: {**asdict(provider), "open": self.open_line(name)}
                for name, provider in self.providers.items()
            },
        }

    def _start_thread(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="till-sandbox-"))
        files = make_tls_files(self._folder, self._host)
        socks = self._open_sockets()
        simulators = [
            _SIMULATORS[name](_origin(self._host, socks[name]), self._clock or Clock(), self._shop)
            for name in PROVIDERS
        ]
        sites = [provider_site(simulator, socks[simulator.id]) for simulator in simulators]
        sites.append(plain_site(Dashboard(simulators).application(), socks[DASHBOARD]))
        self._server = ServerThread(sites, files)
        self._server.start()
        self.ca_file = str(files.ca)
        self.dashboard_url = _origin(self._host, socks[DASHBOARD]) + "/"
        self.providers = {simulator.id: _provider(simulator) for simulator in simulators}

    def _open_sockets(self) -> dict[str, socket.socket]:
        """All ports, or none: an `OSError` leaves nothing open."""
        socks: dict[str, socket.socket] = {}
        try:
            for name in (*PROVIDERS, DASHBOARD):
                socks[name] = open_socket(self._host, self._ports.get(name, 0))
        except OSError:
            for sock in socks.values():
                sock.close()
            raise
        return socks

    def _start_subprocess(self) -> None:
        # The child ends when its input does, so it cannot outlive a parent that was killed.
        command = [sys.executable, "-m", "till.sandbox", "--json", "--until-input-ends"]
        command += ["--host", self._host, "--shop", self._shop]
        for name, port in self._ports.items():
            command += [f"--port-{name}", str(port)]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": _python_path()},
        )
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError("the sandbox did not start")
        described = json.loads(line)
        self.ca_file, self.dashboard_url = described["ca_file"], described["dashboard_url"]
        self.providers = {
            name: Provider(**{field.name: provider[field.name] for field in fields(Provider)})
            for name, provider in described["providers"].items()
        }


def _provider(simulator: Simulator) -> Provider:
    return Provider(
        title=simulator.title,
        mode="test",
        base_url=simulator.base_url,
        settings=simulator.gateway_settings(),
        control_url=simulator.origin + "/_sandbox",
        payer_url_template=simulator.payer_url_template,
    )


def _origin(host: str, sock: socket.socket) -> str:
    port = sock.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}" if port == 443 else f"https://{shown}:{port}"


def _python_path() -> str:
    """Lets the child find this very package, installed or not."""
    here = str(Path(__file__).resolve().parents[2])
    rest = os.environ.get("PYTHONPATH")
    return here if not rest else here + os.pathsep + rest


def _end(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
