"""The key file: which one is meant, who may have it, and what is refused."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from sso_login.adapters.secrets.key_file import LARGEST, KeyFile, fault, key_file
from sso_login.core.errors import StoreUnusable, UnsafeFile
from tests.support.stores import key_files
from tests.support.stores.key_files import SECRET

if sys.platform == "win32":
    pytest.skip("modes, links and FIFOs are POSIX", allow_module_level=True)


def given(env: dict[str, str]) -> KeyFile:
    """Give the key file that is meant, when there is one."""
    found = key_file(env)
    assert found is not None
    return found


def systemd(folder: Path, *, secret: bytes = SECRET, mode: int = 0o440) -> dict[str, str]:
    """Make a credentials directory with our credential, as systemd would, and give its environment."""
    key_files.key_file(folder, name="sso-login.key", secret=secret, mode=mode)
    return {"CREDENTIALS_DIRECTORY": str(folder)}


class TestWhich:
    """Which key file is meant."""

    def test_none_is_given(self, tmp_path: Path) -> None:
        """Neither variable, or a credentials directory without our credential, or none at all: no key."""
        (tmp_path / "credentials").mkdir()
        (tmp_path / "file").touch()
        for folder in ("", str(tmp_path / "credentials"), str(tmp_path / "nowhere"), str(tmp_path / "file")):
            assert key_file({"CREDENTIALS_DIRECTORY": folder}) is None
        assert key_file({}) is None

    def test_the_variable_names_it(self, tmp_path: Path) -> None:
        """SSO_LOGIN_KEY_FILE's content is the secret, every byte of it."""
        assert given(key_files.key_file(tmp_path, secret=SECRET + b"\n")).content() == SECRET + b"\n"

    def test_systemd_gives_it(self, tmp_path: Path) -> None:
        """Without the variable it is the credential named sso-login.key."""
        assert given(systemd(tmp_path)).content() == SECRET

    def test_the_variable_goes_first(self, tmp_path: Path) -> None:
        """Of both the variable's is taken, and where it cannot be, not the other instead."""
        env = {**systemd(tmp_path / "systemd"), **key_files.key_file(tmp_path, secret=b"v" * 32)}
        assert given(env).content() == b"v" * 32
        Path(env["SSO_LOGIN_KEY_FILE"]).unlink()
        with pytest.raises(StoreUnusable):
            given(env).content()

    def test_a_home_folder_may_be_written_as_a_tilde(self, home: Path) -> None:
        """Cron and systemd expand no tilde, so we do."""
        key_files.key_file(home)
        assert given({"SSO_LOGIN_KEY_FILE": "~/key", "HOME": str(home)}).content() == SECRET

    def test_a_variable_set_to_nothing_is_an_error(self, tmp_path: Path) -> None:
        """What a script failed to fill in does not mean plaintext, nor the other key."""
        with pytest.raises(StoreUnusable, match="SSO_LOGIN_KEY_FILE is set, but empty"):
            given({**systemd(tmp_path), "SSO_LOGIN_KEY_FILE": ""}).content()

    def test_a_credential_that_leads_nowhere_is_given(self, tmp_path: Path) -> None:
        """A dangling link is a key that is missing, not the absence of one."""
        (tmp_path / "sso-login.key").symlink_to("nowhere")
        with pytest.raises(StoreUnusable, match="No such file"):
            given({"CREDENTIALS_DIRECTORY": str(tmp_path)}).content()

    def test_a_folder_that_cannot_be_looked_into_is_an_error(self, tmp_path: Path) -> None:
        """Whether there is a credential that cannot be seen is not guessed: here a link that leads in a circle."""
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(StoreUnusable, match="cannot be read"):
            given({"CREDENTIALS_DIRECTORY": str(tmp_path / "loop")}).content()


