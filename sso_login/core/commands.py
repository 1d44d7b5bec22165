"""How our own commands are written in hints, for each kind of login."""

from __future__ import annotations

import re
import shlex
from typing import Final

from sso_login.core.model import SIGNIN, SSO

INTO_FILES: Final = "or keep secrets in files: `SSO_LOGIN_STORE=file sso-login device`."
_AGAIN_INTO_FILES: Final = "or log in again into files: `SSO_LOGIN_STORE=file sso-login device --force`."
# A command of ours that would mean whichever session is the default one: options may follow, a name does not.
_NAMELESS: Final = re.compile(
    r"(sso-login (?:device|browser|refresh|logout|accounts|roles))((?: --[a-z-]+(?: \d+)?)*)`"
)
_OPENING: Final = re.compile(r"`(?:[A-Z_]+=\w+ )?sso-login (?:device|browser)(?: --[a-z-]+)*`")


def naming(hint: str, name: str, kind: str = SSO, *, stored: bool = True, in_keyring: bool = False) -> str:
    """Let the commands in a hint name the session that the error is about.

    One that is not `stored` is known by the flags of this very command line alone; `in_keyring` says that its card
    pins the keyring, which only --force overrules.
    """
    if kind == SIGNIN:
        words = [*shlex.split(log_in(name, kind)), *(["--force"] if in_keyring else [])]
        return hint.replace(INTO_FILES, INTO_FILES.replace("sso-login device", shlex.join(words)))
    if in_keyring:
        hint = hint.replace(INTO_FILES, _AGAIN_INTO_FILES)
    if not stored:
        return _OPENING.sub("the same command", hint)
    return _NAMELESS.sub(lambda found: f"{found[1]} {shlex.quote(name)}{found[2]}`", hint)


def log_in(name: str, kind: str = SSO, *, force: bool = False) -> str:
    """Write the command that logs in."""
    words = ["signin", "--profile", name] if kind == SIGNIN else ["device", name]
    return shlex.join(["sso-login", *words, *(["--force"] if force else [])])


def log_in_anew(name: str, kind: str = SSO) -> str:
    """Write the commands for a portal session that begins now: a login alone joins the one that still lives."""
    return f"{log_out(name, kind)} && {log_in(name, kind)}"


def log_out(name: str, kind: str = SSO) -> str:
    """Write the command that logs out."""
    return shlex.join(["sso-login", "logout", *(["--profile"] if kind == SIGNIN else []), name])
