"""Which profiles to write for which roles: their names and keys, and which of those that are there may be touched."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import UsageProblem
from sso_login.core.model import normal_url
from sso_login.core.role_command import RoleCommand, split, written
from sso_login.flows.select import names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sso_login.core.config import AwsConfig
    from sso_login.core.credentials import Account, Role
    from sso_login.core.model import Instance

TEMPLATE: Final = "{account_name}-{role_name}"
FIELDS: Final = ("account_id", "account_name", "role_name", "session")
# What profiles of ours, and legacy ones for the very same role, are known by.
READ: Final = (
    *("credential_process", "sso_session", "sso_account_id", "sso_role_name"),
    *("sso_start_url", "sso_region"),
)

# Whatever else says where credentials come from: the SDKs would take it first, or get two answers.
OTHER_SOURCES: Final = (
    *("login_session", "role_arn", "source_profile", "credential_source", "web_identity_token_file"),
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


def fitting(roles: Sequence[Role], account: str | None, role: str | None, *, must: bool = False) -> tuple[Role, ...]:
    """Pick the roles whose account and name fit, None for any; with `must` UsageProblem where none does."""
    found = tuple(
        each
        for each in roles
        if (account is None or any(_fits(text, [account]) for text in (each.account.id, each.account.name or "")))
        and (role is None or _fits(each.name, [role]))
    )
    if not found and must:
        what = " and ".join(names.quoted(each) for each in (account, role) if each)
        raise UsageProblem(f"no account and role fit {what}", hint="`sso-login roles` lists them.")
    return found


def _fits(text: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(text.casefold(), pattern.casefold()) for pattern in patterns)


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
    values = _sso_keys(role, style) if style.sso_keys else {"credential_process": _written(role, style)}
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
    return checked_name(_FIELD.sub(lambda found: fields[found[1]], template), where="in --template")


def checked_name(name: str, *, where: str) -> str:
    """Return a profile's name that every SDK reads as it is written, or raise UsageProblem."""
    if not name or _ODD.search(name):
        message = f"{names.quoted(name)} cannot be a profile's name"
        raise UsageProblem(message, hint=f"Use letters, digits, dots, dashes and underscores {where}.")
    return name


def _plain(text: str) -> str:
    """Keep what every SDK takes in a profile's name: accents go, all else becomes a dash; letters keep their case."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return re.sub("-{2,}", "-", _ODD.sub("-", bare)).strip("-")


def _sso_keys(role: Role, style: Style) -> dict[str, str]:
    return {"sso_session": style.session, "sso_account_id": role.account.id, "sso_role_name": role.name}


def _written(role: Role, style: Style) -> str:
    return written(style.program, _command(role, style.session), windows=style.windows)


def _command(role: Role, session: str) -> RoleCommand:
    return RoleCommand(session, account=role.account.id, role=role.name)


def untouchable(
    profiles: Sequence[RoleProfile], there: Mapping[str, Mapping[str, str]], session: str, *, instance: Instance
) -> dict[str, str]:
    """Name those profiles that are there already and are not for the same role of the same session, with what differs.

    `there` has the keys of every profile by name, and the values of those in READ. A legacy profile for that very role
    of that `instance` is not among them: nothing but sso keys would change.
    """
    found = ((each.name, _difference(there[each.name], each.role, session, instance)) for each in profiles
             if each.name in there)  # fmt: skip
    return {name: difference for name, difference in found if difference}


def unassigned(
    config: AwsConfig, there: Mapping[str, Mapping[str, str]], session: str, roles: Sequence[Role]
) -> list[str]:
    """Name the profiles of ours for a role of the session that is none of these, all that there are.

    Those that say elsewhere, too, where credentials come from, and those that others start from, are not among them.
    """
    assigned = {(role.account.id, role.name) for role in roles}
    sources = {profile.source_profile for profile in config.profiles.values()}
    found = []
    for name, profile in config.profiles.items():
        said = profile.ours
        plain = not any(key in there.get(name, ()) for key in OTHER_SOURCES) and name not in sources
        if said and said.session == session and said.role and profile.target not in assigned and plain:
            found.append(name)
    return sorted(found)


def _difference(keys: Mapping[str, str], role: Role, session: str, instance: Instance) -> str:
    """Say what a profile has that is not for this role; nothing where it may be written over."""
    foreign = [key for key in OTHER_SOURCES if key in keys]
    if foreign:
        return f"it has {', '.join(foreign)}"
    sources = {key for key in keys if key in READ}
    if "credential_process" in sources:
        if sources != {"credential_process"}:
            return "it has both credential_process and sso keys"
        program, *words = split(keys["credential_process"]) or [""]
        fits = "sso-login" in program and words == _command(role, session).words
        return "" if fits else "its credential_process is another command"
    wanted = {"sso_account_id": role.account.id, "sso_role_name": role.name}
    if "sso_session" in sources or not {"sso_start_url", "sso_region"} <= sources:
        wanted["sso_session"] = session
    else:
        wanted |= {"sso_start_url": instance.start_url, "sso_region": instance.region}
    return next((_other(key, keys, value) for key, value in wanted.items() if not _same(key, keys, value)), "")


def _same(key: str, keys: Mapping[str, str], value: str) -> bool:
    found = keys.get(key)
    if key != "sso_start_url" or found is None:
        return found == value
    try:
        return normal_url(found) == normal_url(value)
    except ValueError:
        return False


def _other(key: str, keys: Mapping[str, str], value: str) -> str:
    return f"its {key} is {keys[key][:60]!r}, not {value!r}" if key in keys else f"it has no {key}"
