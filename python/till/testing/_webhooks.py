"""WebhookBox: the address of a shop, for what the sandbox sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from till._receiver import Message, Receiver

if TYPE_CHECKING:
    from till.sandbox import Sandbox

__all__ = ["Message", "WebhookBox"]


class WebhookBox:
    """Takes what the providers of the sandbox send, and answers 200.

    Its `url` is where they send what names no place of its own, so a payment needs no `webhook_url`.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._receiver = Receiver()
        self._controls = [sandbox.control(provider) for provider in sandbox.providers]
        self._taken = 0
        self.url = self._receiver.url
        for control in self._controls:
            control.webhook_url(self.url)

    def wait(self, seconds: int = 10) -> list[Message]:
        """Those that came since the last time, once none is under way; each has `headers` and `body`."""
        for control in self._controls:
            control.webhooks(wait_seconds=seconds)
        came = self._receiver.messages[self._taken :]
        self._taken += len(came)
        return came

    def close(self) -> None:
        """Stops listening."""
        for control in self._controls:
            control.webhook_url("")
        self._receiver.close()
