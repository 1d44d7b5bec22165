"""The job that a scheduler runs: the program, its words, the variables that a login needs, and how often."""

from __future__ import annotations

import os
import re
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from sso_login import layout
from sso_login.core.errors import SchedulerUnusable, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT: Final = 1  # of what is written; a later one is left alone
EVERY: Final = 5  # minutes
USUAL_TTL: Final = 15  # minutes: what `refresh` renews by itself
DELAY: Final = 30  # seconds that runs are spread over
DAY: Final = 24 * 60  # minutes
# What has a say in a login, and may be set in a shell but not where the system runs a job. A login remembers its store,
# and the addresses of buses change with each session, so neither is here.
PLACES: Final = (
    "SSO_LOGIN_HOME",
    "SSO_LOGIN_KEY_FILE",
    "SSO_LOGIN_CONFIG_FILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_LOGIN_CACHE_DIRECTORY",
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
)
OTHERS: Final = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SIGNIN",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
)
_MARK: Final = re.compile(r"sso-login schedule (\d{1,6}) every=(\d{1,5})m program=([^\s;<]*)")


class Job(NamedTuple):
    """What is run `every` so many minutes: a program by its absolute path, with these variables besides."""

    program: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    every: int

    @property
    def words(self) -> tuple[str, ...]:
        """Give the whole command line; what lives shorter than the wait for the next run is renewed earlier."""
        ttl = self.every + 10
        more = ("--min-ttl", f"{ttl}m") if ttl > USUAL_TTL else ()
        return (*self.program, "refresh", "--all", "--quiet", "--scheduled", *more)

    @property
    def mark(self) -> str:
        """Write what tells later that it is ours, and what it is; on one line, without two dashes in a row."""
        program = layout.quoted(self.program[0]).replace("%2F", "/").replace("--", "-%2D")
        return f"sso-login schedule {FORMAT} every={self.every}m program={program}"


class Mark(NamedTuple):
    """What a mark says: the format, how often in minutes, and the program."""

    format: int
    every: int
    program: str


class Installed(NamedTuple):
    """A schedule of ours that is there: its kind, where it lies, its mark, and the texts as they were found."""

    kind: str
    where: str
    mark: Mark
    texts: tuple[bytes, ...]


class Written(NamedTuple):
    """A text that a schedule consists of, and where it goes."""

    where: str
    text: bytes


def read_mark(text: bytes) -> Mark | None:
    """Find our mark in a text; None where it is not ours, however it may look."""
    found = _MARK.search(text.decode("utf-8", "replace"))
    if not found:
        return None
    try:
        return Mark(int(found[1]), int(found[2]), layout.unquoted(found[3]))
    except ValueError:
        return Mark(int(found[1]), int(found[2]), "")


def not_newer(mark: Mark, where: str) -> None:
    """Raise SchedulerUnusable for what a later version wrote: it may mean what we do not know."""
    if mark.format > FORMAT:
        raise SchedulerUnusable(
            f"the schedule in {where} was written by a newer sso-login", hint="Upgrade sso-login on this machine."
        )


