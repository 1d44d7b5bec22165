"""What is kept of one login: card, record, what had to be rescued, the SDKs' copy. Nobody else opens them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sso_login.core import commands
from sso_login.core.errors import (
    BadRecord,
    BoundElsewhere,
    NewerRecord,
    NotLoggedIn,
    StorageError,
    StoredElsewhere,
    StoreTimeout,
    StoreUnusable,
    UsageProblem,
)
from sso_login.core.model import Card, fingerprint
from sso_login.flows.rescue import newer, rescue, rescued, spending, unrescue, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sso_login.core.credentials import KeptRole, RoleKey
    from sso_login.core.model import Instance, Session, Token
    from sso_login.core.ports import Ports, RoleStore, Store
    from sso_login.flows.select.session import Chosen

STORES: Final = ("keyring", "file")
FILE: Final = STORES[1]


@dataclass(frozen=True, slots=True)
class Held:
    """A stored login, the store it belongs to, and its card, whose facts are about this very token.

    `rescued` and `followed` say that it does not lie in that store: it had to be rescued, or an SDK has renewed it.
    `behind` says that the SDKs' copy is one that was spent, `unsure` why there may be a newer one that was rescued.
    """

    session: Session
    store: Store
    card: Card
    rescued: bool = False
    followed: bool = False
    behind: bool = False
    unsure: StorageError | None = None


def log_in(name: str, instance: Instance) -> str:
    """Say how to log in to that session, as a hint."""
    return f"Log in with `{commands.log_in(name, instance.kind)}`."


def store_kind(card: Card | None, env: Mapping[str, str]) -> str:
    """Tell which store a session's secrets lie in: the card's pin, else SSO_LOGIN_STORE, else the keyring.

    Raises StoredElsewhere when both are given and differ, UsageProblem for a store that does not exist.
    """
    wanted = env.get("SSO_LOGIN_STORE", "")
    if wanted and wanted not in STORES:
        raise UsageProblem(f"SSO_LOGIN_STORE={wanted!r} is not a store", hint="It may be keyring or file, or unset.")
    if card and wanted and wanted != card.store:
        again = commands.log_in(card.name, card.instance.kind, force=True)
        raise StoredElsewhere(
            f"the login of session {card.name!r} lies in the {card.store} store, SSO_LOGIN_STORE says {wanted}",
            hint=f"Unset SSO_LOGIN_STORE, or move the login: `{again}`.",
        )
    return card.store if card else wanted or STORES[0]


def card_of(session: Session, store: Store, *, old: Card | None = None) -> Card:
    """Make the card of a session that is saved; what else lies in the same store by the `old` card stays listed."""
    others = old.entries if old and old.store == store.kind else ()
    return Card(
        name=session.name,
        instance=session.instance,
        scopes=session.scopes,
        store=store.kind,
        backend=store.backend,
        entries=tuple(dict.fromkeys([store.entry(session.name), *others])),
        sdk_cache=old.sdk_cache if old else "",
        also=old.also if old else "",
        also_entries=old.also_entries if old else (),
        written=old.written if old else "",
        **({"began": old.began, "lasted": old.lasted} if old else {}),  # type: ignore[arg-type] # a mixed bag
    )


def readable_card(ports: Ports, name: str) -> Card | None:
    """Read a card where it is going to be replaced: one that is corrupt is as good as none; raises NewerRecord."""
    try:
        return ports.cards.read(name)
    except BadRecord:
        return None


def earlier(store: Store, name: str) -> Session | None:
    """Read the record that is going to be replaced, None where it is no use; raises NewerRecord alone."""
    try:
        return store.load(name)
    except NewerRecord:
        raise
    except StorageError:
        return None


def bound(session: Session, chosen: Chosen) -> Session:
    """Give the login as it is configured now; raise BoundElsewhere where it was made elsewhere."""
    if session.instance.binding != chosen.instance.binding:
        raise BoundElsewhere(
            f"the login of session {chosen.name!r} belongs to {session.instance.described()}, "
            f"but {chosen.source} says {chosen.instance.described()}",
            hint=log_in(chosen.name, chosen.instance),
        )
    # The same login, but the portal's endpoint and the kind of host are as configured now.
    return replace(session, instance=chosen.instance)


class StoredLogin:
    """One login as it is kept; everything that writes is called under the session's lock, but for `sign_in`."""

    def __init__(self, ports: Ports, chosen: Chosen) -> None:
        """Read nothing yet."""
        self._ports = ports
        self._chosen = chosen
        self._name = chosen.name

    def load(self) -> Held:
        """Read the newest tokens there are: the store's, those that were rescued, or an SDK's.

        Raises NotLoggedIn, BoundElsewhere, StoredElsewhere, StorageError.
        """
        card = self._ports.cards.read(self._name)
        store = self._ports.store(store_kind(card, self._ports.env))
        spare, unsure = rescued(self._ports, self._name)
        stored = None
        try:
            stored = store.load(self._name)
        except (StoreUnusable, StoreTimeout):
            if spare is None and card is None:  # every login has its card, so there is none that could not be read
                raise self._not_logged_in() from None
            if spare is None:
                raise
        newest, spared = newer(stored, spare)
        if newest is None:
            raise self._not_logged_in()
        session = bound(newest, self._chosen)
        card = (card or card_of(session, store)).facts_of(session.token)
        held = Held(session, store, card, rescued=spared, unsure=unsure)
        return self._beside_the_sdks(held) if card.sdk_cache else held

    def _beside_the_sdks(self, held: Held) -> Held:
        cache, named = self._ports.sdk_cache, held.card.sdk_cache
        theirs = cache.newer(held.session, named)
        if theirs is None:
            return replace(held, behind=cache.behind(held.session, named))
        return replace(held, session=spending(held.session, theirs), followed=True)

    def _not_logged_in(self) -> NotLoggedIn:
        hint = log_in(self._name, self._chosen.instance)
        return NotLoggedIn(f"session {self._name!r} is not logged in", hint=hint)

    def settled(self, held: Held) -> bool:
        """Tell whether the login lies where it belongs, and nowhere else than it should."""
        share = self._chosen.sdk_cache and held.card.sdk_cache != self._chosen.cached_as
        return not (held.rescued or held.followed or held.behind or share)

    def settle(self, held: Held) -> Held:
        """Put into its store what was rescued or renewed by an SDK, and give the SDKs what they are to have.

        Raises StorageError while the store does not take it.
        """
        session, card = held.session, held.card
        if held.rescued or held.followed:
            held.store.save(session)
            unrescue(self._ports, session.name)
        if held.followed:  # whatever stood in the way of a renewal: somebody has made one
            card = replace(card, refused=False, retry_after=0, retry_delay=0, about="")
            self._ports.cards.write(card)
        if held.behind:
            self._ports.sdk_cache.put(session, card.sdk_cache, unless_newer=True)
        named = self._chosen.cached_as
        if self._chosen.sdk_cache and card.sdk_cache != named:
            withdraw(self._ports, card, but=named)
            card = replace(card, sdk_cache=named)
            self._ports.cards.write(card)  # before the file: none is ever unlisted
            self._ports.sdk_cache.put(session, named)
        return replace(held, card=card, rescued=False, followed=False, behind=False)

    def postpone(self, held: Held, *, until: float, delay: float) -> None:
        """Note that no renewal of this token is to be tried before that time, and how long the wait was."""
        about = fingerprint(held.session.token)
        self._ports.cards.write(replace(held.card, retry_after=until, retry_delay=delay, about=about))

    def refuse(self, held: Held) -> None:
        """Note that the issuer refused this refresh token."""
        self._ports.cards.write(held.card.refused_at(self._ports.clock.now(), held.session.token))

    def resume(self, card: Card) -> None:
        """Take the back-off away: an answer came, and there is nothing to wait for."""
        self._ports.cards.write(replace(card, retry_after=0, retry_delay=0, about=card.about if card.refused else ""))

    def save(self, held: Held, token: Token) -> tuple[Session, StorageError | None]:
        """Keep what a renewal brought; where the store does not take it, in memory, and give the error that says so."""
        session = spending(held.session, replace(held.session, token=token))
        problem = None
        try:
            held.store.save(session)
        except StorageError as error:
            problem = error
        else:
            with suppress(StorageError):  # what lies in memory is behind now
                unrescue(self._ports, session.name)
        if held.card.sdk_cache:
            self._ports.sdk_cache.put(session, held.card.sdk_cache, unless_newer=True)
        return session, rescue(self._ports, session, problem) if problem else None

    def renewed(self, held: Held, session: Session) -> Held:
        """Bring the card up to date after a renewal that is stored; what a move left behind goes at last."""
        card = self._emptied(card_of(session, held.store, old=held.card))
        self._ports.cards.write(card)
        return replace(held, session=session, card=card)

    def sign_in(self, session: Session, store: Store, *, sdk_cache: str = "") -> None:
        """Keep a new login, under the lock; the card first, so that no secret is ever unlisted.

        The AWS SDKs get it, too, where `sdk_cache` says what their file is named after; else an earlier one is taken
        away. While it moves from one store to the other the card names both.
        """
        ports = self._ports
        with ports.locks.hold(session.name), ports.unbroken():
            old, before = readable_card(ports, session.name), earlier(store, session.name)
            session = spending(before, session) if before else session
            card = replace(card_of(session, store, old=old), sdk_cache=sdk_cache, began=session.token.issued_at)
            card = replace(card, written=self._chosen.written)
            if old is None:
                ports.cards.write(card)
            elif old.store == store.kind:
                card = self._cleared(store, card)
            else:
                left = old.also_entries if old.also == store.kind else ()  # by a move the other way that was cut short
                card = replace(card, entries=tuple(dict.fromkeys([*card.entries, *left])))
                ports.cards.write(replace(old, also=store.kind, also_entries=card.entries))
                card = replace(self._cleared(store, card), also=old.store, also_entries=old.entries)
            store.save(session)
            withdraw(ports, old, but=sdk_cache)
            ports.cards.write(card)
            if sdk_cache:
                ports.sdk_cache.put(session, sdk_cache)
            unrescue(ports, session.name)
            if card.also:
                ports.cards.write(self._emptied(card, told=True))

    def _cleared(self, store: Store, card: Card) -> Card:
        """Forget what came of the earlier login, which may have been somebody else's; what will not go stays listed."""
        try:
            drop_others(store, card)
        except StorageError as error:
            what = f"role credentials of the earlier login of {card.name!r}"
            warn(self._ports, f"{what} could not be removed: {error.message}")
            return card
        return replace(card, entries=(store.entry(card.name),))

    def _emptied(self, card: Card, *, told: bool = False) -> Card:
        """Clear the store that a login has moved out of, as well as it can be done; what will not go stays listed."""
        if not card.also:
            return card
        try:
            store = self._ports.store(card.also)
            for entry in card.also_entries:
                store.drop(entry)
        except StorageError as error:
            if told:
                where = f"the earlier login of session {card.name!r} could not be removed from the {card.also}"
                warn(self._ports, f"{where}: {error.message}")
            return card
        return replace(card, also="", also_entries=())

    def kept_role(self, roles: Callable[[str], RoleStore], key: RoleKey) -> KeptRole | None:
        """Read role credentials that the card lists; raise StorageError, StoredElsewhere."""
        card = self._ports.cards.read(self._name)
        if card is None:
            return None
        store = roles(store_kind(card, self._ports.env))
        return store.load(key) if store.entry(key) in card.entries else None

    def keep_role(self, roles: Callable[[str], RoleStore], kept: KeptRole) -> None:
        """Keep role credentials, under the session's lock, the card first: no secret is ever unlisted.

        Raises StorageError, and LoginRequired where someone has logged out meanwhile, or in elsewhere.
        """
        with self._ports.locks.hold(self._name), self._ports.unbroken():
            held = self.load()
            store = roles(held.store.kind)
            entry = store.entry(kept.key)
            if entry not in held.card.entries:
                self._ports.cards.write(replace(held.card, entries=(*held.card.entries, entry)))
            store.save(kept)


def withdraw(ports: Ports, card: Card | None, *, but: str = "") -> StorageError | None:
    """Take a login away from the SDKs, `but` not under that name; tell why that failed, and give the error."""
    if card is None or card.sdk_cache in {"", but}:
        return None
    try:
        ports.sdk_cache.remove(card.sdk_cache)
    except StorageError as error:
        warn(ports, f"the AWS SDKs' copy of the login of {card.name!r} could not be removed: {error.message}")
        return error
    return None


def drop_others(store: Store, card: Card) -> None:
    """Forget what came of a login, such as role credentials: all that its card lists beside its own record."""
    for entry in card.entries:
        if entry != store.entry(card.name):
            store.drop(entry)
