"""The client secrets of OAuth issuers in the store: an entry each, beside the logins, which come and go without it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from sso_login import layout
from sso_login.core.errors import BadRecord, ConfigError, StorageError, UsageProblem
from sso_login.core.model import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.core.model import Instance
    from sso_login.core.ports import Entries

_FILE: Final = "file"
_SECRET: Final = re.compile(r"[\x20-\x7e]{1,4096}")  # VSCHAR, RFC 6749 appendix A.2


def checked(secret: str) -> Secret:
    """Return what can be a client secret; UsageProblem, which does not show it."""
    if not _SECRET.fullmatch(secret):
        message = "that is not a client secret: it is empty, too long, or has characters that none has"
        raise UsageProblem(message, hint="Give it alone on one line, as the issuer shows it.")
    return Secret(secret)


class ClientSecrets:
    """Reads and writes them; `entries` gives a kind of store, `store_of` says in which one an issuer's logins lie."""

    def __init__(self, entries: Callable[[str], Entries], store_of: Callable[[str], str]) -> None:
        """Open nothing yet."""
        self._entries = entries
        self._store_of = store_of

    def read(self, name: str, instance: Instance) -> Secret:
        """Give the client secret of an issuer, from the store of its logins or, failing that, from the file store.

        Raises ConfigError where there is none, or one of another issuer or client; StorageError.
        """
        kind, trouble = self._store_of(name), None
        try:
            text = self._entries(kind).read(_entry(name))
        except StorageError as error:
            text, trouble = None, error
        if text is None and kind != _FILE:
            text = self._entries(_FILE).read(_entry(name))
        if text is None and trouble:
            raise trouble
        hint = f"Give it again: `sso-login configure issuer {shlex.quote(name)} --client-secret-stdin`."
        if text is None:
            raise ConfigError(f"the client secret of issuer {name!r} is in no store", hint=hint)
        whose, joint, secret = text.partition("\n")
        if not joint or not _SECRET.fullmatch(secret):
            raise BadRecord(f"the client secret of issuer {name!r} cannot be used: it is damaged", hint=hint)
        if whose != _whose(instance):
            message = f"the client secret of issuer {name!r} is one for {whose}, and not for {_whose(instance)}"
            raise ConfigError(message, hint=hint)
        return Secret(secret)

    def keep(self, name: str, instance: Instance, secret: Secret) -> str:
        """Keep it in the store of the issuer's logins, and name that; raise StorageError, StoredElsewhere."""
        kind = self._store_of(name)
        self._entries(kind).check()
        self._entries(kind).write(_entry(name), f"{_whose(instance)}\n{secret.reveal()}")
        return "the file store" if kind == _FILE else f"the keyring ({self._entries(kind).backend})"

    def forget(self, name: str) -> None:
        """Forget it; raise StorageError."""
        self._entries(self._store_of(name)).delete(_entry(name))


def _whose(instance: Instance) -> str:
    """Say whom a secret may be shown: one client of one issuer."""
    client = instance.application.client_id if instance.application else ""
    return f"{instance.binding[0]} (client {client})"


def _entry(name: str) -> str:
    return layout.entry(layout.CLIENT, name)