def read_every(seconds: float) -> int:
    """Give minutes that divide an hour, or hours that divide a day; raise UsageProblem for anything else."""
    minutes = int(seconds // 60)
    whole = minutes * 60 == seconds and minutes > 0
    if whole and (60 % minutes == 0 or (minutes % 60 == 0 and DAY % minutes == 0)):
        return minutes
    raise UsageProblem(
        "--every takes minutes that divide an hour, or hours that divide a day",
        hint="Take 1m, 2m, 3m, 4m, 5m, 6m, 10m, 12m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h or 24h.",
    )


def spoken_every(minutes: int) -> str:
    """Write it as --every takes it."""
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def make(env: Mapping[str, str], *, every: int, argv0: str) -> tuple[Job, list[str]]:
    """Make the job of this very program and environment, and give warnings; raise UsageProblem."""
    job_env, warnings = environment(env)
    words = program(argv0)
    lost = _passing(words[0], env)
    return Job(words, job_env, every), [*warnings, *([lost] if lost else [])]


def program(argv0: str) -> tuple[str, ...]:
    """Name what was started, by its absolute path and not by what its link leads to: that changes with an upgrade."""
    if PurePath(argv0).name == "__main__.py":  # python -m sso_login
        return (os.path.abspath(sys.executable), "-m", "sso_login")
    path = argv0
    if sys.platform == "win32" and not path.lower().endswith(".exe"):
        path += ".exe"
    if os.path.dirname(path):
        path = os.path.abspath(path)
    if not (os.path.isabs(path) and os.path.isfile(path)):  # called by another program, as a test calls it
        return (os.path.abspath(sys.executable), "-m", "sso_login")
    return (_fit(path, "the program's path"),)


def environment(env: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Give the variables that are set and matter, paths made absolute, and what has to be left out; never a secret."""
    found, warnings = list[tuple[str, str]](), list[str]()
    if _odd_home(env):
        found.append(("HOME", _fit(env["HOME"], "HOME")))
    for name in (*PLACES, *OTHERS):
        value = env.get(name, "")
        if not value:
            continue
        if name in OTHERS and _secret(value):
            warnings.append(
                f"{name} holds a user name or password, so it is left out: set it for the job where others cannot read"
            )
            continue
        if name in PLACES and value[0] not in "~$" and not os.path.isabs(value):
            value = os.path.abspath(value)
        found.append((name, _fit(value, name)))
    return tuple(found), warnings


def _odd_home(env: Mapping[str, str]) -> bool:
    """Tell whether HOME is another than the one that the system gives every job."""
    home = env.get("HOME", "")
    if sys.platform == "win32" or not os.path.isabs(home):
        return False
    try:
        return layout.user_home({}) != home
    except layout.NoHome:
        return True


def _secret(value: str) -> bool:
    try:
        return "@" in urlsplit(value if "://" in value else f"//{value}").netloc
    except ValueError:
        return "@" in value


def _fit(value: str, name: str) -> str:
    """Give a value that can be written on one line of text; raise UsageProblem."""
    try:
        value.encode()
    except UnicodeEncodeError:
        fit = False
    else:
        fit = all(char >= " " and char != "\x7f" for char in value)
    if fit:
        return value
    what = f"{name} has bytes that are not text, or a control character, which no schedule can hold"
    raise UsageProblem(what, hint="Use a path or value of plain text, then run it again.")


def _passing(path: str, env: Mapping[str, str]) -> str:
    """Warn of a program that will not stay where it is: a cache's (`uvx`, `pipx run`)."""
    try:
        home = layout.user_home(env)
    except layout.NoHome:
        return ""
    caches = [env.get("UV_CACHE_DIR", ""), env.get("XDG_CACHE_HOME", ""), os.path.join(home, ".cache")]
    if any(cache and path.startswith(os.path.join(cache, "")) for cache in caches):
        return f"{path} lies in a cache and may go away: install sso-login (`pipx install` or `uv tool install`) first"
    return ""


def spread(env: Mapping[str, str], below: int, *, salt: str) -> int:
    """Draw a number for this user on this machine, always the same: machines spread, and nothing changes by itself."""
    from zlib import crc32

    if below < 2:
        return 0
    names: Sequence[str] = [salt, _machine(), env.get("HOME", ""), str(uid())]
    return crc32("\0".join(names).encode("utf-8", "surrogateescape")) % below


def _machine() -> str:
    if sys.platform == "linux":
        try:
            with open("/etc/machine-id", encoding="ascii") as file:
                return file.read(64)
        except (OSError, ValueError):
            pass
    import socket

    return socket.gethostname()


def uid() -> int:
    """Give the user's id; 0 on Windows, which has none."""
    if sys.platform == "win32":
        return 0
    return os.getuid()
