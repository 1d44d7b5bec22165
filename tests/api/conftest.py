"""A shell to log in with, and a provider that shares its clock, its environment and its emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sso_login.api import TokenProvider
from sso_login.core.message import Notice
from sso_login.world import World
from tests.support.shell import Shell, shell

Provide = Callable[..., TokenProvider]


@pytest.fixture
def sh(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Give a shell against a strict emulator, where a human approves every code at once."""
    with shell(home, capsys) as made:
        made.approve_while_waiting()
        yield made


@pytest.fixture
def provide(sh: Shell) -> Provide:
    """Make providers of that shell's world."""

    def build(notify: Callable[[Notice], None]) -> World:
        return World(sh.env, notify=notify, clock=sh.clock, entries=sh.entries)

    def made(session: str | None = None, profile: str | None = None) -> TokenProvider:
        return TokenProvider(session=session, profile=profile, build=build)

    return made
