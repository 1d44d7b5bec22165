"""Where a login is kept: its store, its card, and what had to be rescued when its store did not take it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sso_login.core import commands
from sso_login.core.errors import (
    BadRecord,
    BoundElsewhere,
    NewerRecord,
    NotLoggedIn,
    ServiceError,
    SsoLoginError,
    StorageError,
    StoredElsewhere,
    StoreTimeout,
    StoreUnusable,
    UsageProblem,
)
from sso_login.core.model import Card, Session, Token
from sso_login.flows import adopt as cached

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.model import Instance
    from sso_login.core.ports import Ports, Renewer, Store
    from sso_login.flows.select.session import Chosen

STORES: Final = ("keyring", "file")
FILE: Final = STORES[1]
# OAuth error codes that say the refresh token or its client is no good any more.
REFUSALS: Final = {
    *("invalid_grant", "invalid_client", "expired_token", "access_denied", "unauthorized_client"),
    *("token_expired", "authcode_expired", "user_credentials_changed"),  # AWS Sign-In's
}
_ENDS_BY_ITSELF: Final = "It ends by itself in time; at once if you sign out at the access portal in a browser."
_SPENT: Final = "\nspent"  # behind a session's name, which holds no line break


@dataclass(frozen=True, slots=True)
class Held:
    """A stored login, the store it belongs to, and its card.

    `rescued` and `followed` say that it does not lie in that store: it had to be rescued, or an SDK has renewed it.
    """

    session: Session
    store: Store
    card: Card | None
    rescued: bool = False
    followed: bool = False


def log_in(name: str, instance: Instance) -> str:
    """Say how to log in to that session, as a hint."""
    return f"Log in with `{commands.log_in(name, instance.kind)}`."


def store_kind(card: Card | None, env: Mapping[str, str]) -> str:
    """Tell which store a session's secrets lie in: the card's pin, else SSO_LOGIN_STORE, else the keyring.

    Raises StoredElsewhere when both are given and differ, UsageProblem for a store that does not exist.
    """
    wanted = env.get("SSO_LOGIN_STORE", "")
    if wanted and wanted not in STORES:
        raise UsageProblem(f"SSO_LOGIN_STORE={wanted!r} is no store", hint="It may be keyring or file, or unset.")
    if card and wanted and wanted != card.store:
        anew = commands.log_in(card.name, card.instance.kind, force=True)
        raise StoredElsewhere(
            f"the login of session {card.name!r} lies in the {card.store} store, SSO_LOGIN_STORE says {wanted}",
            hint=f"Unset SSO_LOGIN_STORE, or move the login: `{anew}`.",
        )
    return card.store if card else wanted or STORES[0]


def held(ports: Ports, chosen: Chosen) -> Held:
    """Read the newest tokens there are of that session: its store's, those that were rescued, or an SDK's.

    Raises NotLoggedIn, BoundElsewhere, StoredElsewhere, StorageError.
    """
    name = chosen.name
    card = ports.cards.read(name)
    store = ports.store(store_kind(card, ports.env))
    spare = rescued(ports, name)
    try:
        stored = store.load(name)
    except (StoreUnusable, StoreTimeout):
        if spare is None and card is None:  # every login has its card, so there is none that could not be read
            raise _not_logged_in(chosen) from None
        if spare is None:
            raise
        return _newest(ports, Held(_bound(spare, chosen), store, card, rescued=True))
    newer = spare is not None and (stored is None or stored.token in {spare.token, _spent(ports, name)})
    return _newest(ports, Held(_bound(spare if newer else stored, chosen), store, card, rescued=newer))


def _newest(ports: Ports, found: Held) -> Held:
    found = replace(found, card=found.card and found.card.facts_of(found.session.token))
    theirs = cached.followed(ports, found.session, found.card)
    return replace(found, session=theirs, followed=True) if theirs else found


def _bound(session: Session | None, chosen: Chosen) -> Session:
    if session is None:
        raise _not_logged_in(chosen)
    if session.instance.binding != chosen.instance.binding:
        raise BoundElsewhere(
            f"the login of session {chosen.name!r} belongs to {session.instance.described()}, "
            f"but {chosen.source} says {chosen.instance.described()}",
            hint=log_in(chosen.name, chosen.instance),
        )
    # The same login, but the portal's endpoint and the kind of host are as configured now.
    return replace(session, instance=chosen.instance)


def _not_logged_in(chosen: Chosen) -> NotLoggedIn:
    return NotLoggedIn(f"session {chosen.name!r} is not logged in", hint=log_in(chosen.name, chosen.instance))


def rescued(ports: Ports, name: str) -> Session | None:
    """Read what was rescued of a session; what cannot be read there is told of and passed over."""
    try:
        return ports.rescue.load(name) if ports.rescue else None
    except StorageError as error:
        _warn(ports, error.message)
        return None


def _spent(ports: Ports, name: str) -> Token | None:
    """Read which token was spent for what was rescued: while the store still holds it, the rescued one is newer."""
    spent = rescued(ports, name + _SPENT)
    return spent.token if spent else None


def rescue(ports: Ports, session: Session, problem: StorageError, *, spent: Session) -> StorageError:
    """Keep in memory what the store did not take, and give the error that says so; raise it where that fails too."""
    try:
        if ports.rescue is None:
            raise problem
        ports.rescue.save(replace(spent, name=spent.name + _SPENT))
        ports.rescue.save(session)
    except StorageError:
        anew = commands.log_in(session.name, session.instance.kind, force=True)
        hint = f"Once the store works again: `{anew}`. {problem.hint}"
        raise StorageError(f"{problem.message}; the new tokens could not be kept anywhere", hint=hint) from problem
    return StorageError(
        f"{problem.message}; the new tokens of session {session.name!r} are kept in {ports.rescue.backend} until then",
        hint=f"They are lost at the next restart, so mend the store soon. {problem.hint}",
    )


def unrescue(ports: Ports, name: str) -> bool:
    """Forget what was rescued of a session; tell whether there was anything."""
    if ports.rescue is None:
        return False
    ports.rescue.delete(name + _SPENT)
    return ports.rescue.delete(name)


def _warn(ports: Ports, text: str) -> None:
    from sso_login.core.message import Notice

    ports.notify(Notice(text, warning=True))


def card_of(session: Session, store: Store, *, old: Card | None = None, sdk_cache: str = "") -> Card:
    """Write the card of a session that is saved; what else lies in the same store by the `old` card stays listed."""
    others = old.entries if old and old.store == store.kind else ()
    return Card(
        name=session.name,
        instance=session.instance,
        scopes=session.scopes,
        store=store.kind,
        backend=store.backend,
        entries=tuple(dict.fromkeys([store.entry(session.name), *others])),
        sdk_cache=sdk_cache or (old.sdk_cache if old else ""),
    )


def signed_in(ports: Ports, session: Session, store: Store, *, sdk_cache: str = "") -> None:
    """Keep a new login, under the lock; the card first where there is none, so that no secret is ever unlisted.

    The AWS SDKs get it, too, where `sdk_cache` says what their file is named after; else an earlier one is taken away.
    """
    with ports.locks.hold(session.name), ports.unbroken():
        card, old = card_of(session, store, sdk_cache=sdk_cache), readable_card(ports, session.name)
        refuse_newer(store, session.name)
        if old is None:
            ports.cards.write(card)
        elif old.store == store.kind:
            card = _cleared(ports, store, old=old, card=card)
        store.save(session)
        cached.withdrawn(ports, old, but=sdk_cache)
        ports.cards.write(card)
        if sdk_cache:
            ports.sdk_cache.put(session, sdk_cache)
        unrescue(ports, session.name)
        if old and old.store != store.kind:
            _left(ports, old)


def readable_card(ports: Ports, name: str) -> Card | None:
    """Read a card where it is going to be replaced: one that is corrupt is as good as none; raises NewerRecord."""
    try:
        return ports.cards.read(name)
    except BadRecord:
        return None


def refuse_newer(store: Store, name: str) -> None:
    """Raise NewerRecord where a newer version of this program has left a record; nothing else is wrong here."""
    try:
        store.load(name)
    except NewerRecord:
        raise
    except StorageError:
        return


def _drop_others(store: Store, card: Card) -> None:
    """Forget what came of a login, such as role credentials: all that its card lists beside its own record."""
    for entry in card.entries:
        if entry != store.entry(card.name):
            store.drop(entry)


def _cleared(ports: Ports, store: Store, *, old: Card, card: Card) -> Card:
    """Forget what came of the earlier login, which may have been somebody else's; what will not go stays listed."""
    try:
        _drop_others(store, old)
    except StorageError as error:
        _warn(ports, f"role credentials of the earlier login of {old.name!r} could not be removed: {error.message}")
        return replace(card, entries=tuple(dict.fromkeys([*card.entries, *old.entries])))
    return card


