"""What a simulated service tells the shop by itself: sent for real, recorded, and sent again on request."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from till.sandbox import outgoing, wire
from till.sandbox.clock import Clock
from till.sandbox.recorder import mask_body, mask_headers

KEPT_WEBHOOKS = 1000


@dataclass
class Attempt:
    """One delivery and what the shop answered; without an answer `error` says why."""

    time_ms: int
    http_status: int | None
    error: str | None
    took_ms: int


@dataclass
class Webhook:
    """One message to a shop. Bytes and headers are kept, so that a repetition is the same message."""

    id: str
    event: str
    url: str
    body: bytes
    headers: Mapping[str, str]
    created_ms: int
    held: bool = False
    taken: bool = False
    under_way: int = 0
    retries: int = 0
    retry_at_ms: int | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def status(self) -> str:
        """`held`, `sending`, `delivered` (once is enough), `waiting` for its next attempt, or `failed`."""
        if self.held:
            return "held"
        if self.under_way:
            return "sending"
        if self.taken:
            return "delivered"
        return "failed" if self.retry_at_ms is None else "waiting"

    def describe(self) -> dict[str, object]:
        """The webhook as the control API shows it, secrets masked."""
        try:
            body = mask_body(wire.read(self.body))
        except wire.WireError:
            body = self.body.decode("utf-8", "replace")
        return {
            "id": self.id,
            "event": self.event,
            "url": self.url,
            "status": self.status,
            "time_ms": self.created_ms,
            "retry_at_ms": self.retry_at_ms,
            "headers": mask_headers({name.lower(): value for name, value in self.headers.items()}),
            "body": body,
            "attempts": [asdict(attempt) for attempt in self.attempts],
        }


class Webhooks:
    """The webhooks of one simulator. All methods run on the server's loop and none waits for a shop.

    Webhooks leave one after the other, in the order in which things happened. `url` is where they go when
    the payment names no place of its own; its host is thereby registered, and besides loopback only that
    host is ever called. While `hold` is set nothing leaves. `retry_seconds` are the pauses after failed
    attempts, on the simulator's clock: none unless the service documents some. `statuses` are the answers
    that count as taken.
    """

    def __init__(
        self,
        clock: Clock,
        retry_seconds: Sequence[float] = (),
        statuses: Container[int | None] = range(200, 300),
    ) -> None:
        self.url = ""
        self.hold = False
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._statuses = statuses
        self._kept: deque[Webhook] = deque(maxlen=KEPT_WEBHOOKS)
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: asyncio.Task[None] | None = None

    def send(
        self, url: str | None, event: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Webhook:
        """Tells a shop: POSTs exactly these bytes, now or when they are released.

        Without a `url` it goes to the default one; without either it is recorded as failed. Headers
        are sent as they are (a signature, the content type); host and length are added.
        """
        webhook = Webhook(
            id=f"webhook-{next(self._numbers)}",
            event=event,
            url=url or self.url,
            body=body,
            headers=dict(headers or {"content-type": "application/json"}),
            created_ms=self._clock.now_ms(),
            held=self.hold,
        )
        self._kept.append(webhook)
        if not webhook.held:
            self._start_in_turn(webhook)
        return webhook

    def set_url(self, url: str) -> None:
        """Sets the default place, empty for none; `ValueError` for one that could never be called."""
        if url:
            try:
                outgoing.target_of(url, {outgoing.host_of(url)})
            except outgoing.Undeliverable as problem:
                raise ValueError(str(problem)) from None
        self.url = url

    def all(self) -> list[Webhook]:
        """Those kept, oldest first."""
        return list(self._kept)

    def find(self, webhook_id: str) -> Webhook | None:
        """One by its id."""
        return next((webhook for webhook in self._kept if webhook.id == webhook_id), None)

    def repeat(self, webhook: Webhook, copies: int = 1) -> None:
        """Sends the same message again at once, all copies at the same moment."""
        webhook.held = False
        for _ in range(copies):
            self._start(webhook, after=None)

    def release(self, *, backwards: bool = False) -> int:
        """Stops holding and sends what was held, the newest first if `backwards`; says how many."""
        self.hold = False
        held = [webhook for webhook in self._kept if webhook.held]
        return self._send_all(held[::-1] if backwards else held)

    def replay_backwards(self) -> int:
        """Sends all of them out of order, the newest first, whether held or sent before; says how many."""
        self.hold = False
        return self._send_all(list(self._kept)[::-1])

    def send_due(self) -> None:
        """Makes the repetitions whose time has come, for instance because the clock was moved."""
        now = self._clock.now_ms()
        due = [webhook for webhook in self._kept if (webhook.retry_at_ms or now + 1) <= now]
        self._send_all(due)

    async def settled(self, seconds: float) -> bool:
        """Waits until nothing is under way, at most so long; says whether that came true."""
        deadline = time.monotonic() + seconds
        while self._tasks and (left := deadline - time.monotonic()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        return not self._tasks

    def clear(self) -> None:
        """Forgets everything, the default URL too, and drops what is under way."""
        for task in self._tasks:
            task.cancel()
        self._kept.clear()
        self.url, self.hold, self._last = "", False, None

    def _send_all(self, webhooks: Sequence[Webhook]) -> int:
        for webhook in webhooks:
            webhook.held = False
            self._start_in_turn(webhook)
        return len(webhooks)

    def _start_in_turn(self, webhook: Webhook) -> None:
        self._last = self._start(webhook, after=self._last)

    def _start(self, webhook: Webhook, after: asyncio.Task[None] | None) -> asyncio.Task[None]:
        webhook.under_way += 1
        webhook.retry_at_ms = None
        task = asyncio.get_running_loop().create_task(self._deliver(webhook, after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _deliver(self, webhook: Webhook, after: asyncio.Task[None] | None) -> None:
        if after is not None:
            await asyncio.wait([after])
        try:
            attempt = await self._attempt(webhook)
            webhook.attempts.append(attempt)
            webhook.taken = webhook.taken or attempt.http_status in self._statuses
        finally:
            webhook.under_way -= 1
        self._plan_retry(webhook)

    async def _attempt(self, webhook: Webhook) -> Attempt:
        began, started = self._clock.now_ms(), time.monotonic()
        status, error = None, None
        try:
            parts = outgoing.target_of(webhook.url, {outgoing.host_of(self.url)})
            status = await outgoing.post(parts, webhook.body, webhook.headers)
        except outgoing.Undeliverable as problem:
            error = str(problem)
        return Attempt(began, status, error, round((time.monotonic() - started) * 1000))

    def _plan_retry(self, webhook: Webhook) -> None:
        if webhook.status != "failed" or webhook.retries >= len(self._retry_seconds):
            return
        pause = self._retry_seconds[webhook.retries]
        webhook.retries += 1
        webhook.retry_at_ms = self._clock.now_ms() + round(pause * 1000)
        asyncio.get_running_loop().call_later(pause, self.send_due)
