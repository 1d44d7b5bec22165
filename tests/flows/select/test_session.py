"""Which session is meant, and where its services are spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.exceptions import InvalidConfigError
from hypothesis import given, settings
from hypothesis import strategies as st

from sso_login.adapters.aws_files.aws_config import read_config
from sso_login.core.config import AwsConfig, Named, Profile, SsoSection, endpoint
from sso_login.core.errors import ConfigError, SsoLoginError, UnknownSession, UsageProblem
from sso_login.core.model import Card, Instance
from sso_login.flows.select.session import Chosen, choose, chosen_all, known

START = "https://my-company.awsapps.com/start"
OTHER = "https://other.awsapps.com/start"
SCOPE = ("sso:account:access",)
PATH = "/home/me/.aws/config"
NOTHING = AwsConfig(PATH)


def section(name: str, start_url: str | None = START, region: str | None = "us-east-1") -> SsoSection:
    """Build an sso-session section."""
    return SsoSection(name, f"sso-session {name}", start_url=start_url, region=region)


def pointing(name: str, session: str) -> Profile:
    """Build a profile that points to a session."""
    return Profile(name, "default" if name == "default" else f"profile {name}", sso_session=session)


def legacy(name: str, start_url: str = OTHER, region: str | None = "eu-west-1") -> Profile:
    """Build a profile that is a session itself."""
    return Profile(name, f"profile {name}", start_url=start_url, region=region)


def config(
    *parts: SsoSection | Profile, services: Mapping[str, Mapping[str, Mapping[str, str] | None]] = {}
) -> AwsConfig:
    """Build a config of these sections."""
    return AwsConfig(
        PATH,
        {part.name: part for part in parts if isinstance(part, SsoSection)},
        {part.name: part for part in parts if isinstance(part, Profile)},
        services,
    )


def card(name: str, start_url: str = START, **endpoints: str) -> Card:
    """Build the card of an earlier login."""
    instance = Instance(start_url, "us-east-1", **endpoints)  # type: ignore[arg-type]  # endpoints alone are given
    return Card(name, instance, ("x:y",), "file", "file")


def problem(
    conf: AwsConfig, cards: tuple[Card, ...] = (), env: Mapping[str, str] | None = None, /, **said: str
) -> SsoLoginError:
    """Choose, and give the error; it must be one line with a hint and exit code 2."""
    with pytest.raises(SsoLoginError) as caught:
        choose(conf, cards, env or {}, **said)
    error = caught.value
    assert error.exit_code == 2
    assert error.hint
    assert "\n" not in error.message + error.hint
    return error


FULL = config(
    section("by-argument"),
    section("by-profile"),
    section("by-variable"),
    section("by-aws-profile"),
    section("by-default"),
    pointing("p", "by-profile"),
    pointing("aws", "by-aws-profile"),
    pointing("default", "by-default"),
    Profile("plain", "profile plain"),
)._replace(elsewhere=frozenset({"static"}))
ENV = {"SSO_LOGIN_SESSION": "by-variable", "AWS_PROFILE": "aws"}


# --- the order


@pytest.mark.parametrize(
    ("said", "env", "name"),
    [
        ({"session": "by-argument"}, ENV, "by-argument"),
        ({"profile": "p"}, ENV, "by-profile"),
        ({"profile": "p", "session": "by-profile"}, ENV, "by-profile"),
        ({}, ENV, "by-variable"),
        ({}, {"AWS_PROFILE": "aws"}, "by-aws-profile"),
        ({}, {"AWS_PROFILE": "aws", "SSO_LOGIN_SESSION": ""}, "by-aws-profile"),
        ({}, {"AWS_PROFILE": "plain"}, "by-default"),
        ({}, {"AWS_PROFILE": "static"}, "by-default"),
        ({}, {"AWS_PROFILE": "default"}, "by-default"),
        ({}, {"AWS_DEFAULT_PROFILE": "aws"}, "by-aws-profile"),
        ({}, {"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "aws"}, "by-profile"),
        ({}, {"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "aws"}, "by-aws-profile"),
        ({}, {"AWS_PROFILE": "p", "AWS_DEFAULT_PROFILE": "nobody"}, "by-profile"),
        ({"profile": "p"}, {"AWS_PROFILE": "nobody"}, "by-profile"),
        ({"session": "by-argument"}, {"AWS_PROFILE": "nobody"}, "by-argument"),
        ({}, {"AWS_PROFILE": ""}, "by-default"),
        ({}, {}, "by-default"),
    ],
)
def test_the_first_that_names_a_session_wins(said: dict[str, str], env: dict[str, str], name: str) -> None:
    """Argument, --profile, SSO_LOGIN_SESSION, AWS_PROFILE's session, the default profile's: in this order."""
    assert choose(FULL, (), env, **said).name == name


@pytest.mark.parametrize(
    ("conf", "cards", "name"),
    [
        (config(section("only"), Profile("plain", "profile plain")), (), "only"),
        (config(legacy("only")), (), "only"),
        (NOTHING, (card("only"),), "only"),
        (config(section("only")), (card("only"),), "only"),
    ],
)
def test_the_only_one_known_is_meant(conf: AwsConfig, cards: tuple[Card, ...], name: str) -> None:
    """With nothing said, one known session is the one, be it in the config, a legacy profile or an earlier login."""
    assert choose(conf, cards, {}).name == name


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
@pytest.mark.parametrize("name", ["awss", "\x1b[31m", "nobody-like-it"])
def test_a_profile_of_the_environment_that_is_not_there_is_an_error(variable: str, name: str) -> None:
    """Nobody's login is touched for a typo: exit 2, the variable named, and what was meant where that can be told."""
    error = problem(FULL, (), {variable: name})
    assert type(error) is UnknownSession
    assert f"(from {variable})" in error.message
    assert ("Did you mean `aws`?" in error.hint) == (name == "awss")
    assert "\x1b" not in error.message


