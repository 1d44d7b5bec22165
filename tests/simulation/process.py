"""One simulated process: the ports of the flows, each of whose calls is a step that the scheduler grants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING

from greenlet import greenlet

from sso_login.core.errors import SaveUnknown, SsoLoginError
from sso_login.core.model import Card, Instance, Session
from sso_login.storage import record
from sso_login.storage.role_store import EntryRoles
from sso_login.storage.session_store import SessionStore
from tests.simulation.disk import ENTRY, NAME, Disk
from tests.simulation.services import SimIssuer, SimPortal, SimSdk

if TYPE_CHECKING:
    from sso_login.core.credentials import TokenService
    from sso_login.core.message import Notice
    from sso_login.core.ports import Issuer, RoleAssumer


class Process:
    """The port Ports, and what is known of the process; `step` gives way to the scheduler."""

    def __init__(self, disk: Disk, kind: str, work: Callable[[Process], None], env: Mapping[str, str]) -> None:
        """Begin nothing yet."""
        self.disk = disk
        self.kind = kind
        self.work = work
        self.env = env
        self.logs_in = kind == "device"
        self.careless = kind in {"logout", "sdk"}  # it renews without the transaction, as it may
        self.forced = kind == "force"
        self.proved = False
        self.login = 0
        self.outrun = False  # refused, while the token that is good lay there for it to find
        self.unstored = False  # the issuer has answered it, and what came is not kept yet
        self.alive = True
        self.waits_for = ""
        self.wakes = 0.0
        self.error: SsoLoginError | None = None
        self.cards = SimCards(self)
        self.locks = self.role_locks = SimLocks(self)
        self.clock = SimClock(self)
        self.rescue = SimStore(SimEntries(self, "rescue"))
        self.sdk_cache = SimSdk(self)
        self._body = greenlet(lambda: self._run(work))
        self._scheduler: greenlet | None = None

    def _run(self, work: Callable[[Process], None]) -> None:
        try:
            work(self)
        except SsoLoginError as error:
            self.error = error
        self.ends()

    def ends(self) -> None:
        """Be gone, by itself or by a kill: the system frees its locks."""
        self.alive = False
        self.loses()
        for name in [name for name, holder in self.disk.locks.items() if holder is self]:
            del self.disk.locks[name]

    def loses(self) -> None:
        """Keep nothing of what came: nobody has it."""
        if self.unstored:
            self.unstored = False
            for each in (each for sent in self.disk.sent.values() for each in sent if each.by is self):
                each.outcome = "lost"
            self.disk.lost(self.login)

    def resume(self, raised: Exception | None = None) -> str:
        """Go on until the next step, and give its name; "" at the end."""
        self._scheduler = greenlet.getcurrent()
        done = self._body.switch(raised) if self._body else self._body.switch()
        return done if self.alive and isinstance(done, str) else ""

    def step(self, name: str) -> None:
        """Give way; raise what the scheduler has in mind."""
        if self._scheduler is None:
            raise AssertionError("a process is run by the scheduler alone")
        raised = self._scheduler.switch(name)
        if raised is not None:
            raise raised

    def store(self, kind: str) -> SimStore:
        """Give the store of that kind."""
        return SimStore(SimEntries(self, kind))

    def roles(self, kind: str) -> EntryRoles:
        """Give the role credentials of that store."""
        return EntryRoles(SimEntries(self, kind))

    def issuer(self, instance: Instance) -> Issuer:
        """Give the issuer."""
        del instance
        return SimIssuer(self)  # type: ignore[return-value]  # renewals and ends are all that is asked of it

    def portal(self, instance: Instance) -> SimPortal:
        """Give the portal."""
        del instance
        return SimPortal(self)

    def token_service(self, service: TokenService) -> RoleAssumer:
        """Give nobody: no schedule assumes a role."""
        raise AssertionError(service)

    def side_by_side(self, calls: Sequence[Callable[[], None]], *, at_once: int) -> None:
        """Do nothing side by side: the scheduler alone decides who goes on."""
        raise AssertionError(calls, at_once)

    def unbroken(self) -> AbstractContextManager[None]:
        """Hold nothing back: a kill -9 cannot be."""
        return nullcontext()

    def notify(self, notice: Notice) -> None:
        """Tell nobody."""


class SimClock:
    """The port Clock; sleeping is a step, after which both clocks have moved."""

    def __init__(self, process: Process) -> None:
        """Show the machine's clocks."""
        self._process = process

    def now(self) -> float:
        """Tell the wall clock's time."""
        return self._process.disk.wall

    def monotonic(self) -> float:
        """Tell the other one's."""
        return self._process.disk.mono

    def sleep(self, seconds: float) -> None:
        """Wait until the scheduler lets that time pass."""
        self._process.wakes = self._process.disk.mono + seconds
        self._process.step("sleep")


