"""What holds at every issuer, whoever wrote it; each test file runs these against its own."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.support.issuers.real import NAME, Real, age, configured, environment, logged_in, waiting
from tests.support.shell import process
from tests.support.terminal.desk import finished, started, until
from tests.support.terminal.plain import ask

CROWD = 100


def claims(token: str) -> Any:  # noqa: ANN401 - any JSON
    """Read the payload of a JWT."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def user(real: Real, access: str) -> int:
    """Ask the issuer who the user is; the status."""
    return ask(real.userinfo, authorization=f"Bearer {access}").status


def never_polls_too_early(real: Real, home: Path, *, interval: float) -> None:
    """No poll comes before the interval is over, counted by the issuer; what it gives is what it takes."""
    env = environment(home)
    assert configured(real, env).code == 0
    with waiting(env) as (child, url):
        until(lambda: len(real.polls()) == 1)
        real.approve(url)
        assert child.wait(120) == 0
    times = [call.at for call in real.polls()]
    asked = next(call.at for call in real.calls() if "device" in call.path)
    assert all(later - earlier >= interval for earlier, later in zip([asked, *times], times, strict=False))
    assert user(real, process("token", env=env).out.strip()) == 200


def renews_once_for_all(real: Real, home: Path) -> None:
    """Let a hundred processes find the token over: one refresh token is spent, all print one new token."""
    env = environment(home)
    configured(real, env)
    logged_in(real, env)
    before = process("token", env=env).out
    age(env)
    spent = len(real.renewals())
    ran = [finished(child) for child in [started("token", env=env) for _ in range(CROWD)]]
    assert {each.code for each in ran} == {0}
    assert len({each.out for each in ran} - {before}) == 1
    assert len(real.renewals()) == spent + 1
    for _ in range(2):  # rotated each time, and each was kept
        assert process("refresh", "--force", env=env).code == 0
    assert user(real, process("token", env=env).out.strip()) == 200


def logs_out_there_too(real: Real, home: Path, *argv: str) -> None:
    """See that the issuer takes neither token any more."""
    env = environment(home)
    configured(real, env, *argv)
    logged_in(real, env)
    access = process("token", env=env).out.strip()
    assert user(real, access) == 200
    ran = process("logout", env=env)
    assert (ran.code, ran.err) == (0, f"{NAME}: signed out\n")
    assert user(real, access) == 401
    assert process("token", NAME, env=env).code == 3


def logs_in_by_browser(real: Real, home: Path) -> None:
    """Log in by authorization code and PKCE over the loopback listener, any port of it."""
    env = environment(home)
    configured(real, env)
    logged_in(real, env)
    assert user(real, process("token", env=env).out.strip()) == 200
    assert process("refresh", "--force", env=env).code == 0
