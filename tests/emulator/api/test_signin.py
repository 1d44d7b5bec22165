"""AWS Sign-In's pages: what they show, where they lead, and what they refuse to take."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import boto3
import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.emulator.api.test_authorize import led, shown
from tests.emulator.conftest import CALLBACK, CHALLENGE, Desk
from tests.emulator.pages.test_browser import complaints, heading, listening
from tests.emulator.pages.test_page import Tags, cookie, filled
from tests.emulator.signing import CROSS, Signing
from tests.support.terminal.plain import Answer, ask

ARN = "arn:aws:iam::111122223333:user/harbour-master"


@pytest.fixture
def signing(desk: Desk, aws_session: boto3.Session) -> Signing:
    """Start an emulator whose human decides."""
    return Signing(desk, aws_session)


@pytest.fixture
def approving(open_desk: Callable[..., Desk], aws_session: boto3.Session) -> Signing:
    """Start an emulator that approves by itself."""
    return Signing(open_desk(approve=True), aws_session)


def press(signing: Signing, page: Answer, decision: str, **headers: str) -> Answer:
    """Press a button of a consent page, as a browser does."""
    form = filled(page) | {"decision": decision}
    return ask(f"{signing.url}/v1/authorize", form=form, **{"cookie": cookie(page), **headers})


def pasted(page: Answer) -> dict[str, list[str]]:
    """Read what the confirmation page shows for pasting."""
    assert page.status == 200
    text = page.text.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    return parse_qs(base64.b64decode(text, validate=True).decode(), strict_parsing=True)


def test_consent_says_who_and_what(signing: Signing) -> None:
    """The page shows as whom one signs in, for how long, where the program runs, and a warning."""
    page = ask(signing.authorize_url())
    words = Tags(page.text).words
    for expected in (ARN, "8 hours", "on this computer", "that you started yourself"):
        assert expected in words
    assert CHALLENGE not in page.text
    assert "another computer" in Tags(ask(signing.authorize_url(client_id=CROSS)).text).words


def test_consent_is_locked_down(signing: Signing) -> None:
    """The page has the same locks as the others; only its form may lead to the callback's origin."""
    page = ask(signing.authorize_url())
    policy = set(page.headers["content-security-policy"].split("; "))
    assert {"default-src 'none'", "form-action 'self' http://127.0.0.1:4711", "frame-ancestors 'none'"} <= policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert set(page.headers["set-cookie"].split("; ")[1:]) == {"Path=/v1/authorize", "HttpOnly", "SameSite=Strict"}
    assert "script" not in page.text


def test_approve_leads_back_with_a_code(signing: Signing) -> None:
    """Approve gives a code that can be spent, and the state as it was sent."""
    state = "a state & more = \u00e9"
    answer = led(press(signing, ask(signing.authorize_url(state=state)), "approve", origin=signing.url))
    assert (set(answer), answer["state"]) == ({"code", "state"}, state)
    assert signing.exchange(answer["code"])["refreshToken"]


def test_deny_leads_back_with_an_error(signing: Signing) -> None:
    """Deny gives access_denied and the state, and no code."""
    answer = led(press(signing, ask(signing.authorize_url()), "deny"))
    assert answer == {
        "error": "access_denied",
        "error_description": "the user denied the request",
        "state": "a state",
    }


def test_approving_by_itself(approving: Signing) -> None:
    """Where the settings approve, nobody is asked."""
    assert set(led(ask(approving.authorize_url()))) == {"code", "state"}


def test_decision_is_made_once(signing: Signing) -> None:
    """Pressing a button of the same page again gives no second code."""
    page = ask(signing.authorize_url())
    led(press(signing, page, "approve"))
    shown(press(signing, page, "approve"), "decided already")


def test_page_waits_for_ten_minutes(signing: Signing) -> None:
    """A page left open for ten minutes, or expired from the side, can no longer be approved."""
    page = ask(signing.authorize_url())
    signing.desk.clock.advance(600)
    shown(press(signing, page, "approve"), "waited too long")
    page = ask(signing.authorize_url())
    signing.desk.service.expire("codes")
    shown(press(signing, page, "approve"), "waited too long")


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("not known here", {"client_id": None}),
        ("not known here", {"client_id": "arn:aws:signin:::devtools/other"}),
        ("not its own", {"redirect_uri": None}),
        ("not its own", {"redirect_uri": "http://127.0.0.1:4711/elsewhere"}),
        ("not its own", {"redirect_uri": "http://localhost:4711/oauth/callback"}),
        ("not its own", {"redirect_uri": "https://127.0.0.1:4711/oauth/callback"}),
        ("not its own", {"redirect_uri": CALLBACK + "?a=b"}),
        ("not its own", {"redirect_uri": CALLBACK + "#a"}),
        ("not its own", {"client_id": CROSS, "redirect_uri": CALLBACK}),
        ("not its own", {"client_id": CROSS, "redirect_uri": "http://127.0.0.1:1/v1/sessions/confirmation"}),
    ],
)
def test_wrong_client_or_address_leads_nowhere(approving: Signing, words: str, changed: dict[str, str | None]) -> None:
    """Each of both clients has its own address; for any other nobody is told but the human."""
    shown(ask(approving.authorize_url(**changed)), words)


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        ("invalid_request", {"state": None}),
        ("unsupported_response_type", {"response_type": None}),
        ("unsupported_response_type", {"response_type": "token"}),
        ("invalid_request", {"code_challenge_method": None}),
        ("invalid_request", {"code_challenge_method": "S256"}),
        ("invalid_request", {"code_challenge": None}),
        ("invalid_request", {"code_challenge": CHALLENGE + "="}),
        ("invalid_scope", {"scope": None}),
        ("invalid_scope", {"scope": "openid aws"}),
    ],
)
def test_wrong_request_leads_back(approving: Signing, error: str, changed: dict[str, str | None]) -> None:
    """Whatever else is wrong is told to the client: the method is SHA-256, not S256, and the scope openid."""
    answer = led(ask(approving.authorize_url(**changed)))
    assert (answer["error"], "code" in answer) == (error, False)
    assert approving.desk.service.log[-1].error == error


