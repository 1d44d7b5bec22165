"""The answer came and its store did not take it: what happens to the only good refresh token there is."""

from __future__ import annotations

import pytest

from sso_login.core.errors import (
    MalformedReply,
    NewerRecord,
    RenewalDeferred,
    SaveUnknown,
    StorageError,
    StoreTimeout,
    StoreUnusable,
)
from sso_login.core.model import Token
from sso_login.flows.logout import forget
from sso_login.flows.renewal import Outcome, Want, ensured
from sso_login.flows.status import standing
from sso_login.storage.session_store import SessionStore
from tests.support.fakes import NOW, FakePorts, chosen, session, token
from tests.support.logins import sign_in
from tests.support.stores.memory import MemoryEntries

WANT = Want(min_ttl=60)
OLD = token("old", "refresh-old", left=-30)
NEW = token("new", "refresh-new", left=3600 + 30)


def failing(problem: StorageError, *, left: float = -30, answer: Token = NEW) -> tuple[FakePorts, MemoryEntries]:
    """Set up a login whose store takes nothing any more once the refresh token is spent."""
    made, spare = FakePorts(), MemoryEntries(kind="file", backend="/run/user/7/sso-login")
    sign_in(made, session(token=token("old", "refresh-old", left=left)), made.store("keyring"))
    made.rescue = SessionStore(spare)
    made.issuing.renewed = [answer]
    made.issuing.during = lambda: setattr(made.entries["keyring"], "write_trouble", problem)
    return made, spare


@pytest.mark.parametrize("problem", [StoreUnusable("the disk is full"), SaveUnknown("no answer")])
def test_what_the_store_does_not_take_goes_to_memory_loudly(problem: StorageError) -> None:
    """The new token is served, the problem names the place, and the spent refresh token is not sent again."""
    made, spare = failing(problem)
    outcome = ensured(made, chosen(), WANT)
    assert outcome.session.token == NEW
    assert isinstance(outcome.problem, StorageError)
    assert "/run/user/7/sso-login" in outcome.problem.message
    assert made.rescue
    assert made.rescue.load("my-sso") == session(token=NEW)
    assert spare.texts
    assert made.issuing.calls == ["renew refresh-old"]


def test_it_is_used_while_the_store_is_broken_and_brought_home_when_it_works() -> None:
    """Served with a warning until then; the next success saves it where it belongs and leaves nothing in memory."""
    made, spare = failing(StoreUnusable("the disk is full"))
    ensured(made, chosen(), WANT)
    again = ensured(made, chosen(), WANT)
    assert (again.session.token, type(again.problem)) == (NEW, StoreUnusable)
    made.entries["keyring"].write_trouble = None
    assert ensured(made, chosen(), WANT) == Outcome(session(token=NEW))
    assert (made.store("keyring").load("my-sso"), spare.texts) == (session(token=NEW), {})


def test_it_is_used_while_the_store_cannot_even_be_read() -> None:
    """A keyring that was locked meanwhile: the tokens in memory still serve."""
    made, _spare = failing(SaveUnknown("no answer"))
    ensured(made, chosen(), WANT)
    made.entries["keyring"].trouble = StoreTimeout("frozen")
    assert ensured(made, chosen(), WANT).session.token == NEW


def test_a_newer_record_is_not_written_over_from_memory() -> None:
    """What a newer version of this program stored meanwhile stands."""
    made, _spare = failing(StoreUnusable("full"))
    ensured(made, chosen(), WANT)
    made.entries["keyring"].write_trouble = None
    made.entries["keyring"].write(made.store("keyring").entry("my-sso"), "sso-login-record 3\n1\nx\n{}")
    with pytest.raises(NewerRecord):
        ensured(made, chosen(), WANT)


def test_what_was_rescued_wins_whatever_the_clock_said_at_login() -> None:
    """A login made with a clock that was a day ahead, then set right: the stored token is spent all the same."""
    made, _spare = failing(StoreUnusable("full"))
    ahead = Token(OLD.access, OLD.refresh, expires_at=NOW - 5, issued_at=NOW + 86_400)
    made.store("keyring").save(session(token=ahead))
    ensured(made, chosen(), WANT)
    assert ensured(made, chosen(), WANT).session.token == NEW
    assert made.issuing.calls == ["renew refresh-old"]


