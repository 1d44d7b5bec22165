"""Listing what a session may use: whole, or as much as there is and why not more."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sso_login.core.credentials import Account, Page
from sso_login.core.errors import (
    LoginRequired,
    MalformedReply,
    NotLoggedIn,
    RefreshRefused,
    ServiceError,
    Throttled,
    Unreachable,
    UsageProblem,
)
from sso_login.core.model import Session, Token
from sso_login.flows import list_roles as access
from sso_login.flows.list_roles import Problem, list_accounts, list_roles
from tests.support.fakes import NOW, ScriptedIssuer, chosen, session, token
from tests.support.portal import FakePortal, PortalPorts

BETA = Account("222222222222", "beta")
ALPHA = Account("333333333333", "Alpha", "alpha@example.com")
TWIN = Account("111111111111", "beta")
NAMELESS = Account("000000000000")
ROLES = {BETA: ["Reader", "Admin", "Writer"], NAMELESS: ["Reader"], ALPHA: ["Reader"], TWIN: []}
NO = ServiceError("no", code="forbidden")


def desk(
    portal: FakePortal | None = None, stored: Session | None = None, renewed: Sequence[Token | Exception] = ()
) -> PortalPorts:
    """Make ports with that portal and that login."""
    made = PortalPorts(issuing=ScriptedIssuer(renewed=renewed), listed=portal or FakePortal(ROLES))
    made.store("keyring").save(stored or session())
    return made


def test_accounts_of_all_pages_are_listed_by_name_then_id() -> None:
    """Whatever the case of the name; those without one come last."""
    found = list_accounts(desk(), chosen())
    assert found.accounts == (ALPHA, TWIN, BETA, NAMELESS)
    assert (found.roles, found.problems) == ((), ())


def test_roles_of_all_accounts_are_listed_in_the_accounts_order_then_by_name() -> None:
    """All pages of each; an account without roles has no line, but stands among the accounts."""
    found = list_roles(desk(), chosen())
    assert [(role.account.id[0], role.name) for role in found.roles] == [
        ("3", "Reader"),
        ("2", "Admin"),
        ("2", "Reader"),
        ("2", "Writer"),
        ("0", "Reader"),
    ]
    assert found.accounts == (ALPHA, TWIN, BETA, NAMELESS)


def test_an_account_or_a_role_that_comes_twice_is_listed_once() -> None:
    """The list may move between two pages."""
    portal = FakePortal({Account("222222222222", "old name"): ["A", "B", "A"], BETA: ["A", "B", "A"]})
    found = list_roles(desk(portal), chosen())
    assert found.accounts == (BETA,)
    assert [role.name for role in found.roles] == ["A", "B"]


def test_progress_is_told_from_the_first_to_the_last() -> None:
    """Accounts found so far; then accounts done, of how many."""
    told: list[tuple[int, int | None]] = []
    list_accounts(desk(), chosen(), progress=lambda done, total: told.append((done, total)))
    assert told == [(2, None), (4, None)]
    told.clear()
    list_roles(desk(), chosen(), progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 4) for number in range(1, 5)]


def test_only_the_accounts_asked_for_are_asked() -> None:
    """By id, in whatever order; the others' roles are not looked at."""
    made = desk()
    found = list_roles(made, chosen(), accounts=[BETA.id, ALPHA.id])
    assert found.accounts == (ALPHA, BETA)
    assert {key for key, _ in made.listed.calls} == {"accounts", ALPHA.id, BETA.id}


def test_an_account_that_is_not_assigned_is_a_usage_problem() -> None:
    """The hint says where the ids are; nothing is listed."""
    with pytest.raises(UsageProblem, match="'Alpha'") as caught:
        list_roles(desk(), chosen(), accounts=[BETA.id, "Alpha"])
    assert "sso-login accounts" in caught.value.hint


class Circle(FakePortal):
    """Gives the same next token again and again."""

    def accounts(self, token: Token, *, after: str | None = None) -> Page[Account]:
        """Give a page of one."""
        del token
        self.calls.append(("accounts", after or ""))
        return Page((BETA,), "again")


class Endless(FakePortal):
    """Always has one more page."""

    def accounts(self, token: Token, *, after: str | None = None) -> Page[Account]:
        """Give a page of one."""
        del token
        return Page((BETA,), str(int(after or 0) + 1))