def test_repeated_parameters(approving: Signing) -> None:
    """No parameter may be repeated; of two addresses none is believed."""
    assert led(ask(approving.authorize_url() + "&scope=openid"))["error"] == "invalid_request"
    shown(ask(approving.authorize_url() + "&client_id=x"), "named twice")
    shown(ask(f"{approving.authorize_url()}&redirect_uri={quote(CALLBACK)}"), "named twice")


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"cookie": ""}, {"sec_fetch_site": "cross-site"}]
)
def test_form_from_elsewhere_is_refused(signing: Signing, headers: dict[str, str]) -> None:
    """Another site's form, and one without this browser's cookie, approves nothing, and the page still can."""
    page = ask(signing.authorize_url())
    assert press(signing, page, "approve", **headers).status == 403
    assert led(press(signing, page, "approve"))["code"]


def test_form_must_be_one_of_this_page(signing: Signing) -> None:
    """Another content type, an unknown button, and a request of /authorize are refused."""
    page, url = ask(signing.authorize_url()), f"{signing.url}/v1/authorize"
    shown(ask(url, form={"a": "b"}, content_type="text/plain"), "not a form of this page")
    shown(press(signing, page, "maybe"), "not a form of this page")
    other = ask(signing.desk.authorize_url(signing.desk.register_for_codes()))
    shown(press(signing, other, "approve"), "decided already")


def test_cross_device_shows_a_code_for_pasting(signing: Signing) -> None:
    """Approve leads to a page with base64 of code and state, and that code can be spent with the page's address."""
    state = "a state & more = \u00e9"
    page = ask(signing.authorize_url(client_id=CROSS, state=state))
    location = press(signing, page, "approve").headers["location"]
    assert location.startswith(f"{signing.url}/v1/sessions/confirmation?code=")
    answer = pasted(ask(location))
    assert (set(answer), answer["state"]) == ({"code", "state"}, [state])
    where = f"{signing.url}/v1/sessions/confirmation"
    assert signing.exchange(answer["code"][0], clientId=CROSS, redirectUri=where)["idToken"]
    shown(ask(location), "used already")


def test_confirmation_page_is_locked_down(approving: Signing) -> None:
    """No script, no referrer, no cache; what is to be copied has a label and can be selected by keyboard."""
    page = ask(ask(approving.authorize_url(client_id=CROSS)).headers["location"])
    assert "form-action 'self';" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "script" not in page.text
    tags = Tags(page.text)
    assert tags.named("label")["for"] == tags.named("textarea")["id"]
    assert "readonly" in tags.named("textarea")
    assert [tag for tag, _ in tags.tags].count("h1") == 1


def test_confirmation_page_shows_only_what_it_issued(approving: Signing) -> None:
    """A link with a made-up code, another state, or a code of the same-device client shows nothing to paste."""
    url, code = f"{approving.url}/v1/sessions/confirmation", approving.code(client_id=CROSS)
    pasted(ask(f"{url}?{urlencode({'code': code, 'state': 'a state'})}"))
    for wrong in (
        {},
        {"code": "made-up", "state": "a state"},
        {"code": code},
        {"code": code, "state": "<script>\udcff"},
        {"code": approving.code(), "state": "a state"},
    ):
        shown(ask(f"{url}?{urlencode(wrong, errors='surrogateescape')}"), "not a code of this service")
    approving.desk.clock.advance(300)
    shown(ask(f"{url}?{urlencode({'code': code, 'state': 'a state'})}"), "waited too long")


def test_cross_device_denied(signing: Signing) -> None:
    """Deny leads to a page that says so, whatever else its address says."""
    location = press(signing, ask(signing.authorize_url(client_id=CROSS)), "deny").headers["location"]
    page = ask(location + "&error_description=<script>")
    assert (page.status, "Denied" in Tags(page.text).words) == (200, True)
    assert "<script" not in page.text


def test_signing_in_with_a_browser(signing: Signing, browser: WebDriver) -> None:
    """A human approves, the listener gets a code without a referrer, and the page's policy lets only that happen."""
    with listening() as listener:
        callback = f"http://127.0.0.1:{listener.server_port}/oauth/callback"
        browser.get(signing.authorize_url(redirect_uri=callback))
        heading(browser, "Approve this sign-in?")
        browser.find_element(By.CSS_SELECTOR, "button[value=approve]").click()
        heading(browser, "Landed")
        ((landed, referrer),) = listener.seen
    answer = parse_qs(urlsplit(landed).query)
    assert (answer["state"], referrer) == (["a state"], None)
    assert signing.exchange(answer["code"][0], redirectUri=callback)["refreshToken"]
    assert complaints(browser) == []


def test_signing_in_across_devices_with_a_browser(signing: Signing, browser: WebDriver) -> None:
    """On a narrow screen the code for pasting is whole, focused, and what the program needs."""
    size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(signing.authorize_url(client_id=CROSS))
    browser.find_element(By.CSS_SELECTOR, "button[value=approve]").click()
    heading(browser, "One step left")
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    field = browser.switch_to.active_element
    answer = parse_qs(base64.b64decode(str(field.get_attribute("value"))).decode())
    where = f"{signing.url}/v1/sessions/confirmation"
    assert signing.exchange(answer["code"][0], clientId=CROSS, redirectUri=where)["refreshToken"]
    assert complaints(browser) == []
