"""Role credentials: the cache, one fetch for many, and what is wrong told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from sso_login.core.credentials import Credentials, RoleKey
from sso_login.core.errors import (
    CertificateRefused,
    LockTimeout,
    LoginRequired,
    NotLoggedIn,
    RefreshRefused,
    ServiceError,
    SsoLoginError,
    StoreUnusable,
    Throttled,
    Unreachable,
    UsageProblem,
)
from sso_login.core.model import Instance, Secret, Token
from sso_login.flows.logout import forget
from sso_login.flows.role_cache import stale_notice
from sso_login.flows.role_credentials import RoleAsked, role_credentials
from sso_login.flows.stored_login import card_of
from tests.support.fakes import NOW, FakePorts, MeanwhileLocks, NoPortal, chosen, session, token
from tests.support.logins import sign_in
from tests.support.stores.memory import MemoryEntries

ACCOUNT, ROLE = "111122223333", "ReadOnlyAccess"
ENTRY = f"sso-login:role:my-sso:{ACCOUNT}:{ROLE}"
ASKED = RoleAsked(chosen(), ACCOUNT, ROLE)


def given(key: str = "ASIA1", *, left: float = 3600) -> Credentials:
    """Make credentials with so many seconds left."""
    return Credentials(key, Secret("sec"), Secret("tok"), expires_at=int(NOW + left), account_id=ACCOUNT)


@dataclass
class Portal(NoPortal):
    """A portal that answers from a script and remembers with which token it was asked."""

    answers: Sequence[Credentials | Exception] = ()
    asked: list[str] = field(default_factory=list)
    during: object = None

    def role_credentials(self, token: Token, *, account: str, role: str) -> Credentials:
        """Answer."""
        assert (account, role) == (ACCOUNT, ROLE)
        self.asked.append(token.access.reveal())
        if callable(self.during):
            self.during()
        answer, *self.answers = self.answers
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class RoleWorld(FakePorts):
    """The port Ports over memory, with a scripted portal."""

    access: Portal = field(default_factory=Portal)


def logged_in(*answers: Credentials | Exception) -> RoleWorld:
    """Give a world with a login in the keyring, and what its portal will say."""
    ports = RoleWorld(access=Portal(answers))
    sign_in(ports, session(), ports.store("keyring"))
    return ports


def refused(code: str, status: str = "No access") -> ServiceError:
    """Make a refusal."""
    return ServiceError(status, code=code)


def test_credentials_are_fetched_once_and_kept() -> None:
    """The card lists them before they are there; the second time nobody is asked."""
    ports = logged_in(given())
    assert role_credentials(ports, ASKED).credentials == given()
    assert role_credentials(ports, ASKED).credentials == given()
    assert ports.access.asked == ["access-1"]
    assert ports.cards.cards["my-sso"].entries == ("sso-login:sso:my-sso", ENTRY)
    assert ENTRY in ports.entries["keyring"].texts
    assert ports.role_locks.taken == [f"{ACCOUNT} {ROLE} my-sso"]


def test_no_secret_is_ever_unlisted() -> None:
    """Where the entry cannot be written the card names it already; what was fetched is given all the same."""
    ports = logged_in(given())
    ports.entries["keyring"].write_trouble = StoreUnusable("full")
    answer = role_credentials(ports, ASKED)
    assert answer.credentials == given()
    notice = stale_notice(answer)
    assert notice
    assert "could not be kept: full" in notice.text
    assert ENTRY in ports.cards.cards["my-sso"].entries


@pytest.mark.parametrize(("left", "asked"), [(301, 0), (300, 1), (10, 1), (-5, 1)])
def test_they_are_renewed_five_minutes_early(left: float, asked: int) -> None:
    """Not a second earlier."""
    ports = logged_in(given(left=left), given("ASIA2"))
    role_credentials(ports, ASKED)
    assert role_credentials(ports, ASKED).credentials.key_id == ("ASIA2" if asked else "ASIA1")
    assert len(ports.access.asked) == 1 + asked


@pytest.mark.parametrize(
    "trouble",
    [
        Unreachable("no network"),
        Throttled("slow", wait=3600),
        CertificateRefused("whose?"),
        RefreshRefused("over"),
        StoreUnusable("full"),
    ],
)
def test_those_at_hand_are_served_while_no_others_can_be_had(trouble: SsoLoginError) -> None:
    """At once, with a warning; once they are over the trouble is told instead."""
    ports = logged_in(given(left=100), *[trouble] * 9)
    role_credentials(ports, ASKED)
    ports.clock.slept.clear()
    answer = role_credentials(ports, ASKED)
    assert (answer.credentials.key_id, answer.problem) == ("ASIA1", trouble)
    assert ports.clock.slept == []
    ports.clock.wall += 100
    with pytest.raises(type(trouble)):
        role_credentials(ports, ASKED)


def test_a_429_is_waited_for_as_it_says() -> None:
    """Retry-After, else 1, 2 and 4 seconds; then it is the error."""
    ports = logged_in(Throttled("slow", wait=3), Throttled("slow"), given())
    assert role_credentials(ports, ASKED).credentials == given()
    assert ports.clock.slept == [3, 2]
    ports = logged_in(*[Throttled("slow")] * 9)
    with pytest.raises(Throttled):
        role_credentials(ports, ASKED)
    assert (ports.clock.slept, len(ports.access.asked)) == ([1, 2, 4], 4)


def test_nobody_waits_for_longer_than_twenty_seconds() -> None:
    """Whoever runs it as credential_process waits, too."""
    ports = logged_in(Throttled("slow", wait=21))
    with pytest.raises(Throttled):
        role_credentials(ports, ASKED)
    assert ports.clock.slept == []


@pytest.mark.parametrize("code", ["forbidden", "resource_not_found", "http_403", "http_404"])
def test_a_role_that_is_not_assigned_is_explained(code: str) -> None:
    """With the command that lists what is; what is at hand is not served then: access was taken away."""
    ports = logged_in(given(left=100), refused(code))
    role_credentials(ports, ASKED)
    with pytest.raises(ServiceError, match=f"may not use role '{ROLE}' in account {ACCOUNT}: No access") as caught:
        role_credentials(ports, ASKED)
    assert (caught.value.exit_code, caught.value.code) == (6, code)
    assert f"`sso-login roles --account {ACCOUNT}`" in caught.value.hint


def test_any_other_refusal_is_told_as_it_is() -> None:
    """With its own hint."""
    ports = logged_in(refused("invalid_request", "what?"))
    with pytest.raises(ServiceError, match=r"^what\?$"):
        role_credentials(ports, ASKED)


def test_a_token_that_is_not_taken_is_renewed_once() -> None:
    """A 401 says nothing of the role; the second token is the last."""
    ports = logged_in(refused("unauthorized"), given())
    ports.issuing.renewed = [token("access-2", "refresh-2")]
    assert role_credentials(ports, ASKED).credentials == given()
    assert ports.access.asked == ["access-1", "access-2"]
    ports = logged_in(refused("unauthorized"), refused("unauthorized"))
    ports.issuing.renewed = [token("access-2", "refresh-2")]
    with pytest.raises(LoginRequired, match="not even a new one") as caught:
        role_credentials(ports, ASKED)
    assert caught.value.exit_code == 3


def test_whoever_waited_takes_what_another_has_fetched() -> None:
    """One fetch for any number of processes."""
    ports = logged_in(given(), given("ASIA2"))
    other = replace(ports, role_locks=MeanwhileLocks())
    ports.role_locks.before = lambda: role_credentials(other, ASKED)
    assert role_credentials(ports, ASKED).credentials == given()
    assert len(ports.access.asked) == 1


def test_a_lock_that_is_never_let_go_is_told() -> None:
    """With words on what is locked; the session's own lock keeps its own words."""
    ports = logged_in(given(left=100))
    ports.role_locks.busy.add(f"{ACCOUNT} {ROLE} my-sso")
    with pytest.raises(LockTimeout, match=f"credentials of role '{ROLE}' in account {ACCOUNT}"):
        role_credentials(ports, ASKED)
    ports.role_locks.busy.clear()
    role_credentials(ports, ASKED)
    ports.role_locks.busy.add(f"{ACCOUNT} {ROLE} my-sso")
    assert isinstance(role_credentials(ports, ASKED).problem, LockTimeout)
    ports = logged_in()
    ports.clock.wall += 4000
    ports.locks.busy.add("my-sso")
    with pytest.raises(LockTimeout, match="session 'my-sso'"):
        role_credentials(ports, ASKED)