class SimEntries:
    """The port Entries over one store of the machine."""

    backend = "simulated"

    def __init__(self, process: Process, kind: str) -> None:
        """Open nothing."""
        self._process = process
        self.kind = kind

    @property
    def _texts(self) -> dict[str, str]:
        return self._process.disk.stores[self.kind]

    def check(self) -> None:
        """Prove it."""
        self._process.step(f"check {self.kind}")

    def read(self, entry: str) -> str | None:
        """Read."""
        self._process.step(f"read {self.kind}")
        return self._texts.get(entry)

    def write(self, entry: str, text: str) -> None:
        """Write, whole or not at all; a write that timed out may have landed."""
        landed = None
        try:
            self._process.step(f"write {self.kind}")
        except SaveUnknown as unknown:
            if "landed" not in unknown.message:
                raise
            landed = unknown
        if entry == ENTRY:
            session = unpacked(text)
            self._process.disk.writes(self._process, self.kind, session)
            self._process.disk.saved.add(session.token.access.reveal())
            self._process.proved = True
            self._process.unstored = False
        self._texts[entry] = text
        if landed:
            raise landed

    def delete(self, entry: str) -> bool:
        """Delete; only a login and a logout ever take a record away."""
        self._process.step(f"delete {self.kind}")
        found = self._texts.pop(entry, None) is not None
        if found and entry == ENTRY and self.kind != "rescue" and self._process.kind not in {"device", "logout"}:
            card = self._process.disk.cards.get(NAME)
            if card is None or card.store == self.kind:
                self._process.disk.erased(self._process)
        return found

    def found(self, beginning: str) -> list[str]:
        """List what a store of files can list."""
        return [entry for entry in self._texts if self.kind != "keyring" and entry.startswith(beginning)]


class SimStore(SessionStore):
    """The store of logins over those entries; the same text is taken apart once, for it is the same session."""

    def load(self, name: str) -> Session | None:
        """Give the session."""
        text = self._entries.read(self.entry(name))
        return None if text is None else unpacked(text)


@lru_cache(maxsize=1000)
def unpacked(text: str) -> Session:
    """Take a record of the login apart."""
    return record.unpacked(text, name=NAME, where="the simulation")


class SimCards:
    """The port Cards."""

    def __init__(self, process: Process) -> None:
        """Show the machine's cards."""
        self._process = process

    def names(self) -> list[str]:
        """List them."""
        return sorted(self._process.disk.cards)

    def read(self, name: str) -> Card | None:
        """Read one."""
        self._process.step("read card")
        return self._process.disk.cards.get(name)

    def write(self, card: Card) -> None:
        """Write one."""
        self._process.step("write card")
        self._process.disk.cards[card.name] = card

    def delete(self, name: str) -> bool:
        """Delete one."""
        self._process.step("delete card")
        return self._process.disk.cards.pop(name, None) is not None


class SimLocks:
    """The port Locks: whoever waits is not run until the lock is free."""

    def __init__(self, process: Process) -> None:
        """Hold nothing."""
        self._process = process

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold it."""
        process, locks = self._process, self._process.disk.locks
        process.waits_for = name
        process.step("lock")
        process.waits_for = ""
        locks[name] = process
        try:
            yield
        finally:
            if locks.get(name) is process:
                del locks[name]
