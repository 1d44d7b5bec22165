"""What `doctor` sees of files, locks, buses, proxies and variables, each in a state of its own."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from sso_login.adapters.secrets.lock import FileLocks
from sso_login.doctor import environment as probe_environment
from sso_login.doctor import files as probe_files
from sso_login.doctor import keyring as probe_keyring
from sso_login.doctor import locks as probe_locks
from sso_login.doctor.finding import FAIL, OK, WARN, Finding

if sys.platform == "win32":
    pytest.skip("modes, D-Bus and /proc are not Windows's", allow_module_level=True)

PASSWORD = "MARKED-PASSWORD"


def statuses(findings: Iterable[Finding]) -> list[str]:
    """Give the statuses alone."""
    return [finding.status for finding in findings]


@pytest.fixture
def state(home: Path) -> Path:
    """Make a state folder as a login leaves it."""
    folder = home / "state"
    for name in ("sessions", "secrets", "locks"):
        (folder / name).mkdir(mode=0o700, parents=True)
        (folder / name / "x").touch(mode=0o600)
    folder.chmod(0o700)
    return folder


# --- our own files


def test_private_files_are_fine_and_stay_as_they_are(state: Path) -> None:
    """One finding for all of them; nothing that looking needed is left behind."""
    before = sorted(state.rglob("*"))
    (finding,) = probe_files.state_findings(str(state))
    assert (finding.status, "3 files, yours and private, and it can be written" in finding.message) == (OK, True)
    assert sorted(state.rglob("*")) == before


def test_no_state_folder_is_fine_and_none_is_made(home: Path) -> None:
    """Before the first login there is nothing to look at."""
    assert statuses(probe_files.state_findings(str(home / "state"))) == [OK]
    assert not (home / "state").exists()


def test_a_wide_file_and_a_wide_folder_are_failures_with_the_command_that_mends_them(state: Path) -> None:
    """Each with its own chmod, as it is typed."""
    (state / "secrets" / "x").chmod(0o644)
    (state / "sessions").chmod(0o755)
    folder, file = probe_files.state_findings(str(state))
    assert (folder.status, folder.remedy) == (FAIL, f"Fix it: `chmod 700 {state / 'sessions'}`.")
    assert (file.status, file.remedy) == (FAIL, f"Fix it: `chmod 600 {state / 'secrets' / 'x'}`.")


def test_a_link_in_place_of_a_file_is_a_failure(state: Path) -> None:
    """It may lead anywhere."""
    (state / "sessions" / "y").symlink_to(state / "sessions" / "x")
    assert statuses(probe_files.state_findings(str(state))) == [FAIL]


def test_a_state_folder_that_others_may_write_in(state: Path) -> None:
    """Wide to read is fine, as that of a mounted volume is; wide to write is refused, and so is what is no folder."""
    state.chmod(0o755)
    assert statuses(probe_files.state_findings(str(state))) == [OK]
    state.chmod(0o777)
    assert statuses(probe_files.state_findings(str(state))) == [FAIL]
    assert statuses(probe_files.state_findings(str(state / "secrets" / "x"))) == [FAIL]


def test_a_state_folder_that_leads_nowhere_or_cannot_be_written(state: Path, home: Path) -> None:
    """A dangling link, and a folder on a file system that takes nothing, are failures."""
    (home / "link").symlink_to(home / "nowhere")
    assert statuses(probe_files.state_findings(str(home / "link"))) == [FAIL]
    (state / "locks").chmod(0o500)
    wanted = [OK] if os.geteuid() == 0 else [FAIL]  # root may write everywhere
    assert statuses(probe_files.state_findings(str(state))) == wanted


# --- files of AWS's tools


def test_aws_files_that_others_may_change_or_read(home: Path) -> None:
    """The config may be read, the credentials may not."""
    folder = home / ".aws"
    folder.mkdir()
    env = {"HOME": str(home)}
    assert list(probe_files.aws_findings(env)) == []
    for name in ("config", "credentials"):
        (folder / name).touch(mode=0o644)
        (folder / name).chmod(0o644)
    config, credentials = probe_files.aws_findings(env)
    assert (config.status, credentials.status) == (OK, WARN)
    assert credentials.remedy == f"Fix it: `chmod 600 {folder / 'credentials'}`."
    (folder / "config").chmod(0o666)
    config, _ = probe_files.aws_findings(env)
    assert (config.status, config.remedy) == (WARN, f"Fix it: `chmod go-w {folder / 'config'}`.")
    if os.geteuid() == 0:  # root's own files are everybody's to trust
        os.chown(folder / "config", 4711, -1)
    config, *_ = probe_files.aws_findings(env, mine=os.geteuid() + 1)
    assert (config.status, "belongs to " in config.message) == (WARN, True)


def test_tokens_of_the_sdks_that_others_may_read(home: Path) -> None:
    """One warning a folder, however many files; none where there is no cache."""
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    env = {"HOME": str(home)}
    assert list(probe_files.cache_findings(env)) == []
    for name in ("a.json", "b.json", "notes.txt"):
        (cache / name).touch()
        (cache / name).chmod(0o600)
    assert statuses(probe_files.cache_findings(env)) == [OK]
    for file in cache.iterdir():
        file.chmod(0o644)
    (finding,) = probe_files.cache_findings(env)
    assert (finding.status, "a.json and 1 more in that folder" in finding.message) == (WARN, True)


def test_the_key_file(home: Path) -> None:
    """None given is no finding; one that is too short or missing is a failure; what it holds is never told."""
    assert probe_files.key_finding({}) is None
    file = home / "key"
    env = {"SSO_LOGIN_KEY_FILE": str(file)}
    for content, status in ((None, FAIL), (PASSWORD, FAIL), (PASSWORD * 3, OK)):
        if content:
            file.write_text(content)
            file.chmod(0o600)
        finding = probe_files.key_finding(env)
        assert finding
        assert (finding.status, PASSWORD in repr(finding)) == (status, False)


# --- locks


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock")
def test_the_holder_of_a_lock_is_named_while_it_holds_it(state: Path) -> None:
    """By process and session, for as long as it lasts; looking takes no lock."""
    home = str(state)
    assert statuses(probe_locks.lock_findings(home)) == [OK]
    with FileLocks(home, notify=lambda _: None).hold("my-sso"):
        (finding,) = probe_locks.lock_findings(home)
        assert (finding.status, finding.check) == (WARN, "locks")
        assert f"the lock my-sso is held by process {os.getpid()} (" in finding.message
        assert f"`ps -fp {os.getpid()}`" in finding.remedy
    assert statuses(probe_locks.lock_findings(home)) == [OK]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock")
def test_holders_that_cannot_be_seen_and_lines_of_others(state: Path, tmp_path: Path) -> None:
    """A holder in another container has no number here; who waits, holds another kind or file is passed over."""
    info = (state / "locks" / "x").stat()
    device = f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}"
    table = tmp_path / "locks"
    lines = [
        f"1: FLOCK  ADVISORY  WRITE -1 {device}:{info.st_ino} 0 EOF",
        f"1: -> FLOCK  ADVISORY  WRITE 77 {device}:{info.st_ino} 0 EOF",
        f"2: POSIX  ADVISORY  WRITE 78 {device}:{info.st_ino} 0 EOF",
        f"3: FLOCK  ADVISORY  WRITE 999999999 ff:ff:{info.st_ino} 0 EOF",
        f"4: FLOCK  ADVISORY  WRITE 999999999 {device}:{info.st_ino} 0 EOF",
        "5: FLOCK  ADVISORY  WRITE 80 00:01:1 0 EOF",
    ]
    table.write_text("\n".join(lines))
    hidden, ended = probe_locks.lock_findings(str(state), table=table)
    assert "by a process that cannot be seen from here" in hidden.message
    assert "by process 999999999 (it has just ended)" in ended.message
    assert list(probe_locks.lock_findings(str(state), table=tmp_path / "none")) == []


# --- the bus


@pytest.mark.skipif(sys.platform != "linux", reason="D-Bus is for Linux")
def test_the_bus_in_each_of_its_states(tmp_path: Path) -> None:
    """Named and there, named and gone, named and no socket, another kind, found without a name, not there at all."""
    folder = tmp_path / "r"
    folder.mkdir()
    users = str(tmp_path / "users")
    (tmp_path / "file").touch()

    def look(address: str = "", **env: str) -> tuple[str, str]:
        whole = {"DBUS_SESSION_BUS_ADDRESS": address, **env}
        finding = probe_keyring.bus_finding(whole, users=users)
        assert finding
        assert bool(finding.remedy) is (finding.status == FAIL)
        return finding.status, finding.message

    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)  # a socket's name may be 107 bytes long
    try:
        with socket.socket(socket.AF_UNIX) as bus:
            bus.bind("bus")
            assert look(f"unix:path={folder}/bus,guid=1")[0] == OK
            assert look(XDG_RUNTIME_DIR=str(folder)) == (
                OK,
                f"DBUS_SESSION_BUS_ADDRESS is not set; the bus was found at unix:path={folder}/bus",
            )
    finally:
        os.chdir(here)
        os.close(here)
    assert look(f"unix:path={tmp_path}/gone")[0] == FAIL
    assert "no socket of yours" in look(f"unix:path={tmp_path}/file")[1]
    assert look("unix:abstract=/x") == (OK, "DBUS_SESSION_BUS_ADDRESS names unix:abstract=/x")
    assert look()[0] == FAIL


def test_other_backends_are_told_to_be_ignored(home: Path) -> None:
    """What `keyring` would follow is named, and that sso-login does not."""
    env = {"HOME": str(home)}
    assert list(probe_keyring.ignored_findings(env)) == []
    settings = home / ".config" / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.touch()
    found = list(
        probe_keyring.ignored_findings({**env, "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"})
    )
    assert statuses(found) == [OK, OK]
    assert all("sso-login ignores it and takes" in finding.message for finding in found)


def test_a_plaintext_backend_that_is_installed_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """keyrings.alt is found without being imported."""
    package = home / "lib" / "keyrings" / "alt"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError")
    monkeypatch.syspath_prepend(home / "lib")
    (finding,) = probe_keyring.ignored_findings({"HOME": str(home)})
    assert (finding.status, "keyrings.alt is installed" in finding.message) == (OK, True)
    sys.modules.pop("keyrings", None)


# --- the environment


@pytest.mark.parametrize(
    ("env", "status", "says"),
    [
        ({}, OK, "none is used"),
        ({"HTTPS_PROXY": f"http://me:{PASSWORD}@proxy.corp:3128"}, OK, "http://proxy.corp:3128 is used"),
        ({"https_proxy": "proxy.corp:3128", "NO_PROXY": "*"}, OK, "http://proxy.corp:3128 is used; NO_PROXY=*"),
        ({"HTTPS_PROXY": f"socks5://me:{PASSWORD}@proxy:1"}, FAIL, "does not name an http or https proxy"),
    ],
)
def test_the_proxy_is_told_without_its_password(env: dict[str, str], status: str, says: str) -> None:
    """Host and port alone, and what is exempt; one that cannot be used is a failure."""
    (finding,) = probe_environment.proxy_findings(env)
    assert finding.status == status
    assert says in finding.message
    assert PASSWORD not in repr(finding)


def test_a_proxy_that_is_not_heeded_is_a_warning() -> None:
    """ALL_PROXY is not read, so whoever relies on it should know."""
    found = probe_environment.proxy_findings({"ALL_PROXY": f"http://me:{PASSWORD}@proxy:1"})
    _, finding = found
    assert (finding.status, PASSWORD in repr(finding)) == (WARN, False)


def test_the_certificates_that_are_trusted(tmp_path: Path) -> None:
    """Those of requests, or those that are named; a file without any is a failure."""
    assert probe_environment.bundle_finding({}).status == OK
    (tmp_path / "ca.pem").write_text("no certificate")
    assert probe_environment.bundle_finding({"AWS_CA_BUNDLE": str(tmp_path / "ca.pem")}).status == FAIL
    folder = probe_environment.bundle_finding({"REQUESTS_CA_BUNDLE": str(tmp_path)})
    assert (folder.status, folder.message) == (OK, f"REQUESTS_CA_BUNDLE names {tmp_path}, which can be read")


def test_variables_are_listed_and_secrets_are_not() -> None:
    """Values only of those that can hold none; whatever stands before an @ is left out."""
    env = {
        "AWS_SECRET_ACCESS_KEY": PASSWORD,
        "AWS_SOMETHING_NEW": PASSWORD,
        "AWS_ENDPOINT_URL": f"https://me:{PASSWORD}@host/path?x={PASSWORD}#{PASSWORD}",
        "AWS_ENDPOINT_URL_SSO": f"https://[{PASSWORD}",
        "AWS_CONFIG_FILE": f"{PASSWORD}@host",
        "AWS_PROFILE": "dev",
        "SSO_LOGIN_HOEM": PASSWORD,
        "SSO_LOGIN_ZZ": PASSWORD,
        "OTHER": PASSWORD,
    }
    typo, odd, listed = probe_environment.variable_findings(env)
    assert (typo.status, typo.remedy) == (WARN, "Did you mean SSO_LOGIN_HOME? `unset SSO_LOGIN_HOEM`")
    assert (odd.status, odd.message) == (WARN, "SSO_LOGIN_ZZ is not a variable of sso-login")
    assert listed.message == (
        "AWS_CONFIG_FILE (not shown: it holds an @), AWS_ENDPOINT_URL=https://host/path, "
        "AWS_ENDPOINT_URL_SSO=(not shown: it is no URL), AWS_PROFILE=dev, AWS_SECRET_ACCESS_KEY (not shown), "
        "AWS_SOMETHING_NEW (not shown)"
    )
    assert statuses(probe_environment.variable_findings({})) == [OK]
