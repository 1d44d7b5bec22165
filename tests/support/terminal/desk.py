"""A home with a login in the file store and an emulator of its own, for children that are killed or interrupted."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Final

from sso_login.adapters.secrets.cards import FileCards
from sso_login.adapters.secrets.file_store import FileEntries, secret_path
from sso_login.adapters.system.clock import SystemClock
from sso_login.cli.app import run
from sso_login.core.message import Notice
from sso_login.core.model import Card, Session
from sso_login.emulator.core.settings import Settings
from sso_login.emulator.server import Emulator, running
from sso_login.storage.session_store import SessionStore
from sso_login.world import World
from tests.support.shell import COMMAND, Ran, clean, environment

NAME: Final = "my-sso"
_speaking: Final = threading.Lock()  # sys.stdout and sys.stderr are everybody's
PATIENCE: Final = 120.0  # seconds; only a machine in trouble comes near it


class Gate:
    """An emulator's clock at which a request can be made to wait; `arrived` says that one does, `open` lets it go."""

    def __init__(self) -> None:
        """Start open."""
        self.arrived = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def __call__(self) -> float:
        """Tell the time, once the gate is open."""
        if not self.open.is_set():
            self.arrived.set()
            self.open.wait(PATIENCE)
        return time.time()


class Busy(SystemClock):
    """The system's clock, but whoever sleeps does something else instead."""

    def __init__(self, instead: Callable[[], None]) -> None:
        """Take what is done instead."""
        self._instead = instead

    def sleep(self, seconds: float) -> None:
        """Do it, and wait for nothing."""
        del seconds
        self._instead()


@dataclass(frozen=True)
class Desk:
    """A home, its environment, and the emulator that its config names."""

    home: Path
    emulator: Emulator
    env: Mapping[str, str]

    def log_in(self) -> Session:
        """Log in, in this process and without any wait."""
        ran = self.here("device", "--no-browser")
        assert ran.code == 0, ran
        return self.kept()

    def here(self, *argv: str) -> Ran:
        """Run a command line in this process, from any thread; a human approves every code at the first wait."""

        def approve() -> None:
            for code in self.emulator.service.waiting():
                self.emulator.service.decide(code, approve=True)

        def build(*, attended: bool, notify: Callable[[Notice], None]) -> World:
            return World(self.env, attended=attended, notify=notify, clock=Busy(approve))

        with _speaking, redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
            code = run(argv, build=build)
        return Ran(code, out.getvalue(), err.getvalue())

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Start the program."""
        return started(*argv, env=self.env)

    def run(self, *argv: str) -> Ran:
        """Run the program to its end."""
        return finished(self.start(*argv))

    @property
    def state(self) -> str:
        """The state folder."""
        return self.env["SSO_LOGIN_HOME"]

    @property
    def record(self) -> Path:
        """Where the record lies."""
        return Path(secret_path(self.state, "sso-login:sso:" + NAME))

    @property
    def stored(self) -> Session | None:
        """The record, read strictly: BadRecord unless it is whole."""
        return SessionStore(FileEntries(self.state)).load(NAME)

    def kept(self) -> Session:
        """Read the record, which must be there."""
        found = self.stored
        assert found is not None
        return found

    @property
    def card(self) -> Card | None:
        """The card, read strictly: BadRecord unless it is whole."""
        return FileCards(self.state).read(NAME)

    def age(self) -> None:
        """Let the stored token be over, so that whoever wants it has to renew, and any back-off be past."""
        session, card = self.kept(), self.card
        if card and card.retry_after:
            FileCards(self.state).write(replace(card, retry_after=1.0))
        old = replace(session, token=replace(session.token, expires_at=1, issued_at=0))
        SessionStore(FileEntries(self.state)).save(old)

    def strays(self) -> list[str]:
        """List what writes that did not end have left behind."""
        return sorted(str(path) for path in self.home.rglob(".tmp-*"))

    @property
    def renewals(self) -> int:
        """How many refresh tokens were exchanged."""
        return renewals(self.emulator)


def renewals(emulator: Emulator) -> int:
    """Count the refresh tokens that were exchanged for new ones."""
    log = list(emulator.service.log)
    return sum(call.grant == "refresh_token" and call.status == 200 for call in log)


@contextmanager
def desk(home: Path, settings: Settings | None = None, *, now: Callable[[], float] = time.time) -> Iterator[Desk]:
    """Give a home without a login yet, and an emulator for it alone."""
    home.mkdir(exist_ok=True, parents=True)
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    with running(settings or Settings(interval=1), now=now) as emulator:
        yield Desk(home, emulator, {**environment(home, emulator), "XDG_RUNTIME_DIR": str(runtime)})


def unwatched(env: Mapping[str, str]) -> dict[str, str]:
    """Give a child's whole environment without coverage, whose data a killed child would leave damaged."""
    return {name: value for name, value in clean(env).items() if not name.startswith("COVERAGE_")}


def started(*argv: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start the program, unmodified and unwatched."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*COMMAND, *argv], env=unwatched(env), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
    )


def finished(child: subprocess.Popen[str]) -> Ran:
    """Wait for a child's end."""
    with child:
        out, err = child.communicate(timeout=PATIENCE)
        return Ran(child.returncode, out, err)


def until(happened: Callable[[], bool]) -> None:
    """Wait for something, with a bound that only a machine in trouble comes near."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def holds_open(child: subprocess.Popen[str], path: Path) -> bool:
    """Tell whether that process has that file open (Linux)."""
    folder = Path(f"/proc/{child.pid}/fd")
    try:
        return any(entry.readlink() == path for entry in folder.iterdir())
    except OSError:  # it has ended, or closed one of its files just now
        return False
