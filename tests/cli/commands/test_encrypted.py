"""The encrypted file store through the front door."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sso_login.emulator.core.settings import Settings
from tests.support.shell import Shell, clean, shell
from tests.support.stores.key_files import SECRET, key_file

MARKER = "CANARY-IN-THE-SAFE"
ENCRYPTED = b"sso-login-encrypted 1\n"
TOKEN_ALONE = (
    "import sys\n"
    "from sso_login.cli.app import run\n"
    "code = run(['token'])\n"
    "print(code, 'cryptography' in sys.modules, file=sys.stderr)\n"
)


@pytest.fixture
def key(home: Path, sh: Shell) -> dict[str, str]:
    """Give the shell a key file, and its environment for those who want it apart."""
    env = key_file(home)
    sh.env.update(env)
    return env


def bare(sh: Shell) -> None:
    """Take the key away from the shell."""
    del sh.env["SSO_LOGIN_KEY_FILE"]


def test_the_whole_life_of_a_login_is_encrypted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Login, token, renewal, status and logout work as ever, and no file ever holds a token in plaintext."""
    with shell(home, capsys, Settings(marker=MARKER)) as sh:
        sh.approve_while_waiting()
        sh.env.update(key_file(home))
        assert sh("device").code == 0
        first = sh("token")
        assert (first.code, MARKER in first.out) == (0, True)
        sh.clock.sleep(3000)
        assert sh("refresh").code == 0
        assert sh("token").out not in {first.out, ""}
        assert sh.record().read_bytes().startswith(ENCRYPTED)
        for file in (each for each in home.rglob("*") if each.is_file()):
            assert MARKER.encode() not in file.read_bytes()
        assert sh("logout").code == 0
        assert sh("token").code == 3


def test_status_and_the_card_say_that_it_is_encrypted(sh: Shell, key: dict[str, str], home: Path) -> None:
    """The backend tells an encrypted login from a plaintext one."""
    del key
    sh("device")
    (standing,) = sh("status", "--json").json()
    assert (standing["state"], standing["store"], standing["backend"]) == ("valid", "file", "file, AES-GCM")
    assert '"file, AES-GCM"' in (home / "state" / "sessions" / "my-sso").read_text()


def test_status_does_not_call_a_record_encrypted_before_it_is(sh: Shell, home: Path) -> None:
    """A key that was given after the login encrypts the next save, and no record before that."""
    sh("device")
    sh.env.update(key_file(home))
    assert sh("status", "--json").json()[0]["backend"] == "file"
    sh("refresh", "--force")
    assert sh("status", "--json").json()[0]["backend"] == "file, AES-GCM"


def test_systemds_credential_is_the_key(sh: Shell, home: Path) -> None:
    """A service finds its key without any setting of ours."""
    folder = home / "credentials"
    key_file(folder, name="sso-login.key", mode=0o440)
    sh.env["CREDENTIALS_DIRECTORY"] = str(folder)
    assert sh("device").code == 0
    assert sh.record().read_bytes().startswith(ENCRYPTED)
    assert sh("token").code == 0


def test_a_plaintext_login_is_encrypted_by_its_next_renewal(sh: Shell, home: Path) -> None:
    """A key may be added at any time: the token is served at once, and the card follows the record."""
    sh("device")
    sh.env.update(key_file(home))
    assert sh("token").code == 0
    assert not sh.record().read_bytes().startswith(ENCRYPTED)
    assert sh("refresh", "--force").code == 0
    assert sh.record().read_bytes().startswith(ENCRYPTED)
    assert '"file, AES-GCM"' in (home / "state" / "sessions" / "my-sso").read_text()


@pytest.mark.parametrize("command", [("token",), ("refresh",), ("device",), ("device", "--force")], ids=" ".join)
def test_without_the_key_nothing_is_asked_or_written(sh: Shell, key: dict[str, str], command: tuple[str, ...]) -> None:
    """Exit 7 with the variable to set, before any human or service is asked, and the record stays as it was."""
    sh("device")
    before, asked = sh.record().read_bytes(), dict(sh.asked)
    bare(sh)
    ran = sh(*command)
    assert (ran.code, ran.out) == (7, "")
    assert "is encrypted, and no key is given" in ran.err
    assert "SSO_LOGIN_KEY_FILE" in ran.err
    assert (sh.record().read_bytes(), dict(sh.asked)) == (before, asked)
    assert sh("token", **key).code == 0


def test_status_shows_what_cannot_be_read(sh: Shell, key: dict[str, str]) -> None:
    """Without the key the login is unreadable, not gone; its card still says how it is kept."""
    del key
    sh("device")
    bare(sh)
    (standing,) = sh("status", "--json").json()
    assert (standing["state"], standing["backend"]) == ("unreadable", "file, AES-GCM")
    assert sh("status", "--check").code == 7


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_an_open_key_file_is_exit_7_with_its_remedy(sh: Shell, home: Path, mode: int) -> None:
    """A key that others may read is refused before a code is shown, and nothing is kept."""
    env = key_file(home, mode=mode)
    ran = sh("device", **env)
    assert (ran.code, ran.out) == (7, "")
    assert f"chmod 600 {home}/key" in ran.err
    assert sh.asked["StartDeviceAuthorization"] == 0
    assert not (home / "state" / "secrets").exists()


def test_another_key_is_exit_7_until_a_human_says_so(sh: Shell, key: dict[str, str], home: Path) -> None:
    """A wrong key neither reads nor replaces the login, unless `device --force` or `logout` is told to."""
    sh("device")
    before = sh.record().read_bytes()
    wrong = key_file(home, name="wrong", secret=SECRET[::-1])
    for command in (("token",), ("refresh",), ("refresh", "--force"), ("device",)):
        ran = sh(*command, **wrong)
        assert (ran.code, ran.out) == (7, "")
        assert "cannot be decrypted: it was changed, or another key encrypted it" in ran.err
        assert "sso-login device my-sso --force" in ran.err
    assert sh.record().read_bytes() == before
    assert sh("token", **key).code == 0
    assert sh("device", "--force", **wrong).code == 0
    assert sh("token", **wrong).code == 0
    assert sh("token", **key).code == 7
    assert sh("logout", "--local", **key).code == 0


def test_a_login_copied_over_another_is_refused(sh: Shell, key: dict[str, str]) -> None:
    """The file of one session is not taken for another's."""
    del key
    sh("device")
    sh("device", "--start-url", sh.emulator.start_url, "--region", "us-east-1", "--name", "other")
    mine, other = sh.record("my-sso"), sh.record("other")
    other.write_bytes(mine.read_bytes())
    ran = sh("token", "other")
    assert (ran.code, "cannot be decrypted" in ran.err) == (7, True)
    assert sh("token", "my-sso").code == 0


@pytest.mark.parametrize("encrypted", [False, True])
def test_cryptography_is_imported_only_for_a_key(sh: Shell, home: Path, *, encrypted: bool) -> None:
    """`token` from a plaintext file pays nothing for encryption; that the key does import it shows that this tests."""
    sh.clock.wall = time.time()  # the child lives by the real clock
    if encrypted:
        sh.env.update(key_file(home))
    sh("device")
    done = subprocess.run(
        [sys.executable, "-c", TOKEN_ALONE], env=clean(sh.env), capture_output=True, text=True, check=True
    )
    assert done.stdout
    assert done.stderr == f"0 {encrypted}\n"
