"""Profiles that assume a role (`role_arn`), against the emulator's STS: what is asked for, kept, forgotten, refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.issued import Assumed
from sso_login.emulator.core.reply import Reply
from sso_login.emulator.core.settings import ASSUMABLE, Assumable, Settings
from tests.support.shell import Ran, Shell, clean, shell
from tests.support.visitor import as_browser

ACCOUNT = "111122223333"
DEPLOY, AUDIT, RESTORE = (role.arn for role in ASSUMABLE)
PROFILES = f"""
[profile dev]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = Deployer
region = eu-west-1

[profile written]
credential_process = sso-login credentials --session my-sso --account {ACCOUNT} --role Deployer

[profile deploy]
role_arn = {DEPLOY}
source_profile = dev
region = eu-central-1

[profile deploy-written]
role_arn = {DEPLOY}
source_profile = written

[profile audit]
role_arn = {AUDIT}
source_profile = dev
external_id = harbour-audit
duration_seconds = 1800
role_session_name = nightly
region = eu-central-1

[profile restore]
role_arn = {RESTORE}
source_profile = deploy
region = eu-west-2

[profile nowhere]
role_arn = {DEPLOY}
source_profile = dev

[profile keys]
region = eu-west-1
"""
LONG = "arn:aws:iam::222233334444:role/Long"
STEPS = [Assumable(f"arn:aws:iam::222233334444:role/Step{number}") for number in range(7)]


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Log in, with profiles in the config, at an emulator that also knows seven roles in a row."""
    with shell(
        home,
        capsys,
        Settings(assumable=(*ASSUMABLE, *STEPS, Assumable(LONG, longest=7200)), signature_window=None, approve=True),
    ) as sh:
        sh.env["AWS_ENDPOINT_URL_STS"] = sh.emulator.url
        sh.config.write_text(sh.config.read_text() + PROFILES)
        assert sh("device").code == 0
        yield sh


def given(ran: Ran) -> dict[str, str]:
    """Read a process answer that is right."""
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, str] = ran.json()
    return found


def add(sh: Shell, text: str) -> None:
    """Put more into the config."""
    sh.config.write_text(sh.config.read_text() + "\n" + text)


def assumed(sh: Shell) -> list[tuple[str, str, str | None, str | None, str]]:
    """List what STS was asked for: role, session name, duration, external id, region."""
    found = sh.emulator.service.assumed
    return [(each.role_arn, each.session_name, each.duration, each.external_id, each.region) for each in found]


def test_a_role_is_assumed_with_the_sources_credentials(sh: Shell) -> None:
    """The account is the role's; who assumes it is the source's role; the region that of the profile."""
    found = given(sh("credentials", "--profile", "deploy"))
    assert (found["AccountId"], found["Expiration"]) == ("222233334444", "2027-01-15T09:00:05Z")
    assert assumed(sh) == [(DEPLOY, "sso-login", None, None, "eu-central-1")]
    assert "assumed-role/AWSReservedSSO_Deployer_" in sh.emulator.service.assumed[0].by
    assert (sh.asked["GetRoleCredentials"], sh.asked["AssumeRole"]) == (1, 1)


def test_every_key_of_the_profile_is_asked_for(sh: Shell) -> None:
    """external_id, duration_seconds and role_session_name; without a region that of the source, where SDKs give up."""
    assert given(sh("credentials", "--profile", "audit"))["Expiration"] == "2027-01-15T08:30:05Z"
    given(sh("credentials", "--profile", "nowhere"))
    assert assumed(sh) == [
        (AUDIT, "nightly", "1800", "harbour-audit", "eu-central-1"),
        (DEPLOY, "sso-login", None, None, "eu-west-1"),
    ]


def test_it_is_cached_like_a_role_of_the_portal(sh: Shell) -> None:
    """The same bytes until five minutes before their end, then one AssumeRole more."""
    first = sh("credentials", "--profile", "deploy")
    sh.clock.sleep(3600 - 301)
    assert sh("credentials", AWS_PROFILE="deploy") == first
    assert sh.asked["AssumeRole"] == 1
    sh.clock.sleep(2)
    assert given(sh("credentials", "--profile", "deploy"))["AccessKeyId"] != given(first)["AccessKeyId"]
    assert sh.asked["AssumeRole"] == 2


