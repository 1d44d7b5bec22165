"""Which session is meant: config, cards, environment and command line in, one session out (contract section 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sso_login.core.config import (
    AwsConfig,
    Named,
    Profile,
    SsoSection,
    named_by_environment,
)
from sso_login.core.errors import ConfigError, SessionUnnamed, SsoLoginError, UnknownSession, UsageProblem
from sso_login.core.model import DEFAULT_SCOPE, OAUTH, Card, checked_region, checked_start_url
from sso_login.flows.select import names
from sso_login.flows.select.chain import has_session, leads
from sso_login.flows.select.chosen import Chosen
from sso_login.flows.select.config import Sources, configured, profile_for, spoken_to
from sso_login.flows.select.issuer import of_issued, of_issuer
from sso_login.flows.select.known_cards import EveryCard
from sso_login.flows.select.known_names import known_names, names_of_aws

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Chosen", "choose", "chosen_all", "known", "known_to_aws"]


def choose(  # noqa: PLR0913 - contract section 1 names as many ways to name a session
    config: AwsConfig,
    cards: Iterable[Card],
    env: Mapping[str, str],
    *,
    session: str | None = None,
    profile: str | None = None,
    start_url: str | None = None,
    region: str | None = None,
    name: str | None = None,
) -> Chosen:
    """Find the one session that is meant, None being what was not said; UsageProblem, ConfigError, UnknownSession."""
    sources = _sources(config, cards, env)
    if (start_url, region, name) == (None, None, None):
        return _existing(sources, session=session, profile=profile)
    if session is not None or profile is not None:
        message = "--start-url, --region and --name make a session of their own; no other can be named with them"
        raise UsageProblem(message, hint="Use --name to give the session a name.")
    return _by_flags(sources, start_url=start_url, region=region, name=name)


def known(config: AwsConfig, cards: Iterable[Card]) -> list[str]:
    """List the names of all sessions that are in a config or have a card, sorted; those of OAuth issuers, too."""
    return known_names(config, (card.name for card in cards))


def known_to_aws(config: AwsConfig, cards: Iterable[Card]) -> list[str]:
    """List the names of the sessions of IAM Identity Center alone."""
    return names_of_aws(config, (card.name for card in cards if card.instance.kind != OAUTH))


def chosen_all(
    config: AwsConfig, cards: Iterable[Card], env: Mapping[str, str]
) -> list[Chosen | tuple[str, SsoLoginError]]:
    """Find every known session, in order of name; what is wrong with one, in place of it, hides none of the others."""
    sources = _sources(config, cards, env)
    return [_named_or_wrong(sources, name) for name in known(config, _cards(sources))]


def _sources(config: AwsConfig, cards: Iterable[Card], env: Mapping[str, str]) -> Sources:
    if isinstance(cards, EveryCard):
        return Sources(config, cards.ours, env, cards.issued)
    ours: dict[str, Card] = Named()
    issued: dict[str, Card] = Named()
    for card in cards:
        (issued if card.instance.kind == OAUTH else ours)[card.name] = card
    return Sources(config, ours, env, issued)


def _existing(sources: Sources, *, session: str | None, profile: str | None) -> Chosen:
    if profile is not None:
        return _by_profile(sources, profile, session=session)
    if session is not None:
        return _named(sources, session)
    return _by_environment(sources)


def _named_or_wrong(sources: Sources, name: str) -> Chosen | tuple[str, SsoLoginError]:
    try:
        return _named(sources, name)
    except SsoLoginError as error:
        return name, error


# --- by name, by profile, by the environment


def _named(sources: Sources, name: str, *, said_by: str = "") -> Chosen:
    config = sources.config
    section, profile = config.sessions.get(name), config.profiles.get(name)
    if name in config.issuers.sections:
        return of_issuer(sources, config.issuers.sections[name])
    if section is not None:
        return _of_section(sources, section)
    if profile is not None and profile.legacy:
        return _of_legacy(sources, profile)
    if name in sources.cards:
        return _of_card(sources, sources.cards[name])
    if name in sources.issued:
        return of_issued(sources.issued[name])
    raise _unknown(sources, name, said_by=said_by)


def _by_profile(sources: Sources, name: str, *, session: str | None) -> Chosen:
    profile = sources.config.profiles.get(name)
    if profile is None:
        raise _no_profile(sources, name)
    start = leads(sources.config, profile)
    if not start.has_session:
        raise _without_session(sources, start)
    chosen = _of_profile(sources, start)
    if session not in {None, chosen.name}:
        message = (
            f"the session of profile {names.quoted(name)} is {names.quoted(chosen.name)}, not the one that is named"
        )
        raise UsageProblem(message, hint="Name the session or the profile, not both.")
    return chosen


def _by_environment(sources: Sources) -> Chosen:
    if named := sources.env.get("SSO_LOGIN_SESSION"):
        return _named(sources, named, said_by=" (from SSO_LOGIN_SESSION)")
    named, variable = named_by_environment(sources.env)
    if named and named not in sources.config.profiles and named not in sources.config.elsewhere | {"default"}:
        raise _no_profile(sources, named, said_by=f" (from {variable})")
    for name in filter(None, (named, "default")):
        profile = sources.config.profiles.get(name)
        if profile is not None and has_session(sources.config, profile):
            return _of_profile(sources, leads(sources.config, profile))
    there = known(sources.config, _cards(sources))
    if len(there) == 1:
        return _named(sources, there[0])
    but = f"; profile {names.quoted(named)} (from {variable}) has no session" if named else ""
    if there:
        message = f"{len(there)} sessions are configured; say which one{but}"
        hint = f"Name one, or set SSO_LOGIN_SESSION. Known: {names.listed(there)}."
        raise SessionUnnamed(message, names=tuple(there), hint=hint)
    message = f"no session is configured in {sources.config.path}, and none was ever logged in{but}"
    hint = "Run `sso-login device --start-url URL --region REGION`, or add an [sso-session NAME] to that file."
    raise SessionUnnamed(message, names=(), hint=hint)


def _no_profile(sources: Sources, name: str, *, said_by: str = "") -> UnknownSession:
    found = sources.config.profiles.items()
    others = sorted(key for key, each in found if said_by or has_session(sources.config, each))
    message = f"no profile {names.quoted(name)}{said_by} in {sources.config.path}"
    nothing = "No profile is there." if said_by else "No profile there has a session."
    return UnknownSession(message, hint=names.did_you_mean(name, others, nothing=nothing))


def _without_session(sources: Sources, profile: Profile) -> UsageProblem:
    message = f"profile {names.quoted(profile.name)} has no session: neither sso_session nor sso_start_url is set"
    return UsageProblem(message, hint=f"Set sso_session in {sources.config.place(profile.title)}.")


def _of_profile(sources: Sources, profile: Profile) -> Chosen:
    said = profile.ours
    if said and said.session:
        return _named(sources, said.session, said_by=f" (from profile {names.quoted(profile.name)})")
    if not profile.sso_session:
        return _of_legacy(sources, profile)
    section = sources.config.sessions.get(profile.sso_session)
    place = sources.config.place(profile.title)
    if section is None:
        message = f"{place} names the sso-session {names.quoted(profile.sso_session)}, which is not there"
        others = sorted(sources.config.sessions)
        hint = names.did_you_mean(profile.sso_session, others, nothing="Add an [sso-session] of that name.")
        raise ConfigError(message, hint=hint)
    for key, here, there in (
        ("sso_start_url", profile.start_url, section.start_url),
        ("sso_region", profile.region, section.region),
        ("sso_registration_scopes", profile.scopes or None, section.scopes or None),
    ):
        if None not in {here, there} and here != there:
            message = f"{key} differs between {place} and its [{names.plain(section.title)}]"
            raise ConfigError(message, hint=f"Remove {key} from the profile: the sso-session has it.")
    return _of_section(sources, section, through=profile)


# --- what was found, as a Chosen


def _of_section(sources: Sources, section: SsoSection, *, through: Profile | None = None) -> Chosen:
    card = sources.cards.get(names.fit(section.name))
    profile = through or profile_for(sources, section, card)
    return Chosen(
        section.name,
        configured(sources, section, profile),
        section.scopes or (DEFAULT_SCOPE,),
        card,
        sdk_cache=section.sdk_cache,
        source=f"config section [{names.plain(section.title)}]",
        profile=profile.name if profile else None,
    ).led()


def _of_legacy(sources: Sources, profile: Profile) -> Chosen:
    return Chosen(
        names.fit(profile.name),
        configured(sources, profile, profile),
        (DEFAULT_SCOPE,),
        sources.cards.get(profile.name),
        sdk_cache=profile.sdk_cache,
        source=f"profile {names.plain(profile.name)}",
        profile=profile.name,
        cache_name=profile.start_url or "",
    ).led()


def _of_card(sources: Sources, card: Card) -> Chosen:
    """Take the card's own instance; what the environment names takes the place of what the card has."""
    now = spoken_to(sources, card.instance.start_url, card.instance.region, profile=None)
    instance = replace(
        card.instance,
        oidc_endpoint=now.oidc_endpoint or card.instance.oidc_endpoint,
        portal_endpoint=now.portal_endpoint or card.instance.portal_endpoint,
        fips=card.instance.fips if "AWS_USE_FIPS_ENDPOINT" not in sources.env else now.fips,
        dualstack=card.instance.dualstack if "AWS_USE_DUALSTACK_ENDPOINT" not in sources.env else now.dualstack,
    )
    return Chosen(
        card.name,
        instance,
        card.scopes,
        card,
        sdk_cache=False,
        source="an earlier login",
        cache_name=card.sdk_cache,
    )


