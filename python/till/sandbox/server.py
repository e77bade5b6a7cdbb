"""Runs the applications: sockets, TLS, one event loop in one background thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from till.sandbox.protocol import protocol_with_faults
from till.sandbox.simulator import Simulator
from till.sandbox.tls import TlsFiles
from till.sandbox.web import Application

_START_SECONDS = 20


def open_socket(host: str, port: int) -> socket.socket:
    """Binds a listening socket, so that the port is known before anything runs; 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle off only where the protocol is named, and with it each reply would wait 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        # Listening from here on: a caller who connects before the loop runs waits instead of failing.
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    return sock


@dataclass(frozen=True)
class Site:
    """An ASGI application, how its connections are handled, and the socket on which it is reached."""

    application: Any
    protocol: type[H11Protocol]
    sock: socket.socket


def provider_site(simulator: Simulator, sock: socket.socket) -> Site:
    """A simulated service, whose connections may meet faults."""
    strike = partial(_strike, simulator)
    protocol = protocol_with_faults(simulator.faults.armed_before_read, strike)
    return Site(Application(simulator), protocol, sock)


def plain_site(application: Any, sock: socket.socket) -> Site:
    """Pages that no fault touches."""
    return Site(application, protocol_with_faults(lambda: False, lambda method, target: False), sock)


class ServerThread:
    """All sites on one loop. `start` returns when they answer, `stop` when the thread has ended."""

    def __init__(self, sites: Sequence[Site], tls: TlsFiles) -> None:
        self._sites = sites
        self._servers = [uvicorn.Server(_config(site, tls)) for site in sites]
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="till-sandbox", daemon=True)

    def start(self) -> None:
        """Starts the thread; raises when the servers did not come up."""
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or self._failure is not None:
            raise RuntimeError("the sandbox did not start") from self._failure

    def stop(self) -> None:
        """Ends the servers, cutting whatever is still in flight after a second."""
        for server in self._servers:
            server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(10)
        for site in self._sites:
            site.sock.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # told to start(), which waits in another thread
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        tasks = [
            asyncio.create_task(server.serve(sockets=[site.sock]))
            for server, site in zip(self._servers, self._sites, strict=True)
        ]
        while not all(server.started for server in self._servers):
            if any(task.done() for task in tasks):
                break
            await asyncio.sleep(0.002)
        self._ready.set()
        await asyncio.gather(*tasks)


def _config(site: Site, tls: TlsFiles) -> uvicorn.Config:
    return uvicorn.Config(
        site.application,
        http=site.protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # the application dates its replies by the simulated clock
        proxy_headers=False,
        ssl_certfile=str(tls.certificate),
        ssl_keyfile=str(tls.key),
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=2048,
    )


def _strike(simulator: Simulator, method: str, target: str) -> bool:
    path = target.partition("?")[0]
    prefix = simulator.api_prefix
    if path != prefix and not path.startswith(prefix + "/"):
        return False  # pages and the control API stay reachable
    fault = simulator.faults.take(path, "", before_read=True)
    if fault is None:
        return False
    simulator.recorder.add(
        {
            "time_ms": simulator.clock.now_ms(),
            "method": method,
            "path": simulator.mask_path(path),
            "query": target.partition("?")[2],
            "headers": {},
            "body": None,
            "fault": fault.kind,
            "status": None,
        }
    )
    return True
