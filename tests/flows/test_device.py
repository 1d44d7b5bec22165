"""RFC 8628's checklist for the client, with a clock that never waits."""

from __future__ import annotations

import pytest

from sso_login.core.errors import (
    AccessDenied,
    CodeExpired,
    LoginTimedOut,
    MalformedReply,
    NotAnAnswer,
    ServiceError,
    SsoLoginError,
    Throttled,
    Unreachable,
)
from sso_login.core.granting import Pending
from sso_login.core.message import Notice, Waiting
from sso_login.core.model import Session, Token
from sso_login.flows.device import DeviceLogin, polls, start_device
from tests.support.fakes import NOW, FakeClock, ScriptedIssuer, chosen, client, code, session, token

PENDING, SLOW_DOWN = Pending(), Pending(slow_down=True)


def refused(error: str) -> ServiceError:
    """Make the service's refusal."""
    return ServiceError("no", code=error)


def login(issuer: ScriptedIssuer, clock: FakeClock, timeout: float | None = None) -> DeviceLogin:
    """Start a login with a code of ten minutes and an interval of 5 s, unless scripted otherwise."""
    issuer.registered = issuer.registered or [client()]
    issuer.started = issuer.started or [code()]
    return start_device(issuer, clock, chosen(), timeout=timeout)


def walked(issuer: ScriptedIssuer, clock: FakeClock, timeout: float | None = None) -> list[Waiting | Session]:
    """Walk a whole login."""
    return list(polls(login(issuer, clock, timeout=timeout), issuer, clock))


def failed(issuer: ScriptedIssuer, clock: FakeClock, timeout: float | None = None) -> SsoLoginError:
    """Walk a login that fails."""
    with pytest.raises(SsoLoginError) as caught:
        walked(issuer, clock, timeout=timeout)
    return caught.value


def test_waits_the_interval_before_every_poll_the_first_included() -> None:
    """Section 3.5: at least `interval` seconds before each poll, counted from the last answer."""
    clock, issuer = FakeClock(), ScriptedIssuer(polled=[PENDING, PENDING, token()])
    steps = walked(issuer, clock)
    assert clock.slept == [5, 5, 5]
    assert steps[-1] == session()
    assert [step.until for step in steps[:-1] if isinstance(step, Waiting)] == [NOW + 5, NOW + 10, NOW + 15]


def test_slow_down_adds_five_seconds_for_good() -> None:
    """Section 3.5: slow_down holds for this and all later polls; a later pending never resets it."""
    clock, issuer = FakeClock(), ScriptedIssuer(polled=[SLOW_DOWN, PENDING, SLOW_DOWN, PENDING, token()])
    walked(issuer, clock)
    assert clock.slept == [5, 10, 10, 15, 15]


def test_a_ten_minute_wait_takes_no_time_here() -> None:
    """600 s of polling end at the code's expiry, after 119 polls, in a moment."""
    clock, issuer = FakeClock(), ScriptedIssuer(polled=[PENDING] * 200)
    assert isinstance(failed(issuer, clock), CodeExpired)
    assert clock.now() == NOW + 600
    assert issuer.calls.count("poll") == 119


@pytest.mark.parametrize("trouble", [Unreachable("reset"), NotAnAnswer("HTML"), Unreachable("dns", sent=False)])
def test_connection_trouble_doubles_the_wait_and_never_ends_the_login(trouble: Exception) -> None:
    """Section 3.5: exponential backoff up to 60 s; the next answer brings the interval back."""
    clock, issuer = FakeClock(), ScriptedIssuer(polled=[trouble] * 5 + [PENDING, token()])
    steps = walked(issuer, clock)
    assert clock.slept == [5, 10, 20, 40, 60, 60, 5]
    assert isinstance(steps[-1], Session)


def test_trouble_is_told_with_its_reason() -> None:
    """A person sees that it is the network and not them."""
    steps = walked(ScriptedIssuer(polled=[Unreachable("no route"), token()]), FakeClock())
    assert "no route" in str(steps[1])


