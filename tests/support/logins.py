"""Logins that are kept and read back in tests, whatever else they are of."""

from __future__ import annotations

from sso_login.core.model import Session
from sso_login.core.ports import Ports, Store
from sso_login.flows.select.session import Chosen
from sso_login.flows.stored_login import Held, StoredLogin


def sign_in(ports: Ports, session: Session, store: Store, *, sdk_cache: str = "") -> None:
    """Keep a new login, as the commands that log in do."""
    chosen = Chosen(session.name, session.instance, session.scopes, None, sdk_cache=bool(sdk_cache), source="a test")
    StoredLogin(ports, chosen).sign_in(session, store, sdk_cache=sdk_cache)


def held(ports: Ports, chosen: Chosen) -> Held:
    """Read a login."""
    return StoredLogin(ports, chosen).load()