@pytest.mark.parametrize(
    "text",
    ["garbage", "sso-login-record 3\nx", "sso-login-record 1\n1900000000\n{}\n{}"],
)
def test_a_broken_cache_is_none(text: str) -> None:
    """It is fetched anew and written over, without a word."""
    ports = logged_in(given(), given("ASIA2"))
    role_credentials(ports, ASKED)
    ports.entries["keyring"].texts[ENTRY] = text
    answer = role_credentials(ports, ASKED)
    assert (answer.credentials.key_id, answer.problem) == ("ASIA2", None)
    assert role_credentials(ports, ASKED).credentials.key_id == "ASIA2"


def test_a_head_that_says_something_else_than_its_line_is_broken() -> None:
    """The hot path goes by the head alone."""
    ports = logged_in(given(), given("ASIA2"))
    role_credentials(ports, ASKED)
    entries = ports.entries["keyring"].texts
    entries[ENTRY] = entries[ENTRY].replace(str(int(NOW + 3600)), str(int(NOW + 7200)), 1)
    assert role_credentials(ports, ASKED).credentials.key_id == "ASIA2"


def test_an_entry_that_no_card_lists_is_not_used() -> None:
    """Nobody knows where it comes from."""
    ports = logged_in(given(), given("ASIA2"))
    role_credentials(ports, ASKED)
    ports.cards.write(card_of(session(), ports.store("keyring")))
    assert role_credentials(ports, ASKED).credentials.key_id == "ASIA2"


