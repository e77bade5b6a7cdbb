"""`gateway.events`: the inbox, and handlers on threads and event loops."""

from __future__ import annotations

import asyncio
import functools
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import till
from till._handler_check import EVENT_TYPES
from till.sandbox import Sandbox

Make = Callable[..., Any]
RARELY = 3600.0  # what comes sooner came by itself


@pytest.fixture
def ashop(gateway: Make) -> till.AsyncGateway:
    """The account of `shop`, awaited."""
    made: till.AsyncGateway = gateway("openpay", kind=till.AsyncGateway, timeout=20)
    return made


def pay(shop: till.Gateway, *references: str) -> list[till.Payment]:
    return [shop.payments.create(till.Money("20.00", "BZD"), reference=one) for one in references]


def reference(event: till.Event) -> str:
    assert event.payment is not None
    return event.payment.reference or ""


def test_an_event_is_taken_and_done(shop: till.Gateway) -> None:
    (payment,) = pay(shop, "a")
    (event,) = shop.events.take()
    assert (event.type, event.source, event.state, event.attempts) == ("payment.created", "reply", "taken", 1)
    assert event.payment_id == payment.id and event.payment == payment
    assert event.gateway == shop.name and event.detail == {"status": "pending"}
    assert event.due_at is not None and 50 < (event.due_at - event.at).total_seconds() < 70
    assert shop.events.take() == ()
    assert event.lease and event.lease not in repr(event)
    assert shop.events.done(event).state == "done"
    with pytest.raises(till.Conflict) as caught:
        shop.events.done(event)
    assert caught.value.code == "lease_lost"


def test_an_event_that_failed_is_listed_and_comes_again(shop: till.Gateway) -> None:
    pay(shop, "a")
    (event,) = shop.events.take(lease=5)
    failed = shop.events.fail(event, "no such order", retry_after=0)
    assert (failed.state, failed.last_error) == ("waiting", "no such order")
    assert [one.id for one in shop.events.list(state="waiting")] == [event.id]
    assert [one.id for one in shop.events.iterate(limit=1)] == [event.id]
    (again,) = shop.events.take()
    assert (again.id, again.attempts, again.last_error) == (event.id, 2, "no such order")
    assert shop.events.release(again).attempts == 1
    assert shop.events.get(event.id).payment is not None


def test_a_done_event_is_replayed(shop: till.Gateway) -> None:
    pay(shop, "a")
    (event,) = shop.events.take()
    with pytest.raises(till.Conflict):
        shop.events.replay(event.id)
    shop.events.done(event)
    assert shop.events.replay(event.id).state == "waiting"
    assert [one.id for one in shop.events.take()] == [event.id]


def test_errors_say_pythons_words(shop: till.Gateway) -> None:
    with pytest.raises(till.NotFound) as missing:
        shop.events.get("evt_nope")
    assert missing.value.field == "$.event_id"
    with pytest.raises(till.InvalidRequest) as short:
        shop.events.take(lease=0.5)
    assert short.value.field == "$.lease"
    pay(shop, "a")
    (event,) = shop.events.take()
    with pytest.raises(till.InvalidRequest) as late:
        shop.events.fail(event, retry_after=100_000)
    assert late.value.field == "$.retry_after"


def test_a_handler_is_given_each_event_once(shop: till.Gateway) -> None:
    pay(shop, "a", "b", "c")
    seen: list[str] = []
    handled = shop.events.handle(lambda event: seen.append(reference(event)), wait=False)
    assert seen == ["a", "b", "c"]
    assert handled == till.Handled(done=3)
    assert shop.events.handle(lambda event: seen.append("again"), wait=False) == till.Handled()
    assert {event.state for event in shop.events.list()} == {"done"}


