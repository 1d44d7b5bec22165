"""Where tokens go that their store did not take."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sso_login.adapters.secrets.rescue import rescue_entries


def test_it_is_a_private_folder_in_the_users_runtime_folder(tmp_path: Path) -> None:
    """Files of mode 0600 below $XDG_RUNTIME_DIR/sso-login, which is what a person is told."""
    tmp_path.chmod(0o700)
    entries = rescue_entries({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert entries
    assert entries.backend == str(tmp_path / "sso-login")
    assert entries.read("sso-login:sso:a") is None
    assert not (tmp_path / "sso-login").exists()
    entries.write("sso-login:sso:a", "text")
    (file,) = (path for path in (tmp_path / "sso-login").rglob("*") if path.is_file())
    assert file.stat().st_mode & 0o777 == 0o600
    assert (entries.read("sso-login:sso:a"), entries.delete("sso-login:sso:a")) == ("text", True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folder")
def test_a_folder_that_others_can_read_is_none(tmp_path: Path) -> None:
    """Wider than 0700, absent, or no folder at all: there is no such place."""
    tmp_path.chmod(0o755)
    assert rescue_entries({"XDG_RUNTIME_DIR": str(tmp_path)}) is None
    assert rescue_entries({"XDG_RUNTIME_DIR": str(tmp_path / "absent")}) is None
    tmp_path.chmod(0o700)
    file = tmp_path / "file"
    file.touch(mode=0o600)
    assert rescue_entries({"XDG_RUNTIME_DIR": str(file)}) is None


def test_a_relative_runtime_folder_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The XDG specification: a path that is not absolute is ignored."""
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o700)
    entries = rescue_entries({"XDG_RUNTIME_DIR": "."})
    assert entries is None or entries.backend.startswith("/run/user/")
