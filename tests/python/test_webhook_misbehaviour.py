"""What well-known libraries get wrong about webhooks, by name: none of it passes here, by Python or by C.

Everything that is refused is refused in one way, with a reason. The signatures are made with Python's own
hmac, so that what is wrong is the only thing that is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import c_webhooks
import till
from till import webhooks

NOW = 1_614_265_330
DAY = 86_400
KEY = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
WHSEC = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"id": "evt_1"}'

Headers = list[tuple[str, str]]
Judge = Callable[..., str]


def by_python(scheme: str, headers: Headers, body: bytes, secret: str, at: int = NOW) -> str:
    """`accepted`, `configuration`, or the reason of the refusal; no other error is expected."""
    try:
        webhooks.verify(scheme, headers, body, [secret], received_at=at)
    except till.WebhookRejected as refused:
        assert refused.reason
        return refused.reason
    except till.ConfigurationError:
        return "configuration"
    return "accepted"


def by_c(scheme: str, headers: Headers, body: bytes, secret: str, at: int = NOW) -> str:
    received_at = datetime.fromtimestamp(at, UTC).isoformat()
    status, error = c_webhooks.verify(scheme, headers, body, [secret], received_at)
    if status == c_webhooks.WEBHOOK_REJECTED:
        return str(error["reason"])
    return {c_webhooks.OK: "accepted", c_webhooks.CONFIGURATION: "configuration"}[status]


@pytest.fixture(params=[by_python, by_c], ids=["python", "c"])
def judge(request: pytest.FixtureRequest) -> Judge:
    found: Judge = request.param
    return found


def code(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()


def standard_code(time: str = str(NOW), body: bytes = BODY, key: bytes = KEY) -> str:
    return base64.b64encode(code(key, f"msg_1.{time}.".encode() + body)).decode()


def standard(time: str = str(NOW), body: bytes = BODY, signature: str | None = None) -> Headers:
    """The headers of Standard Webhooks, signed over this very time and body unless a signature is given."""
    given = f"v1,{standard_code(time, body)}" if signature is None else signature
    return [("webhook-id", "msg_1"), ("webhook-timestamp", time), ("webhook-signature", given)]


def stripe(time: str = str(NOW), body: bytes = BODY, key: bytes = WHSEC.encode()) -> Headers:
    return [("Stripe-Signature", f"t={time},v1={code(key, f'{time}.'.encode() + body).hex()}")]


def github(body: bytes, key: bytes = WHSEC.encode()) -> Headers:
    return [("X-Hub-Signature-256", "sha256=" + code(key, body).hex())]


def test_what_is_signed_as_it_should_be_is_accepted(judge: Judge) -> None:
    assert judge("standard-webhooks", standard(), BODY, WHSEC) == "accepted"
    assert judge("stripe", stripe(), BODY, WHSEC) == "accepted"
    assert judge("github", github(BODY), BODY, WHSEC) == "accepted"


# The time. standardwebhooks for Python takes the first eight for numbers; PHP and JavaScript take others.

TIMES = {
    "a_fraction_alone": ".7",
    "a_fraction": f"{NOW}.7",
    "exponent_form": "1.61426533e9",
    "exponent_form_of_an_integer": "161426533e1",
    "plus": f"+{NOW}",
    "a_space_before": f" {NOW}",
    "a_space_after": f"{NOW} ",
    "underscores": "1_614_265_330",
    "letters_after_a_small_number": "1234abc",
    "letters_after": f"{NOW}abc",
}


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES.keys())
def test_a_time_that_is_no_plain_number_is_refused_though_it_is_signed(judge: Judge, time: str) -> None:
    assert judge("standard-webhooks", standard(time), BODY, WHSEC) == "malformed_time"
    assert judge("stripe", stripe(time), BODY, WHSEC) == "malformed_time"


# stripe-python looks at times that have passed only.
@pytest.mark.parametrize("ahead", [301, DAY], ids=["beyond_the_window", "a_day"])
def test_a_time_in_the_future_is_refused_though_it_is_signed(judge: Judge, ahead: int) -> None:
    time = str(NOW + ahead)
    assert judge("standard-webhooks", standard(time), BODY, WHSEC) == "too_new"
    assert judge("stripe", stripe(time), BODY, WHSEC) == "too_new"


# The signature. standardwebhooks for Python decodes base64 with junk in it, and malformed inputs leave it as
# exceptions of other kinds than its own; a non-ASCII signature leaves stripe-python as TypeError.

GOOD = standard_code()
SIGNATURES = {
    "base64_with_junk": f"v1,{GOOD[:4]}!?{GOOD[4:]}",
    "base64_with_a_space": f"v1,{GOOD[:4]}\t{GOOD[4:]}",
    "base64_with_a_newline": f"v1,{GOOD}\n",
    "base64_with_more_padding": f"v1,{GOOD}=",
    "three_commas": f"v1,{GOOD},{GOOD},{GOOD}",
    "no_comma": "v1" + GOOD,
    "bad_padding": "v1," + GOOD.rstrip("="),
    "double_space": f"v1,{GOOD}  v1,{GOOD}",
    "non_ascii_signature": f"v1,é{GOOD[1:]}",
    "non_ascii_digits": "v1," + "٣" * 43 + "=",
}


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES.keys())
def test_a_malformed_signature_is_refused_like_any_other(judge: Judge, signature: str) -> None:
    assert judge("standard-webhooks", standard(signature=signature), BODY, WHSEC) == "malformed_signature"


@pytest.mark.parametrize("junk", ["é", "٣" * 64, "\U0001f600", "zz" * 32], ids=ascii)
def test_a_signature_of_stripe_with_other_characters_is_refused_like_any_other(
    judge: Judge, junk: str
) -> None:
    header = [("Stripe-Signature", f"t={NOW},v1={junk}")]
    assert judge("stripe", header, BODY, WHSEC) == "malformed_signature"


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80"], ids=["bytes", "cut", "surrogate"]
)
def test_a_body_that_is_no_utf8_is_bytes_like_any_other(judge: Judge, body: bytes) -> None:
    assert judge("standard-webhooks", standard(body=body), body, WHSEC) == "accepted"
    assert judge("standard-webhooks", standard(), body, WHSEC) == "mismatch"
    assert judge("stripe", stripe(body=body), body, WHSEC) == "accepted"
    assert judge("stripe", stripe(), body, WHSEC) == "mismatch"


# The bytes. A library for Elixir, and a sample of a provider's, sign what they write again from parsed JSON.

UNUSUAL = b'{ "z" :1.0,\r\n\t"a":  [2E3, "\\u00e9\\/"] ,"m":{} }\n'
AGAIN = {
    "as_python_writes_it": json.dumps(json.loads(UNUSUAL)),
    "compact": json.dumps(json.loads(UNUSUAL), separators=(",", ":")),
    "sorted": json.dumps(json.loads(UNUSUAL), sort_keys=True),
    "indented": json.dumps(json.loads(UNUSUAL), indent=2),
    "without_its_last_newline": UNUSUAL.decode().rstrip(),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN.keys())
def test_the_bytes_that_came_are_verified_and_no_json_that_was_written_again(
    judge: Judge, again: str
) -> None:
    written = again.encode()
    for scheme, sign in (("standard-webhooks", lambda body: standard(body=body)), ("github", github)):
        assert judge(scheme, sign(UNUSUAL), UNUSUAL, WHSEC) == "accepted"
        assert judge(scheme, sign(UNUSUAL), written, WHSEC) == "mismatch"
        assert judge(scheme, sign(written), UNUSUAL, WHSEC) == "mismatch"
    assert judge("stripe", stripe(body=UNUSUAL), UNUSUAL, WHSEC) == "accepted"
    assert judge("stripe", stripe(body=UNUSUAL), written, WHSEC) == "mismatch"


# The secret. Seven libraries of one sender take what anybody signs with an empty key.

WITH_SECRETS = [name for name, scheme in webhooks.schemes().items() if scheme.get("verify") != "refetch"]


@pytest.mark.parametrize("scheme", WITH_SECRETS)
def test_an_empty_secret_is_a_configuration_error(judge: Judge, scheme: str) -> None:
    assert judge(scheme, [], BODY, "") == "configuration"


def test_what_is_signed_with_an_empty_key_is_believed_by_no_scheme(judge: Judge) -> None:
    assert judge("stripe", stripe(key=b""), BODY, "") == "configuration"
    assert judge("stripe", stripe(key=b""), BODY, WHSEC) == "mismatch"
    assert judge("github", github(BODY, b""), BODY, "") == "configuration"
    forged = standard(signature="v1," + standard_code(key=b""))
    for nothing in ("", "whsec_"):
        assert judge("standard-webhooks", forged, BODY, nothing) == "configuration"
    assert judge("standard-webhooks", forged, BODY, WHSEC) == "mismatch"
