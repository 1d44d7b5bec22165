"""What is said of services that answer, that do not, and of clocks that differ."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from sso_login.core.errors import CertificateRefused, ConfigError, NotAnAnswer, Unreachable
from sso_login.core.message import Request, Response
from sso_login.core.model import SIGNIN, Instance
from sso_login.doctor.finding import FAIL, OK, WARN
from sso_login.doctor.network import Answer, answers, clock_finding, interception_findings, questions
from tests.support.fakes import INSTANCE, NOW, FakeClock

ELSEWHERE = Instance("https://other.awsapps.com/start", "us-east-1")
CONSOLE = Instance("https://us-east-1.signin.aws.amazon.com", "us-east-1", kind=SIGNIN)


@dataclass
class Scripted:
    """A Transport that gives the same answer to everything, and remembers what it was asked."""

    answer: Response | Exception
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        """Answer."""
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def one_by_one(calls: Sequence[Callable[[], None]], *, at_once: int) -> None:
    """Make all calls, one after the other."""
    assert at_once == 16
    for call in calls:
        call()


def came(answer: Response | Exception) -> list[Answer]:
    """Ask the services of one instance."""
    asked = questions([INSTANCE])
    return answers(asked, transport=Scripted(answer), clock=FakeClock(), side_by_side=one_by_one)


def reply(status: int = 404, *, at: float | None = NOW) -> Response:
    """Answer with that status at that time."""
    form = "%a, %d %b %Y %H:%M:%S GMT"
    return Response(status, {} if at is None else {"date": time.strftime(form, time.gmtime(at))}, b"")


def test_each_service_is_asked_once_without_a_token_and_without_changing_anything() -> None:
    """GET without headers or body, a few seconds each, however many sessions share a region."""
    asked = questions([INSTANCE, ELSEWHERE, CONSOLE])
    assert [(question.service, question.request.url) for question in asked] == [
        ("SSO-OIDC", "https://oidc.us-east-1.amazonaws.com/token"),
        ("the access portal", "https://portal.sso.us-east-1.amazonaws.com/assignment/accounts"),
        ("AWS Sign-In", "https://us-east-1.signin.aws.amazon.com/v1/token"),
    ]
    for question in asked:
        request = question.request
        assert (request.method, request.json, request.form, dict(request.headers)) == ("GET", None, None, {})
        assert request.deadline <= 5


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (reply(404), OK),
        (reply(401), OK),
        (reply(302), WARN),
        (reply(407), WARN),
        (reply(503), WARN),
        (Unreachable("cannot reach x: name not resolved", sent=False), WARN),
        (NotAnAnswer("the answer of x broke off"), WARN),
        (CertificateRefused("the certificate of x is not trusted: self-signed"), FAIL),
        (ConfigError("HTTPS_PROXY does not name an http or https proxy"), FAIL),
    ],
    ids=str,
)
def test_what_is_said_of_an_answer(answer: Response | Exception, status: str) -> None:
    """Any answer of the service will do; being offline is a warning, what does not go away by itself a failure."""
    findings = [each.finding for each in came(answer)]
    assert [(finding.check, finding.status) for finding in findings] == [("endpoint", status)] * 2
    assert findings[0].message.startswith("SSO-OIDC")
    assert all(bool(finding.remedy) is (status != OK) for finding in findings)


@pytest.mark.parametrize(
    ("off", "status"), [(0, OK), (60, OK), (-60, OK), (61, WARN), (-300, WARN), (301, FAIL), (-86400, FAIL)]
)
def test_the_clock_is_compared_with_theirs(off: float, status: str) -> None:
    """More than a minute is a warning, more than five a failure; it says in which direction."""
    finding = clock_finding(came(reply(at=NOW - off)))
    assert finding
    assert finding.status == status
    if status != OK:
        assert ("ahead of" if off > 0 else "behind") in finding.message


@pytest.mark.parametrize("answer", [reply(at=None), Unreachable("nobody answers")], ids=str)
def test_a_clock_that_was_compared_with_nothing(answer: Response | Exception) -> None:
    """Without a Date nothing is known, which is said."""
    finding = clock_finding(came(answer))
    assert finding
    assert finding.status == WARN


def test_no_service_no_word_about_the_clock() -> None:
    """Without any session there is nobody to ask."""
    assert clock_finding([]) is None


def test_a_certificate_that_is_not_amazons_tells_of_a_proxy_that_reads_along() -> None:
    """For AWS's own hosts alone; one that cannot be seen says nothing."""
    ours, theirs = "oidc.eu-west-1.amazonaws.com", b"0..Example Corp TLS inspection.."
    (finding,) = interception_findings({ours: theirs, "127.0.0.1": theirs, "idp.example": theirs})
    assert (finding.status, ours in finding.message) == (WARN, True)
    assert list(interception_findings({ours: b"0..Amazon RSA 2048 M01..", f"x.{ours}": b""})) == []
