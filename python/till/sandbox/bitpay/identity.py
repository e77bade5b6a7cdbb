"""BitPay identities: base58, the SIN of a public key, and signature checks.

Written from the identity protocol's description (BitPay's `bitauth`), with the `cryptography` package.
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SIN_PREFIX = b"\x0f\x02"
_TESTNET_VERSIONS = (0x6F, 0xC4)  # pay to public key hash, pay to script hash


class BadKey(ValueError):
    """The identity is not a compressed secp256k1 public key in hex."""


def base58(raw: bytes) -> str:
    """Base58 text; every leading zero byte becomes a `1`."""
    number, digits = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        digits = _ALPHABET[rest] + digits
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + digits


def base58check(payload: bytes) -> str:
    """Base58 of the payload and the first four bytes of its double SHA-256."""
    return base58(payload + _checksum(payload))


def decode_base58check(text: str) -> bytes | None:
    """The payload, or None when a character or the checksum is wrong."""
    if not 0 < len(text) <= 128:
        return None
    number = 0
    for character in text:
        digit = _ALPHABET.find(character)
        if digit < 0:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    raw = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    payload, checksum = raw[:-4], raw[-4:]
    return payload if payload and checksum == _checksum(payload) else None


def sin_of(public_key: bytes) -> str:
    """The SIN (client id) of a compressed public key."""
    digest = hashlib.new("ripemd160", hashlib.sha256(public_key).digest()).digest()
    return base58check(_SIN_PREFIX + digest)


def valid_sin(text: str) -> bool:
    """Whether this is a well-formed SIN: alphabet, prefix 0f02, length, checksum."""
    payload = decode_base58check(text)
    return payload is not None and len(payload) == 22 and payload.startswith(_SIN_PREFIX)


def valid_testnet_address(text: str) -> bool:
    """Whether this is a base58 bitcoin address of the test network."""
    payload = decode_base58check(text)
    return payload is not None and len(payload) == 21 and payload[0] in _TESTNET_VERSIONS


def new_testnet_address() -> str:
    """A random address of the test network, to which nobody has a key."""
    return base58check(b"\x6f" + secrets.token_bytes(20))


def read_public_key(text: str) -> tuple[bytes, ec.EllipticCurvePublicKey]:
    """The key in an `X-Identity` header; `BadKey` when it is anything but a compressed point."""
    try:
        raw = bytes.fromhex(text) if text.isalnum() else b""
        if len(raw) != 33:
            raise ValueError("not 33 bytes")
        return raw, ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey("not a compressed secp256k1 public key") from error


def verifies(key: ec.EllipticCurvePublicKey, signature_hex: str, message: bytes) -> bool:
    """Whether a hex DER signature is good. High S is accepted, as bitauth's own vectors need."""
    try:
        signature = bytes.fromhex(signature_hex) if signature_hex.isalnum() else b""
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def new_private_key() -> str:
    """A fresh secp256k1 private key as 64 hex digits."""
    return f"{ec.generate_private_key(ec.SECP256K1()).private_numbers().private_value:064x}"


def public_key_of(private_key: str) -> bytes:
    """The compressed public key of a private key in hex."""
    key = ec.derive_private_key(int(private_key, 16), ec.SECP256K1()).public_key()
    point = serialization.PublicFormat.CompressedPoint
    return key.public_bytes(serialization.Encoding.X962, point)


def _checksum(payload: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
