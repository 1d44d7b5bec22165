"""`credentials` against the emulator: which role is meant, the cache, the file for other tools."""

from __future__ import annotations

import re
import stat
import sys
import threading
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.reply import Reply, portal_refusal
from tests.support.shell import Ran, Shell, process

ACCOUNT = "111122223333"
HERE = ("--session", "my-sso", "--account", ACCOUNT, "--role", "ReadOnlyAccess")
PROFILES = f"""
[profile dev]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = ReadOnlyAccess
region = eu-west-1

[profile bare]
sso_session = my-sso

[profile written]
credential_process = /opt/bin/sso-login credentials --session my-sso --account {ACCOUNT} --role Deployer
region = eu-central-1

[profile foreign]
credential_process = /opt/bin/other credentials --session my-sso --account {ACCOUNT} --role Deployer

[profile odd]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = ReadOnlyAccess
region = eu west;1
"""


@pytest.fixture
def sh(sh: Shell) -> Shell:
    """Log in, with profiles in the config."""
    sh.config.write_text(sh.config.read_text() + PROFILES)
    assert sh("device").code == 0
    return sh


def key(ran: Ran) -> str:
    """Give the access key's id of a process answer that is right in all else."""
    assert (ran.code, ran.err) == (0, "")
    found = ran.json()
    assert list(found) == [
        *("Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"),
    ]
    assert (found["Version"], found["Expiration"][-1]) == (1, "Z")
    assert ran.out.count("\n") == 1
    return str(found["AccessKeyId"])


def test_the_process_answer_is_cached(sh: Shell) -> None:
    """The same bytes until five minutes before their end, then others."""
    first = sh("credentials", *HERE)
    assert key(first)
    assert sh("credentials", "--profile", "dev") == first
    sh.clock.sleep(3600 - 301)
    assert sh("credentials", *HERE, "--format", "process") == first
    assert sh.asked["GetRoleCredentials"] == 1
    sh.clock.sleep(2)
    assert key(sh("credentials", *HERE)) != key(first)
    assert sh.asked["GetRoleCredentials"] == 2


@pytest.mark.parametrize(
    ("argv", "env", "role"),
    [
        (("--profile", "dev"), {}, "ReadOnlyAccess"),
        (("--profile", "dev", "--role", "Deployer"), {}, "Deployer"),
        (("--profile", "bare", "--account", ACCOUNT, "--role", "Deployer"), {}, "Deployer"),
        (("--profile", "written"), {}, "Deployer"),
        (("--profile", "written", "--role", "ReadOnlyAccess"), {}, "ReadOnlyAccess"),
        (("--profile", "written", "--session", "my-sso"), {}, "Deployer"),
        ((), {"AWS_PROFILE": "dev"}, "ReadOnlyAccess"),
        ((), {"AWS_PROFILE": "dev", "SSO_LOGIN_SESSION": "my-sso"}, "ReadOnlyAccess"),
        (("--role", "Deployer"), {"AWS_PROFILE": "dev"}, "Deployer"),
        ((), {"AWS_PROFILE": "written"}, "Deployer"),
        ((), {"AWS_PROFILE": "written", "SSO_LOGIN_SESSION": "my-sso"}, "Deployer"),
        (("--account", ACCOUNT, "--role", "Deployer"), {}, "Deployer"),
        (("--account", ACCOUNT, "--role", "Deployer"), {"AWS_PROFILE": "foreign"}, "Deployer"),
    ],
)
def test_which_role_is_meant(sh: Shell, argv: tuple[str, ...], env: dict[str, str], role: str) -> None:
    """Flags, else the profile that is named, else the current one if it is of the session."""
    assert key(sh("credentials", *argv, **env)) == key(sh("credentials", *HERE[:-1], role))
    assert sh.asked["GetRoleCredentials"] == 1


