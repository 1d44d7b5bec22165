"""The verification page in a real browser."""

from __future__ import annotations

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.emulator.conftest import Desk


def heading(browser: WebDriver, expected: str) -> None:
    """Wait until the page with that heading is there."""
    between_pages = [NoSuchElementException, StaleElementReferenceException]
    wait = WebDriverWait(browser, 60, ignored_exceptions=between_pages)
    wait.until(lambda seen: seen.find_element(By.TAG_NAME, "h1").text == expected)


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
    complaints = [entry for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]]  # type: ignore[no-untyped-call] # selenium has no types here
    assert complaints == []


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
