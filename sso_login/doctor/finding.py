"""What `doctor` finds: one sentence about one thing, how bad it is, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from sso_login.core.errors import SsoLoginError

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"


class Finding(NamedTuple):
    """One finding: `check` is the kind of thing looked at, `status` one of the three above.

    `remedy` holds the command that mends it, and is empty where nothing is to be mended.
    """

    check: str
    status: str
    message: str
    remedy: str = ""


def fine(check: str, message: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(check, OK, message)


def odd(check: str, message: str, remedy: str) -> Finding:
    """Say that something may lead to trouble."""
    return Finding(check, WARN, message, remedy)


def broken(check: str, message: str, remedy: str) -> Finding:
    """Say that something keeps a login from working."""
    return Finding(check, FAIL, message, remedy)


def of_error(check: str, error: SsoLoginError, *, about: str = "", status: str = FAIL) -> Finding:
    """Say what an error says; `about` names what it is about, where its message does not."""
    return Finding(check, status, f"{about}: {error.message}" if about else error.message, error.hint)
