"""Profiles that assume a role (`role_arn`): which profile they start from, and by which roles.

The keys are those of https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.core.errors import ConfigError, SsoLoginError
from sso_login.flows.select import names

if TYPE_CHECKING:
    from sso_login.core.config import AwsConfig, Profile
    from sso_login.core.credentials import RoleStep

MOST: Final = 5  # roles in one chain
SESSION_NAME: Final = "sso-login"  # where role_session_name is not said, as the SDKs make one up
HOUR: Final = 3600  # seconds: as long as a role lasts that a role has assumed
_ARN: Final = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}"
_SESSION: Final = r"[\w+=,.@-]{2,64}"
_EXTERNAL: Final = r"[\w+=,.@:/\\-]{2,1224}"
_LEAST: Final = 900  # seconds that STS gives credentials for
_LONGEST: Final = 43_200


class Chain(NamedTuple):
    """The profile that a chain starts from, and the roles in the order in which they are assumed."""

    start: Profile
    steps: tuple[RoleStep, ...] = ()


def followed(config: AwsConfig, profile: Profile) -> Chain:
    """Follow source_profile to the one profile that assumes no role; ConfigError where that leads nowhere."""
    steps: list[RoleStep] = []
    seen: list[str] = []
    here = profile
    while here.role_arn:
        seen.append(here.name)
        steps.insert(0, _step(config, here))
        if len(steps) > MOST:
            message = f"profile {names.quoted(profile.name)} is a chain of more than {MOST} roles"
            raise ConfigError(message, hint=f"Start it from a profile nearer to {names.quoted(profile.name)}.")
        here = _source(config, here, seen)
    return Chain(here, tuple(steps))


def leads(config: AwsConfig, profile: Profile) -> Profile:
    """Give the profile whose session counts for this one: itself, or the one that a chain of roles starts from.

    A credential_process of ours that names another profile is followed, too. Raises ConfigError.
    """
    seen: list[str] = []
    here = profile
    while True:
        start = here if here.has_session or not here.role_arn else followed(config, here).start
        said = start.ours
        if said is None or not said.profile:
            return start
        seen.append(start.name)
        here = _named(config, start, said.profile, seen)


def _named(config: AwsConfig, profile: Profile, name: str, seen: list[str]) -> Profile:
    place, found = config.place(profile.title), config.profiles.get(name)
    if name in seen:
        raise ConfigError(f"the credential_process of {place} leads in a circle", hint="Name a session in it.")
    if found is None:
        message = f"the credential_process of {place} names the profile {names.quoted(name)}, which is not there"
        raise ConfigError(message, hint=names.did_you_mean(name, sorted(config.profiles), nothing="Add it."))
    return found


def has_session(config: AwsConfig, profile: Profile) -> bool:
    """Tell whether a profile is a session, points to one, or assumes a role by way of one that does."""
    try:
        return leads(config, profile).has_session
    except SsoLoginError:
        return False


def concerns_us(config: AwsConfig, profile: Profile) -> bool:
    """Tell whether a chain of roles passes a profile with a session, whatever else is wrong with it."""
    seen: set[str] = set()
    here: Profile | None = profile
    while here is not None and here.name not in seen and not here.has_session:
        seen.add(here.name)
        here = config.profiles.get(here.source_profile or "")
    return here is not None and here.has_session


def _source(config: AwsConfig, profile: Profile, seen: list[str]) -> Profile:
    place, named = config.place(profile.title), profile.source_profile
    if not named:
        message = f"{place} has role_arn, but no source_profile"
        raise ConfigError(
            message, hint="Name there the profile whose credentials assume the role: source_profile = ..."
        )
    if named in seen:
        circle = " -> ".join(names.plain(each) for each in [*seen[seen.index(named) :], named])
        hint = "One of them must start from a profile with sso_session."
        raise ConfigError(f"the source_profile of {place} leads in a circle: {circle}", hint=hint)
    found = config.profiles.get(named)
    if found is None:
        message = f"{place} names the source_profile {names.quoted(named)}, which is not there"
        others = sorted(name for name, each in config.profiles.items() if name != profile.name and each.has_session)
        nothing = "It must be a profile of that file, with sso_session."
        raise ConfigError(message, hint=names.did_you_mean(named, others, nothing=nothing))
    return found


def _step(config: AwsConfig, profile: Profile) -> RoleStep:
    from sso_login.core.credentials import RoleStep

    place = config.place(profile.title)
    for key, why in (
        ("mfa_serial", "Nobody is asked for a code of a device: take mfa_serial out, or use the AWS CLI for it."),
        ("credential_source", "Name a profile with sso_session in its place: source_profile = ..."),
    ):
        if getattr(profile, key):
            raise ConfigError(f"{key} in {place} is not supported", hint=why)
    session = profile.role_session_name or SESSION_NAME
    for key, value, pattern, like in (
        ("role_arn", profile.role_arn or "", _ARN, "arn:aws:iam::111122223333:role/NAME"),
        ("role_session_name", session, _SESSION, "2 to 64 letters, digits or any of _+=,.@-"),
        ("external_id", profile.external_id or "none", _EXTERNAL, "2 or more letters, digits or any of _+=,.@:/\\-"),
    ):
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ConfigError(f"{key} in {place} is not valid", hint=f"It looks like this: {like}.")
    return RoleStep(profile.role_arn or "", session, profile.external_id or None, _duration(profile, place))


def _duration(profile: Profile, place: str) -> int | None:
    said = profile.duration_seconds
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 7 and _LEAST <= int(said) <= _LONGEST):
        message = f"duration_seconds in {place} is not valid"
        raise ConfigError(
            message, hint=f"It is a number of seconds from {_LEAST} to {HOUR}, the most a chain may ask for."
        )
    return int(said)
