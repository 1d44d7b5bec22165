"""A login by AWS Sign-In and its renewals: our whole way to the emulator and back, with trouble on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from sso_login.adapters.system.http import Http
from sso_login.aws.signin_api import confirmation_url
from sso_login.core import process
from sso_login.core.config import AwsConfig
from sso_login.core.errors import (
    AccessDenied,
    BadRecord,
    CodeExpired,
    LoginFailed,
    LoginRequired,
    MalformedReply,
    RefreshRefused,
    ServiceError,
    SsoLoginError,
    Unreachable,
)
from sso_login.core.message import Notice, Request, Response
from sso_login.core.model import Secret, Session
from sso_login.core.ports import Transport
from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply, sign_in_refusal
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from sso_login.flows.browser import finish_browser, start_browser
from sso_login.flows.renewal import Outcome, Want, ensured
from sso_login.flows.select.session import Chosen
from sso_login.flows.select.signin import to_sign_in
from sso_login.oauth.redirect import read_redirect
from sso_login.world import World
from tests.support.fakes import FakeClock
from tests.support.logins import sign_in
from tests.support.stores.memory import MemoryEntries
from tests.support.visitor import opened

CALLBACK: Final = "http://127.0.0.1:40001/oauth/callback"
SOON: Final = Want(min_ttl=300.0)
CREATE: Final = "CreateOAuth2Token"


@dataclass
class Wire:
    """A transport that remembers what it sends, and meets `trouble` first; `ahead` is AWS's clock against ours."""

    real: Transport
    clock: FakeClock
    ahead: float | None = None
    sent: list[Request] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        """Send it."""
        self.sent.append(request)
        if self.trouble:
            raise self.trouble.pop(0)
        reply = self.real.send(request)
        if self.ahead is None:
            return reply
        return replace(reply, headers={**reply.headers, "date": formatdate(self.clock.now() + self.ahead, usegmt=True)})

    @property
    def proofs(self) -> list[str]:
        """The proofs that were sent."""
        return [request.headers["DPoP"] for request in self.sent]


@dataclass
class Place:
    """A world of its own for logins by AWS Sign-In, and the emulator that they are made with."""

    emulator: Emulator
    clock: FakeClock
    wire: Wire
    world: World
    chosen: Chosen
    said: list[Notice]

    def log_in(self, *, remote: bool = False) -> Session:
        """Log in through the real authorize page, and keep the login."""
        issuer = self.world.issuer(self.chosen.instance, remote=remote)
        redirect_uri = confirmation_url(self.chosen.instance) if remote else CALLBACK
        login = start_browser(issuer, self.clock, self.chosen, redirect_uri=redirect_uri)
        status, address, _ = opened(login.url)
        assert (status, address.partition("?")[0]) == (303, redirect_uri)
        answer = read_redirect(urlsplit(address).query, login.authorization.state)
        assert answer is not None
        session = finish_browser(login, issuer, self.clock, answer)
        assert session is not None
        sign_in(self.world, session, self.world.store("file"))
        return session

    def renew(self, want: Want = SOON) -> Outcome:
        """Ask for a login that is fresh, as every command does."""
        return ensured(self.world, self.chosen, want)

    def later(self, seconds: float = 1000) -> None:
        """Let the credentials be over."""
        self.clock.sleep(seconds)

    @property
    def stored(self) -> Session:
        """What is kept now."""
        found = self.world.store("file").load("work")
        assert found is not None
        return found

    @property
    def refused(self) -> bool:
        """Whether the card says that the login is over."""
        card = self.world.cards.read("work")
        assert card is not None
        return card.refused

    def meets(self, *, name: str, error: str, times: int = 1) -> None:
        """Order a refusal."""
        reply = sign_in_refusal(name, "ordered", error=error).reply
        self.emulator.service.order(Fault(CREATE, reply=reply, times=times))

    def fails(self, kind: type[SsoLoginError], want: Want = SOON) -> SsoLoginError:
        """Ask for a login that cannot be had."""
        with pytest.raises(kind) as caught:
            self.renew(want)
        assert type(caught.value) is kind
        return caught.value


