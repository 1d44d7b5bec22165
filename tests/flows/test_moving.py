"""A login that moves from one store to the other, killed at every step: both stores are known until one is empty."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from sso_login.core.errors import LoginRequired, StoreUnusable
from sso_login.core.model import Card, Session
from sso_login.flows.logout import forget
from sso_login.flows.renewal import Want, ensured
from tests.support.fakes import FakePorts, chosen, session, token
from tests.support.logins import held, sign_in

STORES = ("keyring", "file")
NEW = session(token=token("new", "refresh-new"))
ROLE = "sso-login:role:my-sso:111122223333:Admin"


class Killed(BaseException):
    """What nothing catches."""


def moved(origin: str, kill_at: int) -> tuple[FakePorts, bool]:
    """Move a login with role credentials out of that store, killed before the n-th write; tell whether it was."""
    made = FakePorts()
    target = next(store for store in STORES if store != origin)
    sign_in(made, session(), made.store(origin))
    made.entries[origin].texts[ROLE] = "a secret"
    card = made.cards.cards["my-sso"]
    made.cards.write(replace(card, entries=(*card.entries, ROLE)))
    made.store(target)
    steps = count(1)

    def step() -> None:
        if next(steps) == kill_at:
            raise Killed

    written = made.cards.write

    def write(card: Card) -> None:
        step()
        written(card)

    made.cards.write = write  # type: ignore[method-assign]  # to be killed in its place
    for entries in made.entries.values():
        entries.touching = step
    try:
        sign_in(made, NEW, made.store(target))
    except Killed:
        return alive(made), True
    return alive(made), False


def alive(made: FakePorts) -> FakePorts:
    """Give the same state to a new process."""
    for entries in made.entries.values():
        entries.touching = None
    del made.cards.write
    return made


def kills(origin: str) -> list[int]:
    """Count the steps that such a move takes."""
    return list(range(1, next(at for at in count(1) if not moved(origin, at)[1])))


CASES = [(origin, at) for origin in STORES for at in kills(origin)]


def test_there_are_steps_to_be_killed_at() -> None:
    """Card, record, card, two deletions, card: six of them either way."""
    assert [len(kills(origin)) for origin in STORES] == [6, 6]


@pytest.mark.parametrize(("origin", "at"), CASES)
def test_a_logout_after_a_kill_leaves_no_secret_anywhere(origin: str, at: int) -> None:
    """Neither record, nor role credentials, nor card."""
    made, killed = moved(origin, at)
    assert killed
    assert forget(made, chosen(), local=True).found
    assert [entries.texts for entries in made.entries.values()] == [{}, {}]
    assert made.cards.names() == []


@pytest.mark.parametrize(("origin", "at"), CASES)
def test_a_login_is_there_after_a_kill(origin: str, at: int) -> None:
    """The old one or the new one, whole; the next renewal clears away what was left."""
    made, _ = moved(origin, at)
    assert held(made, chosen()).session in {session(), NEW}
    made.issuing.renewed = [token("newer", "refresh-newer")]
    ensured(made, chosen(), Want(min_ttl=60, force=True))
    card = made.cards.cards["my-sso"]
    assert card.also == ""
    other = next(store for store in STORES if store != card.store)
    assert made.entries[other].texts == {}


@pytest.mark.parametrize("origin", STORES)
def test_a_store_that_gives_nothing_back_stays_listed(origin: str) -> None:
    """A keyring that is locked meanwhile: told, and cleared by a later renewal or logout."""
    made = FakePorts()
    target = next(store for store in STORES if store != origin)
    sign_in(made, session(), made.store(origin))
    made.entries[origin].trouble = StoreUnusable("locked")
    sign_in(made, NEW, made.store(target))
    card = made.cards.cards["my-sso"]
    assert (card.store, card.also, card.also_entries) == (target, origin, ("sso-login:sso:my-sso",))
    assert "could not be removed" in made.notices[-1].text
    made.entries[origin].trouble = None
    forget(made, chosen(), local=True)
    assert [entries.texts for entries in made.entries.values()] == [{}, {}]


def test_back_again_before_the_first_move_is_done() -> None:
    """What is listed for one store is never taken for the other's."""
    made, _ = moved("keyring", 4)
    assert made.cards.cards["my-sso"].also == "keyring"
    newest: Session = session(token=token("newest", "refresh-newest"))
    sign_in(made, newest, made.store("keyring"))
    assert held(made, chosen()).session == newest
    assert made.cards.cards["my-sso"].also == ""
    forget(made, chosen(), local=True)
    assert [entries.texts for entries in made.entries.values()] == [{}, {}]


def test_a_logout_looks_into_the_file_store_whatever_a_card_says() -> None:
    """A record and role credentials there go, too, though the card says keyring, and without any card."""
    for card in (True, False):
        made = FakePorts()
        sign_in(made, session(), made.store("keyring" if card else "file"))
        if not card:
            made.cards.cards.clear()
        made.store("file").save(session())
        made.entries["file"].texts[ROLE] = "a secret"
        assert forget(made, chosen(), local=True).found
        assert [entries.texts for entries in made.entries.values()] == [{}] * len(made.entries)
        with pytest.raises(LoginRequired):
            held(made, chosen())
