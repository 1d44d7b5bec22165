"""Authorization code with PKCE, with a browser that brings back what it likes and a clock that never waits."""

from __future__ import annotations

import pytest

from sso_login.core.errors import (
    AccessDenied,
    CodeExpired,
    LoginFailed,
    LoginTimedOut,
    ServiceError,
    SsoLoginError,
    Unreachable,
)
from sso_login.core.granting import Redirected
from sso_login.core.model import CODE_GRANT, REFRESH_GRANT, Client, Secret, Session
from sso_login.flows.browser import GRANTS, BrowserLogin, finish_browser, redirected, start_browser
from sso_login.flows.device import GRANTS as DEVICE_GRANTS
from sso_login.oauth.pkce import VERIFIER
from tests.support.fakes import NOW, FakeClock, ScriptedIssuer, ScriptedReceiver, chosen, client, session, token

REDIRECT = "http://127.0.0.1:40001/oauth/callback"
CODE = Redirected(code=Secret("the-code"))
OURS = client(grants=GRANTS)


def started(issuer: ScriptedIssuer, clock: FakeClock, *, cached: Client | None = None) -> BrowserLogin:
    """Start a login, with a registration to reuse or one to make."""
    issuer.registered = issuer.registered or [OURS]
    return start_browser(issuer, clock, chosen(), redirect_uri=REDIRECT, registered=cached)


def finished(answer: Redirected, *exchanged: object, cached: Client | None = None) -> Session | None:
    """Finish a login with this answer of the browser, and these of the issuer."""
    issuer, clock = ScriptedIssuer(exchanged=exchanged), FakeClock()  # type: ignore[arg-type]  # tokens and errors
    return finish_browser(started(issuer, clock, cached=cached), issuer, clock, answer)


def failed(answer: Redirected, *exchanged: object, cached: Client | None = None) -> SsoLoginError:
    """Finish a login that fails."""
    with pytest.raises(SsoLoginError) as caught:
        finished(answer, *exchanged, cached=cached)
    return caught.value


def refused(code: str) -> ServiceError:
    """Make the service's refusal."""
    return ServiceError("no", code=code, hint="do something else")


def test_a_login_from_start_to_end() -> None:
    """Registered for codes and refresh tokens, the right answer awaited among wrong ones, the code spent once."""
    clock = FakeClock()
    issuer = ScriptedIssuer(registered=[OURS], exchanged=[token()])
    login = started(issuer, clock)
    receiver = ScriptedReceiver(clock, ["state=wrong&code=theirs", "code=c", "state={state}&code=the-code"])
    receiver.state = login.authorization.state.reveal()
    answer = redirected(login, receiver, clock)
    assert finish_browser(login, issuer, clock, answer) == session(client=OURS)
    assert issuer.grants == (CODE_GRANT, REFRESH_GRANT)
    assert issuer.calls == ["register", "exchange client the-code"]


def test_state_and_verifier_are_new_for_every_login_and_long_enough() -> None:
    """256 bits of state, 512 of verifier (RFC 7636 section 7.1 asks for 256), none of them ever twice."""
    made = [started(ScriptedIssuer(), FakeClock()).authorization for _ in range(50)]
    assert len({one.state.reveal() for one in made}) == len({one.verifier.reveal() for one in made}) == 50
    assert all(VERIFIER.fullmatch(one.verifier.reveal()) and len(one.state.reveal()) == 43 for one in made)


def test_a_login_in_flight_draws_no_secret() -> None:
    """Neither state nor verifier, nor the address that holds the state, is in its repr."""
    login = started(ScriptedIssuer(), FakeClock())
    drawn = repr(login)
    assert login.authorization.state.reveal() in login.url
    for secret in (login.authorization.state, login.authorization.verifier, login.client.secret):
        assert secret.reveal() not in drawn


def test_nobody_comes_within_the_time() -> None:
    """Five minutes by itself: exit 4, and where a registration was reused a way out if the page did not know it."""
    for cached, hinted in ((None, False), (OURS, True)):
        clock = FakeClock()
        login, receiver = started(ScriptedIssuer(), clock, cached=cached), ScriptedReceiver(clock, ["code=c"])
        with pytest.raises(LoginTimedOut, match="within 5 min") as caught:
            redirected(login, receiver, clock)
        assert (clock.mono, caught.value.exit_code) == (350, 4)
        assert ("--force" in caught.value.hint) is hinted


