"""`sso-login schedule`: have the system itself run `refresh`, see that it does, take it away again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from sso_login.cli.options import Command, Noun, OneOf, duration, json_flag
from sso_login.cli.output.render import out, printable
from sso_login.core.errors import NotScheduled, UsageProblem
from sso_login.core.message import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from sso_login.adapters.schedule.job import Job, Written
    from sso_login.adapters.schedule.schedulers import Scheduler, Schedulers
    from sso_login.cli.context import Context

KINDS: Final = ("systemd", "launchd", "task-scheduler", "crontab")
NAMES: Final = {
    "systemd": "a systemd user timer",
    "launchd": "a launchd agent",
    "task-scheduler": "a Task Scheduler task",
    "crontab": "a crontab line",
}


@click.group(cls=Noun, epilog="sso-login schedule install")
def schedule() -> None:
    """Have the system itself keep every login fresh: it runs `refresh --all --quiet` again and again.

    A systemd user timer, a launchd agent or a Task Scheduler task; where there is none, a line in the crontab.
    """


@schedule.command(cls=Command, epilog="sso-login schedule install --every 10m")
@click.option("--every", type=duration, metavar="DURATION", help="How often it runs (default: as it does, else 5m).")
@click.option("--kind", type=OneOf(KINDS), help="This scheduler and no other; with --dry-run that of any system.")
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.pass_obj
def install(context: Context, *, every: float | None, kind: str | None, dry_run: bool) -> None:
    """Install the schedule, or bring one up to date that an older version wrote. Again changes nothing."""
    from sso_login.adapters.schedule import job as jobs
    from sso_login.adapters.schedule.schedulers import Schedulers

    env = context.world().env
    asked = None if every is None else jobs.read_every(every)
    schedulers = Schedulers(env)
    minutes = asked or _as_it_is(schedulers) or jobs.EVERY
    made, warnings = jobs.make(env, every=minutes, argv0=sys.argv[0])
    for warning in warnings:
        context.render.notice(Notice(warning, warning=True))
    if dry_run:
        scheduler = schedulers.named(kind) if kind else schedulers.best()
        out(_shown(scheduler.written(made)))
        return
    scheduler = _usable(schedulers, kind)
    with _turn(context):
        changed = scheduler.install(made)
        _tidied(context, schedulers, scheduler)
    _told(context, schedulers, scheduler, made, changed=changed)


@schedule.command(cls=Command, epilog="sso-login schedule remove")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.pass_obj
def remove(context: Context, *, dry_run: bool) -> None:
    """Remove the schedule and nothing else; where there is none, nothing is done."""
    from sso_login.adapters.schedule.schedulers import Schedulers

    schedulers = Schedulers(context.world().env)
    with _turn(context):
        there = schedulers.found()
        for scheduler, found in there:
            if not dry_run:
                scheduler.remove()
            word = "Would remove" if dry_run else "Removed"
            context.render.line(f"{word} {NAMES[found.kind]} from {found.where}.")
    if not there:
        context.render.line("No schedule is installed: nothing to remove.")


@schedule.command(cls=Command, epilog="sso-login schedule status --json | jq .next")
@json_flag
@click.pass_obj
def status(context: Context) -> int:
    """Show whether a schedule is installed, when it ran last, how that ended, and when it runs next.

    Exit code 3 where none is installed.
    """
    from sso_login.adapters.schedule.overview import overview
    from sso_login.cli.output import schedule_view

    world = context.world()
    found = overview(world.env, world.home, now=world.clock.now())
    if context.render.as_json:
        context.render.fact(schedule_view.fact(found))
        return 0 if found.installed else NotScheduled.exit_code
    if not found.installed:
        if found.history:
            out(schedule_view.runs(found.history))
        raise NotScheduled("no schedule is installed")
    out(schedule_view.text(found, NAMES[found.installed.kind], now=world.clock.now()))
    return 0


def _as_it_is(schedulers: Schedulers) -> int | None:
    """Give how often the schedule runs that is there; one that cannot be read is met again in a moment."""
    from contextlib import suppress

    from sso_login.core.errors import SchedulerUnusable

    with suppress(SchedulerUnusable):
        for _, found in schedulers.found():
            every = found.mark.every
            return every if 60 % max(every, 1) == 0 or (every % 60 == 0 and 24 * 60 % every == 0) else None
    return None


def _usable(schedulers: Schedulers, kind: str | None) -> Scheduler:
    if kind is None:
        return schedulers.best()
    scheduler = schedulers.named(kind)
    from sso_login.core.errors import SchedulerUnusable

    if scheduler not in schedulers.usual:
        raise UsageProblem(
            f"{kind} is not a scheduler of this system", hint="`--dry-run` prints what it would be given."
        )
    trouble = scheduler.trouble()
    if trouble:
        raise SchedulerUnusable(f"{kind} cannot be used: {trouble}")
    return scheduler


def _turn(context: Context) -> AbstractContextManager[None]:
    """Take turns with others that change the schedule at the same time."""
    from sso_login.adapters.secrets.lock import FileLocks

    waiting = Notice("waiting for another sso-login that is changing the schedule")
    world = context.world()
    return FileLocks(world.home, notify=lambda _: world.notify(waiting), folder="schedule-locks").hold("schedule")


def _tidied(context: Context, schedulers: Schedulers, kept: Scheduler) -> None:
    """Take away what lies with another scheduler: two would do everything twice."""
    from contextlib import suppress

    from sso_login.core.errors import SchedulerUnusable

    for other in schedulers.usual:
        if other is not kept:
            with suppress(SchedulerUnusable):
                if other.remove():
                    context.render.line(f"Removed {NAMES[other.kind]}, which is no longer needed.")
    with suppress(SchedulerUnusable):
        for line in schedulers.crontab.strangers():
            told = f"your crontab has a line of its own that does the same, which may go now: {printable(line)}"
            context.render.notice(Notice(told, warning=True))


def _told(context: Context, schedulers: Schedulers, scheduler: Scheduler, made: Job, *, changed: bool) -> None:
    from sso_login.adapters.schedule.job import spoken_every

    every = spoken_every(made.every)
    if not changed:
        context.render.line(f"Installed already, every {every}, as {NAMES[scheduler.kind]}: nothing to change.")
        return
    out(_shown(scheduler.written(made)))
    remark = "; ".join(filter(None, [scheduler.remark(), schedulers.linger()]))
    context.render.line(f"Installed: every login is kept fresh every {every} by {NAMES[scheduler.kind]}.")
    if remark:
        context.render.line(f"Note: {remark}.")


def _shown(written: Sequence[Written]) -> str:
    return "\n".join(f"# {each.where}\n{each.text.decode()}" for each in written)
