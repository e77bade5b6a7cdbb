"""A small client of the control API: plays the payer, the network, the bank and bad luck."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from till.sandbox import wire

_TIMEOUT_SECONDS = 30


class ControlFailed(Exception):
    """The sandbox refused a step: `status` is its HTTP status, the text says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Drives one provider of a sandbox, in this process or another. Usable from any thread.

    Amounts are decimal strings, `Decimal` or whole numbers; a float is a `TypeError`. For OpenPay a
    payment is a paylink and amounts are in its currency; for BitPay a payment is an invoice and amounts
    are in BTC.
    """

    def __init__(self, control_url: str, ca_file: str) -> None:
        self._parts = urlsplit(control_url)
        self._tls = ssl.create_default_context(cafile=ca_file)

    # Payments

    def payment(self, payment_id: str) -> dict[str, Any]:
        """A payment as the sandbox knows it."""
        return self._payment("GET", payment_id)

    def payments(self) -> list[dict[str, Any]]:
        """All payments, oldest first."""
        return list(self._call("GET", "/payments"))

    def pay(self, payment_id: str, amount: str | Decimal | int | None = None) -> dict[str, Any]:
        """The payer pays what is due, or `amount`."""
        return self._payment("POST", payment_id, "pay", _amount(amount))

    def underpay(self, payment_id: str, amount: str | Decimal | int | None = None) -> dict[str, Any]:
        """The payer pays half of what is due, or `amount`."""
        return self._payment("POST", payment_id, "underpay", _amount(amount))

    def overpay(self, payment_id: str, amount: str | Decimal | int | None = None) -> dict[str, Any]:
        """The payer pays half more than what is due, or `amount`."""
        return self._payment("POST", payment_id, "overpay", _amount(amount))

    def expire(self, payment_id: str) -> dict[str, Any]:
        """The time to pay is over."""
        return self._payment("POST", payment_id, "expire")

    def decline(self, payment_id: str) -> dict[str, Any]:
        """The card is declined (OpenPay) or the network rejects the coins (BitPay: `invalid`)."""
        return self._payment("POST", payment_id, "decline")

    def confirm(self, payment_id: str, confirmations: int = 6) -> dict[str, Any]:
        """The bitcoin network adds that many confirmations (BitPay only)."""
        return self._payment("POST", payment_id, "confirm", {"confirmations": confirmations})

    # Bad luck, time, and what was seen

    def fault(self, kind: str, **options: Any) -> None:
        """Arms a fault; see the README for kinds and options. A float option is read as a decimal."""
        exact = {k: Decimal(str(v)) if isinstance(v, float) else v for k, v in options.items()}
        self._call("POST", "/faults", {"kind": kind, **exact})

    def clear_faults(self) -> None:
        """Disarms all faults."""
        self._call("DELETE", "/faults")

    def faults(self) -> list[dict[str, Any]]:
        """The armed faults."""
        return list(self._call("GET", "/faults"))

    def requests(self) -> list[dict[str, Any]]:
        """Every API request since the start or the last reset; secrets and card data are masked."""
        return list(self._call("GET", "/requests"))

    def advance_clock(self, seconds: int) -> None:
        """Moves this provider's clock forward."""
        self._call("POST", "/clock", {"advance_seconds": seconds})

    def now_ms(self) -> int:
        """What this provider's clock shows, in milliseconds since 1970."""
        return int(self._call("GET", "/clock")["now_ms"])

    def options(self, **changes: Any) -> dict[str, Any]:
        """Changes options of the simulator, if any are given, and returns all."""
        return dict(self._call("POST", "/options", changes))

    def reset(self) -> None:
        """Back to the state after the start; keys, tokens and the clock's offset stay."""
        self._call("POST", "/reset")

    def command(self, name: str, **arguments: Any) -> Any:
        """A step that only one provider has, by its name."""
        return self._call("POST", f"/commands/{quote(name, safe='')}", arguments)

    # Webhooks

    def webhook_url(self, url: str) -> None:
        """Where webhooks go that name no place of their own; empty for nowhere.

        Its host is thereby registered: besides loopback, only it is ever called.
        """
        self._call("POST", "/webhooks", {"url": url})

    def webhooks(self, wait_seconds: int = 10) -> list[dict[str, Any]]:
        """Every webhook since the start or the last reset, once none is under way or the wait is over."""
        return list(self._call("GET", f"/webhooks?wait_seconds={wait_seconds}")["webhooks"])

    def send_again(self, webhook_id: str) -> None:
        """Sends the same message once more."""
        self._call("POST", f"/webhooks/{quote(webhook_id, safe='')}/again")

    def send_twice(self, webhook_id: str) -> None:
        """Sends the same message two more times at the same moment."""
        self._call("POST", f"/webhooks/{quote(webhook_id, safe='')}/twice")

    def send_out_of_order(self) -> int:
        """Sends all webhooks, those held and those sent before, the newest first; says how many."""
        return int(self._call("POST", "/webhooks/out-of-order")["sent"])

    def hold_webhooks(self) -> None:
        """Keeps new webhooks back until they are released."""
        self._call("POST", "/webhooks", {"hold": True})

    def release_webhooks(self, order: str = "sent") -> int:
        """Sends those held, as they happened or in `"reverse"` order; says how many."""
        return int(self._call("POST", "/webhooks/release", {"order": order})["sent"])

    # OpenPay

    def statement(self, card_number: str) -> dict[str, Any] | None:
        """The micro charge a card holder sees on the bank statement, or None (OpenPay only)."""
        found: dict[str, Any] | None = self.command("statement", card_number=card_number)
        return found

    def verify_card(self, card_number: str, month: str = "12", year: str = "2030") -> None:
        """Makes a card one that was verified long ago (OpenPay only)."""
        self.command(
            "verify_card",
            card_number=card_number,
            card_expiry_month=month,
            card_expiry_year=year,
        )

    # BitPay

    def create_pairing_code(self, facade: str = "merchant") -> str:
        """A code that the merchant hands to a client (BitPay only)."""
        return str(self.command("create_pairing_code", facade=facade)["pairingCode"])

    def approve(self, pairing_code: str) -> None:
        """The merchant approves a client's request for a token (BitPay only)."""
        self.command("approve_pairing_code", pairingCode=pairing_code)

    def _payment(
        self,
        method: str,
        payment_id: str,
        action: str = "",
        arguments: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        path = f"/payments/{quote(payment_id, safe='')}" + (f"/{action}" if action else "")
        return dict(self._call(method, path, arguments))

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        connection = http.client.HTTPSConnection(
            self._parts.hostname or "",
            self._parts.port,
            timeout=_TIMEOUT_SECONDS,
            context=self._tls,
        )
        try:
            payload = None if body is None else wire.write(body).encode()
            headers = {"content-type": "application/json"} if payload else {}
            connection.request(method, self._parts.path + path, payload, headers)
            response = connection.getresponse()
            reply: Any = wire.read(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ControlFailed(response.status, str(reply.get("error", "")))
        return reply["data"]


def _amount(amount: str | Decimal | int | None) -> dict[str, object]:
    if amount is None:
        return {}
    if isinstance(amount, (float, bool)):
        raise TypeError("an amount is a decimal string, a Decimal or a whole number")
    return {"amount": str(amount)}
