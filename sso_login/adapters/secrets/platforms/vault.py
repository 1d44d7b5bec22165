"""The one keyring that each platform may use, by name; what it needs before, and what it leaves behind."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_login import layout
from sso_login.adapters.secrets.platforms.words import MACOS, WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sso_login.adapters.secrets.platforms.backend import Backend


def _always_ready(_env: Mapping[str, str], *, interactive: bool) -> None:
    del interactive


def _nowhere_else(_service: str) -> bool:
    return False


def _not_fast(_entry: str, _env: Mapping[str, str]) -> str | None:
    return None


def _nothing_left(_service: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Vault:
    """One platform's keyring: its name, how to get at it, its limit in UTF-16 code units, the deadlines in seconds.

    `fast` reads a secret where that takes neither the backend nor a prompt; None for all that is odd about it.
    `leaves` names the service under which a save leaves the secret of before, which is then deleted.
    """

    label: str
    load: Callable[[], Backend]
    limit: int | None = None
    ready: Callable[..., None] = _always_ready
    drop_elsewhere: Callable[[str], bool] = _nowhere_else
    fast: Callable[[str, Mapping[str, str]], str | None] = _not_fast
    leaves: Callable[[str], str | None] = _nothing_left
    unattended: float = 3.0
    attended: float = 60.0


def platform_vault(platform: str = sys.platform) -> Vault:
    """Give the one keyring a platform may use: Secret Service, macOS's keychain or Windows' Credential Manager."""
    if platform == "darwin":
        return Vault(MACOS, _keychain, ready=_keychain_ready)
    if platform == "win32":
        return Vault(
            WINDOWS,
            lambda: _loaded("keyring.backends.Windows", "WinVaultKeyring"),
            limit=1280,
            leaves=lambda service: f"{layout.USERNAME}@{service}",
        )
    return Vault(
        "SecretService",
        lambda: _loaded("keyring.backends.SecretService", "Keyring"),
        ready=_secret_service_ready,
        drop_elsewhere=_secret_service_drop,
        fast=_secret_service_read,
    )


def _loaded(module: str, name: str) -> Backend:
    backend: Backend = getattr(importlib.import_module(module), name)()
    # keyring lets KEYRING_PROPERTY_* set attributes, such as another collection than the one that was looked at.
    vars(backend).clear()
    # KEYCHAIN_PATH, too, which the macOS backend keeps with its class and warns about on our stderr.
    if hasattr(backend, "keychain"):
        backend.keychain = None
    return backend


def _keychain() -> Backend:
    from sso_login.adapters.secrets.platforms.keychain import Keychain, framework

    return Keychain(_loaded("keyring.backends.macOS", "Keyring"), framework)


def _keychain_ready(env: Mapping[str, str], *, interactive: bool) -> None:
    from sso_login.adapters.secrets.platforms import keychain

    keychain.ready(env, interactive=interactive)


def _secret_service_ready(env: Mapping[str, str], *, interactive: bool) -> None:
    from sso_login.adapters.secrets import secret_service

    secret_service.ready(env, interactive=interactive)


def _secret_service_read(entry: str, env: Mapping[str, str]) -> str | None:
    if sys.platform != "linux":
        return None
    from sso_login import hot_dbus

    try:
        return hot_dbus.secret(entry, env)
    except (OSError, ValueError, LookupError):
        return None


def _secret_service_drop(service: str) -> bool:
    from sso_login.adapters.secrets import secret_service

    return secret_service.drop_elsewhere(service)