@pytest.mark.parametrize(("portal", "words"), [(Circle({}), "again and again"), (Endless({}), "500 pages")])
def test_a_list_without_an_end_is_ended(portal: FakePortal, words: str) -> None:
    """A next token that comes back, and more pages than anybody has, are an error; what was found is kept."""
    found = list_accounts(desk(portal), chosen())
    assert found.accounts == (BETA,)
    assert isinstance(found.problems[0].error, MalformedReply)
    assert words in found.problems[0].error.message
    assert len(portal.calls) <= 2


def test_an_error_of_the_very_first_page_is_the_answer() -> None:
    """Where nothing is known there is nothing to keep."""
    with pytest.raises(ServiceError):
        list_roles(desk(FakePortal(ROLES, {"accounts": [NO]})), chosen())


def test_accounts_found_before_an_error_are_kept() -> None:
    """The problem belongs to no account; their roles are listed; an id that is missing is not said to be wrong."""
    portal = FakePortal(ROLES, {"accounts": []})

    def fail_on_the_second_page() -> None:
        portal.trouble["accounts"] = [NO] if portal.calls else []

    portal.asked = fail_on_the_second_page
    found = list_roles(desk(portal), chosen(), accounts=[NAMELESS.id, ALPHA.id])
    assert found.accounts == (NAMELESS,)
    assert [role.name for role in found.roles] == ["Reader"]
    assert found.problems == (Problem(None, NO),)


def test_an_account_that_fails_leaves_the_others_alone() -> None:
    """A refusal is that account's problem; what came of its roles before is kept."""
    portal = FakePortal(ROLES, {TWIN.id: [NO]})
    seen: list[int] = []

    def fail_later() -> None:
        seen.append(1)
        if any(key == BETA.id for key, _ in portal.calls):
            portal.trouble[BETA.id] = [NO] * 9

    portal.asked = fail_later
    found = list_roles(desk(portal), chosen())
    assert found.problems == (Problem(TWIN, NO), Problem(BETA, NO))
    assert [role.name for role in found.roles if role.account == BETA] == ["Admin", "Reader"]
    assert [role.name for role in found.roles if role.account == ALPHA] == ["Reader"]


@pytest.mark.parametrize("trouble", [Throttled("429"), Unreachable("reset")])
def test_passing_trouble_is_no_problem(trouble: Exception) -> None:
    """A 429 or a broken connection is asked again; when it does not pass it is that account's problem."""
    ports = desk(FakePortal(ROLES, {"accounts": [trouble], ALPHA.id: [trouble] * 3}))
    assert list_roles(ports, chosen()).problems == ()
    ports = desk(FakePortal(ROLES, {ALPHA.id: [trouble] * 10}))
    assert list_roles(ports, chosen()).problems == (Problem(ALPHA, trouble),)  # type: ignore[arg-type]  # both are ours


def test_nobody_logged_in_asks_nothing() -> None:
    """Exit 3, and the portal hears nothing."""
    ports = PortalPorts(listed=FakePortal(ROLES))
    with pytest.raises(NotLoggedIn):
        list_accounts(ports, chosen())
    assert ports.listed.calls == []


def test_a_refused_token_is_renewed_once_for_all() -> None:
    """However many threads were told, there is one renewal, and all go on with the new token."""
    ports = desk(FakePortal(ROLES, taken={"access-2"}), renewed=[token("access-2", "refresh-2")])
    found = list_roles(ports, chosen())
    assert (len(found.roles), found.problems) == (5, ())
    assert ports.issuing.calls == ["renew refresh-1"]


def test_a_token_that_is_refused_halfway_is_renewed_once() -> None:
    """Sixteen threads find out at once that the session's token was ended."""
    many = {Account(f"{number:012}"): ["Reader"] for number in range(40)}
    portal = FakePortal(many)

    def end() -> None:
        if len(portal.calls) == 30:
            portal.taken = {"access-2"}

    portal.asked = end
    ports = desk(portal, renewed=[token("access-2", "refresh-2")])
    found = list_roles(ports, chosen())
    assert (len(found.roles), found.problems) == (40, ())
    assert ports.issuing.calls == ["renew refresh-1"]