def test_an_event_that_fails_holds_up_no_other_payment(shop: till.Gateway) -> None:
    pay(shop, "a", "poison", "c")
    seen, errors = [], []

    def handler(event: till.Event) -> None:
        if reference(event) == "poison":
            raise LookupError("no such order")
        seen.append(reference(event))

    handled = shop.events.handle(
        handler, wait=False, on_error=lambda event, error: errors.append((reference(event), str(error)))
    )
    assert seen == ["a", "c"]
    assert handled == till.Handled(done=2, failed=1)
    assert errors == [("poison", "no such order")]
    (waiting,) = shop.events.list(state="waiting")
    assert waiting.last_error == "LookupError: no such order"
    assert waiting.due_at is not None and waiting.due_at > waiting.at


def test_other_types_are_done_without_a_call(shop: till.Gateway) -> None:
    pay(shop, "a")
    handled = shop.events.handle(lambda event: pytest.fail(event.type), types={"payment.paid"}, wait=False)
    assert handled == till.Handled(skipped=1)
    assert [event.state for event in shop.events.list()] == ["done"]
    with pytest.raises(TypeError):
        shop.events.handle(lambda event: None, types="payment.paid")


def test_no_secret_of_a_handlers_error_is_kept(shop: till.Gateway, sandbox: Sandbox, tmp_path: Path) -> None:
    secret = str(sandbox.providers["openpay"].settings["api_key"])
    pay(shop, "a")

    def handler(event: till.Event) -> None:
        raise RuntimeError(f"401 for {secret}")

    assert shop.events.handle(handler, wait=False).failed == 1
    (event,) = shop.events.list()
    assert event.last_error == "RuntimeError: 401 for [secret]"
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("till.sqlite3*"))
    assert b"401 for" in kept and secret.encode() not in kept


def test_what_this_process_commits_is_handled_at_once(shop: till.Gateway) -> None:
    seen: dict[str, float] = {}
    stop, came = threading.Event(), threading.Event()

    def handler(event: till.Event) -> None:
        seen[reference(event)] = time.monotonic()
        came.set()

    counts: list[till.Handled] = []
    thread = threading.Thread(
        target=lambda: counts.append(shop.events.handle(handler, stop=stop, poll=RARELY))
    )
    thread.start()
    for name in ("a", "b"):
        came.clear()
        pay(shop, name)
        assert came.wait(20)
    stop.set()
    thread.join(20)
    assert counts == [till.Handled(done=2)]
    assert list(seen) == ["a", "b"]


