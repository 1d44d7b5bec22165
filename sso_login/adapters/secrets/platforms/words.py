"""What a keyring raises, in words: the statuses of macOS and Windows, and the classes of every backend.

Sources: Security/SecBase.h (OSStatus), winerror.h, keyring/errors.py. The error's own text stays out: nothing promises
that it holds no secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.core.commands import INTO_FILES
from sso_login.core.errors import BadRecord, StorageError, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MACOS: Final = "macOS"
WINDOWS: Final = "WinVault"

_UNLOCK: Final = f"Unlock it: `security unlock-keychain`, {INTO_FILES}"
_ALLOW: Final = f"Unlock it (`security unlock-keychain`), allow this Python in Keychain Access, {INTO_FILES}"
_DEFAULT: Final = f"Log in to the desktop once, or see `security default-keychain`, {INTO_FILES}"
_KEYCHAIN: Final[Mapping[int, tuple[str, str]]] = {
    -25308: ("the keychain is locked, and nobody may be asked here (SSH, cron, a daemon)", _UNLOCK),
    -128: ("the access to the keychain was cancelled", f"Run it again and allow it, {INTO_FILES}"),
    -25293: ("the keychain does not let this program in", _ALLOW),
    -67030: ("the keychain does not let this program in", _ALLOW),
    -25291: ("there is no keychain here", _DEFAULT),
    -25294: ("there is no such keychain", _DEFAULT),
    -25307: ("there is no default keychain", _DEFAULT),
    -25292: ("the keychain is read-only", f"Make it writable in Keychain Access, {INTO_FILES}"),
    -61: ("the keychain cannot be written", f"Make it writable in Keychain Access, {INTO_FILES}"),
    -34018: ("macOS does not allow this program to use the keychain", f"Use a Python that is signed, {INTO_FILES}"),
}
_ELSEWHERE: Final = f"Run it in a desktop session or a task that stores your password, {INTO_FILES}"
_SERVICE: Final = f"Start the service Credential Manager (VaultSvc), {INTO_FILES}"
_MANAGER: Final[Mapping[int, tuple[str, str]]] = {
    1312: ("Credential Manager is not there for network log-ons (SSH, WinRM)", _ELSEWHERE),
    5: ("Credential Manager does not let this program in", _ELSEWHERE),
    1783: ("a secret is too long for Credential Manager", "Keep secrets in files instead: SSO_LOGIN_STORE=file."),
    8: ("Credential Manager has no room", f"Remove entries that nothing needs any more there, {INTO_FILES}"),
    1058: ("the service Credential Manager is disabled", _SERVICE),
    1062: ("the service Credential Manager does not run", _SERVICE),
    1722: ("the service Credential Manager does not answer", _SERVICE),
    1223: ("the access to Credential Manager was cancelled", f"Run it again and allow it, {INTO_FILES}"),
}
_LOCKED: Final = frozenset({"KeyringLocked", "LockedException", "PromptDismissedException"})
_CLASSES: Final[Mapping[str, str]] = {
    "NoKeyringError": "there is none",
    "InitError": "it has no collection to keep secrets in",
    "PasswordSetError": "it did not take a secret",
    "PasswordDeleteError": "it did not delete a secret",
    "KeyringError": "it did not give a secret",
    "ImportError": "its Python package cannot be loaded",
    "ModuleNotFoundError": "its Python package is not installed",
    "RuntimeError": "its library does not work here",
    "AttributeError": "its library is another than the one expected",
    "ItemNotFoundException": "what it named a moment ago is gone",
    "SecretServiceNotAvailableException": "no service answers on the session bus",
    "DBusErrorResponse": "the service on the session bus refused",
    "ConnectionResetError": "the session bus closed the connection",
    "BrokenPipeError": "the session bus closed the connection",
    "ConnectionRefusedError": "the session bus does not answer",
}
_LONGEST_CHAIN: Final = 5


def translated(error: Exception, label: str) -> StorageError:
    """Turn an error of that keyring into ours; by class name, since each platform has only its own classes."""
    if isinstance(error, UnicodeDecodeError):
        hint = "`sso-login device --force` replaces it, `sso-login logout` removes it."
        return BadRecord(f"an entry in the {label} keyring is not text, so sso-login did not write it", hint=hint)
    status = _status(error, label)
    if status is not None:
        return _of_status(status, label)
    name = type(error).__name__
    if name in _LOCKED:
        return StoreUnusable("the keyring is locked", hint=f"Unlock it, log in to the desktop, {INTO_FILES}")
    hint = f"Check it with the system's own keyring program, {INTO_FILES}"
    what = _CLASSES.get(name) or _system(error) or "it failed in a way that sso-login does not know"
    return StoreUnusable(f"the {label} keyring cannot be used: {what} ({name})", hint=hint)


def _of_status(status: int, label: str) -> StoreUnusable:
    known = (_KEYCHAIN if label == MACOS else _MANAGER).get(status)
    if label == MACOS:
        what, hint = known or ("the keychain refused", f"See `security error {status}`, {INTO_FILES}")
        return StoreUnusable(f"{what} (macOS status {status})", hint=hint)
    what, hint = known or ("Credential Manager refused", f"See `net helpmsg {status}`, {INTO_FILES}")
    return StoreUnusable(f"{what} (Windows error {status})", hint=hint)


def _status(error: Exception, label: str) -> int | None:
    """Find the platform's own number in an error or in what caused it."""
    if label == MACOS:
        found = (cause.args[0] for cause in _chain(error) if type(cause).__module__.endswith(("macOS.api", "keychain")))
        return next((each for each in found if isinstance(each, int)), None)
    if label == WINDOWS:
        numbers = (getattr(cause, "winerror", None) for cause in _chain(error))
        return next((each for each in numbers if isinstance(each, int)), None)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(_LONGEST_CHAIN):
        if error is None:
            return
        if error.args:
            yield error
        error = error.__cause__ or error.__context__


def _system(error: Exception) -> str:
    return (error.strerror or "").lower() if isinstance(error, OSError) and error.errno else ""