@pytest.fixture
def place(home: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Give a place at a strict emulator, unless other settings are asked for."""
    settings: dict[str, Any] = getattr(request, "param", {})
    clock, said = FakeClock(), list[Notice]()
    with running(Settings(approve=True, **settings), now=clock.now) as emulator:
        env = {"HOME": str(home), "SSO_LOGIN_HOME": str(home / "state"), "SSO_LOGIN_STORE": "file"}
        wire, files = Wire(Http(env), clock), MemoryEntries(kind="file")
        world = World(env, notify=said.append, clock=clock, transport=wire, entries={"file": files}).signin
        endpoint = {"AWS_ENDPOINT_URL_SIGNIN": emulator.url}
        chosen = to_sign_in(AwsConfig("config"), endpoint, name="work", region="us-east-1")
        yield Place(emulator, clock, wire, world, chosen, said)


@pytest.mark.parametrize("remote", [False, True])
def test_a_login_gives_credentials(place: Place, *, remote: bool) -> None:
    """For a quarter of an hour, bound to a key of its own, and the name of who signed in."""
    session = place.log_in(remote=remote)
    assert place.stored == session
    assert session.subject == "arn:aws:iam::111122223333:user/harbour-master"
    assert session.client.id.endswith("cross-device" if remote else "same-device")
    found = process.read(session.token.access.reveal())
    assert (found.account_id, found.expires_at) == ("111122223333", place.clock.now() + 900)
    other = place.log_in()
    assert other.client.secret != session.client.secret
    place.later()
    assert place.renew().renewed


def test_a_fresh_login_is_not_renewed(place: Place) -> None:
    """Nothing is sent while there is time enough left."""
    session = place.log_in()
    assert place.renew() == Outcome(session)
    assert len(place.wire.sent) == 1


def test_a_renewal_keeps_all_but_the_tokens(place: Place) -> None:
    """Strict rotation: the new refresh token is kept and the next renewal uses it; key and ID token stay."""
    first = place.log_in()
    place.later()
    second = place.renew().session
    place.later()
    third = place.renew().session
    assert place.stored == third
    assert len({each.token.refresh for each in (first, second, third)}) == 3
    assert replace(third, token=first.token) == first


@pytest.mark.parametrize("place", [{"rotation": "none"}], indirect=True)
def test_an_issuer_that_does_not_rotate(place: Place) -> None:
    """The same refresh token comes back and is kept."""
    first = place.log_in()
    place.later()
    assert place.renew().session.token.refresh == first.token.refresh


@pytest.mark.parametrize("place", [{"token_type": "urn:aws:params:oauth:token-type:access_token_sigv4"}], indirect=True)
def test_the_other_token_type(place: Place) -> None:
    """Both documented values are good for logins and renewals."""
    place.log_in()
    place.later()
    assert place.renew().renewed


def test_every_try_has_a_proof_of_its_own(place: Place) -> None:
    """An exchange, renewals, and the tries of which nothing was sent: no proof is ever used twice."""
    place.log_in()
    place.later()
    place.wire.trouble = [Unreachable("dns", sent=False), Unreachable("dns", sent=False)]
    assert place.renew().renewed
    assert place.clock.slept[-2:] == [0.5, 2.0]
    place.later()
    place.renew()
    assert len(place.wire.proofs) == len(set(place.wire.proofs)) == 5


def test_a_proof_sent_twice_would_be_refused(place: Place) -> None:
    """The emulator sees to it, so that the test above means something."""
    place.log_in()
    again = place.wire.real.send(place.wire.sent[-1])
    assert (again.status, b"seen before" in again.body) == (400, True)


@pytest.mark.parametrize(
    ("kind", "words"), [("sessions", "end after 12 hours"), ("passwords", "password or console access was changed")]
)
def test_a_login_that_is_over(place: Place, kind: str, words: str) -> None:
    """Exit 3 with the reason and the way back; it is not asked for again, and what is kept stays."""
    session = place.log_in()
    place.later()
    place.emulator.service.expire(kind)
    for _ in range(2):
        error = place.fails(RefreshRefused)
        assert error.exit_code == 3
        assert "Log in with `sso-login signin --profile work`." in error.hint
    assert place.refused
    assert len(place.wire.sent) == 2
    assert place.stored == session
    place.log_in()
    assert not place.refused
    place.later()
    place.emulator.service.expire(kind)
    assert words in place.fails(RefreshRefused).hint


def test_a_refresh_token_that_was_spent_elsewhere(place: Place) -> None:
    """ValidationException with a clock that is right: exit 3, and the reason is a guess that is said as one."""
    place.log_in()
    place.later()
    place.meets(name="ValidationException", error="INVALID_REQUEST")
    error = place.fails(RefreshRefused)
    assert "another program may have used a copy" in error.hint
    assert place.refused


@pytest.mark.parametrize("ahead", [90.0, -90.0, 3600.0])
def test_a_clock_that_is_off_is_no_end(place: Place, ahead: float) -> None:
    """The same answer when AWS's Date is another: exit 6 with the clock as the reason, and the login stays good."""
    place.log_in()
    place.later()
    place.wire.ahead = ahead
    place.meets(name="ValidationException", error="INVALID_REQUEST")
    error = place.fails(ServiceError)
    assert "clock is off" in error.hint
    assert not place.refused
    place.wire.ahead = None
    assert place.renew().renewed


def test_a_permission_that_was_lost(place: Place) -> None:
    """Exit 6 with the permissions it takes; the login is not over, since they may come back."""
    place.log_in()
    place.later()
    place.meets(name="AccessDeniedException", error="INSUFFICIENT_PERMISSIONS")
    error = place.fails(ServiceError)
    assert (error.exit_code, "SignInLocalDevelopmentAccess" in error.hint) == (6, True)
    assert not place.refused
    assert place.renew().renewed


@pytest.mark.parametrize("status", [429, 500, 503, 302])
def test_trouble_is_no_end(place: Place, status: int) -> None:
    """Exit 5 once the credentials are over; before, they are served with the problem; later it is tried again."""
    first = place.log_in()
    place.emulator.service.order(Fault(CREATE, reply=Reply(status, {}, b"{}"), times=2))
    place.later(700)
    outcome = place.renew()
    assert outcome.session == first
    assert outcome.problem
    assert outcome.problem.exit_code == 5
    place.later(300)
    with pytest.raises(Unreachable):
        place.renew()
    place.later(60)
    assert place.renew().renewed


def test_an_answer_that_got_lost_is_not_asked_for_again(place: Place) -> None:
    """The refresh token may be spent: one try, and the next run decides."""
    place.log_in()
    place.later()
    place.wire.trouble = [Unreachable("reset", sent=True)]
    place.fails(Unreachable)
    assert len(place.wire.sent) == 2


def test_credentials_that_cannot_be_used_keep_the_next_refresh_token(place: Place) -> None:
    """A lifetime that is none: exit 6, and what was given for the spent one is kept and used."""
    place.log_in()
    place.later()
    body = {
        "accessToken": {"accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c"},
        "tokenType": "aws_sigv4",
        "expiresIn": 0,
        "refreshToken": "the-next",
    }
    place.emulator.service.order(Fault(CREATE, reply=Reply(200, {}, json.dumps(body).encode())))
    place.fails(MalformedReply)
    assert place.stored.token.refresh == Secret("the-next")


def test_a_key_that_cannot_be_read_is_a_broken_record(place: Place) -> None:
    """Nothing is sent without a proof: exit 7, with the way back and nothing of the key."""
    session = place.log_in()
    place.world.store("file").save(replace(session, client=replace(session.client, secret=Secret("hunter2"))))
    place.later()
    error = place.fails(BadRecord)
    assert (error.exit_code, "hunter2" in error.message + error.hint) == (7, False)
    assert len(place.wire.sent) == 1


@pytest.mark.parametrize(
    ("name", "error", "kind", "exit_code"),
    [
        ("AccessDeniedException", "AUTHCODE_EXPIRED", CodeExpired, 4),
        ("AccessDeniedException", "TOKEN_EXPIRED", CodeExpired, 4),
        ("AccessDeniedException", "INSUFFICIENT_PERMISSIONS", AccessDenied, 4),
        ("AccessDeniedException", "USER_CREDENTIALS_CHANGED", ServiceError, 6),
        ("ValidationException", "INVALID_REQUEST", ServiceError, 6),
    ],
)
def test_a_code_that_is_refused(place: Place, name: str, error: str, kind: type[LoginFailed], exit_code: int) -> None:
    """Each with its own hint; nothing is kept."""
    place.meets(name=name, error=error)
    with pytest.raises(kind) as caught:
        place.log_in()
    assert (type(caught.value), caught.value.exit_code) == (kind, exit_code)
    assert caught.value.hint
    with pytest.raises(LoginRequired):
        place.renew()


def test_a_session_without_a_refresh_token_is_never_renewed(place: Place) -> None:
    """It is a mistake of the caller's."""
    session = place.log_in()
    bare = replace(session, token=replace(session.token, refresh=None))
    issuer = place.world.issuer(place.chosen.instance)
    with pytest.raises(ValueError, match="never renewed"):
        issuer.renew(bare)
    issuer.end(bare.token)
    assert len(place.wire.sent) == 1


def test_a_wrong_clock_is_told(place: Place) -> None:
    """More than five minutes between ours and AWS's: one warning."""
    place.wire.ahead = 600
    place.log_in()
    assert "10 min behind AWS's" in place.said[0].text
