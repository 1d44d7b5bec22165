"""How our own commands are written in hints, for each kind of login."""

from __future__ import annotations

import shlex

from sso_login.core.model import SIGNIN, SSO


def log_in(name: str, kind: str = SSO, *, force: bool = False) -> str:
    """Write the command that logs in."""
    words = ["signin", "--profile", name] if kind == SIGNIN else ["device", name]
    return shlex.join(["sso-login", *words, *(["--force"] if force else [])])


def log_out(name: str, kind: str = SSO) -> str:
    """Write the command that logs out."""
    return shlex.join(["sso-login", "logout", *(["--profile"] if kind == SIGNIN else []), name])
