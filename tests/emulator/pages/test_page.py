"""The verification page over plain HTTP: what it shows, and what it refuses to take."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from tests.emulator.conftest import Desk
from tests.support.terminal.plain import Answer, ask


class Tags(HTMLParser):
    """Collects tags and the text between them, and checks that they close in order."""

    def __init__(self, text: str) -> None:
        """Parse the whole page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "br"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag that is empty."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Expect the tag that was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Remember the text."""
        self.words += data

    def named(self, name: str) -> dict[str, str | None]:
        """Give the attributes of the one tag of that name."""
        (found,) = [attrs for tag, attrs in self.tags if tag == name]
        return found


@pytest.fixture
def started(desk: Desk) -> Any:  # noqa: ANN401 - botocore's reply
    """Start a device authorization."""
    return desk.start(desk.register())


def filled(answer: Answer) -> dict[str, str]:
    """Give the hidden fields of the form on a page."""
    inputs = [attrs for tag, attrs in Tags(answer.text).tags if tag == "input" and attrs["type"] == "hidden"]
    return {str(attrs["name"]): str(attrs["value"]) for attrs in inputs}


def cookie(answer: Answer) -> str:
    """Give the cookie a page sets, as a browser sends it back."""
    return answer.headers["set-cookie"].partition(";")[0]


def press(desk: Desk, started: Any, decision: str, **headers: str) -> Answer:  # noqa: ANN401 - botocore's reply
    """Open the page and press a button, as a browser does."""
    page = ask(started["verificationUriComplete"])
    form = filled(page) | {"decision": decision}
    return ask(f"{desk.emulator.url}/device", form=form, **{"cookie": cookie(page), **headers})


@pytest.mark.parametrize("path", ["/device", "/device?user_code={code}", "/device?user_code=wrong"])
def test_every_page_is_locked_down(desk: Desk, started: Any, path: str) -> None:  # noqa: ANN401
    """No scripts, no frames, no cache, no referrer; the one style sheet is allowed by its hash."""
    answer = ask(desk.emulator.url + path.format(code=started["userCode"]))
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert {"form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-amzn-requestid"]
    assert "script" not in answer.text


def test_form_can_be_used_by_everybody(desk: Desk) -> None:
    """The page has a language, a title, landmarks, one heading and a label for its one field."""
    page = Tags(ask(f"{desk.emulator.url}/device").text)
    assert page.named("html")["lang"] == "en"
    names = [tag for tag, _ in page.tags]
    assert [names.count(name) for name in ("title", "header", "main", "footer", "h1")] == [1] * 5
    assert page.named("label")["for"] == page.named("input")["id"] == "user_code"
    assert page.named("input")["aria-describedby"] == "hint"
    assert "emulator on your own computer" in page.words


@pytest.mark.parametrize("typed", ["{code}", "{code_lower}", "{code_bare}", " {code} "])
def test_code_may_be_typed_carelessly(desk: Desk, started: Any, typed: str) -> None:  # noqa: ANN401
    """Small letters, a missing dash and spaces around it are forgiven."""
    code = started["userCode"]
    typed = typed.format(code=code, code_lower=code.lower(), code_bare=code.replace("-", ""))
    answer = ask(f"{desk.emulator.url}/device?user_code={quote(typed)}")
    assert answer.status == 200
    assert code in Tags(answer.text).words


def test_consent_says_what_is_approved(started: Any) -> None:  # noqa: ANN401
    """The page shows the code, the application, what it may do and where, and a warning."""
    words = Tags(ask(started["verificationUriComplete"]).text).words
    for expected in (started["userCode"], "test", "sso:account:access", "/start", "only a sign-in that you started"):
        assert expected in words


def test_consent_of_a_client_without_scopes(desk: Desk) -> None:
    """Without scopes it says what such a client gets, and of an unknown scope just its name."""
    started = desk.start(desk.register(scopes=[]))
    assert "for 8 hours" in Tags(ask(started["verificationUriComplete"]).text).words
    started = desk.start(desk.register(scopes=["openid"]))
    assert "openid" in Tags(ask(started["verificationUriComplete"]).text).words


@pytest.mark.parametrize(("typed", "status"), [("XXXX-XXXX", 404), ("", 400), ('"><b>x', 404), ("%F0%9F%98%80", 404)])
def test_unknown_code_brings_the_form_back(desk: Desk, typed: str, status: int) -> None:
    """An unknown or empty code is an error that is announced, tied to the field, and keeps what was typed."""
    answer = ask(f"{desk.emulator.url}/device?user_code={quote(typed, safe='%')}")
    page = Tags(answer.text)
    assert answer.status == status
    assert page.named("input")["aria-invalid"] == "true"
    assert "error" in str(page.named("input")["aria-describedby"])
    assert any(attrs.get("role") == "alert" for _, attrs in page.tags)
    assert "<b>" not in answer.text


def test_expired_code_cannot_be_approved(desk: Desk, started: Any) -> None:  # noqa: ANN401
    """A code that ran out while the page was open is told so, and stays unapproved."""
    page = ask(started["verificationUriComplete"])
    desk.clock.advance(600)
    form = filled(page) | {"decision": "approve"}
    assert ask(f"{desk.emulator.url}/device", form=form, cookie=cookie(page)).status == 400
    answer = ask(started["verificationUriComplete"])
    assert answer.status == 400
    assert "expired" in answer.text
    assert desk.service.waiting() == []


