"""Logins that the AWS SDKs have, too, in a cache of their own: which copy is the newer one, and what follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sso_login.core.errors import StorageError

if TYPE_CHECKING:
    from sso_login.core.model import Card, Session
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen


def followed(ports: Ports, session: Session, card: Card | None) -> Session | None:
    """Give the login as an SDK has renewed it meanwhile, None where none has or none knows it."""
    return ports.sdk_cache.newer(session, card.sdk_cache) if card and card.sdk_cache else None


def to_share(chosen: Chosen, card: Card | None) -> bool:
    """Tell whether the SDKs are to have a login that they do not have yet."""
    return chosen.sdk_cache and (card is None or card.sdk_cache != chosen.cached_as)


def shared(ports: Ports, session: Session, *, card: Card, named: str) -> Card:
    """Give the SDKs a login under that name, and its card: that comes first, so that no file is ever unlisted."""
    fresh = replace(card, sdk_cache=named)
    withdrawn(ports, card, but=named)
    ports.cards.write(fresh)
    ports.sdk_cache.put(session, named)
    return fresh


def updated(ports: Ports, session: Session, card: Card | None, *, spent: Session) -> None:
    """Let the SDKs have what a renewal brought, where they have the login at all."""
    if card and card.sdk_cache:
        ports.sdk_cache.put(session, card.sdk_cache, spent=spent)


def withdrawn(ports: Ports, card: Card | None, *, but: str = "") -> StorageError | None:
    """Take a login away from the SDKs, `but` not under that name; tell why that failed, and give the error."""
    if card is None or card.sdk_cache in {"", but}:
        return None
    try:
        ports.sdk_cache.remove(card.sdk_cache)
    except StorageError as error:
        from sso_login.core.message import Notice

        text = f"the AWS SDKs' copy of the login of {card.name!r} could not be removed: {error.message}"
        ports.notify(Notice(text, warning=True))
        return error
    return None
