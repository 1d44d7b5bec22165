"""`refresh --all` with many sessions: side by side, nobody waits for a slow issuer, and an interrupt loses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sso_login.emulator.core.faults import Fault
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import environment, process
from tests.support.terminal.desk import PATIENCE, Gate, finished, renewals, started

QUICK = ("one", "two", "three")


def section(name: str, emulator: Emulator) -> str:
    """Write a session with a profile whose endpoints are that emulator's."""
    return (
        f"[sso-session {name}]\nsso_start_url = {emulator.start_url}\nsso_region = us-east-1\n"
        f"[profile {name}]\nsso_session = {name}\nservices = {name}\n"
        f"[services {name}]\nsso_oidc =\n  endpoint_url = {emulator.url}\nsso =\n  endpoint_url = {emulator.url}\n"
    )


@dataclass
class Two:
    """Two issuers with their sessions in one config: three of the quick one, one of the slow one behind a gate."""

    quick: Emulator
    slow: Emulator
    gate: Gate
    env: dict[str, str]

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Start the program."""
        return started(*argv, env=self.env)


@pytest.fixture
def two(home: Path) -> Iterator[Two]:
    """Log in to four sessions of two issuers, each through the profile of its name."""
    settings, gate = Settings(interval=1, approve=True), Gate()
    with running(settings, now=gate) as slow, running(settings) as quick:
        env = environment(home, quick)
        del env["AWS_ENDPOINT_URL_SSO_OIDC"], env["AWS_ENDPOINT_URL_SSO"]
        sections = [*(section(name, quick) for name in QUICK), section("slow", slow)]
        Path(env["AWS_CONFIG_FILE"]).write_text("".join(sections))
        made = Two(quick, slow, gate, env)
        logins = [made.start("device", "--profile", name) for name in (*QUICK, "slow")]
        assert [finished(login).code for login in logins] == [0] * 4
        yield made
        gate.open.set()


def test_one_slow_issuer_delays_nobody(two: Two) -> None:
    """While one issuer does not answer, all others are renewed and told of, a line each."""
    two.gate.open.clear()
    child = two.start("refresh", "--all", "--force")
    assert child.stderr
    lines = [child.stderr.readline() for _ in QUICK]
    assert sorted(line.split(": renewed")[0] for line in lines) == sorted(QUICK)
    assert child.poll() is None
    two.gate.open.set()
    ran = finished(child)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("slow: renewed, good for ")
    assert len(ran.err.splitlines()) == 1


def test_an_issuer_that_fails_decides_the_code_and_nothing_else(two: Two) -> None:
    """Three are renewed, the fourth is told of as an error, exit 5."""
    two.slow.service.order(Fault("CreateToken"))
    ran = process("refresh", "--all", "--force", env=two.env)
    assert ran.code == 5
    assert sorted(line.split(": ")[0] for line in ran.err.splitlines()) == sorted([*QUICK, "error", "hint"])
    assert "error: slow: " in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_an_interrupt_waits_for_what_is_in_flight(two: Two) -> None:
    """What was sent is stored before the process ends with 143: strict rotation lets everybody renew afterwards."""
    two.gate.open.clear()
    child = two.start("refresh", "--all", "--force")
    assert two.gate.arrived.wait(PATIENCE)
    child.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=0.5)
    two.gate.open.set()
    assert finished(child).code == 143
    assert renewals(two.slow) == 1
    again = process("refresh", "--all", "--force", env=two.env)
    assert (again.code, renewals(two.slow)) == (0, 2)
