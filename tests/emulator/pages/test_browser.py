"""The pages in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.emulator.conftest import Desk


class Listener(ThreadingHTTPServer):
    """What a client listens with: remembers each request's path, query included, and its referrer."""

    daemon_threads = False  # so that closing waits for all of them

    def __init__(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self.seen: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = 2  # browsers open connections that they may never use
    server: Listener

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["referer"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Landed</title><link rel=icon href=data:,><h1>Landed</h1>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet."""


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen while the block runs."""
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def heading(browser: WebDriver, expected: str) -> None:
    """Wait until the page with that heading is there."""
    between_pages = [NoSuchElementException, StaleElementReferenceException]
    wait = WebDriverWait(browser, 60, ignored_exceptions=between_pages)
    wait.until(lambda seen: seen.find_element(By.TAG_NAME, "h1").text == expected)


def complaints(browser: WebDriver) -> list[str]:
    """List what the browser has to say of the pages' policies."""
    log = browser.get_log("browser")  # type: ignore[no-untyped-call] # selenium has no types here
    return [entry["message"] for entry in log if "Content Security Policy" in entry["message"]]


def test_typing_the_code_and_approving(desk: Desk, browser: WebDriver) -> None:
    """A human types the code, in small letters and without the dash, presses Approve, and the client gets tokens."""
    client = desk.register(clientName="sso-login")
    started = desk.start(client)
    browser.get(started["verificationUri"])
    field = browser.switch_to.active_element
    assert field.get_attribute("id") == "user_code"
    field.send_keys(started["userCode"].replace("-", "").lower())
    browser.find_element(By.TAG_NAME, "button").click()
    heading(browser, "Approve this sign-in?")
    assert browser.find_element(By.ID, "code").text == started["userCode"]
    browser.find_element(By.CSS_SELECTOR, "button[value=approve]").click()
    heading(browser, "Approved")
    assert desk.poll(client, started)["accessToken"]
    assert complaints(browser) == []


def test_denying_on_a_narrow_screen(desk: Desk, browser: WebDriver) -> None:
    """At 390 pixels in dark mode nothing is cut off, the style sheet is in force, and Deny denies."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    )
    scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    client = desk.register(clientName="a-client-with-a-name-so-long-that-it-has-to-be-broken-somewhere" * 2)
    started = desk.start(client)
    browser.get(started["verificationUriComplete"])
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    main = browser.find_element(By.TAG_NAME, "main")
    assert main.value_of_css_property("background-color") == "rgba(26, 33, 43, 1)"
    browser.find_element(By.CSS_SELECTOR, "button[value=deny]").click()
    heading(browser, "Denied")
    assert desk.service.waiting() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_approving_leads_to_the_listener(desk: Desk, browser: WebDriver, host: str) -> None:
    """Approve lands on the client's listener with a code that can be spent; the page's policy lets it, only there."""
    client = desk.register_for_codes(clientName="sso-login", redirectUris=[f"http://{host}/oauth/callback"])
    with listening() as listener:
        callback = f"http://{host}:{listener.server_port}/oauth/callback"
        browser.get(desk.authorize_url(client, redirect_uri=callback))
        heading(browser, "Approve this sign-in?")
        browser.find_element(By.CSS_SELECTOR, "button[value=approve]").click()
        heading(browser, "Landed")
        ((landed, referrer),) = listener.seen
    answer = parse_qs(urlsplit(landed).query)
    assert (urlsplit(landed).path, answer["state"], referrer) == ("/oauth/callback", ["a state"], None)
    assert desk.exchange(client, answer["code"][0], redirectUri=callback)["refreshToken"]
    assert complaints(browser) == []


def test_denying_leads_to_the_listener(desk: Desk, browser: WebDriver) -> None:
    """Deny lands there too, with an error and the state, and without a code."""
    client = desk.register_for_codes()
    with listening() as listener:
        callback = f"http://127.0.0.1:{listener.server_port}/oauth/callback"
        browser.get(desk.authorize_url(client, redirect_uri=callback))
        browser.find_element(By.CSS_SELECTOR, "button[value=deny]").click()
        heading(browser, "Landed")
        ((landed, _),) = listener.seen
    answer = parse_qs(urlsplit(landed).query)
    assert (list(answer), answer["error"]) == (["error", "error_description", "state"], ["access_denied"])
