"""What a command has at hand: the world, the renderer and the flags that every command takes."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Protocol, TextIO

from sso_login.adapters.signals import side_by_side
from sso_login.cli.render import Render
from sso_login.core.errors import SsoLoginError, StorageError, UnknownSession, UsageProblem
from sso_login.core.message import Notice
from sso_login.core.model import Card
from sso_login.flows.choose import Chosen, choose, chosen_all
from sso_login.world import World

Found = Chosen | tuple[str, SsoLoginError]  # a session, or the name of one and what is wrong with it
EXIT_ORDER = (7, 3, 2, 6, 1, 5)  # over several sessions the exit code is the first of these that occurred


class _Lines(logging.Handler):
    def __init__(self, render: Render) -> None:
        super().__init__()
        self.render = render

    def emit(self, record: logging.LogRecord) -> None:
        self.render.line(f"{record.name}: {record.getMessage()}")


class Build(Protocol):
    """How a world is made; tests make theirs with another environment and clock."""

    def __call__(self, *, attended: bool, notify: Callable[[Notice], None]) -> World:
        """Make a world, `attended` where a human at a terminal may be asked."""


def real_world(*, attended: bool, notify: Callable[[Notice], None]) -> World:
    """Make the world of this process."""
    return World(dict(os.environ), attended=attended, notify=notify)


def _terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


@dataclass
class Context:
    """One run of the program; mutable, since flags may stand before and after the command."""

    render: Render
    build: Build = real_world
    verbose: int = 0
    no_input: bool = False
    codes: set[int] = field(default_factory=set)
    made: World | None = None
    broken: dict[str, StorageError] = field(default_factory=dict)

    def world(self, *, asks: bool = False) -> World:
        """Give the world; only a command that `asks`, at a terminal, may wait for a human."""
        if self.made is None:
            human = asks and not self.no_input and _terminal(sys.stdin) and _terminal(sys.stderr)
            self.made = self.build(attended=human, notify=self.render.notice)
        return self.made

    @cached_property
    def cards(self) -> list[Card]:
        """Every session card that can be read, read once; the others are `broken`."""
        world = self.world()
        cards: list[Card] = []
        for name in world.cards.names():
            try:
                card = world.cards.read(name)
            except StorageError as error:
                self.broken[name] = error
            else:
                cards += [card] if card else []
        return cards

    def chosen(self, session: str | None = None, profile: str | None = None) -> Chosen:
        """Find the one session that is meant."""
        world = self.world()
        try:
            return choose(world.config, self.cards, world.env, session=session, profile=profile)
        except UnknownSession:
            if session in self.broken:  # known by a card alone, and that cannot be read
                raise self.broken[session] from None
            raise

    def named(self, sessions: tuple[str, ...], *, profile: str | None, every: bool) -> list[Found] | None:
        """Find the sessions that are named, None where none is; a name twice is one session."""
        if every and (sessions or profile):
            raise UsageProblem("--all and a session's name exclude each other")
        if profile and sessions:
            raise UsageProblem("--profile and a session's name exclude each other")
        if profile:
            return [self.chosen(profile=profile)]
        return [self._found(name) for name in dict.fromkeys(sessions)] or None

    def _found(self, name: str) -> Found:
        try:
            return self.chosen(name)
        except SsoLoginError as error:
            return name, error

    def known(self) -> list[Found]:
        """Find every known session; one whose config or card is broken stands with its error."""
        world = self.world()
        found = chosen_all(world.config, self.cards, world.env)
        names = {name_of(item) for item in found}
        return [*found, *((name, error) for name, error in self.broken.items() if name not in names)]

    def ever_logged_in(self) -> list[Found]:
        """Find every session that has a card."""
        names = set(self.world().cards.names())
        return [found for found in self.known() if name_of(found) in names]

    def louder(self, steps: int) -> None:
        """Log operations, statuses and timings on stderr: -v for what is done, -vv for more."""
        self.verbose += steps
        ours = logging.getLogger("sso_login")  # ours alone: the HTTP libraries log URLs with their queries
        if self.verbose and self.lines not in ours.handlers:
            ours.addHandler(self.lines)
        if self.verbose:
            ours.setLevel(logging.DEBUG if self.verbose > 1 else logging.INFO)

    def quiet(self) -> None:
        """Stop logging, at the end of the run."""
        ours = logging.getLogger("sso_login")
        ours.removeHandler(self.lines)
        ours.setLevel(logging.WARNING)

    @cached_property
    def lines(self) -> logging.Handler:
        """Where log lines go."""
        return _Lines(self.render)


def each(context: Context, found: Sequence[Found], act: Callable[[Found], None], *, at_once: int = 1) -> None:
    """Act on every session; an error of one never stops the others, and decides the exit code in the end.

    Side by side where `at_once` is more than one: a slow issuer delays nobody else.
    """
    if len(found) == 1:
        act(found[0])
        return

    def told(item: Found) -> None:
        try:
            act(item)
        except SsoLoginError as error:
            context.render.error(error, prefix=f"{name_of(item)}: ")
            context.codes.add(error.exit_code)

    side_by_side([partial(told, item) for item in found], at_once=at_once)


def name_of(found: Found) -> str:
    """Name the session."""
    return found[0] if isinstance(found, tuple) else found.name


def sound(found: Found) -> Chosen:
    """Give the session, or raise what is wrong with it."""
    if isinstance(found, tuple):
        raise found[1]
    return found