def test_a_chain_keeps_every_step(sh: Shell) -> None:
    """The one before is not assumed again for the next; each by the role before it."""
    given(sh("credentials", "--profile", "deploy"))
    assert given(sh("credentials", "--profile", "restore"))["AccountId"] == "444455556666"
    assert [each.role_arn for each in sh.emulator.service.assumed] == [DEPLOY, RESTORE]
    assert sh.emulator.service.assumed[1].by == "arn:aws:sts::222233334444:assumed-role/Deploy/sso-login"


def test_another_question_is_another_entry(sh: Shell) -> None:
    """A changed external id, session name or source is not answered from the cache of the one before."""
    given(sh("credentials", "--profile", "deploy"))
    for change in ("external_id = x1", "role_session_name = me", "duration_seconds = 900"):
        add(sh, f"[profile {change[:4]}]\nrole_arn = {DEPLOY}\nsource_profile = dev\n{change}\n")
        given(sh("credentials", "--profile", change[:4]))
    assert sh.asked["AssumeRole"] == 4


def test_logout_forgets_them(sh: Shell) -> None:
    """Every step goes with the login."""
    given(sh("credentials", "--profile", "restore"))
    secrets = Path(sh.env["SSO_LOGIN_HOME"], "secrets")
    assert len(list(secrets.iterdir())) == 4
    assert sh("logout").code == 0
    assert list(secrets.iterdir()) == []
    assert sh("credentials", "--profile", "restore").code == 3


def test_a_source_may_be_a_credential_process_of_ours(sh: Shell) -> None:
    """As `configure profiles` writes them; without a region of either STS is asked in that of the session."""
    given(sh("credentials", "--profile", "deploy-written"))
    assert assumed(sh) == [(DEPLOY, "sso-login", None, None, "us-east-1")]
    given(sh("credentials", "--profile", "deploy-written", AWS_REGION="ap-south-1"))
    assert len(assumed(sh)) == 1


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_environments_region_goes_first(sh: Shell, variable: str) -> None:
    """As in the SDKs; one that is none never becomes a host's name."""
    given(sh("credentials", "--profile", "deploy", **{variable: "ap-south-1"}))
    assert assumed(sh)[0][-1] == "ap-south-1"
    ran = sh("credentials", "--profile", "deploy", **{variable: "evil.example/"})
    assert (ran.code, "is not an AWS region" in ran.err) == (2, True)


def test_a_login_by_aws_sign_in_may_be_the_source(sh: Shell, home: Path) -> None:
    """A user's role may last longer than an hour; logging out of AWS Sign-In forgets it."""
    sh.attended = True
    sh.env["BROWSER"] = as_browser(note=home / "opened")
    sh.env["AWS_ENDPOINT_URL_SIGNIN"] = sh.emulator.url
    add(sh, f"[profile longer]\nrole_arn = {LONG}\nsource_profile = me\nduration_seconds = 7200\n")
    add(sh, "[profile me]\nregion = us-east-1\n")
    ran = sh("credentials", "--profile", "longer")
    assert (ran.code, "profile `me` has no session" in ran.err) == (2, True)
    assert sh("signin", "--profile", "me").code == 0
    first = given(sh("credentials", "--profile", "longer"))
    assert first == given(sh("credentials", "--profile", "longer"))
    assert sh.emulator.service.assumed[-1].by == "arn:aws:iam::111122223333:user/harbour-master"
    assert sh("logout", "--profile", "me").code == 0
    assert sh("credentials", "--profile", "longer").code in {2, 3}
    secrets = Path(sh.env["SSO_LOGIN_HOME"], "secrets")
    assert [each.name for each in secrets.iterdir() if "Long" in each.name] == []


