"""The operator's pages of `till serve` in a real browser: signing in, looking, replaying a dead letter."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_serve import PRICE, TOKEN, Service

from browsers import SIZES, start, wait_until
from till.sandbox import Control, Sandbox


@pytest.fixture
def service(sandbox: Sandbox, tmp_path: Path) -> Iterator[Service]:
    api = {"listen": [f"unix:{tmp_path}/api.sock", "127.0.0.1:0"], "token": TOKEN}
    running = Service(sandbox, tmp_path, api=api)
    yield running
    running.process.kill()
    running.process.communicate()


@pytest.fixture(params=SIZES)
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    driver = start(request.param, tmp_path / "profile")
    yield driver
    driver.quit()


def look(browser: Any) -> str:
    """The page's text; nothing on it is wider than the screen, comes from elsewhere, or is broken."""
    assert browser.execute_script("return document.documentElement.scrollWidth") <= browser.width
    assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []
    return str(browser.find_element("tag name", "main").text)


def follow(browser: Any, name: str) -> None:
    browser.find_element("link text", name).click()
    wait_until(lambda: browser.find_element("tag name", "h1").text == name)


def bury(folder: Path) -> None:
    """Makes dead letters of all events, as if their handler had failed too often."""
    with sqlite3.connect(folder / "till.sqlite3") as store:
        store.execute("UPDATE events SET state = 'dead', last_error = 'the shop is away'")
    store.close()


def test_operator_signs_in_looks_and_replays_a_dead_letter(
    service: Service, payer: Callable[[str], Control], tmp_path: Path, browser: Any
) -> None:
    payer("bitpay")
    payment = service.call("bitpay", "payments.create", amount=PRICE, reference="<b>order-1</b>")
    bury(tmp_path)
    browser.get(service.operator)
    wait_until(lambda: browser.find_element("id", "token"))
    look(browser)
    browser.find_element("id", "token").send_keys("not the token of this one\n")
    wait_until(lambda: browser.find_element("class name", "problem"))
    browser.get_log("browser")  # the 401 of before
    browser.find_element("id", "token").send_keys(TOKEN + "\n")
    wait_until(lambda: browser.find_element("tag name", "h1").text == "Overview")
    assert "bitpay/test" in look(browser)
    follow(browser, "Payments")
    assert "<b>order-1</b>" in look(browser)
    browser.find_element("link text", payment["id"]).click()
    wait_until(lambda: browser.find_element("tag name", "h1").text == payment["id"])
    assert "payment.created" in look(browser)
    follow(browser, "Inbox")
    assert "the shop is away" in look(browser)
    browser.find_element("xpath", "//button[text()='Replay']").click()
    wait_until(lambda: "waiting" in browser.find_element("tag name", "table").text)
    look(browser)
    events = service.call("bitpay", "events.list")["items"]
    assert [event["state"] for event in events] == ["waiting"]
    follow(browser, "Webhooks")
    look(browser)
    browser.find_element("xpath", "//button[text()='Sign out']").click()
    wait_until(lambda: browser.find_element("id", "token"))
    browser.get(service.operator)
    assert browser.find_elements("id", "token")