def test_a_profile_of_the_environment_without_a_session_is_named_in_the_error() -> None:
    """It is passed over, and the error that comes of it names variable and profile."""
    conf = config(section("a"), section("b"), Profile("plain", "profile plain"))
    error = problem(conf, (), {"AWS_PROFILE": "plain"})
    assert (
        error.message == "2 sessions are configured; say which one; profile `plain` (from AWS_PROFILE) has no session"
    )
    nothing = problem(config(Profile("plain", "profile plain")), (), {"AWS_DEFAULT_PROFILE": "plain"})
    assert nothing.message.endswith("; profile `plain` (from AWS_DEFAULT_PROFILE) has no session")


def test_a_profile_that_assumes_a_role_has_the_session_that_its_chain_starts_from() -> None:
    """By way of any number of roles; one whose chain leads nowhere has none, and an error says where it ends."""
    arn = "arn:aws:iam::111122223333:role/x"
    base = Profile("base", "profile base", sso_session="a", account_id="111122223333", role_name="Reader")
    one = Profile("one", "profile one", role_arn=arn, source_profile="base")
    two = Profile("two", "profile two", role_arn=arn, source_profile="one")
    found = config(section("a"), section("b"), base, one, two)
    assert choose(found, (), {}, profile="two").name == "a"
    error = problem(config(section("a"), two), profile="two")
    assert "names the source_profile `one`, which is not there" in error.message


def test_several_known_and_none_named_is_a_usage_problem() -> None:
    """The hint lists the names there are."""
    error = problem(config(section("a"), legacy("b")), (card("c"),))
    assert "Known: a, b, c." in error.hint


def test_none_known_is_a_usage_problem_that_shows_the_way() -> None:
    """Without any config the hint shows the flags that need none."""
    error = problem(NOTHING)
    assert PATH in error.message
    assert "--start-url" in error.hint


# --- what is chosen


def test_a_session_of_the_config() -> None:
    """Start URL as written, region, scopes, the SDK cache's switch, and the card of that name come along."""
    mine = section("s", f"{START}/#")._replace(scopes=("a:b", "c:d"), sdk_cache=True)
    there = card("s")
    expected = Chosen(
        "s",
        Instance(f"{START}/#", "us-east-1"),
        ("a:b", "c:d"),
        there,
        sdk_cache=True,
        source="config section [sso-session s]",
    )
    assert choose(config(mine), [there, card("t")], {"AWS_REGION": "eu-north-1"}, session="s") == expected


