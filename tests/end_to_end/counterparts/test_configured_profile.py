"""A profile that `configure profiles` wrote, used by boto3 as anybody would."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from botocore.session import Session

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import running
from tests.support.shell import clean, environment, process


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")
def test_boto3_takes_credentials_from_a_profile_of_ours(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Account, role, session and the program's path, blanks in it and all, come through to the emulator and back."""
    program = home / "my tools" / "sso-login"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sso_login "$@"\n')
    program.chmod(0o755)
    with running(Settings(approve=True, interval=1)) as emulator:
        env = environment(home, emulator)
        assert process("device", env=env).code == 0
        ran = process("configure", "profiles", "--region", "eu-west-1", "--program", str(program), env=env)
        assert (ran.code, ran.err.count("warning")) == (0, 0)
        for name, value in clean(env).items():
            monkeypatch.setenv(name, value)
        session = Session(profile="444455556666-Auditor")
        credentials = session.get_credentials()
        assert (credentials.method, session.get_config_variable("region")) == ("custom-process", "eu-west-1")
        assert credentials.get_frozen_credentials().token