@pytest.mark.parametrize(
    ("argv", "env", "words"),
    [
        ((), {}, "no account and no role is named for session 'my-sso'"),
        (("--profile", "bare"), {}, "nor in profile 'bare'"),
        (("--account", ACCOUNT), {}, "no role is named"),
        (("--session", "my-sso"), {"AWS_PROFILE": "dev"}, "no account and no role"),
        (("--account", "1234", "--role", "x"), {}, "'1234' is not an account"),
        (("--account", "", "--role", "x"), {}, "no account is named"),
        (("--account", ACCOUNT, "--role", "a b"), {}, "cannot be the name of a role"),
        (("--profile", "nope"), {}, "no profile `nope`"),
        (("--profile", "foreign"), {}, "has no session"),
        (("--profile", "written", "--session", "other"), {}, "is 'my-sso', not the one that is named"),
        (("--profile", "odd"), {}, "is not the name of one"),
        (("--session", "nope", "--account", ACCOUNT, "--role", "x"), {}, "no session `nope`"),
        ((*HERE, "--format", "env", "--write-profile", "x"), {}, "exclude each other"),
        ((*HERE, "--format", "nonsense"), {}, "nonsense"),
        ((), {"AWS_PROFILE": "written", "SSO_LOGIN_SESSION": "nope"}, "no session `nope`"),
    ],
)
def test_what_cannot_be_meant_is_exit_2(sh: Shell, argv: tuple[str, ...], env: dict[str, str], words: str) -> None:
    """Before anything is asked, and with a hint."""
    ran = sh("credentials", *argv, **env)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert "hint: " in ran.err
    assert sh.asked["GetRoleCredentials"] == 0


@pytest.mark.parametrize(
    "value",
    [
        "'sso-login credentials",
        "",
        "sso-login token my-sso",
        "sso-login credentials --session my-sso --account 111122223333",
        "sso-login credentials --session my-sso --account 111122223333 --role",
        "sso-login credentials --session my-sso --account 111122223333 --role x --format json",
    ],
)
def test_a_credential_process_that_configure_would_not_write_is_not_followed(sh: Shell, value: str) -> None:
    """The profile then has no session, as any other without one."""
    sh.config.write_text(sh.config.read_text() + f"[profile mine]\ncredential_process = {value}\n")
    ran = sh("credentials", "--profile", "mine")
    assert (ran.code, "has no session" in ran.err) == (2, True)


def test_a_role_that_is_not_assigned_is_explained(sh: Shell) -> None:
    """Exit 6, and the command that lists what is."""
    ran = sh("credentials", *HERE[:-1], "Nope")
    assert (ran.code, ran.out) == (6, "")
    assert "may not use role 'Nope'" in ran.err
    assert f"`sso-login roles my-sso --account {ACCOUNT}`" in ran.err
    gone = portal_refusal("ResourceNotFoundException", "gone").reply
    sh.emulator.service.order(Fault("GetRoleCredentials", reply=gone))
    assert sh("credentials", *HERE).code == 6


def test_the_token_is_renewed_for_it(sh: Shell) -> None:
    """A session whose token is over is as good as ever; one that is over altogether is exit 3."""
    sh.clock.sleep(4000)
    assert key(sh("credentials", *HERE))
    sh.clock.sleep(9 * 3600)
    ran = sh("credentials", *HERE)
    assert (ran.code, ran.out) == (3, "")
    assert "sso-login device" in ran.err


def test_credentials_at_hand_outlive_an_outage(sh: Shell) -> None:
    """Served with a warning while they last, then exit 5."""
    first = sh("credentials", *HERE)
    sh.clock.sleep(3400)
    sh.emulator.service.order(Fault("GetRoleCredentials", reply=Reply(503, {}, b""), times=50))
    ran = sh("credentials", *HERE)
    assert (ran.code, ran.out) == (0, first.out)
    assert ran.err.startswith("warning: GetRoleCredentials got no answer")
    sh.clock.sleep(300)
    assert sh("credentials", *HERE).code == 5


def test_logout_leaves_nothing_behind(sh: Shell) -> None:
    """Every role's credentials go with the login."""
    for role in ("ReadOnlyAccess", "Deployer"):
        assert key(sh("credentials", *HERE[:-1], role))
    secrets = Path(sh.env["SSO_LOGIN_HOME"], "secrets")
    assert len(list(secrets.iterdir())) == 3
    assert sh("logout").code == 0
    assert list(secrets.iterdir()) == []
    assert sh("credentials", *HERE).code == 3


def test_a_new_login_starts_with_none(sh: Shell) -> None:
    """`device --force` may be somebody else's."""
    assert key(sh("credentials", *HERE))
    assert sh("device", "--force").code == 0
    assert key(sh("credentials", *HERE))
    assert sh.asked["GetRoleCredentials"] == 2


