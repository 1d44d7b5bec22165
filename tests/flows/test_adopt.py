"""A login that the AWS SDKs have, too: which tokens are spent, kept and given away when both renew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sso_login.core.errors import LoginRequired, MalformedReply, ServiceError, StorageError, StoreUnusable
from sso_login.core.model import Session, Token
from sso_login.flows.logout import forget
from sso_login.flows.renewal import Want, ensured
from sso_login.flows.status import VALID, standing
from sso_login.storage.session_store import SessionStore
from tests.support.fakes import INSTANCE, NOW, FakePorts, chosen, client, session, token
from tests.support.logins import held, sign_in
from tests.support.stores.memory import MemoryEntries

WANT = Want(min_ttl=60)
OVER = token("old", "refresh-old", left=-30)
THEIRS = token("theirs", "refresh-theirs", left=1800)
NEW = token("new", "refresh-new")
SHARED = chosen(sdk_cache=True)
REFUSED = ServiceError("no more", code="invalid_grant")


def ports(current: Token = OVER, *, renewed: tuple[Token | Exception, ...] = ()) -> FakePorts:
    """Set up a login that the SDKs have, too."""
    made = FakePorts()
    sign_in(made, session(token=current), made.store("keyring"), sdk_cache="my-sso")
    made.issuing.renewed = renewed
    return made


def by_sdk(made: FakePorts, renewed: Token = THEIRS) -> None:
    """Let an SDK renew."""
    made.sdk_cache.kept["my-sso"] = session(token=renewed, client=client(id="theirs"))


def stored(made: FakePorts) -> Session:
    """Read our own record."""
    found = made.store("keyring").load("my-sso")
    assert found
    return found


def test_a_login_is_given_to_the_sdks_and_taken_away_with_logout() -> None:
    """The card says under which name."""
    made = ports(NEW)
    card = made.cards.read("my-sso")
    assert card
    assert card.sdk_cache == "my-sso"
    assert made.sdk_cache.kept["my-sso"] == session(token=NEW)
    assert forget(made, chosen(), local=True).problem is None
    assert made.sdk_cache.kept == {}


def test_a_renewal_is_given_to_the_sdks() -> None:
    """After it was stored; also one that ends earlier than what was spent for it."""
    short = token("short", "refresh-short", left=100)
    made = ports(renewed=(NEW, short))
    assert ensured(made, chosen(), WANT).session.token == NEW
    assert made.sdk_cache.kept["my-sso"].token == NEW
    assert ensured(made, chosen(), Want(min_ttl=0, force=True)).session.token == short
    assert made.sdk_cache.kept["my-sso"].token == short


def test_what_an_sdk_renewed_is_taken_home() -> None:
    """Without any request: tokens and registration are kept in our own store, and the card is as after a renewal."""
    made = ports()
    card = made.cards.read("my-sso")
    assert card
    made.cards.write(replace(card, refused=True, retry_after=NOW + 100, retry_delay=60))
    by_sdk(made)
    assert standing(made, chosen()).state == VALID
    assert ensured(made, chosen(), WANT).session.token == THEIRS
    assert made.issuing.calls == []
    assert (stored(made).token, stored(made).client.id) == (THEIRS, "theirs")
    assert made.cards.read("my-sso") == card
    assert not held(made, chosen()).followed


def test_the_newest_of_both_is_spent() -> None:
    """An SDK's token that is over, too, is the one to renew."""
    made = ports(token("older", "refresh-older", left=-300), renewed=(NEW,))
    by_sdk(made, replace(OVER, expires_at=NOW - 10))
    assert ensured(made, chosen(), WANT).session.token == NEW
    assert made.issuing.calls == ["renew refresh-old"]
    assert made.sdk_cache.kept["my-sso"].token == NEW


def test_what_an_sdk_renewed_cannot_be_kept() -> None:
    """It is served with a warning, as any token that our store does not take."""
    made = ports()
    by_sdk(made)
    made.entries["keyring"].write_trouble = StoreUnusable("the disk is full")
    outcome = ensured(made, chosen(), WANT)
    assert outcome.session.token == THEIRS
    assert isinstance(outcome.problem, StoreUnusable)


def test_an_sdk_was_quicker() -> None:
    """Our request is refused since an SDK has spent the token a moment ago: its tokens are waited for, and taken."""
    made = ports(renewed=(REFUSED,))
    made.clock.asleep = lambda: by_sdk(made)
    assert ensured(made, chosen(), WANT).session.token == THEIRS
    assert made.clock.slept == [0.1]


