"""Credentials as other programs read them: one function a format, from values to the exact text on stdout."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from sso_login import layout
from sso_login.core import process
from sso_login.core.errors import UsageProblem
from sso_login.core.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sso_login.core.credentials import Credentials

CLEARED: Final = layout.CLEARED

# What every parser of .env files takes for itself between double quotes; all that AWS puts into credentials.
_PLAIN: Final = re.compile(r"[A-Za-z0-9+/=._:@%,~-]*")
_SINGLE_QUOTES: Final = re.compile("(['\u2018\u2019\u201a\u201b])")  # PowerShell takes all of them for one


def variables(credentials: Credentials, region: str | None) -> dict[str, str]:
    """Give the environment variables that AWS's SDKs read; the region's only where one is known."""
    regions = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
    return {
        "AWS_ACCESS_KEY_ID": credentials.key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret.reveal(),
        "AWS_SESSION_TOKEN": credentials.token.reveal(),
        "AWS_CREDENTIAL_EXPIRATION": rfc3339(credentials.expires_at),
        **regions,
    }


def _process(credentials: Credentials, _region: str | None) -> str:
    return process.written(credentials) + "\n"


def _shells(form: str) -> Callable[[Credentials, str | None], str]:
    def written(credentials: Credentials, region: str | None) -> str:
        return environment(variables(credentials, region), form)

    return written


def _json(credentials: Credentials, region: str | None) -> str:
    members = {
        "access_key_id": credentials.key_id,
        "secret_access_key": credentials.secret.reveal(),
        "session_token": credentials.token.reveal(),
        "expires_at": rfc3339(credentials.expires_at),
        "account_id": credentials.account_id or None,
        "region": region,
    }
    return json.dumps(members) + "\n"


def environment(values: Mapping[str, str], form: str) -> str:
    """Write lines that set these variables in a shell, and unset others that would count in their place."""
    stray = [name for name in CLEARED if name not in values]
    return _GONE[form](stray) + assigned(values, form)


def assigned(values: Mapping[str, str], form: str) -> str:
    """Write the lines that set them."""
    line, quoted = _FORMS[form]
    return "".join(line.format(name, quoted(value)) + "\n" for name, value in values.items())


def posix_quoted(value: str) -> str:
    """Quote for sh and everything like it: between single quotes nothing has a meaning but the quote itself."""
    return "'" + value.replace("'", "'\\''") + "'"


def fish_quoted(value: str) -> str:
    """Quote for fish: between single quotes a backslash counts before a quote and before itself."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def powershell_quoted(value: str) -> str:
    """Quote for PowerShell: between single quotes only a quote has a meaning, which is doubled; curly ones, too."""
    return "'" + _SINGLE_QUOTES.sub(r"\1\1", value) + "'"


def dotenv_quoted(value: str) -> str:
    """Quote for .env files, whose parsers agree on plain characters alone; UsageProblem for anything else."""
    if not _PLAIN.fullmatch(value):
        message = "these credentials hold a character that parsers of .env files disagree about"
        raise UsageProblem(message, hint="Use --format env or json.")
    return f'"{value}"'


def cmd_checked(value: str) -> str:
    """Let cmd.exe have plain characters alone, since no quoting there holds everywhere; UsageProblem for others."""
    if not _PLAIN.fullmatch(value) or "%" in value:
        message = "these credentials hold a character that cmd.exe would not leave alone"
        raise UsageProblem(message, hint="Use --format powershell or json.")
    return value


_FORMS: Final[Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "env": ("export {}={}", posix_quoted),
    "powershell": ("$Env:{} = {}", powershell_quoted),
    "cmd": ('set "{}={}"', cmd_checked),
    "fish": ("set -gx {} {}", fish_quoted),
    "dotenv": ("{}={}", dotenv_quoted),
}
_NOT_UNSET: Final = (
    "# This format cannot unset: take AWS_PROFILE and other AWS credentials out of the environment yourself.\n"
)
_GONE: Final[Mapping[str, Callable[[Sequence[str]], str]]] = {
    "env": lambda names: f"unset {' '.join(names)}\n",
    "powershell": lambda names: "".join(f"$Env:{name} = $null\n" for name in names),
    "cmd": lambda names: "".join(f'set "{name}="\n' for name in names),
    "fish": lambda names: f"set -e {' '.join(names)}\n",
    "dotenv": lambda _: _NOT_UNSET,
}
SHELLS: Final = tuple(_FORMS)
FORMATS: Final[Mapping[str, Callable[[Credentials, str | None], str]]] = {
    "process": _process,
    **{form: _shells(form) for form in SHELLS},
    "json": _json,
}