def test_retry_after_lengthens_the_wait() -> None:
    """A Retry-After of the service is honoured up to the bound of 60 s."""
    clock = FakeClock()
    walked(ScriptedIssuer(polled=[NotAnAnswer("429", wait=30), NotAnAnswer("429", wait=9999), token()]), clock)
    assert clock.slept == [5, 30, 60]


def test_after_long_trouble_one_more_poll_falls_before_the_deadline() -> None:
    """A backoff never sleeps through the last moments in which the approval could still be fetched."""
    clock = FakeClock()
    issuer = ScriptedIssuer(started=[code(expires_at=NOW + 50)], polled=[Unreachable("off")] * 3 + [token()])
    assert isinstance(walked(issuer, clock)[-1], Session)
    assert clock.slept == [5, 10, 20, 14]


def test_slow_down_outlives_trouble() -> None:
    """Trouble after slow_down starts from the slower interval and returns to it."""
    clock = FakeClock()
    walked(ScriptedIssuer(polled=[SLOW_DOWN, Unreachable("off"), PENDING, token()]), clock)
    assert clock.slept == [5, 10, 20, 10]


@pytest.mark.parametrize(
    ("answer", "expected", "exit_code"),
    [
        (refused("access_denied"), AccessDenied, 4),
        (refused("expired_token"), CodeExpired, 4),
        (refused("invalid_grant"), ServiceError, 6),
        (refused("invalid_client"), ServiceError, 6),
        (refused("invalid_request"), ServiceError, 6),
        (refused("invalid_scope"), ServiceError, 6),
        (refused("unauthorized_client"), ServiceError, 6),
        (refused("unsupported_grant_type"), ServiceError, 6),
        (MalformedReply("no accessToken"), MalformedReply, 6),
    ],
)
def test_any_other_error_stops_polling(answer: Exception, expected: type[SsoLoginError], exit_code: int) -> None:
    """Denied and expired are distinct from what the service says is wrong; none is polled again."""
    issuer = ScriptedIssuer(polled=[PENDING, answer])
    error = failed(issuer, FakeClock())
    assert (type(error), error.exit_code) == (expected, exit_code)
    assert issuer.calls.count("poll") == 2


def test_the_code_expires_by_the_wall_clock_when_the_laptop_slept() -> None:
    """The monotonic clock stands still in suspend; the wall clock says that the time is over."""
    clock = FakeClock()
    clock.asleep = lambda: setattr(clock, "wall", clock.wall + 3600)
    issuer = ScriptedIssuer()
    assert isinstance(failed(issuer, clock), CodeExpired)
    assert "poll" not in issuer.calls


def test_the_code_expires_by_the_monotonic_clock_when_the_wall_is_set_back() -> None:
    """A wall clock set back a day does not make the code live longer."""
    clock = FakeClock()
    issuer = ScriptedIssuer(polled=[PENDING] * 200)
    started = login(issuer, clock)
    clock.wall -= 86400
    with pytest.raises(CodeExpired):
        list(polls(started, issuer, clock))
    assert clock.mono == 650


def test_timeout_ends_the_login_earlier_and_says_so() -> None:
    """--timeout is the user's own patience, distinct from the code's expiry."""
    clock = FakeClock()
    assert isinstance(failed(ScriptedIssuer(polled=[PENDING] * 9), clock, timeout=12), LoginTimedOut)
    assert clock.now() == NOW + 12


def test_a_longer_timeout_than_the_code_lives_changes_nothing() -> None:
    """Whatever ends first ends it."""
    assert isinstance(failed(ScriptedIssuer(polled=[PENDING] * 200), FakeClock(), timeout=9999), CodeExpired)


def test_a_registration_at_hand_is_reused() -> None:
    """RegisterClient is spared while at least half the registration's life is left."""
    issuer = ScriptedIssuer(started=[code()])
    start_device(issuer, FakeClock(), chosen(), registered=client(id="cached"))
    assert issuer.calls == ["start cached"]


