"""A throwaway home whose AWS config points at the emulator, and a command run in it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sso_login.emulator.issuer.form import PUBLIC
from sso_login.emulator.signals import Relay, exit_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_login.emulator.server import Emulator

SESSION: Final = "emulator"

Startable = Callable[[Sequence[str], Mapping[str, str]], list[str] | str]

# Everything of AWS's and ours is taken out, so that nothing real can leak in and no setting lead elsewhere.
_TAKEN_OUT: Final = re.compile(r"AWS_.*|SSO_LOGIN_.*|XDG_(STATE|CONFIG|DATA|CACHE)_HOME|CREDENTIALS_DIRECTORY")
_NO_PROXY: Final = "127.0.0.1,localhost"


class CannotRun(Exception):
    """The command could not be started; `exit_code` is a shell's: 126 not executable, 127 not found."""

    def __init__(self, program: str, why: str, *, code: int) -> None:
        """Keep one line that says which program, and why."""
        super().__init__(f"{program}: {why}")
        self.exit_code = code


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The variables that point a process at the emulator, and the inherited ones that it must not see."""

    variables: Mapping[str, str]
    removed: tuple[str, ...]

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Give the whole environment of a child."""
        kept = {name: value for name, value in inherited.items() if name not in self.removed}
        return {**kept, **self.variables}

    def exports(self, form: str = "env") -> str:
        """Write it as lines of a shell (of FORMS), after those that take away what must not be inherited."""
        unset, export = _FORMS[form]
        gone = [unset(name) for name in self.removed if name not in self.variables]
        return "".join(f"{line}\n" for line in [*gone, *(export(*pair) for pair in self.variables.items())])


@contextmanager
def prepared(emulator: Emulator, inherited: Mapping[str, str]) -> Iterator[Sandbox]:
    """Make a 0700 folder with an AWS config, there while the block runs."""
    with tempfile.TemporaryDirectory(prefix="sso-login-emulator-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        aws = home / ".aws"
        for made in (aws, home / "run"):
            made.mkdir(mode=0o700)
        config = aws / "config"
        config.touch(mode=0o600)
        issuer = emulator.service.settings.issuer
        config.write_text("" if issuer else _config(emulator), encoding="utf-8")
        if issuer:
            ours = home / "issuers"
            ours.touch(mode=0o600)
            ours.write_text(f"[issuer {SESSION}]\nissuer = {emulator.url}\nclient_id = {PUBLIC}\n", encoding="utf-8")
        # No variable a shell could not unset; Windows has names with parentheses.
        removed = tuple(sorted(name for name in inherited if _TAKEN_OUT.fullmatch(name) and name.isidentifier()))
        yield Sandbox(_variables(emulator, home, inherited), removed)


def run(command: Sequence[str], environment: Mapping[str, str], *, startable: Startable) -> int:
    """Run the command in that environment and give its exit code, 128+n after signal n; raise CannotRun.

    `startable` gives the command as the platform starts it; OSError where it cannot.
    """
    relay = Relay()
    with relay.listening():
        try:
            child = subprocess.Popen(startable(command, environment), env=environment)  # noqa: S603 - to run what the user names is the job
        except (FileNotFoundError, ValueError) as error:  # a name with a NUL is a ValueError
            raise CannotRun(command[0], "command not found", code=127) from error
        except OSError as error:
            raise CannotRun(command[0], f"cannot be executed ({error.strerror})", code=126) from error
        with child:
            relay.to(child)
            return exit_code(child.wait())


def _variables(emulator: Emulator, home: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    variables = {
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "AWS_ENDPOINT_URL": emulator.url,  # what is not emulated gets no answer of the real one
        "AWS_ENDPOINT_URL_SSO_OIDC": emulator.url,
        "AWS_ENDPOINT_URL_SSO": emulator.url,
        "AWS_ENDPOINT_URL_SIGNIN": emulator.url,
        "AWS_ENDPOINT_URL_STS": emulator.url,
        "AWS_EC2_METADATA_DISABLED": "true",  # on an EC2 machine an SDK would find real credentials there
        "SSO_LOGIN_CONFIG_FILE": str(home / "issuers"),
        "SSO_LOGIN_HOME": str(home / "sso-login"),
        "SSO_LOGIN_STORE": "file",
        "SSO_LOGIN_SESSION": SESSION,
    }
    if "WAYLAND_DISPLAY" not in inherited:  # whose socket lies in the real one, and a browser may be opened
        variables["XDG_RUNTIME_DIR"] = str(home / "run")
    if os.name == "nt":
        variables["USERPROFILE"] = str(home)
    if any(name.upper() == "HTTP_PROXY" for name in inherited):  # other programs would ask it for 127.0.0.1
        others = inherited.get("no_proxy") or inherited.get("NO_PROXY")
        variables["NO_PROXY"] = variables["no_proxy"] = f"{_NO_PROXY},{others}" if others else _NO_PROXY
    return variables


def _config(emulator: Emulator) -> str:
    settings = emulator.service.settings
    account = settings.accounts[0]
    return f"""[sso-session {SESSION}]
sso_start_url = {emulator.start_url}
sso_region = {settings.region}
sso_registration_scopes = sso:account:access

[profile {SESSION}]
sso_session = {SESSION}
sso_account_id = {account.id}
sso_role_name = {account.roles[0]}
region = {settings.region}
"""


def _env(name: str, value: str) -> str:
    quoted = value.replace("'", "'\"'\"'")
    return f"export {name}='{quoted}'"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    quoted = re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value)
    return f"$Env:{name} = '{quoted}'"


_FORMS: Final[Mapping[str, tuple[Callable[[str], str], Callable[[str, str], str]]]] = {
    "env": (lambda name: f"unset {name}", _env),
    "fish": (lambda name: f"set -e {name}", _fish),
    "powershell": (lambda name: f"$Env:{name} = $null", _powershell),
    "cmd": (lambda name: f'set "{name}="', lambda name, value: f'set "{name}={value}"'),
}
FORMS: Final = tuple(_FORMS)
