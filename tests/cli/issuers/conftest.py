"""A shell whose config names the emulator as an OAuth issuer, and no session of AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sso_login.emulator.core.settings import Settings
from tests.support.shell import Shell, shell


def issuers(sh: Shell) -> Path:
    """Name our own config file."""
    return Path(sh.env["SSO_LOGIN_CONFIG_FILE"])


@pytest.fixture
def opened(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Shell]]:
    """Give a function that starts an issuer with given settings, known as `corp`."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Shell:  # noqa: ANN401 - Settings checks them
            made = stack.enter_context(shell(home, capsys, Settings(issuer=True, **settings)))
            made.config.write_text("")
            made.env["SSO_LOGIN_CONFIG_FILE"] = str(home / "issuers")
            issuers(made).write_text(f"# ours\n[issuer corp]\nissuer = {made.emulator.url}\nclient_id = sso-login\n")
            made.approve_while_waiting()
            return made

        yield start


@pytest.fixture
def corp(opened: Callable[..., Shell]) -> Shell:
    """Give a shell at an issuer where a human approves every code at once."""
    return opened()
