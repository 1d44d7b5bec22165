"""A schedule: which processes there are, who goes on, what fails, who is killed; drawn by a seed, or enumerated."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sso_login.core.errors import LoginRequired, RefreshRefused, SaveUnknown, StorageError, StoreUnusable, Unreachable
from sso_login.core.model import Card
from sso_login.flows.renewal import Want
from tests.simulation.disk import ENTRY, HOUR, NAME, Disk, Violated
from tests.simulation.process import Process
from tests.simulation.work import credentials, device, logout, made, token

KINDS: Final = ("token", "refresh", "force", "credentials", "device", "device", "logout", "sdk")
DAY: Final = 86_400.0
MOST_STEPS: Final = 3_000  # a schedule that takes more turns in circles


# --- what goes wrong


@dataclass
class Plan:
    """What a schedule does: its draw, how often it changes the process, how many things may go wrong."""

    draw: random.Random
    faults: int = 0
    chance: float = 0.12  # that one of them goes wrong at a step
    switching: float = 0.3
    storm: bool = False
    unreadable: bool = False  # what was rescued, from its first failure on: a file that cannot be read stays so
    switches: frozenset[int] = frozenset()  # enumerated: the steps at which the other process goes on
    kill: int = -1  # enumerated: the step at which the one whose turn it is is killed
    failing: frozenset[int] = frozenset()  # enumerated: the steps that fail
    log: list[str] = field(default_factory=list)

    def fault(self, disk: Disk, process: Process, step: str) -> Exception | str | None:
        """Draw what goes wrong at that step: an exception to raise there, `kill`, or nothing."""
        if self.faults == 0 or self.draw.random() > self.chance:
            return None
        self.faults -= 1
        if self.draw.random() < 0.35:
            return "kill"
        if self.draw.random() < 0.2:
            disk.wall += self.draw.choice([-DAY, -600.0, 600.0, DAY])
            disk.jumped = True
            return None
        return self.trouble(process, step)

    def trouble(self, process: Process, step: str) -> Exception | None:
        """Draw how that step fails; None where it cannot."""
        what, _, where = step.partition(" ")
        self.unreadable |= step == "read rescue"
        if what == "send":
            return Unreachable("no network")
        if what in {"answer", "portal", "end"}:
            return Unreachable("no answer", sent=True)
        if what not in {"read", "write", "check", "delete"} or where == "sdk":
            return StorageError("no room") if step == "write sdk" else None
        if what == "write" and where in {"keyring", "file"}:
            if process.unstored and self.draw.random() < 0.3:
                self.storm = True  # the rescue fails as well
            return self.draw.choice(
                [StoreUnusable("locked"), SaveUnknown("no answer"), SaveUnknown("no answer, landed")]
            )
        return StorageError("broken") if where in {"card", "rescue"} else StoreUnusable("locked")


# --- the scheduler


@dataclass
class Schedule:
    """Runs processes to their end, step by step, and judges the machine after every step."""

    disk: Disk
    processes: list[Process]
    plan: Plan
    steps: int = 0
    current: int = 0

    def run(self) -> None:
        """Run all of them; raise Violated."""
        waiting = dict.fromkeys(range(len(self.processes)), "begin")
        while waiting:
            index = self._next(waiting)
            process = self.processes[index]
            if process.wakes > self.disk.mono and waiting[index] == "sleep":
                self.disk.wall += process.wakes - self.disk.mono
                self.disk.mono = process.wakes
            directive = self._directive(index, waiting[index])
            if directive == "kill":
                self._killed(process, waiting[index])
                del waiting[index]
            else:
                waiting[index] = process.resume(directive if isinstance(directive, Exception) else None)
                self.plan.log.append(f"{index} {process.kind}: {waiting[index] or f'ends, {process.error}'}")
                if not waiting[index]:
                    del waiting[index]
                    _asks_with_reason(process)
            self.disk.everything_is_listed()
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise Violated("it does not come to an end")

    def _next(self, waiting: dict[int, str]) -> int:
        able = [index for index in waiting if self._able(self.processes[index])]
        if not able:
            raise Violated("all wait for each other")
        others = [index for index in able if index != self.current]
        if self.steps in self.plan.switches and others:
            self.current = others[0]
        elif self.current not in able or self.plan.draw.random() < self.plan.switching:
            self.current = self.plan.draw.choice(able)
        return self.current

    def _able(self, process: Process) -> bool:
        holder = self.disk.locks.get(process.waits_for) if process.waits_for else None
        return holder is None or not holder.alive

    def _directive(self, index: int, step: str) -> Exception | str | None:
        process = self.processes[index]
        if self.plan.kill == self.steps:
            return "kill"
        if self.steps in self.plan.failing:
            return self.plan.trouble(process, step)
        if step in {"begin", "lock", "sleep", "approve"} and self.plan.draw.random() < 0.9:
            return None
        if self.plan.unreadable and step == "read rescue":
            return StorageError("broken")
        if self.plan.storm and step == "write rescue" and process.kind != "sdk":
            process.loses()
            return StorageError("no memory")
        found = self.plan.fault(self.disk, process, step)
        if found is not None:
            self.plan.log.append(f"{index} {process.kind}: at {step}: {found!r}")
        return found

    def _killed(self, process: Process, step: str) -> None:
        """End it as kill -9 does: nothing of it runs any more, and the system frees its locks."""
        self.plan.log.append(f"{process.kind} is killed at {step}")
        process.ends()


def _asks_with_reason(process: Process) -> None:
    if process.outrun and isinstance(process.error, RefreshRefused) and not process.disk.jumped:
        raise Violated("a human is asked although an SDK's newer token was there")


def alone(disk: Disk, kind: str, work: Callable[[Process], None], env: dict[str, str] | None = None) -> Process:
    """Run one process to its end, with nothing going wrong."""
    process = Process(disk, kind, work, env or {})
    Schedule(disk, [process], Plan(random.Random(0))).run()
    return process


def settled(disk: Disk) -> None:
    """Judge how it all ends: once nothing fails any more the login works, or a human is asked with good reason."""
    for later in (400, HOUR + 400):
        disk.mono += later
        disk.wall += later
        _works(disk)
    gone = alone(disk, "logout", partial(logout, shared=False))
    left = [f"{entry.split(':')[1]} in {kind}" for kind, texts in disk.stores.items() for entry in texts]
    left += ["a card"] if disk.cards else []
    left += ["the SDKs' copy"] if disk.sdk and disk.sdk_is_ours else []
    if left or gone.error:
        raise Violated(f"a logout left {', '.join(left) or gone.error}")


def _works(disk: Disk) -> None:
    there = _there(disk)
    want = Want(min_ttl=60, keep_young=True)
    last = alone(disk, "token", partial(token, shared=False, want=want))
    if last.error is None:
        if not there:
            raise Violated("a token was given of a login that is not there")
    elif not isinstance(last.error, LoginRequired):
        raise Violated(f"with nothing failing any more: {last.error!r}")
    elif there and not there & disk.excused and not (disk.jumped and disk.sdk):  # a file of an SDK's from tomorrow
        raise Violated(f"a human is asked for no reason: {last.error}")


def _there(disk: Disk) -> set[int]:
    """Give the numbers of the logins that are there: where the card says, in memory, and with the SDKs."""
    card: Card | None = disk.cards.get(NAME)
    texts = [disk.stores[kind].get(ENTRY) for kind in ((card.store,) if card else ()) + ("rescue",)]
    found = {disk.born[text.split("\n")[3]][0] for text in texts if text}
    return found | ({disk.login_of(copy) for copy, _ in disk.sdk.values()} if found else set())


def begun(disk: Disk, draw: random.Random, *, shared: bool) -> None:
    """Set up a login of some age, in one of the stores, with role credentials or without."""
    env = {"SSO_LOGIN_STORE": draw.choice(["keyring", "file"])}
    alone(disk, "device", partial(device, shared=shared, force=True), env)
    if draw.random() < 0.3:
        alone(disk, "credentials", partial(credentials, shared=shared))
    passed = draw.choice([HOUR - 3000, HOUR - 800, HOUR - 40, HOUR + 100])
    disk.wall += passed
    disk.mono += passed
    disk.sent.clear()
    if draw.random() < 0.15:
        disk.over()
        if draw.random() < 0.5:
            alone(disk, "token", partial(token, shared=shared, want=Want(min_ttl=900, force=True)), {})
            disk.sent.clear()


def drawn(seed: int) -> Schedule:
    """Draw a schedule: two to six processes over a login that is there, or over nothing."""
    draw = random.Random(seed)
    disk = Disk(rotation=draw.choice(["strict", "strict", "grace", "none"]))
    shared = draw.random() < 0.3
    if draw.random() < 0.9:
        begun(disk, draw, shared=shared)
    count = draw.choice([2, 2, 2, 3, 3, 4, 5, 6])
    processes = [_process(disk, draw, shared=shared) for _ in range(count)]
    plan = Plan(
        draw,
        faults=draw.choice([0, 0, 1, 1, 2, 3, 6]),
        chance=draw.choice([0.12, 0.12, 0.4]),
        switching=draw.choice([0.1, 0.3, 0.6]),
    )
    return Schedule(disk, processes, plan)


def _process(disk: Disk, draw: random.Random, *, shared: bool) -> Process:
    kind = draw.choice(KINDS if shared else KINDS[:-1])
    return made(disk, kind, shared=shared, move=draw.random() < 0.4)


def verdict(seed: int) -> str:
    """Draw that schedule and run it to its very end; give what was violated, "" where nothing was."""
    try:
        return judged(drawn(seed))
    except Violated as violated:  # before it had begun
        return str(violated)


def judged(schedule: Schedule) -> str:
    """Run a schedule to its very end; give what was violated, "" where nothing was."""
    try:
        schedule.run()
        schedule.disk.everything_is_listed()
        settled(schedule.disk)
    except Violated as violated:
        return str(violated)
    return ""
