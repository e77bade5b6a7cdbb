"""Identity: a key pair with which requests are signed (BitPay)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from till import _native
from till._errors import error_from_native
from till._text import checked_text

if TYPE_CHECKING:
    from typing import Self


class Identity:
    """A secp256k1 key pair. Its `sin` is what the provider knows you by; the private key is never shown by
    `repr`.

    >>> identity = till.Identity("97811b691dd7ebaeb67977d158e1da2c4d3eaa4ee4e2555150628acade6b344c")
    >>> identity
    Identity(sin='Tf3yr5tYvccKNVrE26BrPs6LWZRh8woHwjR')
    >>> till.Identity.generate().sin[:2] in ("Te", "Tf")
    True
    """

    __slots__ = ("_private_key", "public_key", "sin")

    public_key: str
    """The compressed public key, 66 hex digits."""
    sin: str
    """The client id derived from the public key."""

    def __init__(self, private_key: str) -> None:
        public = _native.identity_of(checked_text(private_key, "private_key"))
        if len(public) != 2:
            raise error_from_native(public)
        self._private_key = private_key
        self.public_key, self.sin = public

    @classmethod
    def generate(cls) -> Self:
        """A new key pair from the system's random numbers."""
        return cls(_native.generate_private_key())

    def reveal_private_key(self) -> str:
        """The private key, 64 hex digits: for the one place that stores it, or for a gateway's settings."""
        return self._private_key

    def __repr__(self) -> str:
        return f"Identity(sin={self.sin!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an identity cannot be pickled or copied")
