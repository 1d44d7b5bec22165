"""What the ordinary way imports: a part that costs as much as all the rest is there only where it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.shell import Shell, clean

SHOW = """
import sys
from sso_login.cli.app import run
code = run(sys.argv[1:])
sys.stderr.write("#" + " ".join(sys.modules))
sys.exit(code)
"""
HEAVY = {"requests", "charset_normalizer", "keyring", "secretstorage", "jeepney", "cryptography", "rich", "segno"}
NETWORK = {"urllib3", "http.client", "certifi", "truststore", "ssl"}


def imported(sh: Shell, *argv: str) -> set[str]:
    """Run a command line as a process and list what it had imported at its end; coverage would import some of it."""
    env = {name: value for name, value in clean(sh.env).items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", SHOW, *argv]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return set(done.stderr.rpartition("#")[2].split())


def test_a_renewal_imports_what_sends_and_nothing_else(sh: Shell) -> None:
    """Of all the packages that it could: urllib3."""
    sh("device")
    found = imported(sh, "refresh", "--force", "--quiet")
    assert "urllib3" in found
    assert not found & HEAVY


@pytest.mark.parametrize(
    "argv",
    [
        ["__complete", "bash", "sso-login to", "to"],
        ["__complete", "zsh", "token", "m"],
        ["__complete", "bash", "sso-login credentials --profile ", ""],
        ["status", "--json"],
        ["--help"],
    ],
)
def test_what_asks_nobody_imports_no_network(sh: Shell, argv: list[str]) -> None:
    """Tab, `status` and the help."""
    found = imported(sh, *argv)
    assert "click" in found
    assert not found & (HEAVY | NETWORK)