def test_the_time_counts_from_the_start_of_the_request() -> None:
    """What registering took is not part of it, what happened since is."""
    clock = FakeClock()
    login, receiver = started(ScriptedIssuer(registered=[refused("slow_down"), OURS]), clock), ScriptedReceiver(clock)
    assert clock.slept == [5]
    clock.sleep(100)
    with pytest.raises(LoginTimedOut):
        redirected(login, receiver, clock)
    assert receiver.waited == 200
    with pytest.raises(LoginTimedOut):
        redirected(login, receiver, clock)
    assert receiver.waited == 0


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Redirected(error="access_denied", description="the user denied"), AccessDenied, "denied in the browser"),
        (Redirected(error="invalid_scope", description="no such scope"), LoginFailed, "invalid_scope: no such scope"),
        (Redirected(error="server_error"), LoginFailed, "in the browser: server_error"),
        (Redirected(error="invalid_client"), LoginFailed, "in the browser: invalid_client"),
    ],
)
def test_an_error_that_the_browser_brings_ends_it(answer: Redirected, kind: type[SsoLoginError], words: str) -> None:
    """Exit 4, in the service's own words, with a hint, and nothing is sent."""
    error = failed(answer)
    assert (type(error), error.exit_code) == (kind, 4)
    assert words in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("code", "kind", "exit_code"),
    [
        ("access_denied", AccessDenied, 4),
        ("expired_token", CodeExpired, 4),
        ("invalid_grant", ServiceError, 6),
        ("invalid_client", ServiceError, 6),
        ("invalid_request", ServiceError, 6),
    ],
)
def test_a_code_that_is_refused_ends_it(code: str, kind: type[SsoLoginError], exit_code: int) -> None:
    """Each with the hint that goes with it; the code is not sent again."""
    error = failed(CODE, refused(code))
    assert (type(error), error.exit_code, error.hint) == (kind, exit_code, "do something else")


def test_only_what_was_not_sent_is_sent_again() -> None:
    """DNS, connect and TLS trouble is tried three times; an answer that got lost may have spent the code."""
    clock = FakeClock()
    unsent = Unreachable("dns", sent=False)
    issuer = ScriptedIssuer(exchanged=[unsent, unsent, token()])
    assert finish_browser(started(issuer, clock), issuer, clock, CODE) == session(client=OURS)
    assert clock.slept == [0.5, 2.0]
    assert isinstance(failed(CODE, unsent, unsent, unsent), Unreachable)
    assert isinstance(failed(CODE, Unreachable("reset"), token()), Unreachable)


def test_a_registration_at_hand_is_reused() -> None:
    """RegisterClient is spared while at least half the registration's life is left."""
    issuer = ScriptedIssuer()
    assert started(issuer, FakeClock(), cached=client(id="cached", grants=GRANTS)).client.id == "cached"
    assert issuer.calls == []


@pytest.mark.parametrize("cached", [client(), client(issued_at=NOW - 91 * 86400, grants=GRANTS)])
def test_a_registration_for_codes_on_a_device_or_an_old_one_is_not(cached: Client) -> None:
    """Registrations of the two ways to log in never mix."""
    issuer = ScriptedIssuer()
    assert started(issuer, FakeClock(), cached=cached).client == OURS
    assert issuer.calls == ["register"]
    assert not OURS.reusable(NOW, DEVICE_GRANTS)


@pytest.mark.parametrize("forgotten", ["invalid_client", "unauthorized_client"])
def test_a_reused_registration_that_the_issuer_forgot_is_made_anew(forgotten: str) -> None:
    """Whether the browser is told or we are: start again without it; one just made is not made again."""
    assert finished(Redirected(error=forgotten), cached=OURS) is None
    assert finished(CODE, refused(forgotten), cached=OURS) is None
    assert failed(Redirected(error=forgotten)).exit_code == 4
    assert failed(CODE, refused(forgotten)).exit_code == 6
