"""The AWS CLI, version 2, with a profile that `configure profiles` wrote: as Debian has it, against the emulator."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from benchmarks.peers import found
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import clean, environment, process

PROFILE = "444455556666-Auditor"


AWS = found("aws") or ""
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="left alone: needs a shell script"),
    pytest.mark.skipif(not AWS, reason="the AWS CLI is not installed"),
]


@dataclass
class Desk:
    """A login, a profile of ours for it, and the AWS CLI."""

    emulator: Emulator
    env: dict[str, str]

    def aws(self, *argv: str) -> Any:  # noqa: ANN401 - any JSON value
        """Run the AWS CLI with the profile, and read what it prints."""
        command = [AWS, *argv, "--profile", PROFILE]
        env = {**clean(self.env), "NO_PROXY": "127.0.0.1", "AWS_EC2_METADATA_DISABLED": "true"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Log in and write the profile, with a program of an absolute path: nothing of ours is on PATH."""
    version = subprocess.run([AWS, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("aws-cli/2."):
        pytest.skip("the AWS CLI that is installed is not version 2")
    home = tmp_path_factory.mktemp("home")
    program = home / "sso-login"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sso_login "$@"\n')
    program.chmod(0o755)
    with running(Settings(approve=True, interval=1)) as emulator:
        env = environment(home, emulator)
        assert process("device", env=env).code == 0
        written = process("configure", "profiles", "--region", "eu-west-1", "--program", str(program), env=env)
        assert written.code == 0
        yield Desk(emulator, env)


def test_it_calls_aws_as_who_the_profile_says(desk: Desk) -> None:
    """`aws sts get-caller-identity` is signed with the role's credentials, and STS knows them."""
    who = desk.aws("sts", "get-caller-identity", "--endpoint-url", desk.emulator.url)
    assert who["Account"] == "444455556666"
    assert "AWSReservedSSO_Auditor" in who["Arn"]
    assert desk.emulator.service.calls["GetCallerIdentity"] == 1


def test_it_exports_the_very_credentials_that_are_cached(desk: Desk) -> None:
    """`aws configure export-credentials` gives what `sso-login credentials` gives, its end included."""
    theirs = desk.aws("configure", "export-credentials")
    ours = process("credentials", "--profile", PROFILE, env=desk.env).json()
    assert datetime.fromisoformat(theirs.pop("Expiration")) == datetime.fromisoformat(ours.pop("Expiration"))
    ours.pop("AccountId")  # which older versions leave out
    theirs.pop("AccountId", None)
    assert theirs == ours
    assert desk.emulator.service.calls["GetRoleCredentials"] == 1
