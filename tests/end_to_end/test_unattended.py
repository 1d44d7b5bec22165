"""Cron and services: the program with next to no environment, and docs/unattended.md held to what it says."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import pytest

from sso_login.adapters.secrets.key_file import CREDENTIAL
from sso_login.adapters.secrets.lock import FileLocks
from sso_login.cli.app import group
from sso_login.cli.context import EXIT_ORDER, Context
from sso_login.cli.output.render import Render
from sso_login.core import errors
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from tests.support.shell import Ran, process
from tests.support.stores.keyring_host import KeyringHost, keyring_host, needs_keyring

REMEDY: Final = (
    "Run this inside a login session, or log in again into files: `SSO_LOGIN_STORE=file sso-login device cron --force`."
)
ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = (ROOT / "docs" / "unattended.md").read_text()
JOB: Final = "sso-login refresh --all --quiet"
BOUND: Final = 60.0  # seconds; only a hang comes near it


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Run an emulator that approves by itself, whose tokens are all too old for the job's 15 minutes."""
    with running(Settings(interval=1, approve=True, token_lifetime=600)) as made:
        yield made


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Install the program as `sso-login`, and give a PATH that leads to it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    followed = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    needed = " ".join(f"{name}={shlex.quote(value)}" for name, value in {**followed, "PYTHONPATH": str(ROOT)}.items())
    script(folder / "sso-login", f'{needed} exec {shlex.quote(sys.executable)} -m sso_login "$@"')
    return f"{folder}:/usr/bin:/bin"


def script(path: Path, *lines: str) -> None:
    """Write a shell script that can be run."""
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


def configured(home: Path, emulator: Emulator) -> None:
    """Write an AWS config that names the emulator, so that no variable has to."""
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(
        f"[profile cron]\nsso_start_url = {emulator.start_url}\nsso_region = us-east-1\nendpoint_url = {emulator.url}\n"
    )


def as_cron(command: str, *, home: Path, path: str, **env: str) -> Ran:
    """Run a command line as cron does: /bin/sh, no terminal, HOME and PATH, and these variables besides."""
    variables = {"HOME": str(home), "PATH": path, **env}
    done = subprocess.run(
        ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items()), "/bin/sh", "-c", command],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
        start_new_session=True,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def usual_runtime_folder() -> Iterator[Path]:
    """Make /run/user/UID for a while, as a login does; somebody's real one is left alone."""
    if sys.platform == "win32":
        pytest.skip("D-Bus is for Linux")
    folder = Path(f"/run/user/{os.geteuid()}")
    made = [made for made in (folder, *folder.parents) if not made.exists()]
    if not made:
        pytest.skip(f"{folder} is in use and left alone")
    try:
        for parent in reversed(made):
            parent.mkdir(mode=0o700 if parent == folder else 0o755)
    except PermissionError:
        pytest.skip("only root can make a folder below /run/user")
    try:
        yield folder
    finally:
        for path in folder.iterdir():
            path.unlink()
        for parent in made:
            parent.rmdir()


@needs_keyring
class TestCron:
    """`env -i`, HOME, PATH, and a keyring."""

    def login(self, host: KeyringHost, emulator: Emulator) -> None:
        """Log in as a person does on the desktop."""
        configured(host.home, emulator)
        login = process("device", env=host.env)
        assert login.code == 0, login.err

    def renewed_in_silence(self, host: KeyringHost, emulator: Emulator, *, path: str, **env: str) -> None:
        """Run the job: exit 0, not a word, one more token, and that is the one in the keyring."""
        assert as_cron(JOB, home=host.home, path=path, **env) == Ran(0, "", "")
        assert emulator.service.calls["CreateToken"] == 2
        token = as_cron("sso-login token", home=host.home, path=path, **env)
        record = host.lookup("sso-login:sso:cron")
        assert record
        assert (token.code, token.out, token.err) == (0, record.splitlines()[3] + "\n", "")

    def test_the_bus_in_the_runtime_folder_is_found(self, emulator: Emulator, path: str) -> None:
        """With XDG_RUNTIME_DIR besides, as a systemd service has it, the keyring works, and the job says nothing."""
        with keyring_host() as host:
            self.login(host, emulator)
            self.renewed_in_silence(host, emulator, path=path, XDG_RUNTIME_DIR=host.env["XDG_RUNTIME_DIR"])

    def test_the_bus_in_the_usual_place_is_found(self, emulator: Emulator, path: str) -> None:
        """With HOME and PATH alone it is /run/user/UID/bus."""
        with usual_runtime_folder() as folder, keyring_host(runtime=folder) as host:
            self.login(host, emulator)
            self.renewed_in_silence(host, emulator, path=path)

    def test_without_a_bus_it_ends_at_once_with_the_remedy(self, emulator: Emulator, path: str) -> None:
        """Nobody's session is there: exit 7 and two lines, for the job, for a token, and before any login."""
        if sys.platform != "win32" and Path(f"/run/user/{os.geteuid()}/bus").exists():
            pytest.skip("there is a real session bus, which is left alone")
        with keyring_host() as host:
            self.login(host, emulator)
            asked = dict(emulator.service.calls)
            for command in (JOB, "sso-login token", "sso-login device", "sso-login logout"):
                ran = as_cron(command, home=host.home, path=path)
                assert (ran.code, ran.out) == (7, "")
                assert ran.err.splitlines() == [
                    "error: no keyring: there is no D-Bus session bus",
                    f"hint: {REMEDY}",
                ]
            assert emulator.service.calls == asked