def test_nobody_was_quicker() -> None:
    """A token that is refused for good is a login required, after a wait that is bounded; alone, without any."""
    made = ports(renewed=(REFUSED,))
    with pytest.raises(LoginRequired):
        ensured(made, chosen(), WANT)
    assert made.clock.slept == [0.1, 0.4, 1.0]
    alone = FakePorts()
    sign_in(alone, session(token=OVER), alone.store("keyring"))
    alone.issuing.renewed = (REFUSED,)
    with pytest.raises(LoginRequired):
        ensured(alone, chosen(), WANT)
    assert alone.clock.slept == []


def test_a_renewal_that_our_store_does_not_take_is_with_the_sdks() -> None:
    """They must not go on with the token that was spent."""
    made = ports(renewed=(NEW,))
    made.rescue = SessionStore(MemoryEntries(kind="file"))
    made.issuing.during = lambda: setattr(made.entries["keyring"], "write_trouble", StoreUnusable("full"))
    assert isinstance(ensured(made, chosen(), WANT).problem, StorageError)
    assert made.sdk_cache.kept["my-sso"].token == NEW


def test_an_sdk_renews_what_was_rescued() -> None:
    """The newest of all three counts, and is brought home when the store works again."""
    made = ports(renewed=(NEW,))
    made.rescue = SessionStore(MemoryEntries(kind="file"))
    made.issuing.during = lambda: setattr(made.entries["keyring"], "write_trouble", StoreUnusable("full"))
    ensured(made, chosen(), WANT)
    newest = token("newest", "refresh-newest", left=7200)
    by_sdk(made, newest)
    made.entries["keyring"].trouble = StoreUnusable("gone")
    assert ensured(made, chosen(), WANT).session.token == newest
    made.entries["keyring"].trouble = made.entries["keyring"].write_trouble = None
    assert ensured(made, chosen(), WANT).problem is None
    assert stored(made).token == newest
    assert made.rescue.load("my-sso") is None


def test_switched_on_later() -> None:
    """The login that is there is given to the SDKs with the next command, whatever they have; a new name moves it."""
    made = FakePorts()
    sign_in(made, session(token=NEW), made.store("keyring"))
    by_sdk(made, token("foreign", "foreign", left=80_000))
    assert ensured(made, SHARED, WANT).session.token == NEW
    assert made.sdk_cache.kept["my-sso"].token == NEW
    assert ensured(made, chosen(sdk_cache=True, cache_name="other"), WANT).session.token == NEW
    assert set(made.sdk_cache.kept) == {"other"}
    made.locks.taken.clear()
    ensured(made, chosen(sdk_cache=True, cache_name="other"), WANT)
    assert made.locks.taken == []


def test_a_new_login_takes_the_earlier_one_away() -> None:
    """Without the option nothing of the old one stays with the SDKs; with another name it moves there."""
    made = ports(NEW)
    sign_in(made, session(token=THEIRS), made.store("keyring"), sdk_cache="other")
    assert made.sdk_cache.kept == {"other": session(token=THEIRS)}
    sign_in(made, session(token=NEW), made.store("keyring"))
    assert made.sdk_cache.kept == {}


def test_what_cannot_be_removed_is_told() -> None:
    """Everything else is forgotten, and the exit code says that something is left."""
    made = ports(NEW)
    made.sdk_cache.trouble = StoreUnusable("cannot remove it")
    done = forget(made, chosen(), local=True)
    assert done.problem is made.sdk_cache.trouble
    assert "copy of the login of 'my-sso' could not be removed" in made.notices[0].text
    assert made.cards.names() == []


@pytest.mark.parametrize("damaged", ["card", "record"])
def test_logout_of_what_is_damaged(damaged: str) -> None:
    """The SDKs' copy goes by the card, or else by what the config says."""
    made = ports(NEW)
    if damaged == "card":
        made.cards.broken.add("my-sso")
    else:
        made.entries["keyring"].texts["sso-login:sso:my-sso"] = "garbage"
    forget(made, SHARED, local=True)
    assert made.sdk_cache.kept == {}


def test_logout_of_what_is_damaged_and_not_in_the_config() -> None:
    """Without a word of it anywhere nothing of the SDKs is touched."""
    made = ports(NEW)
    made.cards.broken.add("my-sso")
    forget(made, ("my-sso", MalformedReply("broken")), local=True)
    assert set(made.sdk_cache.kept) == {"my-sso"}


def test_logout_ends_the_session_with_the_newest_token() -> None:
    """Ours is spent; the portal takes what the SDK got."""
    made = ports()
    by_sdk(made)
    assert forget(made, chosen(instance=INSTANCE), local=False).problem is None
    assert made.issuing.calls == ["end theirs"]