class TestSafe:
    """Who may have it."""

    @pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
    def test_a_private_file_is_taken(self, tmp_path: Path, mode: int) -> None:
        """The owner's own bits are the owner's business."""
        assert given(key_files.key_file(tmp_path, mode=mode)).content() == SECRET

    @pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601])
    def test_a_file_others_may_use_is_refused(self, tmp_path: Path, mode: int) -> None:
        """Any bit for group or others is refused, and the hint is the command that mends it."""
        env = key_files.key_file(tmp_path, mode=mode)
        with pytest.raises(UnsafeFile, match="may be read or changed by others") as caught:
            given(env).content()
        assert f"`chmod 600 {tmp_path}/key`" in caught.value.hint

    @pytest.mark.parametrize("mode", [0o400, 0o440])
    def test_a_credential_may_show_its_access_list(self, tmp_path: Path, mode: int) -> None:
        """The group's read bit of systemd's credential is an access list's mask; the variable may name it as well."""
        env = systemd(tmp_path, mode=mode)
        assert given(env).content() == SECRET
        assert given({**env, "SSO_LOGIN_KEY_FILE": str(tmp_path / "sso-login.key")}).content() == SECRET

    @pytest.mark.parametrize("mode", [0o444, 0o460, 0o442])
    def test_a_credential_for_all_is_refused(self, tmp_path: Path, mode: int) -> None:
        """Others' bits and the group's write bit are refused there too."""
        with pytest.raises(UnsafeFile) as caught:
            given(systemd(tmp_path, mode=mode)).content()
        assert "LoadCredential=" in caught.value.hint

    def test_only_the_credentials_directory_has_credentials(self, tmp_path: Path) -> None:
        """A file beside or below it is held to the strict rule."""
        env = systemd(tmp_path / "credentials")
        for folder in (tmp_path, tmp_path / "credentials" / "deeper"):
            with pytest.raises(UnsafeFile):
                given({**env, **key_files.key_file(folder, mode=0o440)}).content()
        with pytest.raises(UnsafeFile):
            given({**env, "SSO_LOGIN_KEY_FILE": f"{tmp_path}/credentials/../key"}).content()

    @pytest.mark.parametrize(
        ("kind", "mode", "owner", "credential", "wrong"),
        [
            (stat.S_IFREG, 0o600, 1000, False, ""),
            (stat.S_IFREG, 0o400, 0, False, ""),
            (stat.S_IFREG, 0o440, 0, True, ""),
            (stat.S_IFREG, 0o440, 0, False, "mode"),
            (stat.S_IFREG, 0o600, 1001, False, "owner"),
            (stat.S_IFREG, 0o440, 1001, True, "owner"),
            (stat.S_IFDIR, 0o600, 1000, False, "kind"),
            (stat.S_IFIFO, 0o600, 1000, True, "kind"),
            (stat.S_IFCHR, 0o600, 1000, False, "kind"),
        ],
    )
    def test_ours_or_roots(self, kind: int, mode: int, owner: int, *, credential: bool, wrong: str) -> None:
        """For user 1000: a regular file of 1000 or of root, for nobody else."""
        info = os.stat_result((kind | mode, 1, 1, 1, owner, 0, 40, 0, 0, 0))
        assert fault(info, credential=credential, mine=1000) == wrong

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_a_file_given_away_is_refused(self, tmp_path: Path) -> None:
        """The owner of the very file that was opened is looked at."""
        env = key_files.key_file(tmp_path)
        os.chown(tmp_path / "key", 12345, -1)
        with pytest.raises(UnsafeFile, match=r"belongs to #12345$") as caught:
            given(env).content()
        assert caught.value.hint == "Run it as that user: `sudo -u #12345 -H sso-login ...`."

    def test_a_link_is_followed_to_a_safe_file(self, tmp_path: Path) -> None:
        """Kubernetes' secrets are links, to files that are looked at."""
        key_files.key_file(tmp_path)
        (tmp_path / "link").symlink_to("key")
        env = {"SSO_LOGIN_KEY_FILE": str(tmp_path / "link")}
        assert given(env).content() == SECRET
        (tmp_path / "key").chmod(0o644)
        with pytest.raises(UnsafeFile):
            given(env).content()

    def test_a_fifo_is_refused_at_once(self, tmp_path: Path) -> None:
        """Nobody waits for whoever might write into it."""
        os.mkfifo(tmp_path / "fifo", 0o600)
        with pytest.raises(UnsafeFile, match="is no regular file"):
            given({"SSO_LOGIN_KEY_FILE": str(tmp_path / "fifo")}).content()
        with pytest.raises(UnsafeFile):
            given({"SSO_LOGIN_KEY_FILE": "/dev/zero"}).content()

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        """A folder cannot be read."""
        with pytest.raises(StoreUnusable, match="Is a directory"):
            given({"SSO_LOGIN_KEY_FILE": str(tmp_path)}).content()


class TestContent:
    """What is in it."""

    @pytest.mark.parametrize("size", [0, 1, 31])
    def test_a_short_key_is_refused(self, tmp_path: Path, size: int) -> None:
        """Fewer than 32 bytes are no key; how many they are is all that is told."""
        with pytest.raises(StoreUnusable, match=f"holds {size} bytes, which is less than 32") as caught:
            given(key_files.key_file(tmp_path, secret=b"k" * size)).content()
        assert "head -c 32 /dev/urandom" in caught.value.hint

    def test_sizes_up_to_a_mebibyte_are_taken(self, tmp_path: Path) -> None:
        """32 bytes are enough, 1 MiB is not too much, a byte more is not read."""
        for size in (32, LARGEST):
            assert len(given(key_files.key_file(tmp_path, secret=b"k" * size)).content()) == size
        with pytest.raises(StoreUnusable, match="larger than 1 MiB"):
            given(key_files.key_file(tmp_path, secret=b"k" * (LARGEST + 1))).content()

    def test_a_missing_key_is_named(self, tmp_path: Path) -> None:
        """The error names the file and the reason, the hint warns that a new key opens nothing old."""
        with pytest.raises(StoreUnusable, match=f"{tmp_path}/nowhere cannot be read: No such file") as caught:
            given({"SSO_LOGIN_KEY_FILE": str(tmp_path / "nowhere")}).content()
        assert "Put the key back" in caught.value.hint
