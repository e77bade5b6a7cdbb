"""A real headless Chromium for the tests of pages, and how to look at a page through it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SIZES = [pytest.param((1200, 900), id="desktop"), pytest.param((390, 844), id="phone")]
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--ignore-certificate-errors",
]


def start(size: tuple[int, int], profile: Path) -> Any:
    """A browser with a window of this size.

    Where none is installed the test is skipped, or fails when TILL_BROWSERS=required says that one must be.
    """
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    chromedriver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ModuleNotFoundError:
        return _missing("selenium")
    if not chromium or not chromedriver:
        return _missing("chromium or chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    metrics = {"width": size[0], "height": size[1], "pixelRatio": 1}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    for flag in [*_FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    driver.width = size[0]
    return driver


def _missing(what: str) -> None:
    if os.environ.get("TILL_BROWSERS") == "required":
        pytest.fail(f"{what} is not installed, and TILL_BROWSERS=required says that it must be")
    pytest.skip(f"{what} is not installed")


def wait_until(holds: Callable[[], object], seconds: float = 10) -> None:
    """Waits for a page. While the next one loads any look at the old one may fail; that is waited out."""
    from selenium.common.exceptions import WebDriverException

    end = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except (WebDriverException, LookupError):
            if time.monotonic() > end:
                raise
        assert time.monotonic() < end, "the page did not become what was waited for"
        time.sleep(0.05)


def click(browser: Any, element_id: str) -> None:
    """Presses a button, scrolled to where a person would see it."""
    button = browser.find_element("id", element_id)
    browser.execute_script("arguments[0].scrollIntoView({block:'center'})", button)
    button.click()


def assert_well_formed(browser: Any, loads: tuple[str, ...] = ("/payer/",)) -> None:
    """Nothing wider than the screen, nothing loaded from elsewhere, nothing blocked or broken."""
    assert browser.execute_script("return document.documentElement.scrollWidth") <= browser.width
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(function (e) { return e.name; })"
    )
    origin = browser.execute_script("return location.origin")
    assert all(name.startswith(tuple(origin + path for path in loads)) for name in loaded), loaded
    severe = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert severe == []
    text = browser.find_element("tag name", "body").text
    assert "No real money" in text and "SANDBOX" in text.upper()
    keep = os.environ.get("TILL_SCREENSHOTS")
    if keep:
        name = "".join(c if c.isalnum() else "-" for c in browser.title)
        browser.save_screenshot(str(Path(keep) / f"{name}-{browser.width}.png"))


# The payer's page


def status(browser: Any) -> str:
    """What the page says of the payment."""
    return str(browser.find_element("id", "status").text)


def press(browser: Any, action: str) -> None:
    """Presses a payer's button and waits for the page that comes of it."""
    before = _version(browser)
    click(browser, f"do-{action}")
    wait_until(lambda: _version(browser) != before)


def waits_for(browser: Any, text: str) -> None:
    """Waits until the page says so."""
    wait_until(lambda: status(browser) == text)


def _version(browser: Any) -> str:
    return str(browser.find_element("id", "status").get_attribute("data-version"))
