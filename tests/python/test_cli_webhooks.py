"""`till webhooks`."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from till.cli import main

SECRET = "whsec_very_secret"
NOW = 1_614_265_330
BODY = b'{"id": "evt_1", "email": "someone@example.com"}'
CODE = hmac.new(SECRET.encode(), f"{NOW}.".encode() + BODY, hashlib.sha256).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "body").write_bytes(BODY)
    (tmp_path / "secret").write_text(SECRET + "\n")
    return str(tmp_path / "body"), str(tmp_path / "secret")


def command(files: tuple[str, str], *more: str, code: str = CODE) -> list[str]:
    body, secret = files
    header = f"Stripe-Signature: t={NOW},v1={code}"
    return [
        "webhooks",
        "verify",
        "stripe",
        "--header",
        header,
        "--body",
        body,
        "--secret-file",
        secret,
        *more,
    ]


def test_a_good_webhook_is_accepted(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(files, "--received-at", "2021-02-25T15:02:10Z")) == 0
    out = capsys.readouterr().out
    assert "accepted: signature valid, trust signed" in out and "evt_1" in out


def test_a_refusal_is_explained(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(files, "--received-at", "2021-02-25T15:12:10Z")) == 1
    out = capsys.readouterr().out
    assert "refused: too_old" in out
    assert "signed 2021-02-25T15:02:10.000Z, received 2021-02-25T15:12:10.000Z: 600.00 s after it" in out
    assert "is that of secret 1" in out
    assert f"body: {len(BODY)} bytes, sha256 {hashlib.sha256(BODY).hexdigest()}" in out


def test_a_wrong_signature_shows_neither_secret_nor_the_right_one(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(files, "--received-at", "2021-02-25T15:02:10Z", code="00" * 32)) == 1
    printed = capsys.readouterr()
    assert "refused: mismatch" in printed.out and "is not that of secret 1" in printed.out
    for hidden in (SECRET, CODE[:12], "someone@example.com"):
        assert hidden not in printed.out + printed.err


def test_json_is_the_explanation(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(files, "--json")) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["accepted"], told["reason"]) == (False, "too_old")


@pytest.mark.parametrize(
    "more",
    [
        ["--header", "no colon"],
        ["--secret-file", "/does/not/exist"],
        ["--received-at", "soon"],
        ["--received-at", "2021-02-25T15:02:10"],
    ],
)
def test_a_wrong_command_says_so(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert main(command(files, *more)) == 2
    assert capsys.readouterr().err.startswith("till: ")


def test_an_empty_secret_is_a_wrong_command(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("\n")
    assert main(command(files)) == 2
    assert f"{tmp_path / 'secret'}: the secret is empty" in capsys.readouterr().err


def test_a_missing_secret_and_a_wrong_window_name_the_flag(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["verify", "stripe", "--body", files[0]],
        ["listen", "--scheme", "stripe", "--port", "0"],
    ):
        assert main(["webhooks", *words]) == 2
        assert "ConfigurationError: --secret-file: there is no secret" in capsys.readouterr().err
    assert main(command(files, "--tolerance=-1")) == 2
    assert "--tolerance: " in capsys.readouterr().err


def test_a_secret_that_cannot_be_read_names_the_file_and_the_reason(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none"
    assert main(command(files, "--secret-file", str(missing))) == 2
    assert f"cannot read {missing}: No such file or directory" in capsys.readouterr().err


def test_a_body_is_asked_for_and_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["webhooks", "verify", "stripe"]) == 2
    assert "--body" in capsys.readouterr().err


def test_an_unknown_scheme_names_those_near_it(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name, words in (("strip", "did you mean stripe"), ("zzzzzz", "no scheme 'zzzzzz'")):
        assert main(["webhooks", "verify", name, "--body", files[0]]) == 2
        err = capsys.readouterr().err
        assert words in err and "till webhooks schemes" in err


def test_the_known_schemes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["webhooks", "schemes"]) == 0
    assert "standard-webhooks" in capsys.readouterr().out
    assert main(["webhooks", "schemes", "--json"]) == 0
    assert "stripe" in {scheme["name"] for scheme in json.loads(capsys.readouterr().out)}
