"""BitPay's tokens: what each may do (facade), for whom (policies), and how it is paired."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

from till.sandbox.bitpay.identity import base58

PAIRING_MS = 24 * 3600 * 1000  # pairingExpiration - dateCreated in the documented sample
FACADES = ("merchant", "pos")


@dataclass
class Token:
    """A token. Without `sins` anybody may use it, unless it still waits to be approved.

    `facade` is `merchant`, `pos` or `merchant/invoice`; the last has the invoice in `subject`.
    """

    facade: str
    created_ms: int
    sins: list[str] = field(default_factory=list)
    active: bool = True
    pairing_code: str = ""
    subject: str = ""
    label: str = ""
    value: str = field(default_factory=lambda: base58(secrets.token_bytes(32)))

    @property
    def pairing_expires_ms(self) -> int:
        """When the pairing code stops working."""
        return self.created_ms + PAIRING_MS

    def policies(self) -> list[object]:
        """The documented policies: `inactive` until approved, then `require`."""
        if not self.sins:
            return []
        method = "require" if self.active else "inactive"
        return [{"policy": "id", "method": method, "params": list(self.sins)}]

    def waiting(self) -> dict[str, object]:
        """The reply to a request for a token."""
        return {
            "token": self.value,
            "facade": self.facade,
            "dateCreated": self.created_ms,
            "pairingExpiration": self.pairing_expires_ms,
            "pairingCode": self.pairing_code,
            "policies": self.policies(),
        }

    def granted(self, resource: str) -> dict[str, object]:
        """The reply once it belongs to a merchant."""
        return {
            "policies": self.policies(),
            "resource": resource,
            "token": self.value,
            "facade": self.facade,
            "dateCreated": self.created_ms,
        }


class Tokens:
    """Every token there is, by value and by pairing code."""

    def __init__(self) -> None:
        self._by_value: dict[str, Token] = {}
        self._by_code: dict[str, Token] = {}
        self._of_invoice: dict[tuple[str, str], Token] = {}

    def add(self, token: Token) -> Token:
        """Keeps a new one."""
        self._by_value[token.value] = token
        if token.pairing_code:
            self._by_code[token.pairing_code] = token
        return token

    def find(self, value: str) -> Token | None:
        """By its value."""
        return self._by_value.get(value)

    def offered(self, pairing_code: str, now_ms: int) -> Token | None:
        """The token behind a pairing code that has neither expired nor been used."""
        token = self._by_code.get(pairing_code)
        return token if token is not None and now_ms < token.pairing_expires_ms else None

    def use_up(self, token: Token) -> None:
        """Makes a pairing code worthless, once its token is active."""
        self._by_code.pop(token.pairing_code, None)

    def for_invoice(self, invoice_id: str, parent: Token, sin: str, now_ms: int) -> Token:
        """The token that acts on one invoice for one identity; the same each time it is asked for."""
        key = (invoice_id, f"{parent.facade}:{sin}")
        if key not in self._of_invoice:
            token = Token(
                facade=f"{parent.facade}/invoice",
                created_ms=now_ms,
                sins=[sin] if sin else [],
                subject=invoice_id,
                value=base58(secrets.token_bytes(48)),
            )
            self._of_invoice[key] = self.add(token)
        return self._of_invoice[key]

    def forget_invoices(self) -> None:
        """Drops the tokens of all invoices."""
        for token in self._of_invoice.values():
            del self._by_value[token.value]
        self._of_invoice.clear()


def new_pairing_code() -> str:
    """Seven letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(7))