def test_a_second_refusal_needs_a_human() -> None:
    """A new token that is not taken either: exit 3, and no third one is asked for."""
    ports = desk(FakePortal(ROLES, taken=set()), renewed=[token("access-2", "refresh-2")])
    with pytest.raises(LoginRequired, match="not even a new one") as caught:
        list_accounts(ports, chosen())
    assert (caught.value.exit_code, caught.value.hint) == (3, "Log in with `sso-login device my-sso --force`.")
    assert ports.issuing.calls == ["renew refresh-1"]


def test_a_login_that_ends_while_roles_are_listed_ends_it_all() -> None:
    """Half of a list that only a human can finish is an error, not a result."""
    portal = FakePortal(ROLES)

    def end() -> None:
        if len(portal.calls) >= 2:
            portal.taken = set()

    portal.asked = end
    with pytest.raises(LoginRequired):
        list_roles(desk(portal, renewed=[token("access-2")]), chosen())


def test_a_refused_token_that_cannot_be_renewed_says_why() -> None:
    """Without a refresh token: exit 3 with that reason; without a network: exit 5."""
    with pytest.raises(RefreshRefused, match="no refresh token"):
        list_accounts(desk(FakePortal(ROLES, taken=set()), session(token=token(refresh=None))), chosen())
    with pytest.raises(Unreachable):
        list_accounts(desk(FakePortal(ROLES, taken=set()), renewed=[Unreachable("no network")]), chosen())
    portal = FakePortal(ROLES)

    def end() -> None:
        portal.taken = set() if len(portal.calls) >= 2 else None

    portal.asked = end
    found = list_roles(desk(portal, renewed=[Unreachable("no network")]), chosen())
    assert {problem.error.message for problem in found.problems} == {"no network"}


def test_another_process_s_token_is_taken_before_one_is_renewed() -> None:
    """A refused token whose successor lies in the store already costs no renewal."""
    portal = FakePortal(ROLES)
    ports = desk(portal)

    def other_process() -> None:
        if portal.taken is None:
            portal.taken = {"access-2"}
            ports.store("keyring").save(session(token=token("access-2", "refresh-2")))

    portal.asked = other_process
    assert list_roles(ports, chosen()).problems == ()
    assert ports.issuing.calls == []


def test_a_long_listing_outlives_its_token() -> None:
    """Whatever is sent has a minute left; a token that is about to expire is renewed on the way."""
    many = {Account(f"{number:012}"): ["Reader"] for number in range(40)}
    portal = FakePortal(many)
    ports = desk(
        portal,
        session(token=token(left=1000)),
        renewed=[token("access-2", "refresh-2", left=3000), token("access-3", "refresh-3", left=9999)],
    )
    portal.asked = lambda: ports.clock.sleep(100)
    found = list_roles(ports, chosen())
    assert (len(found.roles), found.problems) == (40, ())
    assert ports.issuing.calls == ["renew refresh-1", "renew refresh-2"]
    assert {used for _, used in portal.calls} == {"access-1", "access-2", "access-3"}
    assert ports.clock.now() > NOW + 3000


def test_a_token_that_is_good_but_cannot_be_made_fresher_is_told_once() -> None:
    """With half a minute left and no network for a renewal, the listing goes on with a single warning."""
    ports = desk(stored=session(token=token(left=50)), renewed=[Unreachable("no network")])
    assert list_roles(ports, chosen()).problems == ()
    assert len(ports.notices) == 1
    assert "no network" in ports.notices[0].text


def test_seven_hundred_accounts_at_twenty_requests_a_second() -> None:
    """However often the service says 429, everything is listed, and at a pace near to what it allows."""
    many = {Account(f"{number:012}"): ["Reader", "Admin"] for number in range(700)}
    portal = FakePortal(many)
    ports = desk(portal, session(token=token(left=9999)))
    admitted: list[float] = []

    def throttle() -> None:
        with portal.lock:
            now = ports.clock.mono
            if len([at for at in admitted[-20:] if now - at < 1]) >= 20:
                raise Throttled("429")
            admitted.append(now)

    portal.asked = throttle
    found = list_roles(ports, chosen())
    assert (len(found.roles), found.problems) == (1400, ())
    assert len(admitted) == 350 + 700


def test_at_most_sixteen_are_asked_at_once() -> None:
    """Sixteen threads, and never one more."""
    assert access.AT_ONCE == 16