def test_last_minute_is_said_in_words(desk: Desk, started: Any) -> None:  # noqa: ANN401
    """With seconds left the page does not claim zero minutes."""
    desk.clock.advance(590)
    assert "less than a minute" in ask(started["verificationUriComplete"]).text


@pytest.mark.parametrize(("decision", "word"), [("approve", "Approved"), ("deny", "Denied")])
def test_decision_is_taken_and_stays(desk: Desk, started: Any, decision: str, word: str) -> None:  # noqa: ANN401
    """A button decides; opening the page again, or pressing the other button, changes nothing."""
    page = ask(started["verificationUriComplete"])
    answer = press(desk, started, decision, origin=desk.emulator.url, sec_fetch_site="same-origin")
    assert (answer.status, word in Tags(answer.text).words) == (200, True)
    other = {"approve": "deny", "deny": "approve"}[decision]
    ask(f"{desk.emulator.url}/device", form=filled(page) | {"decision": other}, cookie=cookie(page))
    assert word in Tags(ask(started["verificationUriComplete"]).text).words


def test_cookie_is_strict_and_kept(started: Any) -> None:  # noqa: ANN401
    """The cookie is for this page alone, out of reach of scripts and other sites, and one browser keeps one."""
    first = ask(started["verificationUriComplete"])
    attributes = set(first.headers["set-cookie"].split("; ")[1:])
    assert attributes == {"Path=/device", "HttpOnly", "SameSite=Strict"}
    second = ask(started["verificationUriComplete"], cookie=f"other=1; {cookie(first)}")
    assert cookie(second) == cookie(first)
    assert filled(second) == filled(first)
    assert cookie(ask(started["verificationUriComplete"], cookie="sso-login-emulator=x")) != cookie(first)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site"},
        {"cookie": ""},
        {"cookie": "sso-login-emulator=" + "A" * 43},
    ],
)
def test_form_from_elsewhere_is_refused(desk: Desk, started: Any, headers: dict[str, str]) -> None:  # noqa: ANN401
    """Another site's form, and one without this browser's cookie, approves nothing."""
    assert press(desk, started, "approve", **headers).status == 403
    assert desk.service.waiting() == [started["userCode"]]


@pytest.mark.parametrize("change", [{"token": ""}, {"token": "é" * 64}, {"user_code": "XXXX-XXXX"}])
def test_form_with_another_token_is_refused(desk: Desk, started: Any, change: dict[str, str]) -> None:  # noqa: ANN401
    """The token belongs to one browser and one code."""
    page = ask(started["verificationUriComplete"])
    form = filled(page) | {"decision": "approve"} | change
    assert ask(f"{desk.emulator.url}/device", form=form, cookie=cookie(page)).status == 403
    assert desk.service.waiting() == [started["userCode"]]


def test_form_of_one_code_does_not_approve_another(desk: Desk, started: Any) -> None:  # noqa: ANN401
    """A token got for one's own code is no good for somebody else's."""
    other = desk.start(desk.register())
    page = ask(started["verificationUriComplete"])
    form = filled(page) | {"decision": "approve", "user_code": other["userCode"]}
    assert ask(f"{desk.emulator.url}/device", form=form, cookie=cookie(page)).status == 403


def test_form_must_be_one(desk: Desk, started: Any) -> None:  # noqa: ANN401
    """Another content type, too many fields and an unknown button are bad requests."""
    url = f"{desk.emulator.url}/device"
    assert ask(url, form={"a": "b"}, content_type="text/plain").status == 400
    assert ask(url, form={str(number): "x" for number in range(9)}).status == 400
    assert press(desk, started, "maybe").status == 400


def test_hostile_client_name_stays_text(desk: Desk) -> None:
    """Whatever a client calls itself is shown as text on every page that names it."""
    name = "<script>alert(1)</script>\"'&\ud800"
    host = {"host": desk.emulator.url.removeprefix("http://")}
    body = b'{"clientName": "<script>alert(1)</script>\\"\'&\\ud800", "clientType": "public"}'
    desk.service.handle("POST", "/client/register", headers=host, body=body)
    started = desk.start(desk.register(clientName=name.encode("utf-8", "replace").decode()))
    for answer in (ask(started["verificationUriComplete"]), press(desk, started, "approve")):
        assert "<script" not in answer.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;?" in answer.text


def test_start_url_leads_to_the_form(desk: Desk) -> None:
    """Who opens the start URL in a browser is led to the page."""
    answer = ask(desk.emulator.start_url)
    assert (answer.status, answer.headers["location"]) == (303, f"{desk.emulator.url}/device")


def test_text_is_readable_in_both_schemes(desk: Desk) -> None:
    """Every text colour stands out from its ground by 4.5 to 1 (WCAG 2.2, 1.4.3), in light and in dark."""
    style = ask(f"{desk.emulator.url}/device").text
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        pairs = [("ink", "card"), ("ink", "note"), ("ink", "code"), ("soft", "card"), ("soft", "ground")]
        pairs += [("soft", "code"), ("bad", "bad-ground"), ("accent-ink", "accent"), ("accent", "card")]
        assert all(contrast(colours[text], colours[ground]) >= 4.5 for text, ground in pairs)


def contrast(one: str, other: str) -> float:
    """Compute the contrast ratio of two colours as WCAG defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Compute the relative luminance of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
