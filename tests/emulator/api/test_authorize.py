"""The authorization endpoint over plain HTTP: what it shows, where it leads, and what it refuses to take."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.emulator.conftest import CALLBACK, CHALLENGE, DEVICE, SCOPE, Desk
from tests.emulator.pages.test_page import Tags, cookie, filled
from tests.support.terminal.plain import Answer, ask


def led(answer: Answer) -> dict[str, str]:
    """Expect a redirect to the callback, and give its query."""
    assert answer.status == 303
    assert answer.headers["location"].startswith(CALLBACK + "?")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    members = parse_qs(urlsplit(answer.headers["location"]).query, strict_parsing=True)
    assert all(len(values) == 1 for values in members.values())
    return {name: values[0] for name, values in members.items()}


def shown(answer: Answer, words: str) -> None:
    """Expect an error page with those words, that leads nowhere."""
    assert (answer.status, "location" in answer.headers) == (400, False)
    page = Tags(answer.text)
    assert words in page.words
    assert not [tag for tag, _ in page.tags if tag in {"form", "a"}]


def press(desk: Desk, page: Answer, decision: str, **headers: str) -> Answer:
    """Press a button of a consent page, as a browser does."""
    form = filled(page) | {"decision": decision}
    return ask(f"{desk.emulator.url}/authorize", form=form, **{"cookie": cookie(page), **headers})


def test_consent_says_what_is_approved(desk: Desk) -> None:
    """The page shows the application, what it may do, where, and where the code goes, and a warning."""
    page = ask(desk.authorize_url(desk.register_for_codes(clientName="the tool")))
    words = Tags(page.text).words
    for expected in ("the tool", SCOPE, desk.emulator.start_url, "on this computer", CALLBACK, "that you started"):
        assert expected in words
    assert CHALLENGE not in page.text


def test_consent_warns_of_another_computer(desk: Desk) -> None:
    """A redirect over https leaves this computer, and the page says so."""
    uri = "https://tool.example/callback"
    page = ask(desk.authorize_url(desk.register_for_codes(redirectUris=[uri]), redirect_uri=uri))
    assert "Another computer" in Tags(page.text).words
    assert "form-action 'self' https://tool.example;" in page.headers["content-security-policy"]


def test_consent_is_locked_down(desk: Desk) -> None:
    """The page has the same locks as the others; only its form may lead to the callback's origin."""
    page = ask(desk.authorize_url(desk.register_for_codes()))
    policy = set(page.headers["content-security-policy"].split("; "))
    assert {"default-src 'none'", "form-action 'self' http://127.0.0.1:4711", "frame-ancestors 'none'"} <= policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert set(page.headers["set-cookie"].split("; ")[1:]) == {"Path=/authorize", "HttpOnly", "SameSite=Strict"}
    assert "script" not in page.text


def test_approve_leads_back_with_a_code(desk: Desk) -> None:
    """Approve gives a code that can be spent, and the state as it was sent."""
    client = desk.register_for_codes()
    state = "a state & more = \u00e9"
    answer = led(press(desk, ask(desk.authorize_url(client, state=state)), "approve", origin=desk.emulator.url))
    assert (set(answer), answer["state"]) == ({"code", "state"}, state)
    assert desk.exchange(client, answer["code"])["refreshToken"]


def test_deny_leads_back_with_an_error(desk: Desk) -> None:
    """Deny gives access_denied with a description and the state, and no code."""
    answer = led(press(desk, ask(desk.authorize_url(desk.register_for_codes())), "deny"))
    assert answer == {
        "error": "access_denied",
        "error_description": "the user denied the request",
        "state": "a state",
    }
    assert desk.service.log[-1].error == "access_denied"


def test_state_may_be_left_out(desk: Desk) -> None:
    """Without a state none comes back."""
    page = ask(desk.authorize_url(desk.register_for_codes(), state=None))
    assert set(led(press(desk, page, "approve"))) == {"code"}