def test_a_second_gateway_finds_what_the_first_commits(
    gateway: Make, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Another runtime on the same file stands for another process."""
    shop = gateway("openpay")
    elsewhere = till.Runtime(store=tmp_path / "till.sqlite3", ca_file=sandbox.ca_file)
    worker = gateway("openpay", runtime=elsewhere)
    stop, seen = threading.Event(), []

    def handler(event: till.Event) -> None:
        seen.append(reference(event))
        stop.set()

    thread = threading.Thread(target=lambda: worker.events.handle(handler, stop=stop, poll=0.02))
    thread.start()
    pay(shop, "a")
    thread.join(20)
    assert seen == ["a"]


def test_a_handler_that_is_too_slow_is_counted_as_lost(shop: till.Gateway) -> None:
    pay(shop, "a")

    def handler(event: till.Event) -> None:
        time.sleep(1.1)  # beyond the shortest lease there is

    stop = threading.Event()
    stop_after = threading.Timer(0.5, stop.set)
    stop_after.start()
    assert shop.events.handle(handler, lease=1, stop=stop) == till.Handled(lost=1)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A job in the background inherits "ignored" for SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_the_wait(shop: till.Gateway) -> None:
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        shop.events.handle(lambda event: None, poll=RARELY)
    pay(shop, "a")
    assert [event.attempts for event in shop.events.take()] == [1], "nobody waits any more"


def test_an_exit_from_a_handler_gives_the_event_back(shop: till.Gateway) -> None:
    pay(shop, "a")

    def handler(event: till.Event) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        shop.events.handle(handler)
    (event,) = shop.events.take()
    assert (event.attempts, event.last_error) == (2, "SystemExit: 3")


def test_a_coroutine_function_is_for_the_async_gateway(shop: till.Gateway) -> None:
    async def handler(event: till.Event) -> None: ...

    with pytest.raises(TypeError, match="AsyncGateway"):
        shop.events.handle(handler)


async def _handle(event: till.Event) -> None: ...


class _Awaited:
    async def __call__(self, event: till.Event) -> None: ...


@pytest.mark.parametrize("handler", [functools.partial(_handle), _Awaited(), _Awaited().__call__])
def test_what_returns_awaitables_is_for_the_async_gateway(shop: till.Gateway, handler: Any) -> None:
    pay(shop, "a")
    with pytest.raises(TypeError, match="AsyncGateway"):
        shop.events.handle(handler, wait=False)
    assert [event.attempts for event in shop.events.list()] == [0]


def test_a_coroutine_that_nobody_awaits_handles_nothing(shop: till.Gateway) -> None:
    pay(shop, "a")
    with pytest.raises(TypeError, match="AsyncGateway"):
        shop.events.handle(lambda event: _handle(event), wait=False)
    (event,) = shop.events.list()
    assert (event.state, event.attempts) == ("waiting", 0)


@pytest.mark.parametrize("options", [{"handler": 5}, {"handler": print, "on_error": 5}])
def test_what_cannot_be_called_is_refused(
    shop: till.Gateway, ashop: till.AsyncGateway, options: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match="must be callable, not int"):
        shop.events.handle(**options, wait=False)
    with pytest.raises(TypeError, match="must be callable, not int"):
        asyncio.run(ashop.events.handle(**options, wait=False))


def test_a_type_that_no_event_has_is_refused(shop: till.Gateway, ashop: till.AsyncGateway) -> None:
    pay(shop, "a")
    types = ["payment.paid", "payment.creatd"]
    with pytest.raises(till.InvalidRequest, match=r"perhaps 'payment.created'.* refund\.created") as refused:
        shop.events.handle(print, types=types, wait=False)
    assert (refused.value.field, refused.value.code) == ("types", "unknown_event_type")
    with pytest.raises(till.InvalidRequest):
        asyncio.run(ashop.events.handle(_handle, types=types, wait=False))
    assert [event.state for event in shop.events.list()] == ["waiting"]


def test_every_type_that_the_documentation_has_is_known(shop: till.Gateway) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text("utf-8")
    table = page.partition("\n## Types\n")[2].partition("\n## ")[0]
    named = re.findall(r"`((?:payment|refund)\.[a-z_]+)`", table)
    assert sorted(named) == sorted(EVENT_TYPES)
    assert {f"payment.{status}" for status in get_args(till.PaymentStatus)} < set(named)
    assert shop.events.handle(print, types=named, wait=False) == till.Handled()


def test_a_failure_that_nobody_is_told_of_is_logged_without_its_text(
    shop: till.Gateway, ashop: till.AsyncGateway, caplog: pytest.LogCaptureFixture
) -> None:
    pay(shop, "a", "b")

    def handler(event: till.Event) -> None:
        raise LookupError("4111111111111111")

    async def async_handler(event: till.Event) -> None:
        handler(event)

    silent = shop.events.handle(handler, wait=False, on_error=lambda event, error: None)
    assert silent.failed == 2 and not caplog.records
    pay(shop, "c")
    shop.events.handle(handler, wait=False)
    pay(shop, "d")
    asyncio.run(ashop.events.handle(async_handler, wait=False))
    newest = [event.id for event in shop.events.list(limit=2)][::-1]
    told = [(one.name, one.levelname, one.getMessage()) for one in caplog.records]
    assert told == [("till", "WARNING", f"the handler of event {one} raised LookupError") for one in newest]
    assert "4111" not in caplog.text


# ---- on an event loop


def _plain(event: till.Event) -> None:
    pytest.fail("it was called")


@functools.wraps(_plain)
def _wrapped(event: till.Event) -> None:
    _plain(event)


class _Shop:
    def plain(self, event: till.Event) -> None:
        pytest.fail("it was called")


@pytest.mark.parametrize("handler", [_plain, functools.partial(_plain), _wrapped, _Shop().plain])
def test_a_plain_function_is_refused_before_it_runs(
    shop: till.Gateway, ashop: till.AsyncGateway, handler: Any
) -> None:
    pay(shop, "a")
    with pytest.raises(TypeError, match="async def"):
        asyncio.run(ashop.events.handle(handler, wait=False))
    assert [event.attempts for event in shop.events.list()] == [0]


@functools.wraps(_handle)
def _around(event: till.Event) -> Any:
    return _handle(event)


@pytest.mark.parametrize(
    "handler",
    [
        functools.partial(_handle),
        _Awaited(),
        _Awaited().__call__,
        _around,
        lambda event: _handle(event),
        lambda event: None,
    ],
)
def test_what_can_be_awaited_is_and_what_has_run_is_done(
    shop: till.Gateway, ashop: till.AsyncGateway, handler: Any
) -> None:
    pay(shop, "a")
    assert asyncio.run(ashop.events.handle(handler, wait=False)) == till.Handled(done=1)


def test_async_handlers_run_at_the_same_time_up_to_a_bound(
    shop: till.Gateway, ashop: till.AsyncGateway
) -> None:
    pay(shop, *"abcdefg")
    running, most, seen = 0, 0, []
    full = asyncio.Event()

    async def handler(event: till.Event) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 3:
            full.set()
        await asyncio.wait_for(full.wait(), 20)  # nobody goes on before three are here
        running -= 1
        seen.append(reference(event))

    handled = asyncio.run(ashop.events.handle(handler, concurrency=3, wait=False))
    assert handled == till.Handled(done=7)
    assert most == 3
    assert sorted(seen) == list("abcdefg")


def test_async_handlers_are_woken_and_stopped(shop: till.Gateway, ashop: till.AsyncGateway) -> None:
    async def main() -> tuple[till.Handled, list[str]]:
        stop, seen = asyncio.Event(), []

        async def handler(event: till.Event) -> None:
            seen.append(reference(event))
            if len(seen) == 1:
                raise LookupError("once")
            stop.set()

        handling = asyncio.ensure_future(ashop.events.handle(handler, stop=stop, poll=RARELY))
        await asyncio.to_thread(pay, shop, "a")
        while not seen:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(pay, shop, "b")
        return await asyncio.wait_for(handling, 20), seen

    handled, seen = asyncio.run(main())
    assert handled == till.Handled(done=1, failed=1)
    assert seen == ["a", "b"]


def test_cancelled_handlers_give_their_events_back(shop: till.Gateway, ashop: till.AsyncGateway) -> None:
    pay(shop, "a", "b")

    async def main() -> int:
        begun = 0

        async def handler(event: till.Event) -> None:
            nonlocal begun
            begun += 1
            await asyncio.sleep(RARELY)

        handling = asyncio.ensure_future(ashop.events.handle(handler, poll=RARELY))
        while begun < 2:
            await asyncio.sleep(0.01)
        handling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handling
        return begun

    assert asyncio.run(main()) == 2
    assert sorted(event.attempts for event in shop.events.take(1) + shop.events.take(1)) == [2, 2]


def test_a_cancelled_wait_takes_nothing(shop: till.Gateway, ashop: till.AsyncGateway) -> None:
    async def main() -> None:
        async def handler(event: till.Event) -> None: ...

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(ashop.events.handle(handler, poll=RARELY), 0.1)

    asyncio.run(main())
    pay(shop, "a")
    assert [event.attempts for event in shop.events.take()] == [1]


def test_async_calls_are_the_same(shop: till.Gateway, ashop: till.AsyncGateway) -> None:
    pay(shop, "a")

    async def main() -> None:
        (event,) = await ashop.events.take()
        assert [one.id async for one in ashop.events.iterate()] == [event.id]
        assert (await ashop.events.done(event)).state == "done"
        with pytest.raises(ValueError, match="concurrency"):
            await ashop.events.handle(lambda event: asyncio.sleep(0), concurrency=0)

    asyncio.run(main())