def test_a_session_without_scopes_asks_for_account_access() -> None:
    """Without a scope nothing could ever be refreshed."""
    assert choose(config(section("s")), (), {}).scopes == SCOPE


@pytest.mark.parametrize("said", [{"session": "old"}, {"profile": "old"}, {}])
def test_a_legacy_profile_is_a_session_named_after_it(said: dict[str, str]) -> None:
    """It asks for the default scope, whatever it lists."""
    old = legacy("old")._replace(scopes=("x:y",), sdk_cache=True)
    expected = Chosen(
        "old",
        Instance(OTHER, "eu-west-1"),
        SCOPE,
        None,
        sdk_cache=True,
        source="profile old",
        profile="old",
        cache_name=OTHER,
    )
    assert choose(config(old), (), {}, **said) == expected
    assert expected.cached_as == OTHER


def test_a_card_alone_is_enough() -> None:
    """A session given by flags once is known by its card: instance and scopes are those of the login."""
    mine = card("s", oidc_endpoint="https://o.example", portal_endpoint="https://p.example")
    chosen = choose(NOTHING, [mine], {}, session="s")
    assert chosen == Chosen("s", mine.instance, mine.scopes, mine, sdk_cache=False, source="an earlier login")


def test_the_config_wins_over_the_card() -> None:
    """What the config says now is chosen, and the card comes along, so that a login bound elsewhere is noticed."""
    chosen = choose(config(section("s", OTHER)), [card("s", START)], {})
    assert chosen.instance.start_url == OTHER
    assert chosen.card == card("s", START)


