"""What is found about config and sessions, over stores in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sso_login.core.config import AwsConfig, Profile, SsoSection
from sso_login.core.errors import StoreUnusable
from sso_login.doctor.finding import FAIL, OK, WARN, Finding, broken
from sso_login.doctor.sessions import config_findings, meant_finding, session_findings, store_finding
from sso_login.storage.session_store import SessionStore
from tests.support.fakes import INSTANCE, NOW, FakePorts, chosen, session, token
from tests.support.logins import sign_in
from tests.support.stores.memory import MemoryEntries

STAMP = (1, 2, 3, 4, 5)
SECTION = SsoSection("my-sso", "sso-session my-sso", start_url=INSTANCE.start_url, region=INSTANCE.region)


def logged_in(*, left: float = 3600, refresh: str | None = "refresh-1", **card: object) -> FakePorts:
    """Set up a login in a keyring in memory, whose card is changed afterwards."""
    made = FakePorts()
    sign_in(made, session(token=token(refresh=refresh, left=left)), made.store("keyring"))
    made.cards.write(replace(made.cards.cards["my-sso"], **card))  # type: ignore[arg-type]  # made to be mixed
    return made


def found(ports: FakePorts, *, keyring: Finding | None = None, backend: str = "memory") -> list[Finding]:
    """Look at that login."""
    card = ports.cards.cards.get("my-sso")
    return list(session_findings(ports, chosen(card=card), keyring=keyring, backend=backend))


@pytest.mark.parametrize(
    ("left", "refresh", "card", "status", "says", "remedy"),
    [
        (3600, "r", {}, OK, "is good for 1 h, renewed by itself; kept in the OS keyring (memory)", ""),
        (3600, None, {}, OK, "is good for 1 h, not renewable", ""),
        (-60, "r", {}, OK, "is over, and renewed at its next use", ""),
        (-60, None, {}, FAIL, "is over and cannot be renewed", "`sso-login device my-sso`"),
        (-60, "r", {"refused": True}, FAIL, "the refresh token was refused", "`sso-login device my-sso`"),
        (3600, "r", {"refused": True}, WARN, "good for 1 h, but its refresh token was refused", "`sso-login device"),
    ],
)
def test_a_login_is_told_as_it_stands(
    *, left: float, refresh: str | None, card: dict[str, object], status: str, says: str, remedy: str
) -> None:
    """Where it lies, how long it is good, and only where a human must act: the command that logs in."""
    (finding,) = found(logged_in(left=left, refresh=refresh, **card))
    assert (finding.check, finding.status) == ("session", status)
    assert "https://example.awsapps.com/start us-east-1" in finding.message
    assert says in finding.message
    assert (remedy in finding.remedy) if remedy else finding.remedy == ""


def test_a_renewal_that_waits_is_told() -> None:
    """While a failed renewal is not repeated yet, that is said, and how to try at once."""
    _, finding = found(logged_in(retry_after=NOW + 90))
    assert (finding.status, "none is tried for another 1 min 30 s" in finding.message) == (WARN, True)
    assert finding.remedy == "Try now: `sso-login refresh my-sso --force`."


def test_another_keyring_than_that_of_the_login_is_told() -> None:
    """A card that names another backend than this machine's was made somewhere else."""
    _, finding = found(logged_in(), backend="SecretService")
    assert (finding.status, finding.remedy) == (
        WARN,
        "Log in where it was made, or again: `sso-login device my-sso --force`.",
    )
    assert "was pinned to the keyring memory, but this machine's is SecretService" in finding.message


def test_rescued_tokens_are_told_with_their_place() -> None:
    """Tokens that lie in memory are gone with the next restart, so that is worth a warning."""
    made = logged_in()
    made.rescue = SessionStore(MemoryEntries(kind="file", backend="/run/user/7/sso-login"))
    made.rescue.save(session(token=token("newest", left=3600)))
    made.entries["keyring"].trouble = StoreUnusable("the keyring is locked")
    _, finding = found(made)
    assert (finding.status, "they lie in /run/user/7/sso-login, in memory" in finding.message) == (WARN, True)


