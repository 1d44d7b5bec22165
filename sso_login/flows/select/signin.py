"""Which login by AWS Sign-In is meant: it has the name of a profile, and its region says where AWS is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.aws.endpoint import signin_host
from sso_login.aws.signin_api import SCOPE
from sso_login.core import commands
from sso_login.core.config import CREDENTIAL_KEYS, LOGIN_SESSION, current_profile, switched
from sso_login.core.errors import NotLoggedIn, UsageProblem
from sso_login.core.model import SIGNIN, Instance, checked_region
from sso_login.flows.select import names
from sso_login.flows.select.config import checked_endpoint
from sso_login.flows.select.session import Chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.config import AwsConfig
    from sso_login.core.model import Card


KEY: Final = LOGIN_SESSION

# The SDKs would take any of these first, or refuse the profile.
OTHERS: Final = CREDENTIAL_KEYS


def profile_named(profile: str | None, env: Mapping[str, str]) -> str:
    """Name the profile that is meant: the one that is said, else the environment's, else `default`."""
    return names.fit(profile or current_profile(env))


def to_sign_in(
    config: AwsConfig,
    env: Mapping[str, str],
    *,
    name: str,
    region: str | None = None,
    card: Card | None = None,
    sdk_cache: bool = False,
) -> Chosen:
    """Find the login that is to be made for a profile; UsageProblem, ConfigError.

    The region is the one that is said, else AWS_REGION, AWS_DEFAULT_REGION, the profile's, or the earlier login's.
    """
    profile = config.profiles.get(name)
    if profile and profile.has_session:
        message = f"profile {names.quoted(name)} has an IAM Identity Center session: AWS Sign-In is not for it"
        hint = f"`sso-login device --profile {name}` logs in to that; name another profile for AWS Sign-In."
        raise UsageProblem(message, hint=hint)
    said = region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    found = said or (profile and profile.default_region) or (card and card.instance.region)
    if not found:
        message = f"no region is named for profile {names.quoted(name)}"
        raise UsageProblem(message, hint="Give one with --region, such as --region us-east-1.")
    return _chosen(config, env, name=name, region=found, card=card, sdk_cache=sdk_cache)


def signed_in_before(config: AwsConfig, env: Mapping[str, str], card: Card) -> Chosen:
    """Find the login that a card tells of, with the endpoint that is configured now; ConfigError."""
    return _chosen(config, env, name=card.name, region=card.instance.region, card=card, sdk_cache=False)


def never_signed_in(name: str) -> NotLoggedIn:
    """Say that nobody has signed in for that profile."""
    message = f"nobody has signed in for profile {names.quoted(name)}"
    return NotLoggedIn(message, hint=f"Sign in with `{commands.log_in(name, SIGNIN)}`.")


def check_profile(profile: str, keys: Mapping[str, str], *, arn: str | None = None, force: bool = False) -> None:
    """Raise UsageProblem unless the profile may take a login_session; `arn` None while nobody has signed in yet.

    `keys` are those that the config and the credentials file give it; only the value of login_session matters.
    `force` overrules another login_session, never other credentials: a key of those is not ours to remove.
    """
    found = [key for key in OTHERS if key in keys]
    if found:
        message = f"profile {names.quoted(profile)} already has other credentials ({', '.join(found)})"
        hint = "Name another profile with --profile, or remove those keys from ~/.aws/config and ~/.aws/credentials."
        raise UsageProblem(message, hint=hint)
    if arn is not None and not force and keys.get(KEY, arn) != arn:
        message = (
            f"profile {names.quoted(profile)} belongs to {names.quoted(keys[KEY])}, and {names.quoted(arn)} signed in"
        )
        raise UsageProblem(message, hint="Name another profile with --profile, or say --force.")


def _chosen(
    config: AwsConfig, env: Mapping[str, str], *, name: str, region: str, card: Card | None, sdk_cache: bool
) -> Chosen:
    profile = config.profiles.get(name)
    fips, dualstack = (profile.fips, profile.dualstack) if profile else (None, None)
    instance = Instance(
        signin_host(checked_region(region)),
        region,
        oidc_endpoint=checked_endpoint("signin", config=config, profile=profile, env=env),
        fips=bool(switched(env, "AWS_USE_FIPS_ENDPOINT", profile=fips)),
        dualstack=bool(switched(env, "AWS_USE_DUALSTACK_ENDPOINT", profile=dualstack)),
        kind=SIGNIN,
    )
    source = f"profile {names.plain(name)}"
    return Chosen(name, instance, (SCOPE,), card, sdk_cache=sdk_cache, source=source, profile=name)