def test_the_environment_replaces_a_cards_endpoints_and_kinds_of_host() -> None:
    """An endpoint override, FIPS and dual-stack of the environment take the place of the card's; unset ones do not."""
    mine = card("s", oidc_endpoint="https://o.example", portal_endpoint="https://p.example")
    mine = replace(mine, instance=replace(mine.instance, fips=True))
    env = {"AWS_ENDPOINT_URL_SSO_OIDC": "https://new.example", "AWS_USE_DUALSTACK_ENDPOINT": "true"}
    now = choose(NOTHING, [mine], env).instance
    assert (now.oidc_endpoint, now.portal_endpoint) == ("https://new.example", "https://p.example")
    assert (now.fips, now.dualstack) == (True, True)
    assert not choose(NOTHING, [mine], {"AWS_USE_FIPS_ENDPOINT": "false"}).instance.fips
    ignoring = {**env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert choose(NOTHING, [mine], ignoring).instance.oidc_endpoint == "https://o.example"


# --- what cannot be meant


def test_a_typo_is_answered_with_the_name_that_was_meant() -> None:
    """An unknown session names the nearest one, and those there are."""
    error = problem(config(section("my-sso"), legacy("old")), (card("third"),), session="My-ss0")
    assert isinstance(error, UnknownSession)
    assert "`My-ss0`" in error.message
    assert error.hint == "Did you mean `my-sso`? Known: my-sso, old, third."


def test_nothing_like_it_is_answered_with_the_names_alone() -> None:
    """Where no name is near, none is offered."""
    assert problem(config(section("my-sso")), session="zzz").hint == "Known: my-sso."


def test_an_unknown_session_where_none_is_known() -> None:
    """The hint says how a session becomes known."""
    assert "--start-url" in problem(NOTHING, session="x").hint


def test_the_variable_is_named_where_it_is_wrong() -> None:
    """An unknown session of SSO_LOGIN_SESSION says where the name came from."""
    assert "SSO_LOGIN_SESSION" in problem(config(section("a")), (), {"SSO_LOGIN_SESSION": "b"}).message


def test_many_and_odd_names_stay_one_short_line() -> None:
    """Ten names are listed and the rest counted; control characters are written out, long names cut."""
    many = [section(f"s{number:03}\x1b[31m\u202e{'x' * 500}") for number in range(50)]
    error = problem(config(*many), session="y" * 5_000 + "\n")
    assert error.hint.endswith("and 40 more.")
    assert len(error.message) < 300
    assert len(error.hint) < 1_000
    assert (error.message + error.hint).isprintable()


def test_a_profile_named_as_if_it_were_a_session() -> None:
    """The hint tells whose profile it is."""
    hint = problem(config(section("corp"), pointing("dev", "corp")), session="dev").hint
    assert "`corp`" in hint
    assert "--profile" in hint


def test_an_unknown_profile() -> None:
    """The profiles that have a session are named."""
    error = problem(config(section("s"), pointing("dev", "s"), Profile("plain", "profile plain")), profile="dve")
    assert isinstance(error, UnknownSession)
    assert error.hint == "Did you mean `dev`? Known: dev."
    assert problem(NOTHING, profile="dev").hint == "No profile there has a session."


def test_a_profile_without_a_session() -> None:
    """--profile with a profile that has none says so, even where another session could be found."""
    error = problem(FULL, (), ENV, profile="plain")
    assert "`plain` has no session" in error.message


def test_a_profile_of_another_session_than_the_one_named() -> None:
    """SESSION and --profile may both be given only if they mean the same."""
    assert "`by-profile`" in problem(FULL, session="by-argument", profile="p").message


@pytest.mark.parametrize("env", [{"AWS_PROFILE": "dev"}, {}])
def test_a_profile_that_points_to_nothing(env: dict[str, str]) -> None:
    """A profile's sso_session that is not there is a config error with did-you-mean, not a reason to look further."""
    name = env.get("AWS_PROFILE", "default")
    error = problem(config(section("corp"), pointing(name, "crop")), (), env)
    assert isinstance(error, ConfigError)
    assert f"of {PATH}" in error.message
    assert "`corp`" in error.hint
    assert problem(config(pointing(name, "crop")), (), env).hint == "Add an [sso-session] of that name."


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"start_url": OTHER}, "sso_start_url"),
        ({"region": "eu-west-1"}, "sso_region"),
        ({"scopes": ("x:y",)}, "sso_registration_scopes"),
    ],
)
def test_a_key_in_both_must_be_equal(change: dict[str, str], key: str) -> None:
    """A key that profile and sso-session both have, and not with the same value, is a config error; equal is fine."""
    both = section("s")._replace(scopes=("a:b",))
    same = pointing("p", "s")._replace(start_url=START, region="us-east-1", scopes=("a:b",))
    assert choose(config(both, same), (), {}, profile="p").name == "s"
    error = problem(config(both, same._replace(**change)), profile="p")  # type: ignore[arg-type]  # one field a time
    assert isinstance(error, ConfigError)
    assert f"{key} differs between [profile p] of {PATH} and its [sso-session s]" in error.message


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (section("s", None), "sso_start_url is missing from [sso-session s]"),
        (section("s", ""), "sso_start_url is missing from [sso-session s]"),
        (section("s", START, None), "sso_region is missing from [sso-session s]"),
        (section("s", "http://x.example/start"), "[sso-session s] of /home/me/.aws/config: sso_start_url"),
        (section("s", "\nhttps://x.example"), "is not a URL"),
        (section("s", START, "us-east-1.evil.example"), "is not an AWS region"),
        (legacy("s", OTHER, None), "sso_region is missing from [profile s]"),
        (legacy("s", "x"), "[profile s] of /home/me/.aws/config: sso_start_url"),
    ],
)
def test_a_session_that_cannot_be_used(broken: SsoSection | Profile, words: str) -> None:
    """The error names section, file and key, once the session is asked for; others are not touched by it."""
    conf = config(broken, section("sound"))
    error = problem(conf, session="s")
    assert isinstance(error, ConfigError)
    assert words in error.message
    assert PATH in error.message
    assert choose(conf, (), {}, session="sound").name == "sound"


