"""Which profiles are written for which roles."""

from __future__ import annotations

import re

import pytest
from botocore.compat import compat_shell_split
from hypothesis import given
from hypothesis import strategies as st

from sso_login.core.credentials import Account, Role
from sso_login.core.errors import UsageProblem
from sso_login.core.model import Instance
from sso_login.flows.profiles import Style, checked_name, matching, role_profiles, untouchable, with_roles

PROD = Account("111122223333", "Acme Prod (EU)", "prod@acme.example")
NAMELESS = Account("444455556666")
ADMIN = Role(PROD, "AdministratorAccess")
STYLE = Style("corp")
COMMAND = "sso-login credentials --session corp --account 111122223333 --role AdministratorAccess --format process"
SSO_KEYS = {"sso_session": "corp", "sso_account_id": "111122223333", "sso_role_name": "AdministratorAccess"}
HERE = Instance("https://corp.awsapps.com/start", "eu-west-1")
LEGACY = {
    "sso_start_url": "https://corp.awsapps.com/start",
    "sso_region": "eu-west-1",
    "sso_account_id": ADMIN.account.id,
    "sso_role_name": ADMIN.name,
}


def name_of(role: Role, template: str = "{account_name}-{role_name}", session: str = "corp") -> str:
    """Give the name of the role's profile."""
    return role_profiles([role], Style(session, template))[0].name


def test_a_profile_runs_our_credentials_command() -> None:
    """The default: no SSO keys beside it, nothing that an SDK would take first."""
    (made,) = role_profiles([ADMIN], STYLE)
    assert (made.name, made.values) == ("Acme-Prod-EU-AdministratorAccess", {"credential_process": COMMAND})
    assert {"sso_session", "role_arn", "aws_access_key_id"} <= set(made.remove)
    assert not set(made.values) & set(made.remove)


def test_a_profile_may_have_plain_sso_keys_and_a_region() -> None:
    """For SDKs that follow the session themselves."""
    (made,) = role_profiles([ADMIN], Style("corp", region="eu-west-1", sso_keys=True))
    assert made.values == {**SSO_KEYS, "region": "eu-west-1"}
    assert "credential_process" in made.remove
    assert "region" not in made.remove


@pytest.mark.parametrize(
    ("account", "template", "name"),
    [
        (PROD, "{account_name}-{role_name}", "Acme-Prod-EU-AdministratorAccess"),
        (PROD, "{session}.{account_id}/{role_name}", "corp.111122223333/AdministratorAccess"),
        (NAMELESS, "{account_name}", "444455556666"),
        (Account("1", "Größe -- Straße"), "{account_name}", "Gro-e-Stra-e"),
        (Account("1", "Café  Ñandú"), "{account_name}", "Cafe-Nandu"),
        (Account("777788889999", "東京"), "{account_name}", "777788889999"),
        (Account("1", "a]\n[default"), "{account_name}", "a-default"),
    ],
)
def test_a_name_is_one_that_every_sdk_takes(account: Account, template: str, name: str) -> None:
    """Case stays, accents go, all else becomes a dash; an account without a name is called by its id."""
    assert name_of(Role(account, "AdministratorAccess"), template) == name


@pytest.mark.parametrize(
    ("template", "word"),
    [
        ("{account}", "no field"),
        ("{role_name.__class__}", "no field"),
        ("{}", "no field"),
        ("{role_name", "odd brace"),
        ("{{role_name}}", "odd brace"),
        ("", "cannot be a profile's name"),
        ("my {role_name}", "cannot be a profile's name"),
        ("x]\n{role_name}", "cannot be a profile's name"),
    ],
)
def test_a_template_that_is_none_is_refused(template: str, word: str) -> None:
    """Unknown fields, braces, and what no profile may be called."""
    with pytest.raises(UsageProblem, match=word):
        name_of(ADMIN, template)