class TestSilence:
    """`refresh --all --quiet` prints nothing on success; the file store is enough to see that."""

    @pytest.fixture
    def env(self, home: Path, emulator: Emulator) -> dict[str, str]:
        """Log in with the file store."""
        configured(home, emulator)
        env = {"HOME": str(home), "SSO_LOGIN_STORE": "file"}
        assert process("device", env=env).code == 0
        return env

    def test_nothing_to_do_is_nothing_to_say(self, home: Path, path: str) -> None:
        """Where nobody ever logged in, the job is done."""
        assert as_cron(JOB, home=home, path=path) == Ran(0, "", "")

    def test_a_login_remembers_where_it_lies(
        self, home: Path, emulator: Emulator, path: str, env: Mapping[str, str]
    ) -> None:
        """SSO_LOGIN_STORE is needed for the login only."""
        assert env["SSO_LOGIN_STORE"] == "file"
        assert as_cron(JOB, home=home, path=path) == Ran(0, "", "")
        assert emulator.service.calls["CreateToken"] == 2

    def test_waiting_for_another_is_no_news(self, home: Path, path: str, env: Mapping[str, str]) -> None:
        """While another process renews, the job waits without a word."""
        state = str(home / ".local" / "state" / "sso-login")
        with FileLocks(state, notify=print).hold("cron"):
            job = subprocess.Popen(
                ["/bin/sh", "-c", JOB], env={**env, "PATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            with pytest.raises(subprocess.TimeoutExpired):
                job.wait(timeout=3)  # it waits, and would say so after a second
        assert (job.communicate(timeout=BOUND)[0], job.returncode) == (b"", 0)


def blocks(language: str) -> list[str]:
    """Find the document's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


def unit(text: str) -> configparser.ConfigParser:
    """Read a systemd unit."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # as the documentation of configparser does it
    parser.read_string(text)
    return parser


def commands() -> list[str]:
    """Find every command line of ours in the document: in code, in units, as the words after `sso-login`."""
    code = [
        *re.findall(r"^```\w+\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE),
        *re.findall(r"`([^`\n]+)`", DOCUMENT),
    ]
    found = [
        match for text in code for match in re.findall(r"(?<![\w.])(?:\S*/)?sso-login ([a-z][^\n|&;<>)\"`\\]*)", text)
    ]
    return [words.removesuffix(" 2").strip() for words in found]


def parsed(words: list[str]) -> None:
    """Have click read a command line, without running it; raises click.UsageError."""
    top = click.Context(group, obj=Context(render=Render()))
    name, command, rest = group.resolve_command(top, words)
    assert command
    command.make_context(name, rest, parent=top)


class TestDocument:
    """What docs/unattended.md shows can be used as it stands."""

    def test_every_command_line_is_one(self) -> None:
        """Each `sso-login ...` in the document is a command line that the program takes."""
        found = commands()
        assert {"refresh --all --quiet", "device", "token", "status --check", "status"} <= set(found)
        for line in found:
            parsed(shlex.split(line))
        with pytest.raises(click.UsageError):
            parsed(["refresh", "--noisy"])

    def test_the_crontab_is_one(self, home: Path, tmp_path: Path) -> None:
        """Settings, then jobs: five times and a command that a shell can run; no %, which cron takes for a newline."""
        tables = blocks("crontab")
        lines = [line for table in tables for line in table.splitlines()]
        jobs = [line.split(maxsplit=5) for line in lines if "=" not in line.split()[0]]
        assert lines[0].startswith("PATH=")
        assert [len(job) for job in jobs] == [6, 6, 6]
        assert "%" not in "".join(tables)
        for *times, _command in jobs:
            assert all(re.fullmatch(r"[\d*/,-]+", time) for time in times)
        fake = tmp_path / "fake"
        fake.mkdir()
        script(fake / "sso-login", 'echo "$*"; echo an error >&2; [ "$*" != "status --check" ]')
        said = [as_cron(job[5], home=home, path=f"{fake}:/bin").out for job in jobs]
        assert said == ["refresh --all --quiet\n", "status\n", "credentials --profile dev --write-profile dev-keys\n"]

    @pytest.mark.parametrize(("number", "user"), [(0, None), (2, "deploy")])
    def test_the_services_run_the_job(self, number: int, user: str | None) -> None:
        """Each runs the job once, counts an unreachable AWS as success, and the server's is given the key."""
        service = unit(blocks("ini")[number])["Service"]
        assert service["Type"] == "oneshot"
        assert service["ExecStart"].rpartition("/")[2] == JOB
        assert service["SuccessExitStatus"] == str(errors.Unreachable.exit_code)
        assert service.get("User") == user
        name = service.get("LoadCredentialEncrypted", "").partition(":")[0]
        assert name == (CREDENTIAL if user else "")

    def test_the_timer_fires_every_five_minutes(self) -> None:
        """It is named as its service, and started with the others."""
        timer = unit(blocks("ini")[1])
        assert timer["Timer"]["OnCalendar"] == "*:0/5"
        assert timer["Install"]["WantedBy"] == "timers.target"
        assert {"`~/.config/systemd/user/sso-login.service`", "`~/.config/systemd/user/sso-login.timer`"} <= set(
            re.findall(r"`[^`\n]+`", DOCUMENT)
        )

    def test_the_property_list_is_one(self) -> None:
        """The agent would run the same job every five minutes."""
        (text,) = blocks("xml")
        listed = plistlib.loads(text.encode())
        program, *words = listed["ProgramArguments"]
        assert [Path(program).name, *words] == JOB.split()
        assert listed["StartInterval"] == 300
        assert f"{listed['Label']}.plist" in DOCUMENT

    def test_every_exit_code_has_its_row(self) -> None:
        """The table names each code there is, and the order over several logins is the program's."""
        rows = re.findall(r"^\| ([\d, ]+) \|", DOCUMENT, re.MULTILINE)
        named = {int(code) for row in rows for code in row.split(",")}
        kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
        ours = {kind.exit_code for kind in kinds if issubclass(kind, errors.SsoLoginError)}
        assert named == {0, 129, 143} | ours
        assert f"first present of {', '.join(map(str, EXIT_ORDER))}." in DOCUMENT

    @pytest.mark.parametrize(
        ("code", "subject"),
        [
            (0, ""),
            (3, "AWS login needed: run sso-login device\n"),
            (5, ""),
            (7, "AWS logins need a look\n"),
        ],
    )
    def test_the_snippet_tells_whom_it_concerns(self, home: Path, tmp_path: Path, code: int, subject: str) -> None:
        """Success and an unreachable AWS are silent, a login that is over asks for a human, all else for a look."""
        fake, mailed = tmp_path / "fake", tmp_path / "mailed"
        fake.mkdir()
        script(fake / "sso-login", "echo error: why >&2", f"exit {code}")
        script(fake / "mail", f'echo "$2" > {mailed}', f"cat >> {mailed}")
        (snippet,) = [text for text in blocks("sh") if "case $?" in text]
        assert as_cron(snippet, home=home, path=f"{fake}:/usr/bin:/bin") == Ran(0, "", "")
        assert (mailed.read_text() if mailed.exists() else "") == (subject and f"{subject}error: why\n")

    def test_the_key_is_made_private_and_taken(self, home: Path, emulator: Emulator, path: str) -> None:
        """The line that makes a key makes one that the file store takes, and the login is unreadable without it."""
        (recipe,) = [text for text in blocks("sh") if "umask 077" in text]
        configured(home, emulator)
        ran = as_cron(f"set -e\n{recipe}{JOB}", home=home, path=path)
        assert (ran.code, "error" in ran.err) == (0, False), ran.err
        (record,) = (home / ".local" / "state" / "sso-login" / "secrets").iterdir()
        assert b"sso-login-record" not in record.read_bytes()
        assert (home / ".sso-login.key").stat().st_mode & 0o777 == 0o600
        assert as_cron(JOB, home=home, path=path).code == 7
