"""Whether the services of known sessions can be reached, and have our time: asked without a token."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from sso_login.aws.endpoint import oidc_url, portal_url, signin_url
from sso_login.aws.wire import server_time
from sso_login.core.errors import CertificateRefused, SsoLoginError, Unreachable
from sso_login.core.message import Request, Response
from sso_login.core.model import SIGNIN, Instance
from sso_login.core.times import spoken
from sso_login.doctor.finding import WARN, Finding, broken, fine, odd, of_error
from sso_login.oauth.discovery import requests as discovery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sso_login.core.ports import Clock, Transport

INTERCEPTION: Final = "TLS"
# Of the hosts that these are, the certificates are Amazon's own: its name stands in each of them, as the issuer's.
_AMAZONS: Final = (".amazonaws.com", ".api.aws", ".amazon.com")
_ISSUER: Final = b"Amazon"
ENDPOINT: Final = "endpoint"
CLOCK: Final = "clock"
DEADLINE: Final = 5.0  # seconds for DNS, connection, TLS and the answer together
AT_ONCE: Final = 16
WORTH_A_WORD: Final = 60.0  # seconds between the clocks
HARMFUL: Final = 300.0  # AWS refuses signatures then


class Question(NamedTuple):
    """One service, by its name for people, and the request that it is sent."""

    service: str
    request: Request


class Answer(NamedTuple):
    """What came of asking one service; `ahead` is by how many seconds our clock was ahead of its, None if unknown."""

    finding: Finding
    ahead: float | None = None


def questions(instances: Iterable[Instance]) -> list[Question]:
    """Give one request for each service of those instances: none needs a token, and none changes anything."""
    urls: dict[str, str] = {}
    for instance in instances:
        if instance.application:
            asked = discovery(instance.issuer)[-1].url if instance.issuer else instance.application.token
            urls[asked] = "the issuer"
        elif instance.kind == SIGNIN:
            urls[f"{signin_url(instance)}/v1/token"] = "AWS Sign-In"
        else:
            urls[f"{oidc_url(instance)}/token"] = "SSO-OIDC"
            urls[f"{portal_url(instance)}/assignment/accounts"] = "the access portal"
    return [Question(service, Request("Reach", "GET", url, deadline=DEADLINE)) for url, service in urls.items()]


def answers(
    asked: Sequence[Question], *, transport: Transport, clock: Clock, side_by_side: Callable[..., None]
) -> list[Answer]:
    """Send all of them side by side, and tell what came back, in their order."""
    came: dict[int, Answer] = {}

    def ask(number: int) -> None:
        came[number] = _answer(asked[number], transport, clock)

    side_by_side([partial(ask, number) for number in range(len(asked))], at_once=AT_ONCE)
    return [came[number] for number in range(len(asked))]


def _answer(asked: Question, transport: Transport, clock: Clock) -> Answer:
    service, began = asked.service, clock.monotonic()
    try:
        reply = transport.send(asked.request)
    except CertificateRefused as error:  # unlike all other trouble of the network it does not go away by itself
        return Answer(of_error(ENDPOINT, error, about=service))
    except Unreachable as error:
        return Answer(of_error(ENDPOINT, error, about=service, status=WARN))
    except SsoLoginError as error:
        return Answer(of_error(ENDPOINT, error, about=service))
    there = server_time(reply.headers)
    ahead = None if there is None else clock.now() - there
    return Answer(_judged(asked, reply, took=clock.monotonic() - began), ahead)


def _judged(asked: Question, reply: Response, *, took: float) -> Finding:
    where = f"{asked.service} at {urlsplit(asked.request.url).netloc}"
    if 300 <= reply.status < 400 or reply.status == 407 or reply.status >= 500:
        remedy = f"See what it says: `curl -v {asked.request.url}`. A proxy or captive portal may stand in the way."
        return odd(ENDPOINT, f"{where} answers, but with HTTP {reply.status}, which is not what AWS says", remedy)
    return fine(ENDPOINT, f"{where} answers ({1000 * took:.0f} ms)")


def interception_findings(seen: Mapping[str, bytes]) -> Iterator[Finding]:
    """Tell of AWS's hosts whose certificates (DER) are not Amazon's: then somebody on the way reads along."""
    hosts = sorted(
        host
        for host, certificate in seen.items()
        if host.endswith(_AMAZONS) and certificate and _ISSUER not in certificate
    )
    if hosts:
        remedy = "Nothing, where your company inspects TLS; else do not log in here, and ask who runs this network."
        what = f"the certificate of {hosts[0]} was not issued by Amazon: a proxy on the way reads what is sent"
        yield odd(INTERCEPTION, what, remedy)


def clock_finding(came: Sequence[Answer]) -> Finding | None:
    """Compare this machine's clock with those of the services; None where none was asked."""
    if not came:
        return None
    known = [answer.ahead for answer in came if answer.ahead is not None]
    if not known:
        return odd(
            CLOCK, "the clock was compared with nothing: no service told its time", "Try again: `sso-login doctor`."
        )
    ahead = max(known, key=abs)
    if abs(ahead) <= WORTH_A_WORD:
        return fine(CLOCK, "this machine's clock agrees with AWS's within a minute")
    off = f"this machine's clock is {spoken(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} AWS's"
    remedy = "Set it right by NTP; on Linux: `sudo timedatectl set-ntp true`."
    if abs(ahead) > HARMFUL:
        return broken(CLOCK, f"{off}, and AWS refuses signatures then", remedy)
    return odd(CLOCK, off, remedy)