def test_a_locked_store_is_an_error() -> None:
    """It is more than a cache that is missing: the token lies there, too."""
    ports = logged_in(given())
    role_credentials(ports, ASKED)
    ports.entries["keyring"].trouble = StoreUnusable("locked")
    with pytest.raises(StoreUnusable):
        role_credentials(ports, ASKED)


def test_a_session_that_is_bound_elsewhere_uses_nothing_of_it() -> None:
    """Neither the cache nor the token."""
    ports = logged_in(given())
    role_credentials(ports, ASKED)
    elsewhere = chosen(instance=Instance("https://other.awsapps.com/start", "us-east-1"))
    with pytest.raises(LoginRequired, match="belongs to"):
        role_credentials(ports, RoleAsked(elsewhere, ACCOUNT, ROLE))
    assert len(ports.access.asked) == 1


def test_who_logged_out_meanwhile_gets_nothing_and_nothing_is_kept() -> None:
    """What was fetched with a session that is gone is not ours to give."""
    ports = logged_in(given())
    ports.access.during = lambda: forget(ports, chosen(), local=True)
    with pytest.raises(NotLoggedIn):
        role_credentials(ports, ASKED)
    assert ports.entries["keyring"].texts == {}
    assert ports.cards.cards == {}


def test_nobody_logged_in_is_told_as_ever() -> None:
    """Without a card nothing is looked for."""
    with pytest.raises(NotLoggedIn):
        role_credentials(RoleWorld(), ASKED)


def test_logout_forgets_every_role() -> None:
    """All that the card lists, before the card goes."""
    ports = logged_in(given())
    role_credentials(ports, ASKED)
    forget(ports, chosen(), local=True)
    assert ports.entries["keyring"].texts == {}


def test_a_role_that_will_not_go_keeps_the_login_listed() -> None:
    """The error is told, and nothing is forgotten."""
    ports = logged_in(given())
    role_credentials(ports, ASKED)
    ports.entries["keyring"].write_trouble = StoreUnusable("locked")
    with pytest.raises(StoreUnusable):
        forget(ports, chosen(), local=True)
    assert len(ports.entries["keyring"].texts) == 2
    assert ENTRY in ports.cards.cards["my-sso"].entries


def test_a_new_login_forgets_the_roles_of_the_earlier_one() -> None:
    """It may be somebody else's."""
    ports = logged_in(given())
    role_credentials(ports, ASKED)
    sign_in(ports, session(token=token("access-9")), ports.store("keyring"))
    assert list(ports.entries["keyring"].texts) == ["sso-login:sso:my-sso"]
    assert ports.cards.cards["my-sso"].entries == ("sso-login:sso:my-sso",)


def test_a_login_that_moves_to_another_store_leaves_no_role_behind() -> None:
    """The old store is cleared of both."""
    ports = logged_in(given())
    role_credentials(ports, ASKED)
    sign_in(ports, session(), ports.store("file"))
    assert ports.entries["keyring"].texts == {}
    assert list(ports.entries["file"].texts) == ["sso-login:sso:my-sso"]


class Stubborn(MemoryEntries):
    """Entries that keep what they have."""

    def delete(self, entry: str) -> bool:
        """Refuse."""
        raise StoreUnusable(f"{entry} will not go")


def test_roles_that_will_not_go_stay_listed_and_do_not_stop_a_login() -> None:
    """They are told of, and gone at the next logout."""
    ports = logged_in(given())
    role_credentials(ports, ASKED)
    stubborn = Stubborn()
    stubborn.texts = ports.entries["keyring"].texts
    ports.entries["keyring"] = stubborn
    sign_in(ports, session(token=token("access-9")), ports.store("keyring"))
    assert ENTRY in ports.cards.cards["my-sso"].entries
    assert "could not be removed" in ports.notices[-1].text


@pytest.mark.parametrize("account", ["", "1234", "1111222233334", "11112222333x", "\u0661" * 12])
def test_an_account_is_twelve_digits(account: str) -> None:
    """Nothing is asked otherwise."""
    with pytest.raises(UsageProblem, match="is not an account"):
        RoleAsked(chosen(), account, ROLE)


@pytest.mark.parametrize("role", ["", "a b", "a/b", "a\nb", "x" * 65, "\u00e9"])
def test_a_role_is_named_as_iam_allows(role: str) -> None:
    """Nothing is asked otherwise."""
    with pytest.raises(UsageProblem, match="cannot be the name of a role"):
        RoleAsked(chosen(), ACCOUNT, role)
    assert RoleAsked(chosen(), ACCOUNT, "A_b+=,.@-9").key == RoleKey("my-sso", ACCOUNT, "A_b+=,.@-9")


def test_signals_are_held_back_while_credentials_are_kept() -> None:
    """From the card that lists them to the entry itself: an interrupt between the two would leave one without one."""
    ports = logged_in(given())
    seen: list[int] = []
    ports.entries["keyring"].writing = lambda: seen.append(ports.held)
    role_credentials(ports, ASKED)
    assert seen == [1]