def _cards(sources: Sources) -> list[Card]:
    return [*sources.cards.values(), *sources.issued.values()]


# --- by flags


def _by_flags(sources: Sources, *, start_url: str | None, region: str | None, name: str | None) -> Chosen:
    if start_url is None:
        message = f"{'--name' if region is None else '--region'} needs --start-url"
        raise UsageProblem(message, hint="--start-url and --region go together.")
    if region is None:
        hint = "Give the region the Identity Center lives in, such as --region us-east-1."
        raise UsageProblem("--start-url needs --region", hint=hint)
    start_url = checked_start_url(start_url, what="--start-url")
    instance = spoken_to(sources, start_url, checked_region(region), profile=None)
    wanted = names.given(name) or names.derived(start_url)
    if wanted in sources.config.issuers.sections:
        section = sources.config.issuers.sections[wanted]
        message = f"{names.quoted(wanted)} is the name of an issuer: {sources.config.issuers.place(section.title)}"
        raise UsageProblem(message, hint="Give the session another name: --name.")
    free = names.free(wanted, instance, _holder(sources, wanted, asked=instance.region))
    return Chosen(free, instance, (DEFAULT_SCOPE,), sources.cards.get(free), sdk_cache=False, source="flags").led()


def _holder(sources: Sources, name: str, *, asked: str) -> tuple[str | None, str | None] | None:
    section, profile = sources.config.sessions.get(name), sources.config.profiles.get(name)
    card = sources.cards.get(name)
    if section is not None:
        return section.start_url, section.region
    if profile is not None and profile.legacy:
        return profile.start_url, profile.region
    if card is not None and card.written:
        return card.written, asked  # the region is that of the place it led to
    return (card.instance.start_url, card.instance.region) if card is not None else None


def _unknown(sources: Sources, name: str, *, said_by: str) -> UnknownSession:
    profile = sources.config.profiles.get(name)
    message = f"no session {names.quoted(name)}{said_by} in {sources.config.path}, nor was one ever logged in"
    theirs = _session_of(sources, profile) if profile is not None else ""
    if theirs:
        hint = f"It is a profile of the session {names.quoted(theirs)}; name that, or use --profile."
        return UnknownSession(message, hint=hint)
    nothing = "No session is known: add an [sso-session NAME] to that file, or use --start-url and --region."
    return UnknownSession(
        message, hint=names.did_you_mean(name, known(sources.config, _cards(sources)), nothing=nothing)
    )


def _session_of(sources: Sources, profile: Profile) -> str:
    """Name the session that a profile points to, nothing where it points to none."""
    try:
        start = leads(sources.config, profile)
    except ConfigError:
        return ""
    said = start.ours
    return start.sso_session or (said.session if said else "") or ""