def test_a_login_made_meanwhile_wins_over_what_was_rescued() -> None:
    """The store holds neither the spent token nor the rescued one: somebody knew better."""
    made, _spare = failing(StoreUnusable("full"))
    ensured(made, chosen(), WANT)
    made.entries["keyring"].write_trouble = None
    made.store("keyring").save(session())
    assert ensured(made, chosen(), WANT).session == session()


def test_nothing_is_spent_while_the_store_is_broken() -> None:
    """Too old, in memory, and its store still takes nothing: no request."""
    made, _spare = failing(StoreUnusable("full"))
    ensured(made, chosen(), WANT)
    made.clock.sleep(4000)
    with pytest.raises(StoreUnusable):
        ensured(made, chosen(), WANT)
    assert len(made.issuing.calls) == 1


def test_where_there_is_no_such_place_the_old_token_is_all_there_is() -> None:
    """Nobody sees a token that is kept nowhere: exit 7, or the old token while it is valid, and a way out."""
    made, _spare = failing(StoreUnusable("full"))
    made.rescue = None
    with pytest.raises(StorageError, match="could not be kept anywhere"):
        ensured(made, chosen(), WANT)
    lucky, _spare = failing(StoreUnusable("full"), left=30)
    lucky.rescue = None
    outcome = ensured(lucky, chosen(), WANT)
    assert outcome.session.token.access.reveal() == "old"
    assert outcome.problem
    assert "--force" in outcome.problem.hint


def test_a_place_that_fails_too_is_no_place() -> None:
    """Both failed: said as one error of storage."""
    made, spare = failing(StoreUnusable("full"))
    spare.write_trouble = StoreUnusable("also full")
    with pytest.raises(StorageError, match="could not be kept anywhere"):
        ensured(made, chosen(), WANT)


def test_a_place_that_cannot_be_read_is_told_of_and_passed_over() -> None:
    """It never stands in the way of what lies in the store."""
    made, spare = failing(StoreUnusable("full"), left=3000)
    spare.trouble = StoreUnusable("odd folder")
    assert ensured(made, chosen(), WANT).problem is None
    assert made.notices[0].text == "odd folder"


def test_status_names_the_place() -> None:
    """Who looks sees where the newest tokens lie."""
    made, _spare = failing(StoreUnusable("full"))
    assert standing(made, chosen()).rescued is None
    ensured(made, chosen(), WANT)
    assert standing(made, chosen()).rescued == "/run/user/7/sso-login"


def test_logout_empties_and_names_the_place() -> None:
    """Nothing is left in memory; the newest token is the one that is ended."""
    made, spare = failing(StoreUnusable("full"))
    ensured(made, chosen(), WANT)
    made.entries["keyring"].write_trouble = None
    done = forget(made, chosen(), local=False)
    assert (done.rescued, spare.texts) == ("/run/user/7/sso-login", {})
    assert made.issuing.calls[-1] == "end new"


def test_a_new_login_replaces_what_was_rescued() -> None:
    """After a login the old tokens in memory are worth nothing."""
    made, spare = failing(StoreUnusable("full"))
    ensured(made, chosen(), WANT)
    made.entries["keyring"].write_trouble = None
    sign_in(made, session(), made.store("keyring"))
    assert spare.texts == {}


def test_a_token_that_is_over_when_it_comes_is_kept_and_not_asked_for_at_once() -> None:
    """An expiresIn of nothing: the refresh token is safe, the error is the service's, and the back-off holds."""
    made, _spare = failing(StoreUnusable("unused"), answer=Token(NEW.access, NEW.refresh, NOW, NOW))
    made.issuing.during = None
    with pytest.raises(MalformedReply):
        ensured(made, chosen(), WANT)
    kept = made.store("keyring").load("my-sso")
    assert kept
    assert kept.token.refresh == NEW.refresh
    with pytest.raises(RenewalDeferred):
        ensured(made, chosen(), WANT)
