"""AWS's SDKs with a profile that runs us: boto3 in this process, against the emulator's STS."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import clean, environment, process

ACCOUNT = "111122223333"


@pytest.fixture(params=[3600, 120])
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """Run an emulator whose role credentials last an hour, or two minutes: too little for anybody to use them twice."""
    with running(Settings(approve=True, interval=1, role_lifetime=request.param)) as made:
        yield made


@pytest.mark.skipif(sys.platform == "win32", reason="left alone: the command is quoted for POSIX")
def test_boto3_calls_us_and_sts_knows_it(emulator: Emulator, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is whom the profile says; credentials that are nearly over are fetched anew, others once for all processes."""
    env = environment(home, emulator)
    words = ["credentials", "--session", "my-sso", "--account", ACCOUNT, "--role", "Deployer"]
    command = shlex.join([sys.executable, "-m", "sso_login", *words])
    config = Path(env["AWS_CONFIG_FILE"])
    config.write_text(f"{config.read_text()}\n[profile dev]\ncredential_process = {command}\nregion = us-east-1\n")
    assert process("device", env=env).code == 0
    for name, value in clean(env).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    keys = []
    for _ in range(2):
        session = boto3.session.Session(profile_name="dev")
        who = session.client("sts", endpoint_url=emulator.url).get_caller_identity()
        assert who["Account"] == ACCOUNT
        assert "AWSReservedSSO_Deployer" in who["Arn"]
        found = session.get_credentials()
        assert found
        keys.append(found.access_key)
    lasting = emulator.service.settings.role_lifetime == 3600
    assert (keys[0] == keys[1], emulator.service.calls["GetRoleCredentials"] == 1) == (lasting, lasting)
    assert emulator.service.calls["GetCallerIdentity"] == 2
