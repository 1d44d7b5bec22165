"""Windows' Credential Manager over a fake that moves the previous secret aside, as `keyring` does, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from keyring.errors import PasswordDeleteError

from sso_login.adapters.secrets.keyring_store import KeyringEntries
from sso_login.adapters.secrets.platforms.vault import Vault, platform_vault
from sso_login.core.errors import StoreUnusable

ENTRY = "sso-login:sso:my-sso"


class error(Exception):  # noqa: N801 - named as pywintypes.error is
    """What pywin32-ctypes raises: winerror, funcname and strerror."""

    def __init__(self, winerror: int) -> None:
        """Keep the number."""
        super().__init__(winerror, "CredWrite", "marked-secret")
        self.winerror = winerror


class WinVault:
    """keyring.backends.Windows.WinVaultKeyring over a dict of target to user and secret."""

    def __init__(self) -> None:
        """Start empty."""
        self.credentials: dict[str, tuple[str, str]] = {}
        self.fails = 0

    def get_password(self, service: str, username: str) -> str | None:
        """Look under the service, then under the compound name."""
        self._fail()
        for target in (service, f"{username}@{service}"):
            user, secret = self.credentials.get(target, ("", ""))
            if user == username:
                return secret
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Move what is there to the compound name, then write."""
        self._fail()
        if service in self.credentials:
            user, secret = self.credentials[service]
            self.credentials[f"{user}@{service}"] = (user, secret)
        self.credentials[service] = (username, password)

    def delete_password(self, service: str, username: str) -> None:
        """Delete under both names."""
        self._fail()
        gone = [
            target
            for target in (service, f"{username}@{service}")
            if self.credentials.get(target, ("", ""))[0] == username
        ]
        for target in gone:
            del self.credentials[target]
        if not gone:
            raise PasswordDeleteError(service)

    def _fail(self) -> None:
        if self.fails:
            raise error(self.fails)


def entries(backend: WinVault, home: Path) -> KeyringEntries:
    """Make the adapter over it, as Windows has it."""
    real = platform_vault("win32")
    vault = Vault(real.label, lambda: backend, limit=real.limit, leaves=real.leaves, unattended=120)
    return KeyringEntries(env={}, interactive=False, notify=print, home=str(home), vault=vault)


@pytest.mark.parametrize("length", [100, 5000])
def test_the_previous_secret_is_not_left_behind(tmp_path: Path, length: int) -> None:
    """After each save there is nothing under USER@SERVICE, whether in parts or in one piece."""
    backend = WinVault()
    kept = entries(backend, tmp_path)
    for letter in "abcd":
        kept.write(ENTRY, letter * length)
        assert not [target for target in backend.credentials if target.startswith("sso-login@")]
        assert not [
            secret
            for _, secret in backend.credentials.values()
            if "a" in secret and letter != "a" and not secret.startswith("sso-login-parts")
        ]
    assert kept.read(ENTRY) == "d" * length
    assert kept.delete(ENTRY)
    assert backend.credentials == {}


def test_what_an_older_version_left_behind_goes_with_the_next_save(tmp_path: Path) -> None:
    """And with a logout."""
    backend = WinVault()
    backend.credentials = {ENTRY: ("sso-login", "now"), f"sso-login@{ENTRY}": ("sso-login", "before")}
    entries(backend, tmp_path).write(ENTRY, "next")
    assert backend.credentials == {ENTRY: ("sso-login", "next")}
    backend.credentials[f"sso-login@{ENTRY}"] = ("sso-login", "before")
    entries(backend, tmp_path).delete(ENTRY)
    assert backend.credentials == {}


@pytest.mark.parametrize(
    ("number", "says", "remedy"),
    [
        (1312, "not there for network log-ons (SSH, WinRM)", "SSO_LOGIN_STORE=file"),
        (5, "does not let this program in", "desktop session"),
        (1783, "too long", "SSO_LOGIN_STORE=file"),
        (1722, "does not answer", "VaultSvc"),
        (4711, "refused (Windows error 4711)", "net helpmsg 4711"),
    ],
)
def test_a_windows_error_becomes_words_with_the_way_out(tmp_path: Path, number: int, says: str, remedy: str) -> None:
    """Never just the name of a class, and nothing of the error's own text."""
    backend = WinVault()
    backend.fails = number
    kept = entries(backend, tmp_path)
    uses: list[Callable[[], object]] = [
        lambda: kept.read(ENTRY),
        lambda: kept.write(ENTRY, "x"),
        lambda: kept.delete(ENTRY),
    ]
    for use in uses:
        with pytest.raises(StoreUnusable) as caught:
            use()
        assert says in caught.value.message
        assert remedy in caught.value.hint
        assert "marked" not in f"{caught.value.message}{caught.value.hint}"