def test_two_roles_of_one_name_are_refused_with_what_tells_them_apart() -> None:
    """Rather an error than a name that means another account once one more is listed."""
    twin = Role(Account("999900001111", "Acme Prod  (EU)"), "AdministratorAccess")
    with pytest.raises(UsageProblem, match="in 111122223333, AdministratorAccess in 999900001111") as caught:
        role_profiles([ADMIN, twin], STYLE)
    assert caught.value.hint == "Add {account_id} to --template."
    with pytest.raises(UsageProblem, match="and 1 more") as caught:
        role_profiles(
            [Role(Account(str(n // 2)), f"r{n // 2}") for n in range(12)], Style("corp", "{account_id}-{role_name}")
        )
    assert caught.value.hint == "Choose with --account and --role."


NAMES = st.text("ab 1'\"$`;&|<>()*?é=,.@\\-", min_size=1, max_size=12).filter(lambda name: name == name.strip())


@given(session=NAMES, role=NAMES, program=NAMES.map(lambda name: f"/opt/{name}/sso-login"))
def test_the_command_comes_out_of_botocores_splitting_as_it_went_in(session: str, role: str, program: str) -> None:
    """With blanks and quotes, by the rules of POSIX shells and of Windows alike."""
    words = [program, "credentials", "--session", session, "--account", "111122223333", "--role", role]
    for windows, platform in ((False, "linux"), (True, "win32")):
        style = Style(session, "{account_id}", program=program, windows=windows)
        (made,) = role_profiles([Role(PROD, role)], style)
        split = compat_shell_split(made.values["credential_process"], platform)
        assert split == [*words, "--format", "process"]


@pytest.mark.parametrize(
    "keys",
    [
        {"credential_process": COMMAND},
        {"credential_process": COMMAND, "region": "", "output": ""},
        {"credential_process": f"'/opt/my tools/{COMMAND.replace(' ', chr(39) + ' ', 1)}"},
        {"credential_process": f"C:\\bin\\{COMMAND.replace('sso-login', 'sso-login.exe', 1)}"},
        SSO_KEYS,
        LEGACY,
        {**LEGACY, "sso_start_url": "https://Corp.awsapps.com/start/#/", "region": ""},
    ],
)
def test_what_was_written_for_the_same_role_may_be_written_again(keys: dict[str, str]) -> None:
    """In either form, whatever the program's place and the keys beside it."""
    made = role_profiles([ADMIN], STYLE)
    assert untouchable(made, {made[0].name: keys}, "corp", instance=HERE) == {}


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"region": ""},
        {"credential_process": COMMAND.replace("corp", "other")},
        {"credential_process": COMMAND + " -v"},
        {"credential_process": "vault " + COMMAND.split(" ", 1)[1]},
        {"credential_process": "'"},
        {"credential_process": ""},
        {"credential_process": COMMAND, "role_arn": ""},
        {"credential_process": COMMAND, **SSO_KEYS},
        {**SSO_KEYS, "sso_account_id": "999900001111"},
        {**LEGACY, "sso_role_name": "Other"},
        {**LEGACY, "sso_start_url": "https://other.awsapps.com/start"},
        {**LEGACY, "sso_region": "us-east-1"},
        {"sso_session": "corp"},
        {"aws_access_key_id": ""},
    ],
)
def test_what_somebody_else_wrote_is_left_alone(keys: dict[str, str]) -> None:
    """Another role, another program, or credentials that come from elsewhere."""
    made = role_profiles([ADMIN], STYLE)
    found = untouchable(made, {made[0].name: keys, "other": {}}, "corp", instance=HERE)
    assert list(found) == [made[0].name]
    assert found[made[0].name]


def test_accounts_are_picked_by_id_or_name() -> None:
    """Patterns as in a shell, either of them, in any case."""
    assert matching([PROD, NAMELESS], ["Acme*"]) == (PROD,)
    assert matching([PROD, NAMELESS], ["x", "4444*"]) == (NAMELESS,)
    assert matching([PROD, NAMELESS], ["acme*"]) == (PROD,)
    with pytest.raises(UsageProblem, match=re.escape("no account fits `ajax*` or `x`")):
        matching([PROD], ["ajax*", "x"])


def test_roles_are_picked_by_name() -> None:
    """Without a pattern all are; nothing to write is an error."""
    reader = Role(PROD, "Reader")
    assert with_roles([ADMIN, reader], ["Re*"]) == (reader,)
    assert with_roles([ADMIN, reader], []) == (ADMIN, reader)
    with pytest.raises(UsageProblem, match="no role fits `W"):
        with_roles([ADMIN], ["W?"])
    with pytest.raises(UsageProblem, match="there is no role"):
        with_roles([], [])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "it has no sso_account_id"),
        ({**SSO_KEYS, "sso_account_id": "999900001111"}, "its sso_account_id is '999900001111', not '111122223333'"),
        ({"role_arn": "", "source_profile": ""}, "it has role_arn, source_profile"),
        ({"credential_process": "vault x"}, "its credential_process is another command"),
        ({**LEGACY, "sso_region": "us-east-1"}, "its sso_region is 'us-east-1', not 'eu-west-1'"),
    ],
)
def test_what_differs_is_said(keys: dict[str, str], said: str) -> None:
    """Whoever is told that a profile is left alone is told why."""
    made = role_profiles([ADMIN], STYLE)
    assert untouchable(made, {made[0].name: keys}, "corp", instance=HERE) == {made[0].name: said}


@pytest.mark.parametrize("name", ["a ; b", "a b", "# c", "x]y", "", "a\tb", "\u00e9", "[x"])
def test_a_name_that_other_sdks_read_otherwise_is_refused(name: str) -> None:
    """They would put the keys into the section above."""
    with pytest.raises(UsageProblem, match="cannot be a profile's name"):
        checked_name(name, where="in --write-profile")
    assert checked_name("dev-keys_1.x", where="") == "dev-keys_1.x"
