"""What is wrong with config and sessions, said before it gets in somebody's way; nothing is asked of the network."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from sso_login.core import commands
from sso_login.core.errors import ConfigError, LoginRequired, SsoLoginError, UnknownSession, UsageProblem
from sso_login.core.message import counted
from sso_login.core.times import spoken
from sso_login.doctor.finding import WARN, Finding, broken, fine, odd, of_error
from sso_login.flows.select import names
from sso_login.flows.select.chain import HOUR, concerns_us, followed
from sso_login.flows.select.session import Chosen, choose
from sso_login.flows.status import LOGIN_REQUIRED, RENEWABLE, Standing, standing
from sso_login.flows.stored_login import store_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sso_login.core.config import AwsConfig, Profile
    from sso_login.core.credentials import RoleStep
    from sso_login.core.model import Card
    from sso_login.core.ports import Ports

CONFIG: Final = "config"
SESSION: Final = "session"
STORE: Final = "store"


def config_findings(config: AwsConfig, cards: Iterable[Card], env: Mapping[str, str]) -> Iterator[Finding]:
    """Tell what a config file that could be read holds, and which of its profiles lead nowhere."""
    known = list(cards)
    if config.stamp is None:
        yield _without_file(config, env)
    else:
        count = f"{counted(len(config.sessions), 'sso-session')}, {counted(len(config.profiles), 'profile')}"
        yield fine(CONFIG, f"{config.path} can be read: {count}")
    told = set[str]()
    for name, profile in config.profiles.items():
        try:
            if profile.has_session:
                choose(config, known, env, profile=name)
            elif profile.role_arn and concerns_us(config, profile):
                yield from _too_long(config, profile, followed(config, profile).steps[-1])
        except SsoLoginError as error:
            if error.message not in told:
                told.add(error.message)
                yield of_error(CONFIG, error, status=WARN)


def _too_long(config: AwsConfig, profile: Profile, step: RoleStep) -> Iterator[Finding]:
    if step.duration is not None and step.duration > HOUR:
        message = f"duration_seconds in {config.place(profile.title)} is {step.duration}, which STS refuses"
        yield odd(
            CONFIG, message, f"A role that a role assumes lasts an hour at most: write `duration_seconds = {HOUR}`."
        )


def _without_file(config: AwsConfig, env: Mapping[str, str]) -> Finding:
    message = f"there is no config file {config.path}"
    if env.get("AWS_CONFIG_FILE"):
        return odd(
            CONFIG, f"{message}, though AWS_CONFIG_FILE names it", "Name the right one: `unset AWS_CONFIG_FILE`."
        )
    return fine(CONFIG, f"{message}; sessions come from --start-url and --region")


def meant_finding(config: AwsConfig, cards: Iterable[Card], env: Mapping[str, str]) -> Finding:
    """Tell which session a command means that names none."""
    try:
        chosen = choose(config, cards, env)
    except (ConfigError, UnknownSession) as error:
        return of_error(SESSION, error)
    except UsageProblem as error:
        return of_error(SESSION, error, status=WARN)
    return fine(SESSION, f"{names.plain(chosen.name)} is meant where a command names none ({chosen.source})")


def store_finding(env: Mapping[str, str]) -> Finding | None:
    """Tell where a new login would be kept, None where the platform's keyring is, as ever."""
    try:
        kind = store_kind(None, env)
    except UsageProblem as error:
        return of_error(STORE, error)
    return fine(STORE, f"SSO_LOGIN_STORE={kind}: new logins are kept there") if env.get("SSO_LOGIN_STORE") else None


def session_findings(ports: Ports, chosen: Chosen, *, keyring: Finding | None, backend: str) -> Iterator[Finding]:
    """Tell how a session stands; `keyring` is what keeps the keyring from being read, if anything does.

    `backend` names the keyring of this platform. Nothing is read of a session that nobody ever logged in to.
    """
    about, card = _about(chosen), chosen.card
    if card is None:
        yield fine(SESSION, f"{about}: in the config, nobody has logged in yet")
        return
    try:
        kind = store_kind(card, ports.env)
    except SsoLoginError as error:
        yield of_error(SESSION, error)
        return
    if kind == "keyring" and keyring:
        yield broken(SESSION, f"{about}: its login lies in the keyring, which cannot be read now", keyring.remedy)
        return
    found = standing(ports, chosen)
    card = found.card or card  # whose facts are about the token that is there
    yield _state(found, chosen, card, now=ports.clock.now())
    yield from _besides(found, card, now=ports.clock.now(), backend=backend)


def _about(chosen: Chosen) -> str:
    where = chosen.instance
    return f"{names.plain(chosen.name)} ({f'{where.start_url} {where.region}'.rstrip()})"


def _state(found: Standing, chosen: Chosen, card: Card, *, now: float) -> Finding:
    about, anew = _about(chosen), f"`{commands.log_in(chosen.name, chosen.instance.kind)}`"
    if found.error:
        return of_error(SESSION, found.error, about="" if isinstance(found.error, LoginRequired) else about)
    where = f"kept in {_place(found)}"
    if found.state == LOGIN_REQUIRED:
        why = "the refresh token was refused" if card.refused else "the token is over and cannot be renewed"
        return broken(SESSION, f"{about}: {why}; {where}", f"Log in: {anew}.")
    left = spoken((found.expires_at or now) - now)
    if card.refused:
        message = f"{about}: the token is good for {left}, but its refresh token was refused"
        return odd(SESSION, f"{message}; {where}", f"Log in before that: {anew}.")
    then = "renewed by itself" if found.renewable else "not renewable"
    over = "is over, and renewed at its next use" if found.state == RENEWABLE else f"is good for {left}, {then}"
    return fine(SESSION, f"{about}: the token {over}; {where}")


def _place(found: Standing) -> str:
    return f"the OS keyring ({found.backend})" if found.store == "keyring" else f"the file store ({found.backend})"


def _besides(found: Standing, card: Card, *, now: float, backend: str) -> Iterator[Finding]:
    about = names.plain(card.name)
    if found.rescued:
        message = f"{about}: its store did not take the newest tokens; they lie in {found.rescued}, in memory"
        yield odd(SESSION, message, f"Mend the store, then `sso-login refresh {shlex.quote(card.name)} --force`.")
    if card.also:
        message = f"{about}: the login moved to the {card.store} store, and the {card.also} store still has its old one"
        yield odd(SESSION, message, f"Clear it: `sso-login refresh {shlex.quote(card.name)} --force`.")
    if card.retry_after > now:
        message = f"{about}: the last renewal failed; none is tried for another {spoken(card.retry_after - now)}"
        yield odd(SESSION, message, f"Try now: `sso-login refresh {shlex.quote(card.name)} --force`.")
    if card.store == "keyring" and card.backend != backend:
        message = f"{about}: the login was pinned to the keyring {card.backend}, but this machine's is {backend}"
        anew = commands.log_in(card.name, card.instance.kind, force=True)
        yield odd(SESSION, message, f"Log in where it was made, or again: `{anew}`.")
