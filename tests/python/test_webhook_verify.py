"""`till.webhooks`: verification alone, as Python has it."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import till
from till import webhooks

ROOT = Path(__file__).resolve().parents[2]
GITHUB = {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
GITHUB_BODY = b"Hello, World!"
GITHUB_SECRET = "It's a Secret to Everybody"
NOW = 1_614_265_330


def stripe(body: bytes, *, at: int = NOW, secret: str = "whsec_s") -> dict[str, str]:
    code = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={code}"}


def test_a_published_vector_is_accepted() -> None:
    verified = webhooks.verify("github", GITHUB, GITHUB_BODY, [GITHUB_SECRET])
    assert (verified.scheme, verified.signature, verified.trust) == ("github", "valid", "signed")
    assert (verified.key_index, verified.key_id, verified.signed_at) == (0, None, None)
    assert verified.dedupe_key == "sha256:" + hashlib.sha256(GITHUB_BODY).hexdigest()


@pytest.mark.parametrize(
    "headers",
    [
        list(GITHUB.items()),
        [(b"x-hub-signature-256", GITHUB["X-Hub-Signature-256"].encode())],
        iter(GITHUB.items()),
        {**GITHUB, "X-Other": "\udcff\ud800é"},
    ],
)
def test_headers_come_as_servers_have_them(headers: Any) -> None:
    assert webhooks.verify("github", headers, GITHUB_BODY, [GITHUB_SECRET]).signature == "valid"


def test_who_signed_and_when() -> None:
    secrets = [webhooks.Secret("old", id="1"), webhooks.Secret("whsec_s", id="2")]
    verified = webhooks.verify(
        "stripe", stripe(b'{"id": "evt_1"}'), b'{"id": "evt_1"}', secrets, received_at=NOW
    )
    assert (verified.key_index, verified.key_id, verified.dedupe_key) == (1, "2", "evt_1")
    assert verified.signed_at == datetime.fromtimestamp(NOW, UTC)


@pytest.mark.parametrize(
    ("late", "reason"), [(0, None), (300, None), (301, "too_old"), (-300, None), (-301, "too_new")]
)
def test_the_window_has_two_sides(late: int, reason: str | None) -> None:
    def judge() -> str | None:
        try:
            webhooks.verify("stripe", stripe(b"{}"), b"{}", ["whsec_s"], received_at=NOW + late)
        except till.WebhookRejected as error:
            return error.reason
        return None

    assert judge() == reason


def test_without_a_time_of_receipt_it_is_now() -> None:
    with pytest.raises(till.WebhookRejected) as caught:
        webhooks.verify("stripe", stripe(b"{}"), b"{}", ["whsec_s"])
    assert caught.value.reason == "too_old"
    now = int(datetime.now(UTC).timestamp())
    assert webhooks.verify("stripe", stripe(b"{}", at=now), b"{}", ["whsec_s"]).signature == "valid"


def test_a_tolerance_is_a_span() -> None:
    for tolerance in (timedelta(hours=1), 3600, 3600.0):
        webhooks.verify(
            "stripe", stripe(b"{}"), b"{}", ["whsec_s"], received_at=NOW + 3600, tolerance=tolerance
        )
    with pytest.raises(till.ConfigurationError):
        webhooks.verify("github", GITHUB, GITHUB_BODY, [GITHUB_SECRET], tolerance=5)


def test_a_secret_has_its_time() -> None:
    def judge(**validity: datetime) -> webhooks.Verified:
        secret = webhooks.Secret("whsec_s", **validity)
        return webhooks.verify("stripe", stripe(b"{}"), b"{}", [secret], received_at=NOW)

    moment = datetime.fromtimestamp(NOW, UTC)
    assert judge(not_before=moment, not_after=moment).signature == "valid"
    for wrong in (
        {"not_before": moment + timedelta(seconds=1)},
        {"not_after": moment - timedelta(seconds=1)},
    ):
        with pytest.raises(till.WebhookRejected) as caught:
            judge(**wrong)
        assert caught.value.reason == "key_not_in_force"
    with pytest.raises(ValueError, match="time zone"):
        judge(not_after=datetime(2026, 1, 1))


def test_a_scheme_of_ones_own() -> None:
    scheme = {**webhooks.schemes()["github"], "name": "ours", "signature": {"header": "x-ours"}}
    code = hmac.new(b"s", b"{}", hashlib.sha256).hexdigest()
    assert webhooks.verify(scheme, {"X-Ours": code}, b"{}", ["s"]).scheme == "ours"
    with pytest.raises(till.ConfigurationError) as caught:
        webhooks.Verifier({**scheme, "algorithm": "none"}, ["s"])
    assert (caught.value.code, caught.value.field) == ("webhook_scheme", "$.algorithm")


def test_an_unknown_scheme_is_not_found() -> None:
    with pytest.raises(till.NotFound):
        webhooks.Verifier("strip", ["s"])


@pytest.mark.parametrize("secrets", [[], [""], ["s", ""], [webhooks.Secret("")]])
def test_an_empty_secret_is_a_configuration_error(secrets: Any) -> None:
    with pytest.raises(till.ConfigurationError):
        webhooks.Verifier("github", secrets)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: webhooks.Verifier("github", "one text"),
        lambda: webhooks.Verifier("github", [b"bytes"]),  # type: ignore[list-item]
        lambda: webhooks.verify("github", GITHUB, "text", [GITHUB_SECRET]),  # type: ignore[arg-type]
        lambda: webhooks.verify("github", GITHUB, bytearray(b"x"), [GITHUB_SECRET]),  # type: ignore[arg-type]
        lambda: webhooks.verify("github", {"a": 1}, b"", [GITHUB_SECRET]),  # type: ignore[dict-item]
    ],
)
def test_wrong_types_are_type_errors(wrong: Any) -> None:
    with pytest.raises(TypeError):
        wrong()


@pytest.mark.parametrize("junk", ["é", "\udcff", "\ud800", "\x00", "\U0001f600", "v1=" * 100, "," * 40, "=,"])
def test_hostile_headers_are_rejected_and_nothing_else(junk: str) -> None:
    for headers in ({"Stripe-Signature": junk}, {"Stripe-Signature": f"t={junk},v1={junk}"}):
        with pytest.raises(till.WebhookRejected):
            webhooks.verify("stripe", headers, b"\xff\x00", ["s"], received_at=NOW)


def test_a_partial_signature_leads_to_a_refetch() -> None:
    code = hmac.new(b"key", b"ch_1", hashlib.sha256).hexdigest()
    body = json.dumps({"id": "ch_1", "status": "paid", "hashed_order": code}).encode()
    verified = webhooks.verify("opennode", {}, body, ["key"])
    assert (verified.signature, verified.trust, verified.dedupe_key) == ("valid", "refetch", None)


def test_no_secret_is_shown() -> None:
    secret = "a-very-secret-text"
    assert secret not in repr(webhooks.Secret(secret))
    verifier = webhooks.Verifier("github", [secret])
    assert secret not in repr(verifier)
    explanation = json.dumps(verifier.explain(GITHUB, GITHUB_BODY))
    right = hmac.new(secret.encode(), GITHUB_BODY, hashlib.sha256).hexdigest()
    assert secret not in explanation and right[:12] not in explanation
    with pytest.raises(till.ConfigurationError) as caught:
        webhooks.Verifier("standard-webhooks", [secret])
    assert secret not in str(caught.value)


def test_an_explanation_says_what_was_compared() -> None:
    verifier = webhooks.Verifier("stripe", ["wrong", "whsec_s"])
    told = verifier.explain(stripe(b'{"card": "4111"}'), b'{"card": "4111"}', received_at=NOW + 400)
    assert (told["accepted"], told["reason"]) == (False, "too_old")
    assert told["clock"]["difference_ms"] == 400_000
    assert told["candidates"][0]["matches"] == [False, True]
    assert [piece.get("text") for piece in told["signed"]["pieces"]] == [str(NOW), ".", None]
    assert "4111" not in json.dumps(told)


@pytest.mark.parametrize(
    ("signed", "came", "word"),
    [(b"{}", b"{}\n", "newline"), (b"{}\n", b"{}", "newline"), (b"{\n}", b"{\r\n}", "CRLF")],
)
def test_an_explanation_knows_what_frameworks_do_to_bodies(signed: bytes, came: bytes, word: str) -> None:
    told = webhooks.Verifier("stripe", ["whsec_s"]).explain(stripe(signed), came, received_at=NOW)
    assert told["reason"] == "mismatch"
    assert any(word in hint for hint in told["hints"])


def test_a_verifier_serves_many_threads() -> None:
    verifier = webhooks.Verifier("github", [GITHUB_SECRET])
    wrong: list[object] = []

    def work() -> None:
        for _ in range(200):
            if verifier.verify(GITHUB, GITHUB_BODY).signature != "valid":
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_every_known_scheme_is_a_file_and_the_page_lists_it() -> None:
    known = webhooks.schemes()
    files = {
        path.stem: json.loads(path.read_text("utf-8")) for path in (ROOT / "plugins/webhooks").glob("*.json")
    }
    assert known == files
    assert list(known) == sorted(known)
    page = (ROOT / "docs/webhook-schemes.md").read_text("utf-8")
    assert all(f"| `{name}` |" in page for name in known)
