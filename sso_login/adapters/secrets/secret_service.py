"""The Secret Service itself, on Linux: whether its default collection is there and unlocked, without any prompt."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import secretstorage
from keyring.backends.SecretService import Keyring

from sso_login import layout
from sso_login.core.commands import INTO_FILES
from sso_login.core.errors import StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS: Final = "DBUS_SESSION_BUS_ADDRESS"


def ready(env: Mapping[str, str], *, interactive: bool) -> None:
    """Raise StoreUnusable unless the default collection can be used now, by way of a prompt only if `interactive`."""
    address = adopt_bus(env)
    try:
        connection = secretstorage.dbus_init()
    except (OSError, RuntimeError, secretstorage.SecretServiceNotAvailableException) as error:
        message = f"no keyring: no D-Bus session bus answers at {address}"
        raise StoreUnusable(message, hint=f"Run this inside a login session, {INTO_FILES}") from error
    try:
        with closing(connection) as bus:
            # By its path: not every service (KeePassXC, KWallet) answers at that of the alias, which keyring takes.
            collection = secretstorage.get_collection_by_alias(bus, "default")
            locked = collection.is_locked()
            Keyring.preferred_collection = collection.collection_path  # type: ignore[attr-defined] # keyring asks hasattr
    except secretstorage.ItemNotFoundException as error:
        message = "the keyring has no default collection"
        hint = f"Create one (Passwords and Keys, or log in to the desktop once), {INTO_FILES}"
        raise StoreUnusable(message, hint=hint) from error
    except secretstorage.SecretServiceNotAvailableException as error:
        message = "no keyring service answers on the D-Bus session bus"
        raise StoreUnusable(message, hint=f"Start one (gnome-keyring, KWallet, KeePassXC), {INTO_FILES}") from error
    if locked and not interactive:
        raise StoreUnusable("the keyring is locked", hint=f"Unlock it, log in to the desktop, {INTO_FILES}")


def adopt_bus(env: Mapping[str, str], *, users: str = "/run/user") -> str:
    """Make the session bus known to the libraries, also where cron or SSH did not, and give its address.

    Without a variable that tells, it is the socket `bus` of ours in XDG_RUNTIME_DIR or in our folder below `users`.
    Raises StoreUnusable where there is none.

    They look for it in this process's environment and nowhere else, hence the one change made to it.
    """
    address = env.get(ADDRESS) or found_bus(env, users=users)
    if not address:
        message = "no keyring: there is no D-Bus session bus"
        raise StoreUnusable(message, hint=f"Run this inside a login session, {INTO_FILES}")
    os.environ[ADDRESS] = address
    return address


def drop_elsewhere(service: str) -> bool:
    """Remove what other unlocked collections hold under that service name; tell whether there was anything.

    keyring looks in the default collection only, and which one that is can be changed.
    """
    found = False
    with closing(secretstorage.dbus_init()) as bus:
        for item in secretstorage.search_items(bus, {"service": service, "username": layout.USERNAME}):
            if not item.is_locked():
                item.delete()
                found = True
    return found


def found_bus(env: Mapping[str, str], *, users: str = "/run/user") -> str:
    """Give the address of the session bus that no variable tells of, "" where there is none of ours."""
    path = layout.bus_path(env, users=users)
    return f"unix:path={quote(path, safe='-_/.*')}" if path else ""
