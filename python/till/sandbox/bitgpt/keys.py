"""Who may call BitGPT: API keys with their rights, and the access token of a signed-in merchant."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from till.sandbox.bitgpt.envelope import Refused
from till.sandbox.bitgpt.records import mysql, new_id

SCOPES = (
    *("invoices.create", "invoices.update", "invoices.read"),
    *("payments.create", "payments.update", "payments.read"),
    *("products.create", "products.read", "products.update", "products.delete"),
    *("api_keys.create", "api_keys.update", "api_keys.delete", "api_keys.read"),
    *("webhooks.create", "webhooks.read", "webhooks.update", "webhooks.delete"),
    *("webhooks_queue.read", "webhooks_queue.update", "notifications.read", "notifications.update"),
    *("notifications_settings.read", "notifications_settings.update"),
    *("organizations.create", "organizations.read", "organizations.update", "organizations.deactivate"),
    *("users.update", "users.deactivate", "users.sessions.read", "users.sessions.deactivate"),
)
FORMS = ("both", "api_key", "bearer")
_BEARER = "Bearer "


@dataclass
class ApiKey:
    """One key. No scopes means all of them; `expires_at` is a MySQL time."""

    secret: str
    label: str
    created_ms: int
    description: str | None = None
    scopes: list[str] = field(default_factory=list)
    ip_allow_list: list[str] = field(default_factory=list)
    expires_at: str | None = None
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or new_id("api_key", self.created_ms)

    def view(self, *, secret: bool) -> dict[str, object]:
        """The documented entry; a list shows the secret shortened."""
        return {
            "id": self.id,
            "secret": self.secret if secret else f"{self.secret[:20]}...{self.secret[-5:]}",
            "scopes": list(self.scopes),
            "ip_allow_list": list(self.ip_allow_list),
            "expires_at": self.expires_at,
            "created_at": mysql(self.created_ms),
            "updated_at": None,
        }


def new_secret(prefix: str) -> str:
    """`sk_test_...` or `whs_test_...`."""
    return prefix + secrets.token_urlsafe(36).replace("_", "-")


class Keys:
    """All keys of one organization."""

    def __init__(self, first: ApiKey, access_token: str) -> None:
        self.access_token = access_token
        self._first = first
        self._keys = [first]

    def all(self) -> list[ApiKey]:
        """Oldest first."""
        return list(self._keys)

    def add(self, key: ApiKey) -> None:
        """Lets a further key in."""
        self._keys.append(key)

    def forget(self) -> None:
        """Only the first key stays."""
        self._keys = [self._first]

    def authorize(self, header: str, scope: str, form: str, now_ms: int) -> None:
        """Raises `Refused` unless the header holds a key or token with this right in an accepted form."""
        bearer = header.startswith(_BEARER)
        secret = header.removeprefix(_BEARER)
        if bearer and hmac.compare_digest(secret.encode(), self.access_token.encode()):
            return
        key = self._find(secret)
        if key is None or form == ("api_key" if bearer else "bearer"):
            raise Refused(401, "Authentication failed. Your API key may be missing or incorrect.")
        if key.expires_at is not None and key.expires_at <= mysql(now_ms):
            raise Refused(401, "Authentication failed. Your API key has expired.")
        # The documentation gives this call an access token only.
        forbidden = scope == "api_keys.create" or (key.scopes and scope not in key.scopes)
        if scope and forbidden:
            raise Refused(403, "Access denied. You do not have permission to perform this action.")

    def _find(self, secret: str) -> ApiKey | None:
        given = secret.encode()
        return next((key for key in self._keys if hmac.compare_digest(key.secret.encode(), given)), None)