@pytest.mark.parametrize("changed", [{"scopes": None, "scope": SCOPE}, {"scopes": None}, {"scopes": f"{SCOPE} openid"}])
def test_scopes_may_be_named_either_way(desk: Desk, changed: dict[str, str | None]) -> None:
    """`scopes` as AWS's CLI sends it, `scope` as the standard says, or neither for all that were registered."""
    client = desk.register_for_codes(scopes=[SCOPE, "openid"])
    page = ask(desk.authorize_url(client, **changed))
    assert page.status == 200
    assert ("openid" in Tags(page.text).words) is (changed != {"scopes": None, "scope": SCOPE})


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_decision_is_made_once(desk: Desk, decision: str) -> None:
    """Pressing a button of the same page again gives no second code."""
    page = ask(desk.authorize_url(desk.register_for_codes()))
    led(press(desk, page, decision))
    shown(press(desk, page, "approve"), "decided already")


def test_page_waits_for_ten_minutes(desk: Desk) -> None:
    """A page left open for ten minutes can no longer be approved; it is forgotten, others are not."""
    client = desk.register_for_codes()
    page = ask(desk.authorize_url(client))
    desk.clock.advance(599)
    later = ask(desk.authorize_url(client))
    desk.clock.advance(1)
    shown(press(desk, page, "approve"), "waited too long")
    assert ask(desk.authorize_url(client)).status == 200
    shown(press(desk, page, "approve"), "waited too long")
    assert led(press(desk, later, "approve"))["code"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"client_id": "nobody"}, "not known here"),
        ({"client_id": None}, "not known here"),
        ({"redirect_uri": None}, "did not register"),
        ({"redirect_uri": "http://evil.example/oauth/callback"}, "did not register"),
        ({"redirect_uri": "http://127.0.0.1:4711/elsewhere"}, "did not register"),
        ({"redirect_uri": "http://127.0.0.1:4711/oauth/callback#x"}, "did not register"),
        ({"redirect_uri": "http://localhost:4711/oauth/callback"}, "did not register"),
        ({"redirect_uri": CALLBACK + "\r\nX-Evil: 1"}, "did not register"),
    ],
)
@pytest.mark.parametrize("approve", [False, True])
def test_wrong_client_or_address_leads_nowhere(
    open_desk: Callable[..., Desk],
    changed: dict[str, str | None],
    words: str,
    approve: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Without a client and an address it registered nobody can be told but the human (RFC 6749 section 4.1.2.1)."""
    desk = open_desk(approve=approve)
    shown(ask(desk.authorize_url(desk.register_for_codes(), **changed)), words)


def test_expired_registration_leads_nowhere(desk: Desk) -> None:
    """A client whose registration is over is not known any more."""
    client = desk.register_for_codes()
    desk.service.expire("registrations")
    shown(ask(desk.authorize_url(client)), "registration has expired")


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        ("invalid_request", {"response_type": None}),
        ("unsupported_response_type", {"response_type": "token"}),
        ("invalid_request", {"code_challenge": None}),
        ("invalid_request", {"code_challenge": CHALLENGE + "="}),
        ("invalid_request", {"code_challenge_method": None}),
        ("invalid_request", {"code_challenge_method": "plain"}),
        ("invalid_request", {"code_challenge_method": "SHA-256"}),
        ("invalid_scope", {"scopes": f"{SCOPE} aws"}),
        ("invalid_scope", {"scopes": None, "scope": "aws"}),
    ],
)
def test_wrong_request_leads_back(desk: Desk, error: str, changed: dict[str, str | None]) -> None:
    """Whatever else is wrong is told to the client, with its state, and nobody is asked."""
    answer = led(ask(desk.authorize_url(desk.register_for_codes(), **changed)))
    assert (answer["error"], answer["state"], "code" in answer) == (error, "a state", False)
    assert answer["error_description"]
    assert desk.service.log[-1].error == error


@pytest.mark.parametrize("again", ["state=b", "scopes=openid", "code_challenge=x", "unheard_of=1&unheard_of=2"])
def test_parameter_sent_twice_leads_back(desk: Desk, again: str) -> None:
    """No parameter may be repeated (RFC 6749 section 3.1); of the state the first counts."""
    answer = led(ask(f"{desk.authorize_url(desk.register_for_codes())}&{again}"))
    assert (answer["error"], answer["state"]) == ("invalid_request", "a state")


@pytest.mark.parametrize("again", ["client_id=x", "redirect_uri=http://127.0.0.1:4711/"])
def test_client_or_address_sent_twice_leads_nowhere(desk: Desk, again: str) -> None:
    """Of two addresses none is believed."""
    shown(ask(f"{desk.authorize_url(desk.register_for_codes())}&{again}"), "twice")


def test_client_of_another_grant_is_led_back(desk: Desk) -> None:
    """A client registered for device codes alone gets unauthorized_client at its own redirect URI."""
    client = desk.register_for_codes(grantTypes=[DEVICE])
    assert led(ask(desk.authorize_url(client)))["error"] == "unauthorized_client"


def test_approve_setting_asks_nobody(open_desk: Callable[..., Desk]) -> None:
    """With `approve` the browser is led back at once."""
    desk = open_desk(approve=True)
    assert set(led(ask(desk.authorize_url(desk.register_for_codes())))) == {"code", "state"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"cookie": ""},
        {"cookie": "sso-login-emulator=" + "A" * 43},
    ],
)
def test_form_from_elsewhere_is_refused(desk: Desk, headers: dict[str, str]) -> None:
    """Another site's form, and one without this browser's cookie, approves nothing, and the page still can."""
    page = ask(desk.authorize_url(desk.register_for_codes()))
    assert press(desk, page, "approve", **headers).status == 403
    assert led(press(desk, page, "approve"))["code"]


def test_form_of_one_request_does_not_approve_another(desk: Desk) -> None:
    """A token got for one's own request, or none, is no good for somebody else's."""
    client = desk.register_for_codes()
    own, other = ask(desk.authorize_url(client)), ask(desk.authorize_url(client))
    url = f"{desk.emulator.url}/authorize"
    for change in ({"request": filled(other)["request"]}, {"token": ""}, {"request": ""}):
        form = filled(own) | {"decision": "approve"} | change
        assert ask(url, form=form, cookie=cookie(own)).status == 403


def test_form_must_be_one(desk: Desk) -> None:
    """Another content type, too many fields and an unknown button are bad requests."""
    page, url = ask(desk.authorize_url(desk.register_for_codes())), f"{desk.emulator.url}/authorize"
    shown(ask(url, form={"a": "b"}, content_type="application/json"), "not a form of this page")
    shown(ask(url, form={str(number): "x" for number in range(9)}), "not a form of this page")
    shown(press(desk, page, "maybe"), "not a form of this page")
    assert led(press(desk, page, "approve"))["code"]


def test_other_hosts_are_refused(desk: Desk) -> None:
    """A name that some other site made lead here (DNS rebinding) is not served."""
    assert ask(desk.authorize_url(desk.register_for_codes()), host="evil.example").status == 421


def test_hostile_values_stay_text(desk: Desk) -> None:
    """What a client calls itself, and its redirect URI, are shown as text."""
    uri = "http://127.0.0.1/?a='&lt;b=&amp;"
    client = desk.register_for_codes(clientName="<script>alert(1)</script>\"'&", redirectUris=[uri])
    page = ask(desk.authorize_url(client, redirect_uri=uri, state="<script>"))
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" in page.text
    assert "http://127.0.0.1/?a=&#x27;&amp;lt;b=&amp;amp;" in page.text


def test_error_page_can_be_used_by_everybody(desk: Desk) -> None:
    """An error is announced, on a page with a language, a title and one heading, locked down as the others."""
    answer = ask(f"{desk.emulator.url}/authorize")
    page = Tags(answer.text)
    assert page.named("html")["lang"] == "en"
    assert [[tag for tag, _ in page.tags].count(name) for name in ("title", "main", "h1")] == [1, 1, 1]
    assert any(attrs.get("role") == "alert" for _, attrs in page.tags)
    assert "form-action 'self';" in answer.headers["content-security-policy"]
