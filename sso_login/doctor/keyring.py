"""Looks at the OS keyring and at its bus for `doctor`: never a prompt, nothing unlocked, nothing written."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from sso_login import layout
from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.adapters.secrets.platforms.vault import platform_vault
from sso_login.adapters.system import home
from sso_login.core.errors import HomeUnknown, StorageError
from sso_login.doctor.finding import Finding, broken, fine, of_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUS: Final = "D-Bus"
KEYRING: Final = "keyring"
_INSTEAD: Final = "Run this inside a login session, or keep secrets in files: `export SSO_LOGIN_STORE=file`."
_SETTINGS: Final = "python_keyring/keyringrc.cfg"


def backend_label() -> str:
    """Name the one keyring that this platform may use."""
    return platform_vault().label


def keyring_finding(env: Mapping[str, str], *, home: str) -> Finding:
    """Tell in which state the keyring is, within its deadline for when nobody is there to be asked (3 s)."""
    entries = KeyringEntries(env=env, interactive=False, notify=lambda _: None, home=home)
    try:
        entries.look()
    except StorageError as error:
        return of_error(KEYRING, error)
    return fine(KEYRING, f"the {entries.backend} keyring answers and is unlocked")


def bus_finding(env: Mapping[str, str], *, users: str = "/run/user") -> Finding | None:
    """Tell where the session bus is; None where the platform's keyring needs none."""
    if sys.platform != "linux":
        return None
    from sso_login.adapters.secrets import secret_service

    address = env.get(secret_service.ADDRESS)
    if not address:
        found = secret_service.found_bus(env, users=users)
        if not found:
            return broken(BUS, f"there is no D-Bus session bus, and {secret_service.ADDRESS} is not set", _INSTEAD)
        return fine(BUS, f"{secret_service.ADDRESS} is not set; the bus was found at {found}")
    return _named_bus(address)


def _named_bus(address: str) -> Finding:
    from sso_login.adapters.secrets import secret_service

    path, named = _socket_of(address), f"{secret_service.ADDRESS} names"
    if path is None:
        return fine(BUS, f"{named} {address}")
    if not Path(path).exists():
        remedy = f"Unset it, so that the bus is looked for: `unset {secret_service.ADDRESS}`. {_INSTEAD}"
        return broken(BUS, f"{named} {path}, which is not there", remedy)
    if not layout.our_socket(path):
        remedy = f"Run this as the user of that login session. {_INSTEAD}"
        return broken(BUS, f"{named} {path}, which is no socket of yours", remedy)
    return fine(BUS, f"{named} {path}, a socket of yours")


def _socket_of(address: str) -> str | None:
    """Read the path out of `unix:path=...`, None for any other kind of address or a list of some."""
    kind, _, rest = address.partition(":")
    pairs = dict(pair.partition("=")[::2] for pair in rest.split(","))
    return unquote(pairs["path"]) if kind == "unix" and "path" in pairs and ";" not in rest else None


def ignored_findings(env: Mapping[str, str]) -> Iterator[Finding]:
    """Tell of other backends that `keyring` would take, and sso-login does not."""
    instead = f"sso-login ignores it and takes {backend_label()} alone"
    if named := env.get("PYTHON_KEYRING_BACKEND"):
        yield fine(KEYRING, f"PYTHON_KEYRING_BACKEND names {named}; {instead}")
    for path in _settings(env):
        yield fine(KEYRING, f"{path} may choose another backend; {instead}")
    if _installed("keyrings.alt"):
        yield fine(KEYRING, f"keyrings.alt is installed, which keeps secrets in plaintext; {instead}")


def _settings(env: Mapping[str, str]) -> list[Path]:
    """Find keyring's own settings, in the two places that it looks in."""
    found = []
    for variable, usual in (("XDG_CONFIG_HOME", "~/.config"), ("XDG_DATA_HOME", "~/.local/share")):
        with suppress(HomeUnknown):
            found.append(Path(env.get(variable) or home.expanded(env, usual), _SETTINGS))
    return [path for path in found if path.exists()]


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False