@pytest.mark.parametrize("name", [".", "..", "x" * 201, "ü" * 40])
def test_a_name_no_file_can_have(name: str) -> None:
    """Names that would leave their folder, or be too long for one, are refused wherever they come from."""
    assert "cannot be a session's name" in problem(config(section(name)), session=name).message
    assert "cannot be a session's name" in problem(config(legacy(name)), profile=name).message
    assert "cannot be a session's name" in problem(NOTHING, start_url=START, region="us-east-1", name=name).message


# --- flags


def test_flags_give_a_session_without_any_config() -> None:
    """--start-url and --region are enough; the environment's session does not get in the way."""
    expected = Chosen("my-company", Instance(START, "us-east-1"), SCOPE, None, sdk_cache=False, source="flags")
    assert choose(FULL, (), ENV, start_url=START, region="us-east-1") == expected


def test_a_name_may_be_given() -> None:
    """--name is the session's name."""
    assert choose(NOTHING, (), {}, start_url=START, region="us-east-1", name="Größe 1").name == "Größe 1"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://my-company.awsapps.com/start", "my-company"),
        ("https://My-Company.awsapps.com/start/#/", "my-company"),
        ("https://d-1234567890.awsapps.com/start", "d-1234567890"),
        ("https://ssoins-0123456789abcdef.portal.us-east-1.app.aws", "ssoins-0123456789abcdef"),
        ("https://identitycenter.amazonaws.com/ssoins-0123456789abcdef", "ssoins-0123456789abcdef"),
        ("https://start.us-gov-home.awsapps.com/directory/acme", "acme"),
        ("https://start.home.awsapps.cn/directory/d-1234567890/", "d-1234567890"),
        ("https://sso.example/start", "sso"),
        ("https://www.example", "www"),
        ("http://127.0.0.1:8080/start", "127.0.0.1"),
        ("http://localhost:8080/acme", "acme"),
        ("http://[::1]:8080/", "::1"),
    ],
)
def test_a_session_is_named_after_its_start_url(url: str, name: str) -> None:
    """The first host label is the name; where it is generic or an address, the last path segment if that says more."""
    assert choose(NOTHING, (), {}, start_url=url, region="us-east-1").name == name


TAKEN = [
    (config(section("my-company", OTHER)), ()),
    (config(section("my-company", START, "eu-west-1")), ()),
    (config(section("my-company", "https://[")), ()),
    (config(section("my-company", None)), ()),
    (config(legacy("my-company")), ()),
    (NOTHING, (card("my-company", OTHER),)),
]


@pytest.mark.parametrize(("conf", "cards"), TAKEN)
def test_a_name_another_instance_has_gets_a_hash(conf: AwsConfig, cards: tuple[Card, ...]) -> None:
    """The name is told apart by a hash of start URL and region, the same each time, for a given name too."""
    first = choose(conf, cards, {}, start_url=START, region="us-east-1").name
    again = choose(conf, cards, {}, start_url=f"{START}/#/", region="us-east-1", name="my-company").name
    assert first == again == "my-company-479fba19"
    mine = card(first)
    assert choose(conf, [*cards, mine], {}, start_url=START, region="us-east-1").card == mine