def test_a_registration_past_half_its_life_is_renewed() -> None:
    """A registration that would end during the session's life is not built upon."""
    issuer = ScriptedIssuer(started=[code()], registered=[client(id="new")])
    start_device(issuer, FakeClock(), chosen(), registered=client(id="old", issued_at=NOW - 91 * 86400))
    assert issuer.calls == ["register", "start new"]


def test_a_refused_registration_is_made_anew_once() -> None:
    """InvalidClient at StartDeviceAuthorization: the issuer forgot the cached client."""
    issuer = ScriptedIssuer(started=[refused("invalid_client"), code()], registered=[client(id="new")])
    start_device(issuer, FakeClock(), chosen(), registered=client(id="cached"))
    assert issuer.calls == ["start cached", "register", "start new"]


def test_a_fresh_registration_that_is_refused_is_made_once_more() -> None:
    """It may not be known everywhere yet; refused twice, it is an answer."""
    issuer = ScriptedIssuer(started=[refused("invalid_client"), code()], registered=[client(id="a"), client(id="b")])
    start_device(issuer, FakeClock(), chosen())
    assert issuer.calls == ["register", "start a", "register", "start b"]
    issuer = ScriptedIssuer(started=[refused("invalid_client")] * 2, registered=[client(id="a"), client(id="b")])
    assert failed(issuer, FakeClock()).exit_code == 6
    assert issuer.calls == ["register", "start a", "register", "start b"]


BUSY = [
    refused("slow_down"),
    Throttled("429", passes=True),
    NotAnAnswer("500", passes=True),
    Unreachable("the connection broke", passes=True),
]


@pytest.mark.parametrize("trouble", BUSY, ids=str)
def test_a_busy_service_is_waited_for_at_the_start_too(trouble: SsoLoginError) -> None:
    """A human is waiting: 5, 10, 20 s and so on up to a minute, said each time, within five minutes."""
    clock, told = FakeClock(), list[Notice]()
    issuer = ScriptedIssuer(registered=[trouble, client()], started=[trouble, trouble, code()])
    start_device(issuer, clock, chosen(), notify=told.append)
    assert clock.slept == [5, 5, 10]
    assert [notice.text.rpartition("; ")[2] for notice in told] == [
        "trying again in 5 s",
        "trying again in 5 s",
        "trying again in 10 s",
    ]
    clock = FakeClock()
    with pytest.raises(type(trouble)):
        start_device(ScriptedIssuer(registered=[trouble] * 20), clock, chosen())
    assert clock.slept == [5, 10, 20, 40, 60, 60, 60]


def test_retry_after_is_honoured_at_the_start() -> None:
    """The service's own word for how long, where it is longer."""
    clock = FakeClock()
    start_device(
        ScriptedIssuer(registered=[Throttled("429", wait=42, passes=True), client()], started=[code()]), clock, chosen()
    )
    assert clock.slept == [42]


def test_the_users_own_timeout_bounds_the_start() -> None:
    """With --timeout 20s nothing is waited for beyond it: the service's own error, in time."""
    clock = FakeClock()
    with pytest.raises(Throttled):
        start_device(ScriptedIssuer(registered=[Throttled("429", passes=True)] * 9), clock, chosen(), timeout=20)
    assert clock.slept == [5, 10]


@pytest.mark.parametrize(
    "error",
    [Unreachable("no network", sent=False), NotAnAnswer("a hotel's page"), refused("invalid_request")],
    ids=["no network", "a page", "a refusal"],
)
def test_what_does_not_pass_by_itself_is_said_at_once(error: SsoLoginError) -> None:
    """Nobody waits for five minutes to be told that the cable is out."""
    clock = FakeClock()
    with pytest.raises(type(error)):
        start_device(ScriptedIssuer(registered=[error]), clock, chosen())
    assert clock.slept == []


def test_the_session_holds_what_was_asked_and_given() -> None:
    """Instance and scopes as chosen, client as registered, token as given."""
    given = token("another", None)
    last = walked(ScriptedIssuer(polled=[given]), FakeClock())[-1]
    assert isinstance(last, Session)
    assert isinstance(last.token, Token)
    assert (last.token, last.client, last.scopes, last.name) == (given, client(), chosen().scopes, "my-sso")