def test_a_keyring_that_cannot_be_read_is_not_asked_again() -> None:
    """What mends the keyring mends the session; its deadline is not waited for once more."""
    made = logged_in()
    made.entries["keyring"].trouble = StoreUnusable("this was asked")
    (finding,) = found(made, keyring=broken("keyring", "it is locked", "Unlock it."))
    assert (finding.status, finding.remedy) == (FAIL, "Unlock it.")
    assert "which cannot be read now" in finding.message


def test_a_record_that_is_corrupt_is_told_with_its_session() -> None:
    """An entry that is none of ours is a failure."""
    made = logged_in()
    made.entries["keyring"].texts["sso-login:sso:my-sso"] = "garbage"
    (finding,) = found(made)
    assert finding.status == FAIL
    assert finding.message.startswith("my-sso (")
    assert "garbage" not in finding.message


def test_a_session_without_a_login_is_not_looked_for() -> None:
    """Nobody has logged in yet: nothing is wrong, and no store is opened."""
    made = FakePorts()
    assert [finding.status for finding in found(made)] == [OK]
    assert made.entries == {}


def test_a_login_that_lies_elsewhere_than_the_environment_says() -> None:
    """SSO_LOGIN_STORE against the card's pin is a failure, with the way out."""
    made = logged_in()
    made.env = {"SSO_LOGIN_STORE": "file"}
    (finding,) = found(made)
    assert (finding.status, "Unset SSO_LOGIN_STORE" in finding.remedy) == (FAIL, True)


def test_profiles_that_lead_nowhere_are_told_once_each() -> None:
    """A profile with a missing session is a warning; two with the same trouble are one."""
    profiles = {
        "good": Profile("good", "profile good", sso_session="my-sso"),
        "bad": Profile("bad", "profile bad", sso_session="no-such"),
        "plain": Profile("plain", "profile plain"),
        "one": Profile("one", "profile one", sso_session="empty"),
        "two": Profile("two", "profile two", sso_session="empty"),
    }
    sections = {"my-sso": SECTION, "empty": SsoSection("empty", "sso-session empty")}
    config = AwsConfig("/config", sections, profiles, stamp=STAMP)
    whole, *wrong = config_findings(config, [], {})
    assert whole == Finding("config", OK, "/config can be read: 2 sso-sessions, 5 profiles")
    assert [(finding.status, "no-such" in finding.message) for finding in wrong] == [(WARN, True), (WARN, False)]


@pytest.mark.parametrize(("env", "status"), [({}, OK), ({"AWS_CONFIG_FILE": "/config"}, WARN)])
def test_a_config_that_is_not_there(env: dict[str, str], status: str) -> None:
    """No config file is fine, unless AWS_CONFIG_FILE names one."""
    (finding,) = config_findings(AwsConfig("/config"), [], env)
    assert finding.status == status


@pytest.mark.parametrize(
    ("env", "sections", "status"),
    [
        ({}, ["my-sso"], OK),
        ({}, ["my-sso", "other"], WARN),
        ({"SSO_LOGIN_SESSION": "other"}, ["my-sso", "other"], OK),
        ({"SSO_LOGIN_SESSION": "othr"}, ["my-sso", "other"], FAIL),
        ({}, [], WARN),
    ],
)
def test_which_session_is_meant(env: dict[str, str], sections: list[str], status: str) -> None:
    """The only one, or that of the environment; none is worth a word, one that is not there is a failure."""
    config = AwsConfig("/config", {name: SECTION._replace(name=name) for name in sections}, stamp=STAMP)
    assert meant_finding(config, [], env).status == status


def test_which_store_new_logins_get() -> None:
    """Only said where SSO_LOGIN_STORE is set; a store that does not exist is a failure."""
    assert store_finding({}) is None
    file, wrong = store_finding({"SSO_LOGIN_STORE": "file"}), store_finding({"SSO_LOGIN_STORE": "cloud"})
    assert file
    assert wrong
    assert (file.status, wrong.status) == (OK, FAIL)