@pytest.mark.parametrize(
    ("conf", "cards"),
    [
        (config(section("my-company", f"{START}/")), ()),
        (config(legacy("my-company", START, "us-east-1")), ()),
        (config(pointing("my-company", "x")), ()),
        (NOTHING, (card("my-company"),)),
        (config(section("my-company")), (card("my-company", OTHER),)),
    ],
)
def test_a_name_the_same_instance_has_is_kept(conf: AwsConfig, cards: tuple[Card, ...]) -> None:
    """Logging in again by the same flags, or to what the config has now, is the same session."""
    assert choose(conf, cards, {}, start_url=START, region="us-east-1").name == "my-company"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"start_url": START}, "--start-url needs --region"),
        ({"region": "us-east-1"}, "--region needs --start-url"),
        ({"name": "x"}, "--name needs --start-url"),
        ({"session": "s", "start_url": START, "region": "us-east-1"}, "no other can be named"),
        ({"profile": "p", "region": "us-east-1"}, "no other can be named"),
        ({"start_url": "http://x.example", "region": "us-east-1"}, "--start-url 'http://x.example' is not https"),
        ({"start_url": "x", "region": "us-east-1"}, "--start-url 'x' is not a URL"),
        ({"start_url": START, "region": "moon"}, "'moon' is not an AWS region"),
        ({"start_url": START, "region": ""}, "'' is not an AWS region"),
        ({"start_url": START, "region": "us-east-1", "name": ""}, "cannot be a session's name"),
        ({"start_url": START, "region": "us-east-1", "name": "-x"}, "cannot be a session's name"),
        ({"start_url": START, "region": "us-east-1", "name": "a\nb"}, "cannot be a session's name"),
        ({"start_url": START, "region": "us-east-1", "name": " a"}, "cannot be a session's name"),
    ],
)
def test_flags_that_cannot_be_meant(said: dict[str, str], words: str) -> None:
    """Flags that are incomplete, contradict another name or cannot be used are a usage problem."""
    error = problem(FULL, **said)
    assert isinstance(error, UsageProblem)
    assert words in error.message


# --- endpoints

LOCAL = {"local": {"sso_oidc": {"endpoint_url": "https://services-oidc.example"}, "sso": {"other": "x"}}}
DEV = pointing("dev", "s")._replace(endpoint_url="https://profile.example", services="local", fips=True, dualstack=True)
OVERRIDDEN = config(section("s"), DEV, services=LOCAL)


def test_the_overrides_are_those_of_the_profile_the_session_was_found_through() -> None:
    """`[services]` goes before the profile's endpoint_url; FIPS and dual-stack are the profile's."""
    for said, env in (({"profile": "dev"}, {}), ({}, {"AWS_PROFILE": "dev"})):
        chosen = choose(OVERRIDDEN, (), env, **said)
        expected = Instance(
            START,
            "us-east-1",
            oidc_endpoint="https://services-oidc.example",
            portal_endpoint="https://profile.example",
            fips=True,
            dualstack=True,
        )
        assert chosen.instance == expected
        assert chosen.profile == "dev"


def test_the_environment_goes_before_the_profile() -> None:
    """AWS_ENDPOINT_URL_SSO_OIDC goes before AWS_ENDPOINT_URL, both before the config; an empty one counts as unset."""
    env = {"AWS_ENDPOINT_URL_SSO_OIDC": "https://a.example", "AWS_ENDPOINT_URL": "https://b.example"}
    env |= {"AWS_ENDPOINT_URL_SSO": "", "AWS_USE_FIPS_ENDPOINT": "false", "AWS_USE_DUALSTACK_ENDPOINT": ""}
    now = choose(OVERRIDDEN, (), env, profile="dev").instance
    assert (now.oidc_endpoint, now.portal_endpoint) == ("https://a.example", "https://b.example")
    assert (now.fips, now.dualstack) == (False, False)


def test_configured_endpoints_can_be_ignored() -> None:
    """AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true, or the profile's own key, switches all overrides off."""
    env = {"AWS_ENDPOINT_URL": "https://b.example", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"}
    assert choose(OVERRIDDEN, (), env, profile="dev").instance.oidc_endpoint == ""
    ignoring = config(section("s"), DEV._replace(ignore_endpoints=True), services=LOCAL)
    assert choose(ignoring, (), {"AWS_ENDPOINT_URL": "https://b.example"}, profile="dev").instance.oidc_endpoint == ""
    env = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}
    assert choose(ignoring, (), env, profile="dev").instance.oidc_endpoint == "https://services-oidc.example"


def test_a_session_named_outright_has_the_current_profiles_overrides_if_it_is_that_profiles() -> None:
    """`token s` and `token` under the same AWS_PROFILE speak to the same host; another session's profile has no say."""
    assert choose(OVERRIDDEN, (), {}, session="s").instance.oidc_endpoint == ""
    assert choose(OVERRIDDEN, (), {"AWS_PROFILE": "dev"}, session="s").profile == "dev"
    two = config(section("s"), section("t"), DEV, services=LOCAL)
    assert choose(two, (), {"AWS_PROFILE": "dev"}, session="t").instance.oidc_endpoint == ""