def test_many_processes_make_one_call(sh: Shell) -> None:
    """Eight at once: one GetRoleCredentials, eight times the same answer."""
    answers: list[Ran] = []

    def ask() -> None:
        answers.append(process("credentials", *HERE, env=sh.env))

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert {ran.code for ran in answers} == {0}
    assert len({ran.out for ran in answers}) == 1
    assert sh.asked["GetRoleCredentials"] == 1


@pytest.mark.parametrize("form", ["env", "powershell", "fish", "dotenv", "json"])
def test_other_formats_name_the_region(sh: Shell, form: str) -> None:
    """The profile's own, where there is one."""
    ran = sh("credentials", "--profile", "dev", "--format", form)
    assert (ran.code, ran.err) == (0, "")
    assert "eu-west-1" in ran.out
    assert "eu-central-1" in sh("credentials", "--profile", "written", "--format", form).out
    none = sh("credentials", *HERE, "--format", form).out
    assert not {"eu-west-1", "eu-central-1"} & set(re.findall(r"eu-\w+-1", none))


def shared(sh: Shell) -> Path:
    """Name the shared credentials file."""
    return Path(sh.env["HOME"], ".aws", "credentials")


def test_a_profile_is_kept_fresh_for_other_tools(sh: Shell) -> None:
    """Nothing on stdout; comments, order and other sections stay; 0600; new keys take the place of the old."""
    shared(sh).write_text("# mine\n[other]\naws_access_key_id = AKIAOTHER # not yours\n\n[dev-keys]\nregion = x\n")
    assert sh("credentials", *HERE, "--write-profile", "dev-keys") == Ran(0, "", "")
    given = sh("credentials", *HERE).json()
    assert shared(sh).read_text() == (
        "# mine\n[other]\naws_access_key_id = AKIAOTHER # not yours\n\n[dev-keys]\nregion = x\n"
        f"aws_access_key_id = {given['AccessKeyId']}\n"
        f"aws_secret_access_key = {given['SecretAccessKey']}\n"
        f"aws_session_token = {given['SessionToken']}\n"
        f"x_security_token_expires = {given['Expiration']}\n"
    )
    if sys.platform != "win32":
        assert stat.S_IMODE(shared(sh).stat().st_mode) == 0o600
    before = shared(sh).stat()
    sh.clock.sleep(3600 - 901)
    assert sh("credentials", *HERE, "--write-profile", "dev-keys").code == 0
    assert shared(sh).stat() == before
    sh.clock.sleep(2)  # three tries for a job every five minutes
    assert sh("credentials", *HERE, "--write-profile", "dev-keys").code == 0
    assert given["AccessKeyId"] not in shared(sh).read_text()
    assert shared(sh).read_text().count("[dev-keys]") == 1


def test_it_is_written_where_the_environment_says(sh: Shell, tmp_path: Path) -> None:
    """AWS_SHARED_CREDENTIALS_FILE, as the SDKs read it; file and folder are made."""
    named = tmp_path / "new" / "file"
    assert sh("credentials", *HERE, "--write-profile", "x", AWS_SHARED_CREDENTIALS_FILE=str(named)).code == 0
    assert named.read_text().startswith("[x]\n")


@pytest.mark.parametrize("line", ["aws_access_key_id = AKIAMINE", "aws_secret_access_key = mine-alone"])
def test_long_term_keys_are_never_written_over(sh: Shell, line: str) -> None:
    """Keys without a session token are somebody's only copy."""
    shared(sh).write_text(f"[precious]\n{line}\n")
    ran = sh("credentials", *HERE, "--write-profile", "precious")
    assert (ran.code, ran.out) == (2, "")
    assert "long-term keys" in ran.err
    assert line.partition("= ")[2] not in ran.err
    assert shared(sh).read_text() == f"[precious]\n{line}\n"


@pytest.mark.parametrize("name", ["", "a\nb", "DEFAULT"])
def test_a_name_that_cannot_be_a_section_is_refused(sh: Shell, name: str) -> None:
    """Nothing is written."""
    assert sh("credentials", *HERE, "--write-profile", name).code == 2
    assert not shared(sh).exists()