def test_the_session_of_a_chain_is_that_of_its_start(sh: Shell) -> None:
    """In `token`, `roles` and the like; AWS_PROFILE, too, among several sessions."""
    add(sh, "[sso-session other]\nsso_start_url = https://other.example/start\nsso_region = eu-west-1\n")
    for argv, env in ((("--profile", "restore"), {}), ((), {"AWS_PROFILE": "restore"})):
        ran = sh("token", *argv, **env)
        assert (ran.code, bool(ran.out)) == (0, True), ran.err
    assert "restore" in sh("token", "--profile", "restor").err


def test_exec_and_console_take_it(sh: Shell) -> None:
    """The credentials of the last role, its account and the profile's region."""
    sh.env["AWS_ENDPOINT_URL_SIGNIN"] = sh.emulator.url
    ran = sh("console", "--profile", "deploy", "--print")
    assert (ran.code, "Action=login" in ran.out) == (0, True), ran.err
    assert "222233334444" in sh("credentials", "--profile", "deploy", "--format", "json").out


def test_a_named_session_must_be_the_chains(sh: Shell) -> None:
    """SSO_LOGIN_SESSION of another leaves the current profile aside; --session with --profile must agree."""
    ran = sh("credentials", "--profile", "deploy", "--session", "other")
    assert (ran.code, "is 'my-sso', not the one that is named" in ran.err) == (2, True)
    given(sh("credentials", "--profile", "deploy", "--session", "my-sso"))
    given(sh("credentials", "--account", ACCOUNT, "--role", "Deployer", AWS_PROFILE="deploy"))
    assert sh.asked["AssumeRole"] == 1


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        (f"role_arn = {DEPLOY}\n", "has role_arn, but no source_profile", "source_profile = ..."),
        (f"role_arn = {DEPLOY}\nsource_profile = x\n", "leads in a circle: x -> x", "sso_session"),
        (f"role_arn = {DEPLOY}\nsource_profile = y\n", "leads in a circle: x -> y -> x", "sso_session"),
        (f"role_arn = {DEPLOY}\nsource_profile = devv\n", "`devv`, which is not there", "Did you mean `dev`?"),
        (f"role_arn = {DEPLOY}\nsource_profile = keys\n", "profile `keys` has no session", "sso_session"),
        (f"role_arn = {DEPLOY}\nsource_profile = dev\nmfa_serial = arn:x\n", "mfa_serial in", "take mfa_serial out"),
        (f"role_arn = {DEPLOY}\ncredential_source = Environment\n", "credential_source in", "sso_session"),
        ("role_arn = arn:aws:iam::1:role/x\nsource_profile = dev\n", "role_arn in", "arn:aws:iam::"),
        (f"role_arn = {DEPLOY}\nsource_profile = dev\nrole_session_name = a b\n", "role_session_name in", "letters"),
        (f"role_arn = {DEPLOY}\nsource_profile = dev\nexternal_id = a b\n", "external_id in", "letters"),
        (f"role_arn = {DEPLOY}\nsource_profile = dev\nduration_seconds = 60\n", "duration_seconds in", "900 to 3600"),
        (f"role_arn = {DEPLOY}\nsource_profile = dev\nduration_seconds = 1h\n", "duration_seconds in", "900 to 3600"),
    ],
)
def test_what_cannot_be_a_chain_is_exit_2(sh: Shell, text: str, words: str, hint: str) -> None:
    """Before anything is asked, with the key and its place, and what to write there."""
    add(sh, f"[profile x]\n{text}\n[profile y]\nrole_arn = {AUDIT}\nsource_profile = x\n")
    for argv, env in ((("credentials", "--profile", "x"), {}), (("credentials",), {"AWS_PROFILE": "x"})):
        ran = sh(*argv, **env)
        assert (ran.code, ran.out) == (2, "")
        assert words in ran.err
        assert hint in ran.err
    assert (sh.asked["GetRoleCredentials"], sh.asked["AssumeRole"]) == (0, 0)