def test_a_login_made_through_a_profile_is_found_again_without_it() -> None:
    """`refresh --all` finds the login that was made with --profile dev, as long as dev still names that endpoint."""
    made = card("s", oidc_endpoint="https://services-oidc.example")
    assert choose(OVERRIDDEN, [made], {}, session="s").profile == "dev"
    elsewhere = card("s", oidc_endpoint="https://elsewhere.example")
    assert choose(OVERRIDDEN, [elsewhere], {}, session="s").instance.oidc_endpoint == ""
    plain = card("s")
    assert choose(OVERRIDDEN, [plain], {"AWS_PROFILE": "dev"}, session="s").profile is None


def test_a_broken_profile_of_somebody_else_does_not_get_in_the_way() -> None:
    """Looking for the profile of an earlier login passes over those that cannot be used."""
    bad = DEV._replace(name="bad", services="none")
    conf = config(section("s"), bad, DEV, services=LOCAL)
    assert choose(conf, [card("s", oidc_endpoint="https://services-oidc.example")], {}, session="s").profile == "dev"


@pytest.mark.parametrize(
    ("conf", "env", "words"),
    [
        (OVERRIDDEN, {"AWS_ENDPOINT_URL": "http://x.example"}, "AWS_ENDPOINT_URL 'http://x.example' is not https"),
        (OVERRIDDEN, {"AWS_ENDPOINT_URL_SSO": "x"}, "AWS_ENDPOINT_URL_SSO 'x' is not a URL"),
        (config(section("s"), DEV), {}, "[services local] of /home/me/.aws/config is missing or empty"),
        (config(section("s"), DEV, services={"local": {}}), {}, "[services local] of"),
        (config(section("s"), DEV, services={"local": {"sso_oidc": None}}), {}, "sso_oidc in [services local] of"),
        (
            config(section("s"), DEV, services={"local": {"sso": {"endpoint_url": "x"}}}),
            {},
            "sso endpoint_url in [services local] of /home/me/.aws/config 'x' is not a URL",
        ),
        (
            config(section("s"), DEV._replace(services=None, endpoint_url="ftp://x")),
            {},
            "endpoint_url in [profile dev] of /home/me/.aws/config 'ftp://x' is not a URL",
        ),
    ],
)
def test_an_override_that_cannot_be_used_says_where_it_is_set(conf: AwsConfig, env: dict[str, str], words: str) -> None:
    """Variable or section is named, and only when that override is the one that counts."""
    assert words in problem(conf, (), env, profile="dev").message
    good = {"AWS_ENDPOINT_URL_SSO": "https://p.example", "AWS_ENDPOINT_URL_SSO_OIDC": "https://o.example"}
    assert choose(conf, (), good, profile="dev").instance.oidc_endpoint == "https://o.example"


MAYBE_URL = st.sampled_from([None, "", "https://a.example", "https://b.example"])


@given(st.tuples(*[MAYBE_URL] * 5), st.sampled_from([None, "local", "none"]), st.sampled_from(["sso", "sso_oidc"]))
@settings(deadline=None)
def test_the_order_is_botocores(urls: tuple[str | None, ...], services: str | None, service: str) -> None:
    """Whatever is set where, botocore's own provider finds the same endpoint, or refuses as we do."""
    env = {
        name: url
        for name, url in zip(
            ("AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL"), urls, strict=False
        )
        if url is not None
    }
    profile = Profile("p", "profile p", endpoint_url=urls[3], services=services)
    nested = {"sso_oidc": {"endpoint_url": urls[4]}} if urls[4] is not None else {"s3": {"endpoint_url": "x"}}
    scoped = {key: value for key, value in (("endpoint_url", urls[3]), ("services", services)) if value is not None}
    theirs = ConfiguredEndpointProvider(
        full_config={"services": {"local": nested}},
        scoped_config=scoped,
        client_name=service.replace("_", "-"),
        environ=env,
    )
    ours = AwsConfig(PATH, services={"local": nested})
    try:
        expected = theirs.provide()
    except InvalidConfigError:
        with pytest.raises(ConfigError):
            endpoint(service, config=ours, profile=profile, env=env)
    else:
        assert endpoint(service, config=ours, profile=profile, env=env).url == (expected or "")


