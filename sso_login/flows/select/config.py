"""Where a session lives, by what config and environment say: its instance, and whose endpoint overrides count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_login.core.config import AwsConfig, Profile, SsoSection, current_profile, endpoint, switched
from sso_login.core.errors import ConfigError, UsageProblem
from sso_login.core.model import Card, Instance, checked_region, checked_start_url, checked_url

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Sources:
    """What a session is found in: config, the cards by name, and the environment.

    `issued` are the cards of logins at OAuth issuers; names go to and fro between those and sessions of AWS.
    """

    config: AwsConfig
    cards: Mapping[str, Card]
    env: Mapping[str, str]
    issued: Mapping[str, Card]


def profile_for(sources: Sources, section: SsoSection, card: Card | None) -> Profile | None:
    """Find the profile whose endpoint overrides count for a session that was named outright.

    That is the current profile if it points to the session, else none; unless there is a login made
    through another profile that points to it: `refresh --all` must not find that bound elsewhere.
    """
    current = sources.config.profiles.get(current_profile(sources.env))
    pointing = [each for each in sources.config.profiles.values() if each.sso_session == section.name]
    first = current if current in pointing else None
    if card is not None:
        for profile in (first, None, *pointing):
            if _binding(sources, section, profile) == card.instance.binding:
                return profile
    return first


def _binding(sources: Sources, section: SsoSection, profile: Profile | None) -> tuple[str, str, str] | None:
    try:
        return configured(sources, section, profile).binding
    except UsageProblem:
        return None


def configured(sources: Sources, section: SsoSection | Profile, profile: Profile | None) -> Instance:
    """Read where a session lives; raise ConfigError."""
    place = sources.config.place(section.title)
    for key, value in (("sso_start_url", section.start_url), ("sso_region", section.region)):
        if not value:
            message = f"{key} is missing from {place}"
            raise ConfigError(message, hint=f"Add a line `{key} = ...` to that section.")
    start_url, region = section.start_url or "", section.region or ""
    try:
        checked_start_url(start_url, what="sso_start_url")
        checked_region(region)
    except UsageProblem as error:
        message = f"{place}: {error.message}"
        raise ConfigError(message, hint=_of_a_comment(section) or error.hint) from error
    return spoken_to(sources, start_url, region, profile=profile)


def _of_a_comment(section: SsoSection | Profile) -> str:
    for key, value in (("sso_start_url", section.start_url), ("sso_region", section.region)):
        plain, mark, _ = (value or "").replace("\t", " ").replace(" ;", " #").partition(" #")
        if mark:
            return f"A comment needs a line of its own: leave `{key} = {plain.strip()}` alone on its line."
    return ""


def spoken_to(sources: Sources, start_url: str, region: str, *, profile: Profile | None) -> Instance:
    """Name the instance with the endpoints and switches that count for it now; raise ConfigError."""
    fips, dualstack = (profile.fips, profile.dualstack) if profile else (None, None)
    return Instance(
        start_url,
        region,
        oidc_endpoint=checked_endpoint("sso_oidc", config=sources.config, profile=profile, env=sources.env),
        portal_endpoint=checked_endpoint("sso", config=sources.config, profile=profile, env=sources.env),
        fips=bool(switched(sources.env, "AWS_USE_FIPS_ENDPOINT", profile=fips)),
        dualstack=bool(switched(sources.env, "AWS_USE_DUALSTACK_ENDPOINT", profile=dualstack)),
    )


def checked_endpoint(service: str, *, config: AwsConfig, profile: Profile | None, env: Mapping[str, str]) -> str:
    """Find the override for a service id, fit to be spoken to; empty for none; raises ConfigError."""
    found = endpoint(service, config=config, profile=profile, env=env)
    if found.url:
        try:
            checked_url(found.url, what=found.place)
        except UsageProblem as error:
            raise ConfigError(error.message, hint="Write it as https://HOST, or http:// to loopback only.") from error
    return found.url
