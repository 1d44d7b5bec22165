"""Every SDK gets its credentials from `exec --server`, whatever else there is that it might find first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from sso_login.emulator.core.settings import Settings
from tests.support.serving.sdks import FOLDER, Sdk, all_of_them, bucket, need
from tests.support.shell import process
from tests.support.terminal.desk import Desk, desk

ACCOUNT: Final = "111122223333"
PROFILE: Final = f"""
[profile dev]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = ReadOnlyAccess
region = us-east-1
"""
DEFAULT: Final = f"""
[default]
sso_session = my-sso
sso_account_id = {ACCOUNT}
sso_role_name = Deployer
region = us-east-1
"""
KEYS: Final = "[default]\naws_access_key_id = AKIASTATICSTATICSTAT\naws_secret_access_key = a-static-secret\n"
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENTENVIR",
    "AWS_SECRET_ACCESS_KEY": "another-secret",
    "AWS_PROFILE": "dev",
}
SITUATIONS: Final = (
    "plainly",
    "beside a default profile",
    "beside static keys",
    "beside keys in the environment",
    "slow",
)


@contextmanager
def standing(home: Path, situation: str) -> Iterator[Desk]:
    """Log in, with a profile, in that situation; no SDK may look for credentials beyond loopback."""
    with desk(home, Settings(interval=1, portal_delay=2.5 if situation == "slow" else 0)) as made:
        config, credentials = Path(made.env["AWS_CONFIG_FILE"]), home / ".aws" / "credentials"
        config.write_text(config.read_text() + PROFILE + (DEFAULT if situation == "beside a default profile" else ""))
        if situation == "beside static keys":
            credentials.write_text(KEYS)
        env = {
            **made.env,
            **(ENVIRONMENT if situation == "beside keys in the environment" else {}),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
            "NODE_PATH": str(FOLDER / "node_modules"),
            "STS": made.emulator.url,
        }
        at = replace(made, env=env)
        at.log_in()
        yield at


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("sdk", all_of_them(), ids=lambda sdk: str(sdk.name))
def test_it_finds_the_role_of_the_profile(home: Path, sdk: Sdk, situation: str) -> None:
    """And signs with it: STS says who it is, or the stand-in for S3 sees the served key and its session token."""
    need(sdk)
    with standing(home, situation) as at, bucket() as seen:
        env = {**at.env, "S3": seen.address}
        ran = process("exec", "--profile", "dev", "--server", *sdk.options, "--", *sdk.command, env=env)
        assert ran.code == 0, ran.err
        assert at.emulator.service.calls["GetRoleCredentials"] == 1
        if sdk.signs:
            assert f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_ReadOnlyAccess_" in ran.out
            return
        given = at.here("credentials", "--profile", "dev").json()
    assert (seen.keys, seen.tokens) == ({given["AccessKeyId"]}, {given["SessionToken"]})
