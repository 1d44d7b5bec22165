"""What a command has at hand: the world, the renderer and the flags that every command takes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from sso_login.cli.output.render import Render
    from sso_login.core.message import Notice
    from sso_login.world import World

EXIT_ORDER = (7, 3, 2, 6, 1, 5)  # over several sessions the exit code is the first of these that occurred


class Build(Protocol):
    """How a world is made; tests make theirs with another environment and clock."""

    def __call__(self, *, attended: bool, notify: Callable[[Notice], None]) -> World:
        """Make a world, `attended` where a human at a terminal may be asked."""


def real_world(*, attended: bool, notify: Callable[[Notice], None]) -> World:
    """Make the world of this process."""
    from sso_login.world import World

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

    def world(self, *, asks: bool = False) -> World:
        """Give the world; only a command that `asks`, at a terminal, may wait for a human."""
        if self.made is None:
            self.made = self.build(attended=asks and self.human, notify=self.render.notice)
        return self.made

    @property
    def human(self) -> bool:
        """Tell whether somebody at a terminal may be asked."""
        return not self.no_input and _terminal(sys.stdin) and _terminal(sys.stderr)

    @property
    def asks(self) -> bool:
        """Tell whether a question may be asked that has a default: not in CI, nor where a machine reads."""
        return self.human and not os.environ.get("CI") and not self.render.as_json

    def louder(self, steps: int) -> None:
        """Log operations, statuses and timings on stderr; -vv would show finer lines, of which there are none yet."""
        self.verbose += steps
        if self.verbose:
            from sso_login.cli.output import logs

            logs.start(self.render, debug=self.verbose > 1)

    def quiet(self) -> None:
        """Stop logging, at the end of the run."""
        if self.verbose:
            from sso_login.cli.output import logs

            logs.stop()
