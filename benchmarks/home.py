"""Throwaway homes: an AWS config with sessions in it, a clean environment, logins."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.installed import Installed
from benchmarks.measure import Case, checked

PROFILE: Final = "work"
ACCOUNT: Final = "111122223333"
ROLE: Final = "ReadOnlyAccess"
CREDENTIALS: Final = ("credentials", "--profile", PROFILE)

_AT_ONCE: Final = 16
_SETTLED: Final = 1.1  # seconds: the hot path answers for no config file that is younger when it is asked first
_SESSION: Final = """[sso-session {name}]
sso_start_url = {start_url}
sso_region = us-east-1
sso_registration_scopes = sso:account:access

"""
_PROFILE: Final = """[profile {profile}]
sso_session = {name}
sso_account_id = {account}
sso_role_name = {role}
region = us-east-1
"""


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder, the whole environment of a process that lives in it, and the sessions of its AWS config."""

    installed: Installed
    env: Mapping[str, str]
    sessions: Sequence[str]

    def case(self, name: str, *argv: str, budget: float | None = None) -> Case:
        """Make a case of one of the program's command lines."""
        return Case(name, (self.installed.script("sso-login"), *argv), self.env, budget)

    def run(self, *argv: str) -> str:
        """Run a command line of the program and give its stdout; raise Failed."""
        return checked([self.installed.script("sso-login"), *argv], self.env)

    def log_in(self) -> None:
        """Log in to every session, many at once: each waits a second for its approval."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda name: self.run("device", name, "--no-browser"), self.sessions))

    def warm_up(self) -> None:
        """Let the ordinary way answer once, which is what the hot path waits for."""
        config = Path(self.env["HOME"], ".aws", "config")
        time.sleep(max(0.0, config.stat().st_ctime + _SETTLED - time.time()))
        for argv in (CREDENTIALS, ("token",)):
            self.run(*argv)

    def is_hot(self, *asked: str) -> bool:
        """Tell whether these words are answered without the command line being imported."""
        argv = (self.installed.python, "-I", "-X", "importtime", self.installed.script("sso-login"), *asked)
        quiet = subprocess.DEVNULL
        done = subprocess.run(argv, env=dict(self.env), stdout=quiet, stderr=subprocess.PIPE, text=True, check=False)
        return "sso_login.cli" not in done.stderr


def base(folder: Path) -> dict[str, str]:
    """Give a clean environment with a home and a runtime folder below `folder`, which are made."""
    home, runtime = folder / "home", folder / "run"
    for made in (home, runtime):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def make(
    folder: Path,
    installed: Installed,
    url: str,
    *,
    names: Sequence[str],
    more: Mapping[str, str] | None = None,
    through: str = "",
) -> Home:
    """Make a home whose sessions all lead to the emulator at `url`, `through` a relay where one is named.

    `more` are variables, else the file store.
    """
    env = base(folder)
    config = Path(env["HOME"], ".aws", "config")
    config.parent.mkdir(mode=0o700)
    sections = [_SESSION.format(name=name, start_url=f"{url}/start") for name in names]
    config.write_text("".join(sections) + _PROFILE.format(profile=PROFILE, name=names[0], account=ACCOUNT, role=ROLE))
    endpoints = dict.fromkeys(("AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL_SSO"), through or url)
    return Home(installed, {**env, **endpoints, **({"SSO_LOGIN_STORE": "file"} if more is None else more)}, names)
