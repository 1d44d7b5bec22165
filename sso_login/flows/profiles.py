"""Which profiles to write for which roles: their names and keys, and which of those that are there may be touched."""

from __future__ import annotations

import re
import shlex
import sys
import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import UsageProblem
from sso_login.flows import session_names as names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sso_login.core.credentials import Account, Role

TEMPLATE: Final = "{account_name}-{role_name}"
FIELDS: Final = ("account_id", "account_name", "role_name", "session")
READ: Final = ("credential_process", "sso_session", "sso_account_id", "sso_role_name")  # what ours are known by

# Whatever else says where credentials come from: the SDKs would take it first, or get two answers.
OTHER_SOURCES: Final = (
    *("sso_start_url", "sso_region", "login_session"),
    *("role_arn", "source_profile", "credential_source", "web_identity_token_file"),
    *("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
)

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
# What every AWS SDK takes in a profile's name without quotes ("Shared config and credentials files", SDK reference).
_ODD: Final = re.compile(r"[^A-Za-z0-9_./%@:+-]+")
_LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class Style:
    """How profiles are written: plain `sso_keys` that the SDKs follow themselves, else a credential_process of ours.

    `program` is what credential_process runs; `region` None leaves the region of each profile as it is.
    """

    session: str
    template: str = TEMPLATE
    region: str | None = None
    sso_keys: bool = False
    program: str = "sso-login"
    windows: bool = sys.platform == "win32"


@dataclass(frozen=True, slots=True)
class RoleProfile:
    """One profile to write: `values` to set, `remove` what would be in their way."""

    name: str
    role: Role
    values: Mapping[str, str]
    remove: tuple[str, ...]


def matching(accounts: Sequence[Account], patterns: Sequence[str]) -> tuple[Account, ...]:
    """Pick the accounts whose id or name fits one of the patterns (`*`, `?`, `[...]`); UsageProblem where none does."""
    found = [each for each in accounts if any(_fits(text, patterns) for text in (each.id, each.name or ""))]
    if not found:
        raise UsageProblem(f"no account fits {_either(patterns)}", hint="`sso-login accounts` lists them.")
    return tuple(found)


def with_roles(roles: Sequence[Role], patterns: Sequence[str]) -> tuple[Role, ...]:
    """Pick the roles whose name fits one of the patterns, all where there is no pattern; UsageProblem where none."""
    found = tuple(role for role in roles if not patterns or _fits(role.name, patterns))
    if not found:
        what = f"no role fits {_either(patterns)}" if patterns else "there is no role to write a profile for"
        raise UsageProblem(what, hint="`sso-login roles` lists them.")
    return found


def _fits(text: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _either(patterns: Sequence[str]) -> str:
    return " or ".join(names.quoted(each) for each in patterns)


def role_profiles(roles: Sequence[Role], style: Style) -> tuple[RoleProfile, ...]:
    """Give each role its profile; UsageProblem for a template that is none, or that gives two roles one name."""
    made = tuple(_profile(role, style) for role in roles)
    by_name: dict[str, list[Role]] = {}
    for each in made:
        by_name.setdefault(each.name, []).append(each.role)
    twice = {name: same for name, same in by_name.items() if len(same) > 1}
    if twice:
        raise _collision(twice, style.template)
    return made


def _collision(twice: Mapping[str, Sequence[Role]], template: str) -> UsageProblem:
    """Refuse: a name made unique today would mean another account tomorrow, when one more is listed."""
    told = [
        f"{name} ({', '.join(f'{role.name} in {role.account.id}' for role in same[:_LISTED])})"
        for name, same in list(twice.items())[:_LISTED]
    ]
    more = f" and {len(twice) - _LISTED} more" if len(twice) > _LISTED else ""
    missing = [field for field in ("{account_id}", "{role_name}") if field not in template]
    hint = f"Add {' and '.join(missing)} to --template." if missing else "Choose with --account and --role."
    return UsageProblem(f"several roles would have the same profile: {'; '.join(told)}{more}", hint=hint)


def _profile(role: Role, style: Style) -> RoleProfile:
    account = role.account
    fields = {
        "account_id": account.id,
        "account_name": _plain(account.name or "") or account.id,
        "role_name": _plain(role.name),
        "session": _plain(style.session),
    }
    values = _sso_keys(role, style) if style.sso_keys else {"credential_process": _command(role, style)}
    if style.region:
        values["region"] = style.region
    remove = tuple(key for key in (*READ, *OTHER_SOURCES) if key not in values)
    return RoleProfile(_filled(style.template, fields), role, values, remove)


def _filled(template: str, fields: Mapping[str, str]) -> str:
    unknown = next((found for found in _FIELD.findall(template) if found not in fields), None)
    rest = _FIELD.sub("", template)
    if unknown is not None or "{" in rest or "}" in rest:
        what = f"no field {names.quoted(unknown)}" if unknown is not None else "an odd brace"
        message = f"--template {names.quoted(template)} has {what}"
        raise UsageProblem(message, hint=f"Fields are {', '.join(f'{{{field}}}' for field in FIELDS)}.")
    name = _FIELD.sub(lambda found: fields[found[1]], template)
    if not name or _ODD.search(name):
        message = f"{names.quoted(name)} cannot be a profile's name"
        raise UsageProblem(message, hint="Use letters, digits, dots, dashes and underscores in --template.")
    return name


def _plain(text: str) -> str:
    """Keep what every SDK takes in a profile's name: accents go, all else becomes a dash; letters keep their case."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return re.sub("-{2,}", "-", _ODD.sub("-", bare)).strip("-")


def _sso_keys(role: Role, style: Style) -> dict[str, str]:
    return {"sso_session": style.session, "sso_account_id": role.account.id, "sso_role_name": role.name}


def _words(role: Role, session: str) -> list[str]:
    named = ["--session", session, "--account", role.account.id, "--role", role.name]
    return ["credentials", *named, "--format", "process"]


def _command(role: Role, style: Style) -> str:
    """Write the command so that botocore's splitting gives its words back: shlex, or on Windows the C runtime's."""
    words = [style.program, *_words(role, style.session)]
    if style.windows:
        from subprocess import list2cmdline

        return list2cmdline(words)
    return shlex.join(words)


def untouchable(profiles: Sequence[RoleProfile], there: Mapping[str, Mapping[str, str]], session: str) -> list[str]:
    """Name those profiles that are there already and were not written for the same role of the same session.

    `there` has the keys of every profile by name, and the values of those in READ.
    """
    return [each.name for each in profiles if each.name in there and not _ours(there[each.name], each.role, session)]


def _ours(keys: Mapping[str, str], role: Role, session: str) -> bool:
    sources = {key for key in keys if key in {*READ, *OTHER_SOURCES}}
    if sources == {"credential_process"}:
        program, *words = _split(keys["credential_process"]) or [""]
        return "sso-login" in program and words == _words(role, session)
    wanted = {"sso_session": session, "sso_account_id": role.account.id, "sso_role_name": role.name}
    return sources == set(wanted) and all(keys[key] == value for key, value in wanted.items())


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command.replace("\\", "\\\\"))  # the backslashes of a Windows path are meant
    except ValueError:
        return []