def test_five_roles_are_the_most(sh: Shell) -> None:
    """Five are assumed one by the other; with six it is exit 2."""
    add(sh, f"[profile step0]\nrole_arn = {STEPS[0].arn}\nsource_profile = dev\n")
    for number in range(1, 6):
        add(sh, f"[profile step{number}]\nrole_arn = {STEPS[number].arn}\nsource_profile = step{number - 1}\n")
    given(sh("credentials", "--profile", "step4"))
    assert [each.role_arn for each in sh.emulator.service.assumed] == [step.arn for step in STEPS[:5]]
    ran = sh("credentials", "--profile", "step5")
    assert (ran.code, "more than 5 roles" in ran.err) == (2, True)


def test_a_refusal_of_sts_is_exit_6(sh: Shell) -> None:
    """Which role, by whom where it is a chain, the code and the request id."""
    add(sh, f"[profile no]\nrole_arn = {RESTORE}\nsource_profile = dev\n")
    ran = sh("credentials", "--profile", "no")
    assert (ran.code, ran.out) == (6, "")
    assert f"role {RESTORE} could not be assumed: AssumeRole was refused: AccessDenied: User: arn:aws:sts::" in ran.err
    assert f"(request id {sh.emulator.service.log[-1].request_id})" in ran.err
    assert "hint: The role's trust policy" in ran.err


def test_an_hour_is_the_most_a_chain_can_have(sh: Shell) -> None:
    """STS refuses more, and doctor says so before."""
    add(sh, f"[profile long]\nrole_arn = {DEPLOY}\nsource_profile = dev\nduration_seconds = 7200\n")
    ran = sh("credentials", "--profile", "long")
    assert (ran.code, "ValidationError" in ran.err) == (6, True)
    found = [each for each in json.loads(sh("doctor", "--json").out) if "duration_seconds" in each["message"]]
    assert [each["status"] for each in found] == ["warn"]


def test_those_at_hand_outlive_an_outage(sh: Shell) -> None:
    """Served with a warning while they last, then exit 5."""
    first = sh("credentials", "--profile", "deploy")
    sh.clock.sleep(3400)
    sh.emulator.service.order(Fault("AssumeRole", reply=Reply(503, {}, b""), times=50))
    ran = sh("credentials", "--profile", "deploy")
    assert (ran.code, ran.out) == (0, first.out)
    assert ran.err.startswith("warning: AssumeRole got no answer")
    sh.clock.sleep(300)
    assert sh("credentials", "--profile", "deploy").code == 5


def test_a_busy_sts_is_waited_for(sh: Shell) -> None:
    """Throttling is asked again after a moment."""
    sh.emulator.service.order(Fault("AssumeRole", reply=Reply(429, {"Retry-After": "3"}, b"")))
    given(sh("credentials", "--profile", "deploy"))
    assert sh.clock.slept[-1] == 3


BOTO = """
import sys, botocore.session
found = botocore.session.Session(profile=sys.argv[1]).get_credentials().get_frozen_credentials()
assert found.access_key
"""


@pytest.mark.parametrize("profile", ["deploy", "audit", "restore"])
def test_boto3_alone_asks_sts_for_the_same(sh: Shell, profile: str) -> None:
    """The same roles in the same order with the same parameters; only the made-up session name is another."""
    given(sh("credentials", "--profile", profile))
    ours = sh.emulator.service.assumed
    assert sh("device", "--force", "--sdk-cache").code == 0
    # The emulator's clock stands still in 2027, botocore's does not: what is cached for it must be good by both.
    for cached in Path(sh.env["HOME"], ".aws", "sso", "cache").glob("*.json"):
        cached.write_text(cached.read_text().replace("2027-", "2099-"))
    env = clean({**sh.env, "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1"})
    done = subprocess.run([sys.executable, "-c", BOTO, profile], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    asked = sh.emulator.service.assumed[len(ours) :]

    def plain(role: Assumed) -> tuple[str | None, ...]:
        name = role.session_name if role.session_name == "nightly" else ""
        return (role.by.rpartition("/")[0], role.role_arn, name, role.duration, role.external_id, role.region)

    assert [plain(each) for each in asked] == [plain(each) for each in ours]