# --- all of them


def test_known_sessions_are_those_of_config_and_cards() -> None:
    """Sections, legacy profiles and cards, each once and sorted; profiles that point to a session are none."""
    conf = config(section("b"), section("a"), legacy("d"), pointing("dev", "a"), Profile("plain", "profile plain"))
    assert known(conf, [card("c"), card("a")]) == ["a", "b", "c", "d"]


def test_a_broken_session_hides_no_other() -> None:
    """All known sessions are found in order; what is wrong with one stands in its place."""
    found = chosen_all(config(section("a", None), section("b"), legacy("d")), [card("c")], {})
    assert [item.name if isinstance(item, Chosen) else item[0] for item in found] == ["a", "b", "c", "d"]
    first = found[0]
    assert isinstance(first, tuple)
    assert isinstance(first[1], ConfigError)
    assert sum(isinstance(item, Chosen) for item in found) == 3


def test_no_session_at_all() -> None:
    """Nothing known is an empty list, not an error."""
    assert chosen_all(NOTHING, [], {}) == []


def test_a_choice_is_made_from_a_file(tmp_path: Path) -> None:
    """What the reader finds in a file is what a session is chosen from."""
    path = tmp_path / "config"
    path.write_text(
        f"[sso-session s]\nsso_start_url={START}\nsso_region=us-east-1\n[profile p]\nsso_session=s\nservices=x\n"
        "[services x]\nsso_oidc =\n  endpoint_url = http://127.0.0.1:1\n"
    )
    chosen = choose(read_config({"AWS_CONFIG_FILE": str(path)}), (), {}, profile="p")
    assert chosen.instance == Instance(START, "us-east-1", oidc_endpoint="http://127.0.0.1:1")


def test_letters_with_accents_are_the_same_in_both_ways_to_write_them() -> None:
    """What macOS types as letter and accent (NFD) finds the name that an editor wrote as one letter (NFC)."""
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    conf = AwsConfig(
        PATH,
        Named({composed: section(composed), "other": section("other")}),
        Named({decomposed: pointing(decomposed, composed), "plain": pointing("plain", "other")}),
    )
    for env, said in (
        ({}, {"session": decomposed}),
        ({}, {"profile": composed}),
        ({"AWS_PROFILE": composed}, {}),
        ({"SSO_LOGIN_SESSION": decomposed}, {}),
    ):
        assert choose(conf, (), env, **said).name == composed
    assert composed in conf.profiles
    assert conf.profiles[composed].name == decomposed
    with pytest.raises(UnknownSession):
        choose(conf, (), {}, session="cafe")


def test_two_names_that_differ_in_their_spelling_alone_are_two() -> None:
    """Each is found as it is written."""
    names = Named({"caf\u00e9": 1, "cafe\u0301": 2})
    assert (names["caf\u00e9"], names.get("cafe\u0301"), names.get("x")) == (1, 2, None)


def test_a_company_s_own_start_url_means_what_the_last_login_found_behind_it() -> None:
    """No network is needed to know that; a URL that was edited since is another one."""
    vanity = "https://sso.company.example/start"
    conf = AwsConfig(PATH, {"my-sso": section("my-sso", f"{vanity}/#/")})
    known_card = Card("my-sso", Instance(START, "eu-west-1"), SCOPE, "file", "file", written=vanity)
    found = choose(conf, (known_card,), {})
    assert (found.instance.start_url, found.instance.region, found.written) == (START, "eu-west-1", vanity)
    edited = AwsConfig(PATH, {"my-sso": section("my-sso", "https://other.example/start")})
    assert choose(edited, (known_card,), {}).instance.start_url == "https://other.example/start"
    flagged = choose(NOTHING, (replace(known_card, name="sso"),), {}, start_url=vanity, region="us-east-1", name="sso")
    assert (flagged.name, flagged.instance.start_url) == ("sso", START)
