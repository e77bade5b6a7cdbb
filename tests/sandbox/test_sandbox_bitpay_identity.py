"""Keys, SINs and signatures against the published vectors (tests/vectors/bitpay.json names the sources)."""

from __future__ import annotations

from typing import Any

import pytest

from till.sandbox.bitpay import identity


def test_published_sins(vectors: dict[str, Any]) -> None:
    for row in vectors["priv_pub_sin"]:
        assert identity.public_key_of(row["priv"]).hex() == row["pub"]
        assert identity.sin_of(bytes.fromhex(row["pub"])) == row["sin"]
    for row in vectors["pub_sin"]:
        assert identity.sin_of(bytes.fromhex(row["pub"])) == row["sin"]


def test_published_public_keys(vectors: dict[str, Any]) -> None:
    for row in vectors["priv_pub_php"]:
        assert identity.public_key_of(row["priv"]).hex() == row["pub"]


def test_published_base58(vectors: dict[str, Any]) -> None:
    for row in vectors["base58"]:
        raw = bytes.fromhex(row["hex"])
        assert identity.base58(raw) == row["base58"]
        assert identity.base58check(raw) == row["base58check"]
        assert identity.decode_base58check(row["base58check"]) == raw


def test_published_sin_validity(vectors: dict[str, Any]) -> None:
    assert all(identity.valid_sin(sin) for sin in vectors["sin_valid"])
    assert not any(identity.valid_sin(sin) for sin in vectors["sin_invalid"])


@pytest.mark.parametrize("text", ["", "1", "T" * 35, "T" * 10_000, "mtX8nPZZdJ8d3QNLRJ1oJTiEi26Sj6LQXS"])
def test_other_text_is_no_sin(text: str) -> None:
    assert not identity.valid_sin(text)


def test_well_formed_base58check_of_another_kind_is_no_sin() -> None:
    assert identity.valid_sin(identity.base58check(b"\x0f\x02" + bytes(20)))
    assert not identity.valid_sin(identity.base58check(b"\x0f\x01" + bytes(20)))
    assert not identity.valid_sin(identity.base58check(b"\x0f\x02" + bytes(19)))


def test_published_signatures_verify_high_s_included(vectors: dict[str, Any]) -> None:
    rows = vectors["verify_only"] + vectors["sign_exact"]
    assert any(row.get("high_s") for row in rows)
    for row in rows:
        public = row.get("pub") or identity.public_key_of(row["priv"]).hex()
        _, key = identity.read_public_key(public)
        message = row["message"].encode()
        assert identity.verifies(key, row["sig"], message)
        assert not identity.verifies(key, row["sig"], message + b"1")


@pytest.mark.parametrize("signature", ["", "00", "zz", "30", "3006020100020100", " 3006", "é"])
def test_rubbish_is_no_signature(signature: str, vectors: dict[str, Any]) -> None:
    _, key = identity.read_public_key(vectors["priv_pub_sin"][0]["pub"])
    assert not identity.verifies(key, signature, b"x")


def test_only_compressed_points_on_the_curve_are_keys(vectors: dict[str, Any]) -> None:
    php = vectors["priv_pub_php"][0]
    for text in ("", "02", "05" + php["x"], "04" + php["x"] + php["y"], "02" + "ff" * 32, "zz" * 33):
        with pytest.raises(identity.BadKey):
            identity.read_public_key(text)


def test_sample_refund_address_is_valid_and_a_typo_is_not() -> None:
    assert identity.valid_testnet_address("mtX8nPZZdJ8d3QNLRJ1oJTiEi26Sj6LQXS")
    assert not identity.valid_testnet_address("mtX8nPZZdJ8d3QNLRJ1oJTiEi26Sj6LQXs")
    assert not identity.valid_testnet_address(identity.base58check(b"\x00" + bytes(20))), "main network"
    assert identity.valid_testnet_address(identity.new_testnet_address())