def _left(ports: Ports, old: Card) -> None:
    """Clear the store that a session has moved out of, as well as it can be done."""
    try:
        store = ports.store(old.store)
        _drop_others(store, old)
        store.delete(old.name)
    except StorageError as error:
        text = f"the earlier login of session {old.name!r} could not be removed from the {old.store}: {error.message}"
        _warn(ports, text)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a logout did: whether there was anything here, also where it was rescued to, and what could not be done."""

    found: bool
    rescued: str | None = None
    problem: SsoLoginError | None = None


def forgotten(ports: Ports, found: Chosen | tuple[str, SsoLoginError], *, local: bool) -> Forgotten:
    """Forget the session's tokens and card under the lock, then end the portal session unless `local`.

    A session whose config or card is broken (its name and the error) is forgotten here all the same.
    Raises StorageError, StoredElsewhere, LockTimeout with nothing forgotten.
    """
    name, problem = found if isinstance(found, tuple) else (found.name, None)
    session = None
    with ports.locks.hold(name):
        known = name in ports.cards.names()
        card = _card_to_forget(ports, name)
        store = ports.store(store_kind(card, ports.env) if known else FILE)  # without a card no keyring has anything
        spare = rescued(ports, name)
        try:
            session = spare or store.load(name)
            session = (session and cached.followed(ports, session, card)) or session
        except StorageError as error:
            problem = problem or error  # what cannot be read can perhaps be removed; if not, that is the error
        if card:
            _drop_others(store, card)
        deleted = store.delete(name)
        spared = unrescue(ports, name)
        left = cached.withdrawn(ports, card or _expected(found))
        ports.cards.delete(name)
    if session and not local and not isinstance(found, tuple):
        problem = _ended(ports, found, session)
    elif problem:
        problem = type(problem)(f"the portal session was not ended: {problem.message}", hint=_ENDS_BY_ITSELF)
    place = ports.rescue.backend if ports.rescue and spared else None
    return Forgotten(found=deleted or spared or known, rescued=place, problem=left or (None if local else problem))


def _expected(found: Chosen | tuple[str, SsoLoginError]) -> Card | None:
    """Make up the card of a session whose own is damaged, as far as the config says what the SDKs have of it."""
    if isinstance(found, tuple) or not found.sdk_cache:
        return None
    return Card(found.name, found.instance, found.scopes, store="", backend="", sdk_cache=found.cached_as)


def _card_to_forget(ports: Ports, name: str) -> Card | None:
    try:
        return readable_card(ports, name)
    except NewerRecord:
        return None


def _ended(ports: Ports, chosen: Chosen, session: Session) -> SsoLoginError | None:
    try:
        issuer = ports.issuer(chosen.instance)
        token = _good(issuer, _bound(session, chosen), ports.clock.now())
        if token:
            issuer.end(token)
    except SsoLoginError as error:
        return error
    return None


def _good(issuer: Renewer, session: Session, now: float) -> Token | None:
    """Give a token that the portal takes: one that is over is renewed; None where the session is over, too."""
    token = session.token
    if token.usable(now) or token.refresh is None or not session.client.usable(now):
        return token
    try:
        return issuer.renew(session)
    except ServiceError as error:
        if error.code in REFUSALS:
            return None
        raise
