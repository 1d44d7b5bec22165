"""The command line of a credential_process that is ours: `sso-login credentials ...`, written and read."""

from __future__ import annotations

import re
import shlex
import sys
from typing import Final, NamedTuple

_PROGRAM: Final = re.compile(r"(^|[/\\])sso-login[\w.-]*$")
_VALUES: Final = {"--session": "session", "--profile": "profile", "--account": "account", "--role": "role"}
_FLAGS: Final = {"--no-input", "-q", "--quiet", "-v", "--verbose"}


class RoleCommand(NamedTuple):
    """Whose credentials the command prints: those of a role of a session, or what another profile means."""

    session: str | None = None
    profile: str | None = None
    account: str | None = None
    role: str | None = None

    @property
    def words(self) -> list[str]:
        """Give what stands behind the program's name."""
        said = [(option, getattr(self, name)) for option, name in _VALUES.items()]
        named = [word for option, value in said if value is not None for word in (option, value)]
        return ["credentials", *named, "--format", "process"]


def written(program: str, command: RoleCommand, *, windows: bool = sys.platform == "win32") -> str:
    """Write the line so that botocore's splitting gives its words back: shlex, or on Windows the C runtime's."""
    words = [program, *command.words]
    if windows:
        from subprocess import list2cmdline

        return list2cmdline(words)
    return shlex.join(words)


def split(line: str) -> list[str]:
    """Split a line into its words; none where it cannot be split."""
    try:
        return shlex.split(line.replace("\\", "\\\\"))  # the backslashes of a Windows path are meant
    except ValueError:
        return []


def read(line: str) -> RoleCommand | None:
    """Read a line, None where it is not one of ours that says on its own whose credentials it prints."""
    if "sso-login" not in line:
        return None
    program, *words = split(line) or [""]
    while words and words[0] in _FLAGS:
        del words[0]
    if not _PROGRAM.search(program) or words[:1] != ["credentials"]:
        return None
    said = _said(words[1:])
    if said is None:
        return None
    command = RoleCommand(**said)
    whole = command.profile or (command.session and command.account and command.role)
    return command if whole and not (command.profile and command.session) else None


def _said(words: list[str]) -> dict[str, str] | None:
    """Read the options behind the command's name; None where one is not about whose credentials are meant."""
    said: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        option, joined, value = word.partition("=")
        if word in _FLAGS:
            continue
        if not option.startswith("-") and "profile" not in said:
            said["profile"] = word
            continue
        given = value if joined else next(rest, "")
        if option == "--format" and given == "process":
            continue
        if option not in _VALUES or not given or given.startswith("-"):
            return None
        said[_VALUES[option]] = given
    return said
