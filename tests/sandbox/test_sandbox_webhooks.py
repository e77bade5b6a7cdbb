"""Webhooks: delivered for real, in order, recorded; sent again, twice, out of order; and to nobody else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from shop import Shop

from till.sandbox import Control, ControlFailed, Sandbox, outgoing
from till.sandbox.call import Answer, Call
from till.sandbox.openpay import OpenPay


class Announcing(OpenPay):
    """A service that tells shops of payments; OpenPay itself documents no webhooks."""

    webhook_retry_seconds = (60, 240)

    def act(self, payment_id: str, action: str, arguments: object) -> None:  # type: ignore[override]
        self.webhooks.send(
            str(self.options["to"]) or None,
            f"payment.{action}",
            f'{{"id":"{payment_id}","card_cvv":"123"}}'.encode(),
            {"Content-Type": "application/json", "X-Signature": f"signed {action}"},
        )

    def payment(self, payment_id: str) -> dict[str, object]:
        return {"id": payment_id}

    def answer(self, call: Call) -> Answer:
        return Answer(200, {})

    def default_options(self) -> dict[str, object]:
        return {**super().default_options(), "to": ""}

    def set_options(self, given: object) -> None:  # type: ignore[override]
        self.options.update(given)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def announcing() -> Iterator[Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sandbox_module()._SIMULATORS, "openpay", Announcing)
        with Sandbox() as running:
            yield running


def sandbox_module() -> object:
    import till.sandbox.sandbox as module

    return module


@pytest.fixture
def control(announcing: Sandbox, shop: Shop) -> Control:
    control = announcing.control("openpay")
    control.reset()
    control.webhook_url(shop.url)
    return control


@pytest.fixture
def happen(control: Control) -> Callable[..., None]:
    def act(*actions: str) -> None:
        for action in actions:
            control._payment("POST", "p1", action)

    return act


def test_webhook_arrives_with_its_bytes_and_headers(control: Control, shop: Shop) -> None:
    control.pay("p1")
    (sent,) = control.webhooks()
    ((path, headers, body),) = shop.got
    assert (path, body) == ("/hooks?shop=1", b'{"id":"p1","card_cvv":"123"}')
    assert headers["content-type"] == "application/json" and headers["x-signature"] == "signed pay"
    assert headers["host"] == shop.url.split("/")[2] and headers["content-length"] == str(len(body))
    assert (sent["event"], sent["url"], sent["status"]) == ("payment.pay", shop.url, "delivered")
    assert [attempt["http_status"] for attempt in sent["attempts"]] == [200]
    assert sent["body"] == {"id": "p1", "card_cvv": "***"}


def test_simulator_goes_on_while_a_shop_is_slow(control: Control, shop: Shop) -> None:
    shop.at_once = threading.Barrier(2)
    control.pay("p1")
    assert control.now_ms() > 0 and control.webhooks(wait_seconds=0)[0]["status"] == "sending"
    shop.at_once.wait(10)
    assert control.webhooks()[0]["status"] == "delivered"


def test_webhooks_arrive_in_the_order_of_what_happened(
    happen: Callable[..., None], control: Control, shop: Shop
) -> None:
    happen("pay", "confirm", "expire")
    control.webhooks()
    assert shop.events() == ["pay", "confirm", "expire"]


def test_webhook_is_sent_again_and_twice_at_once(control: Control, shop: Shop) -> None:
    control.pay("p1")
    (sent,) = control.webhooks()
    control.send_again(sent["id"])
    assert len(control.webhooks()[0]["attempts"]) == 2
    shop.at_once = threading.Barrier(2)  # neither is answered before both are there
    control.send_twice(sent["id"])
    (sent,) = control.webhooks()
    assert [attempt["http_status"] for attempt in sent["attempts"]] == [200] * 4
    assert len({body for _, _, body in shop.got}) == 1 and len(shop.got) == 4


def test_held_webhooks_leave_in_reverse(happen: Callable[..., None], control: Control, shop: Shop) -> None:
    control.hold_webhooks()
    happen("pay", "confirm", "expire")
    assert [sent["status"] for sent in control.webhooks()] == ["held"] * 3 and shop.got == []
    assert control.release_webhooks("reverse") == 3
    assert [sent["status"] for sent in control.webhooks()] == ["delivered"] * 3
    assert shop.events() == ["expire", "confirm", "pay"]
    happen("decline")
    assert control.webhooks()[-1]["status"] == "delivered"


def test_held_webhooks_leave_in_order_when_told_so(
    happen: Callable[..., None], control: Control, shop: Shop
) -> None:
    control.hold_webhooks()
    happen("pay", "confirm")
    control.release_webhooks()
    control.webhooks()
    assert shop.events() == ["pay", "confirm"]


def test_all_webhooks_are_sent_out_of_order(
    happen: Callable[..., None], control: Control, shop: Shop
) -> None:
    happen("pay", "confirm")
    control.webhooks()
    control.hold_webhooks()
    happen("expire")
    assert control.send_out_of_order() == 3
    control.webhooks()
    assert shop.events() == ["pay", "confirm", "expire", "confirm", "pay"]


@pytest.mark.parametrize("status", [302, 400, 500])
def test_refused_webhook_is_repeated_when_its_time_has_come(
    control: Control, shop: Shop, status: int
) -> None:
    shop.status = status
    control.pay("p1")
    (sent,) = control.webhooks()
    assert sent["status"] == "waiting" and sent["attempts"][0]["http_status"] == status
    control.advance_clock(59)
    assert len(control.webhooks()[0]["attempts"]) == 1
    control.advance_clock(1)
    assert len(control.webhooks()[0]["attempts"]) == 2
    shop.status = 204
    control.advance_clock(240)
    (sent,) = control.webhooks()
    assert sent["status"] == "delivered" and sent["retry_at_ms"] is None


def test_webhook_is_given_up_after_the_last_repetition(control: Control, shop: Shop) -> None:
    shop.status = 500
    control.pay("p1")
    for _ in range(4):
        control.webhooks()
        control.advance_clock(1000)
    (sent,) = control.webhooks()
    assert sent["status"] == "failed" and len(sent["attempts"]) == 3


def test_payment_that_names_its_own_place_is_told_there(control: Control, shop: Shop) -> None:
    own = shop.url.replace("/hooks?shop=1", "/own")
    control.options(to=own)
    control.pay("p1")
    assert control.webhooks()[0]["url"] == own
    assert [path for path, _, _ in shop.got] == ["/own"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://shop.example/hooks", "only loopback"),
        ("http://127.0.0.1.shop.example/", "only loopback"),
        ("http://10.0.0.1/", "only loopback"),
        ("http://[::ffff:10.0.0.1]/", "only loopback"),
        ("http://user:secret@127.0.0.1/", "not valid"),
        ("ftp://127.0.0.1/", "not valid"),
        ("http://127.0.0.1:99999/", "not valid"),
        ("http://127.0.0.1/a b", "not valid"),
        ("http://127.0.0.1/\r\nX: y", "not valid"),
        ("http://[::1", "not valid"),
        ("nonsense", "not valid"),
    ],
)
def test_nobody_else_is_called(control: Control, shop: Shop, url: str, why: str) -> None:
    control.options(to=url)
    control.pay("p1")
    (sent,) = control.webhooks(wait_seconds=0)
    (sent,) = control.webhooks()
    assert sent["attempts"][0]["http_status"] is None and why in sent["attempts"][0]["error"]
    assert shop.got == []


def test_without_any_place_a_webhook_is_recorded_as_not_sent(control: Control) -> None:
    control.webhook_url("")
    control.pay("p1")
    (sent,) = control.webhooks()
    assert sent["url"] == "" and "not valid" in sent["attempts"][0]["error"]


@pytest.mark.parametrize("url", ["http://shop.example/", "https://", "ftp://127.0.0.1/", "x"])
def test_place_that_could_never_be_called_is_refused(control: Control, url: str) -> None:
    with pytest.raises(ControlFailed, match="Invalid url"):
        control.webhook_url(url)


def test_shop_that_is_away_is_reported(control: Control) -> None:
    control.webhook_url("http://127.0.0.1:1/")
    control.pay("p1")
    (sent,) = control.webhooks()
    assert "refused" in sent["attempts"][0]["error"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "HTTP"),
        (b"nonsense\r\n\r\n", "HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (2 << 20), "too long"),
    ],
)
def test_answer_that_is_none_is_reported(control: Control, answer: bytes, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        control.webhook_url(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        control.pay("p1")
        connection, _ = listener.accept()
        with connection, contextlib.suppress(ConnectionError):
            while not connection.recv(65536).endswith(b"}"):
                pass  # what is left unread at the end would make the answer a reset
            connection.sendall(answer)
    (sent,) = control.webhooks()
    assert sent["attempts"][0]["http_status"] is None and why in sent["attempts"][0]["error"]


def test_shop_that_never_answers_is_given_up(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        control.webhook_url(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        control.pay("p1")
        (sent,) = control.webhooks()
    assert sent["attempts"][0]["error"] == "no answer within 0.2 s"


def test_tls_of_a_shop_is_verified(control: Control, announcing: Sandbox) -> None:
    control.webhook_url(announcing.providers["bitpay"].base_url + "/")  # a CA that only the sandbox trusts
    control.pay("p1")
    (sent,) = control.webhooks()
    assert "TLS: CERTIFICATE_VERIFY_FAILED" in sent["attempts"][0]["error"]


def test_unknown_webhook_and_unknown_settings_are_refused(control: Control) -> None:
    with pytest.raises(ControlFailed) as failed:
        control.send_again("webhook-0")
    assert failed.value.status == 404
    for path, body in [
        ("/webhooks", {"hold": "yes"}),
        ("/webhooks", {"where": "http://127.0.0.1/"}),
        ("/webhooks/release", {"order": "random"}),
    ]:
        with pytest.raises(ControlFailed) as failed:
            control._call("POST", path, body)
        assert failed.value.status == 400


def test_reset_forgets_webhooks_and_where_they_went(control: Control, shop: Shop) -> None:
    control.hold_webhooks()
    control.pay("p1")
    control.reset()
    assert control.webhooks() == []
    control.pay("p1")
    assert control.webhooks()[0]["url"] == "" and shop.got == []


def test_clock_is_shown_and_moved(control: Control) -> None:
    before = control.now_ms()
    control.advance_clock(3600)
    assert 3_600_000 <= control.now_ms() - before < 3_660_000
