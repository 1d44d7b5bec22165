"""Forgetting a login: everywhere it is kept here, then at the access portal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sso_login.core import commands
from sso_login.core.errors import BadRecord, NewerRecord, ServiceError, SsoLoginError, StorageError
from sso_login.core.model import OAUTH, SSO, Card, labelled
from sso_login.flows.renewal import REFUSALS
from sso_login.flows.rescue import rescued, unrescue
from sso_login.flows.stored_login import FILE, bound, drop_others, readable_card, store_kind, withdraw

if TYPE_CHECKING:
    from sso_login.core.model import Session, Token
    from sso_login.core.ports import Issuer, Ports
    from sso_login.flows.select.session import Chosen

_ENDS_BY_ITSELF: Final = "It ends by itself in time; at once if you sign out at the access portal in a browser."


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a logout did: whether there was anything here, also where it was rescued to, and what could not be done."""

    found: bool
    rescued: str | None = None
    problem: SsoLoginError | None = None


def forget(ports: Ports, found: Chosen | tuple[str, SsoLoginError], *, local: bool) -> Forgotten:
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
        spare, _ = rescued(ports, name)
        try:
            session = spare or store.load(name)
            if session and card and card.sdk_cache:
                session = ports.sdk_cache.newer(session, card.sdk_cache) or session
        except StorageError as error:
            problem = problem or error  # what cannot be read can perhaps be removed; if not, that is the error
        if card:
            drop_others(store, card)
        deleted = store.delete(name)
        deleted = _forgotten_elsewhere(ports, name, card) or deleted
        spared = unrescue(ports, name)
        left = withdraw(ports, card or _expected(found))
        ports.cards.delete(name)
    if session and not local and not isinstance(found, tuple):
        problem = _ended(ports, found, session)
    elif problem:
        problem = type(problem)(f"the portal session was not ended: {problem.message}", hint=_ENDS_BY_ITSELF)
    place = ports.rescue.backend if ports.rescue and spared else None
    return Forgotten(found=deleted or spared or known, rescued=place, problem=left or (None if local else problem))


def unlisted(ports: Ports) -> list[str]:
    """Name the logins that lie in the file store without a card that says so; raise StorageError."""
    return sorted({*ports.store(FILE).names()} - {*ports.cards.names()})


def no_card(name: str, kind: str = SSO) -> BadRecord:
    """Say that no card tells of a login, which only a lost card can bring about."""
    hint = f"`{commands.log_out(name, kind)}` removes it; a login in its place writes the card again."
    return BadRecord(f"a login of {labelled(name, kind)} lies in the file store, and no card tells of it", hint=hint)


def _forgotten_elsewhere(ports: Ports, name: str, card: Card | None) -> bool:
    """Forget what a move between stores left behind, and what the file store has of the session in any case."""
    moved = []
    if card and card.also:
        also = ports.store(card.also)
        moved = [also.drop(entry) for entry in card.also_entries]
    return any([*moved, ports.store(FILE).purge(name)])


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
        token = _good(issuer, bound(session, chosen), ports.clock.now())
        if token:
            issuer.end(token)
    except SsoLoginError as error:
        return error
    return None


def _good(issuer: Issuer, session: Session, now: float) -> Token | None:
    """Give a token that the portal takes: one that is over is renewed; None where the session is over, too.

    An OAuth issuer takes the refresh token itself.
    """
    token = session.token
    if session.instance.kind == OAUTH or token.usable(now) or token.refresh is None or not session.client.usable(now):
        return token
    try:
        return issuer.renew(session)
    except ServiceError as error:
        if error.code in REFUSALS:
            return None
        raise
