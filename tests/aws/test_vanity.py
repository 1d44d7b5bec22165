"""Start URLs on a company's own host: one question, one redirect, to AWS's domains alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sso_login.aws.vanity import is_vanity, led_to
from sso_login.core.errors import UsageProblem
from sso_login.core.message import Request, Response

OURS = "https://sso.company.example/start"


class Answers:
    """A Transport that gives one answer after the other."""

    def __init__(self, *answers: Response) -> None:
        """Begin with these."""
        self.answers: Sequence[Response] = answers
        self.asked: list[tuple[str, str]] = []

    def send(self, request: Request) -> Response:
        """Answer."""
        self.asked.append((request.method, request.url))
        answer, *self.answers = self.answers
        return answer


def moved(place: str, status: int = 302) -> Response:
    """Redirect."""
    return Response(status, {"location": place}, b"")


@pytest.mark.parametrize(
    ("place", "led", "region"),
    [
        ("https://d-1234567890.awsapps.com/start", "https://d-1234567890.awsapps.com/start", ""),
        ("https://d-1.awsapps.com/start/#/?tab=x", "https://d-1.awsapps.com/start", ""),
        ("https://ssoins-1.portal.eu-west-1.app.aws", "https://ssoins-1.portal.eu-west-1.app.aws", "eu-west-1"),
        ("https://start.us-gov-home.awsapps.com/directory/x", "https://start.us-gov-home.awsapps.com/directory/x", ""),
        ("https://start.home.awsapps.cn/directory/x", "https://start.home.awsapps.cn/directory/x", ""),
    ],
)
def test_one_redirect_to_an_aws_domain_is_followed(place: str, led: str, region: str) -> None:
    """By HEAD, and no further: the target itself is not asked."""
    wire = Answers(moved(place))
    assert led_to(f"{OURS}/#/", wire) == (led, region)
    assert wire.asked == [("HEAD", OURS)]


@pytest.mark.parametrize("status", [405, 501])
def test_a_server_without_head_is_asked_by_get(status: int) -> None:
    """Once more, in the same way."""
    wire = Answers(Response(status, {}, b""), moved("https://d-1.awsapps.com/start", 308))
    assert led_to(OURS, wire) == ("https://d-1.awsapps.com/start", "")
    assert [method for method, _ in wire.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize("answer", [Response(200, {}, b""), Response(302, {}, b""), Response(404, {}, b"")])
def test_a_host_that_leads_nowhere_is_taken_as_it_is(answer: Response) -> None:
    """AWS says then what it thinks of it."""
    assert led_to(OURS, Answers(answer)) == (OURS, "")


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/start",
        "http://d-1.awsapps.com/start",
        "https://me:pw@d-1.awsapps.com/start",
        "https://d-1.awsapps.com:8443/start",
        "https://awsapps.com.evil.example/start",
        "https://evilawsapps.com/start",
        "//evil.example/",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_any_other_place_is_refused(place: str) -> None:
    """Nothing of it is used, and it is not even shown."""
    with pytest.raises(UsageProblem) as caught:
        led_to(OURS, Answers(moved(place)))
    assert "evil" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("url", "vanity"),
    [
        (OURS, True),
        ("https://my-company.awsapps.com/start", False),
        ("https://ssoins-1.portal.eu-west-1.app.aws", False),
        ("https://identitycenter.amazonaws.com/ssoins-1", False),
        ("http://127.0.0.1:8400/start", False),
        ("https://notawsapps.com/start", True),
    ],
)
def test_only_other_hosts_are_asked(url: str, *, vanity: bool) -> None:
    """An AWS portal leads nowhere, and plain http is this very machine's emulator."""
    assert is_vanity(url) == vanity
