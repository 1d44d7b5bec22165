"""Which login by AWS Sign-In is meant, and where it is spoken to."""

from __future__ import annotations

from typing import Final

import pytest

from sso_login.aws.endpoint import signin_host, signin_url
from sso_login.core.config import AwsConfig, Profile
from sso_login.core.errors import ConfigError, SsoLoginError, UsageProblem
from sso_login.core.model import SIGNIN, Card, Instance
from sso_login.flows.select.session import Chosen
from sso_login.flows.select.signin import never_signed_in, profile_named, signed_in_before, to_sign_in

CARD: Final = Card(
    "work",
    Instance(signin_host("ap-south-1"), "ap-south-1", kind=SIGNIN),
    scopes=("openid",),
    store="file",
    backend="file",
)


def profile(name: str = "work", **changes: object) -> Profile:
    """Build a profile."""
    return Profile(name, f"profile {name}", **changes)  # type: ignore[arg-type]  # made to be mixed


def config(*profiles: Profile) -> AwsConfig:
    """Build a config of these profiles."""
    return AwsConfig("/home/me/.aws/config", profiles={each.name: each for each in profiles})


def meant(*profiles: Profile, region: str | None = None, card: Card | None = None, **env: str) -> Chosen:
    """Find the login for the profile work."""
    return to_sign_in(config(*profiles), env, name="work", region=region, card=card)


def test_the_profile_is_the_one_said_else_that_of_the_environment_else_default() -> None:
    """As in every AWS tool."""
    assert profile_named("work", {"AWS_PROFILE": "other"}) == "work"
    assert profile_named(None, {"AWS_PROFILE": "other"}) == "other"
    assert profile_named(None, {"AWS_PROFILE": ""}) == profile_named(None, {}) == "default"


def test_a_name_that_cannot_be_kept_is_refused() -> None:
    """It becomes the name of what is kept, and that has a limit."""
    with pytest.raises(UsageProblem):
        profile_named("x" * 1000, {})


def test_where_the_region_comes_from() -> None:
    """The flag, AWS_REGION, AWS_DEFAULT_REGION, the profile's, the earlier login's: the first that says one."""
    own = profile(default_region="eu-north-1")
    env = {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}
    assert meant(own, region="eu-west-1", card=CARD, **env).instance.region == "eu-west-1"
    assert meant(own, card=CARD, **env).instance.region == "eu-west-2"
    assert meant(own, card=CARD, AWS_DEFAULT_REGION="eu-west-3").instance.region == "eu-west-3"
    assert meant(own, card=CARD).instance.region == "eu-north-1"
    assert meant(profile(), card=CARD).instance.region == meant(card=CARD).instance.region == "ap-south-1"


def test_without_a_region_nothing_is_guessed() -> None:
    """Exit 2 with the flag to say."""
    with pytest.raises(UsageProblem, match=r"no region is named for profile .work.") as caught:
        meant(profile())
    assert "--region" in caught.value.hint


@pytest.mark.parametrize("region", ["us_east_1", "evil.example", "us-east-1.evil.example/", "-", "US-EAST-1"])
def test_a_region_is_checked_before_a_host_is_built(region: str) -> None:
    """Whatever names it."""
    with pytest.raises(UsageProblem, match="is not an AWS region"):
        meant(region=region)
    with pytest.raises(UsageProblem, match="is not an AWS region"):
        meant(AWS_REGION=region)


@pytest.mark.parametrize(
    "own", [profile(sso_session="my-sso"), profile(start_url="https://x.awsapps.com/start", region="us-east-1")]
)
def test_a_profile_with_a_session_is_not_for_aws_sign_in(own: Profile) -> None:
    """Of either kind; the hint has the command that is meant for it."""
    with pytest.raises(UsageProblem, match="has an IAM Identity Center session") as caught:
        meant(own, region="us-east-1")
    assert "`sso-login device --profile work`" in caught.value.hint


@pytest.mark.parametrize(
    ("own", "env", "url"),
    [
        (profile(), {}, "https://eu-west-1.signin.aws.amazon.com"),
        (profile(fips=True), {}, "https://signin-fips.eu-west-1.amazonaws.com"),
        (profile(fips=True), {"AWS_USE_FIPS_ENDPOINT": "false"}, "https://eu-west-1.signin.aws.amazon.com"),
        (profile(dualstack=True), {}, "https://signin.eu-west-1.api.aws"),
        (profile(), {"AWS_ENDPOINT_URL_SIGNIN": "https://mine.example"}, "https://mine.example"),
        (profile(), {"AWS_ENDPOINT_URL": "http://localhost:1"}, "http://localhost:1"),
        (profile(endpoint_url="https://own.example/"), {}, "https://own.example"),
    ],
)
def test_where_it_is_spoken_to(own: Profile, env: dict[str, str], url: str) -> None:
    """The region's host, of the kind and at the endpoint that environment and profile name."""
    chosen = to_sign_in(config(own), env, name="work", region="eu-west-1")
    assert signin_url(chosen.instance) == url
    assert (chosen.name, chosen.profile, chosen.scopes, chosen.instance.kind) == ("work", "work", ("openid",), SIGNIN)
    assert chosen.instance.start_url == "https://eu-west-1.signin.aws.amazon.com"


def test_an_endpoint_that_is_not_https_is_refused() -> None:
    """The refresh token would go there in the clear."""
    with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL_SIGNIN"):
        meant(region="us-east-1", AWS_ENDPOINT_URL_SIGNIN="http://evil.example")


def test_an_earlier_login_is_found_with_the_endpoint_of_now() -> None:
    """Its region is its own, whatever AWS_REGION says for others."""
    chosen = signed_in_before(config(), {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://localhost:1"}, CARD)
    assert (chosen.name, chosen.instance.region, chosen.card) == ("work", "ap-south-1", CARD)
    assert signin_url(chosen.instance) == "http://localhost:1"


def test_nobody_has_signed_in() -> None:
    """Exit 3 with the command, fit for a shell."""
    error: SsoLoginError = never_signed_in("my work")
    assert (error.exit_code, error.hint) == (3, "Sign in with `sso-login signin --profile 'my work'`.")
