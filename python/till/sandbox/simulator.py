"""What every simulated service has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Mapping, Sequence
from typing import ClassVar

from starlette.routing import Route

from till.sandbox.call import Answer, Call
from till.sandbox.checkout import Checkout
from till.sandbox.clock import Clock
from till.sandbox.faults import Faults
from till.sandbox.fields import Check, FieldError
from till.sandbox.recorder import Recorder
from till.sandbox.webhooks import Webhooks

Command = Callable[[Mapping[str, object]], object]
"""A step of the control API that only one service has: takes and returns JSON."""


class ControlError(ValueError):
    """A control request that makes no sense, with the HTTP status to say so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Simulator(ABC):
    """One simulated service: its API, its payer's pages and what a test may do behind its back.

    All methods run on the server's one thread and never wait. Webhooks go out through `self.webhooks.send`,
    whole and signed. `webhook_retry_seconds` are the documented pauses after failed attempts, if any are;
    `webhook_statuses` the answers that count as taken; `sends_webhooks` says whether the service documents
    webhooks at all.
    """

    id: str
    title: str
    api_prefix: str
    option_checks: ClassVar[Mapping[str, Check]]
    sends_webhooks: ClassVar[bool] = True
    webhook_retry_seconds: ClassVar[Sequence[float]] = ()
    webhook_statuses: ClassVar[Container[int]] = range(200, 300)

    def __init__(self, origin: str, clock: Clock, shop: str) -> None:
        self.origin = origin
        self.clock = clock
        self.shop = shop
        self.faults = Faults()
        self.recorder = Recorder()
        self.webhooks = Webhooks(clock, self.webhook_retry_seconds, self.webhook_statuses)
        self.options: dict[str, object] = self.default_options()

    # The service itself

    @abstractmethod
    def answer(self, call: Call) -> Answer:
        """The reply the service gives."""

    @abstractmethod
    def error_body(self, message: str) -> object:
        """An error in the service's own shape."""

    def fault_body(self, status: int, message: str) -> object:
        """The body of a failure that a test ordered, for services whose errors repeat the HTTP status."""
        return self.error_body(message)

    def rpc_method(self, call: Call) -> str:
        """The method named in the body, for services that have one; else empty."""
        return ""

    # What an embedder is told

    @property
    @abstractmethod
    def base_url(self) -> str:
        """Where a gateway sends its requests."""

    @property
    @abstractmethod
    def payer_url_template(self) -> str:
        """The payer's page, with `{id}` where the payment's id goes: in the path or in the query."""

    @abstractmethod
    def gateway_settings(self) -> dict[str, str]:
        """Settings with which a gateway may use this service at once."""

    # Payers and tests

    @abstractmethod
    def payment(self, payment_id: str) -> dict[str, object]:
        """A payment as the control API shows it; `ControlError` 404 when there is none."""

    @abstractmethod
    def payment_ids(self) -> list[str]:
        """All payments a payer could open, oldest first."""

    @abstractmethod
    def act(self, payment_id: str, action: str, arguments: Mapping[str, object]) -> None:
        """Does what a payer or the network would do; `ControlError` when it cannot happen now."""

    @abstractmethod
    def checkout(self, payment_id: str) -> Checkout:
        """What the payer's page shows; `ControlError` 404 when there is no such payment."""

    def routes(self) -> list[Route]:
        """Pages and pictures beside the API and the payer's page that only this service has."""
        return []

    def time_passed(self) -> None:
        """Called after a test moved the clock: what happens by itself with time, for instance a webhook."""
        return

    def commands(self) -> dict[str, Command]:
        """Steps of the control API that only this service has."""
        return {}

    @abstractmethod
    def default_options(self) -> dict[str, object]:
        """Options as they stand at the start."""

    def set_options(self, given: Mapping[str, object]) -> None:
        """Changes options, all or none; `FieldError` for an unknown or wrong one."""
        for name, value in given.items():
            check = self.option_checks.get(name)
            if check is None:
                raise FieldError(f"Unknown option: {name}")
            problem = check(value)
            if problem is not None:
                raise FieldError(f"Invalid {name}: {problem}")
        self.options.update(given)

    def reset(self) -> None:
        """Back to the state after the start; keys, tokens and the clock's offset stay."""
        self.faults.clear()
        self.recorder.clear()
        self.webhooks.clear()
        self.options = self.default_options()
        self.forget()

    @abstractmethod
    def forget(self) -> None:
        """Drops all payments."""

    # Masking

    def mask_path(self, path: str) -> str:
        """A path without secrets."""
        return path

    def mask(self, body: object) -> object:
        """Masks what only this service knows to be secret."""
        return body
