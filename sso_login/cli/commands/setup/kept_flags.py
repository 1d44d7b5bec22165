"""The options of `configure profiles`, kept so that running it again does the same again.

They lie in sso-login's own config file, as they were typed: `[configure-profiles NAME]` with `flags = ...`.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from sso_login.adapters.aws_files.aws_edit import Change, read_keys
from sso_login.core.errors import SsoLoginError
from sso_login.core.message import Notice

if TYPE_CHECKING:
    from sso_login.cli.context import Context

NAMES: Final = ("template", "accounts", "roles", "region", "sso_keys", "program", "absolute", "prune")
_KEY: Final = "flags"


class Flags:
    """Those of this run, else those of the last one for that session."""

    def __init__(self, context: Context, session: str) -> None:
        """Look at what stands on the command line."""
        self._context = context
        self._title = f"configure-profiles {shlex.quote(session)}"
        self._click = click.get_current_context()
        self._given = [name for name in NAMES if self._said(name)]

    def asked(self, given: dict[str, Any]) -> dict[str, Any]:
        """Give the values to go by; where those of the last run are taken, that is said."""
        words = [] if self._given else self._kept()
        if not words:
            return given
        command = self._click.command
        try:
            with command.make_context("profiles", [*words], obj=self._context) as again:
                values = {name: again.params[name] for name in NAMES}
        except (click.ClickException, SsoLoginError):
            text = f"[{self._title}] of {self._path()} has options that cannot be meant; they are left out"
            self._context.render.notice(Notice(text, warning=True))
            return given
        self._context.render.say(f"As last time: {shlex.join(words)}")
        return values

    def keep(self) -> None:
        """Keep what stands on the command line for the next time; that it cannot be kept is told."""
        if not self._given or not self._path():
            return
        words = [word for name in self._given for word in self._words(name)]
        try:
            change = Change(self._title, {_KEY: shlex.join(words)})
            self._context.world().edit_aws_file(self._path(), [change], private=False)
        except SsoLoginError as error:
            text = f"the options are not kept for the next time: {error.message}"
            self._context.render.notice(Notice(text, warning=True))

    def _said(self, name: str) -> bool:
        return self._click.get_parameter_source(name) is ParameterSource.COMMANDLINE

    def _words(self, name: str) -> list[str]:
        option = next(each for each in self._click.command.params if each.name == name)
        value = self._click.params[name]
        if isinstance(value, bool):
            return [option.opts[0] if value else next(iter(option.secondary_opts), option.opts[0])]
        values = value if isinstance(value, tuple) else (value,)
        return [f"{option.opts[0]}={each}" for each in values]

    def _kept(self) -> list[str]:
        with suppress(
            SsoLoginError, ValueError, LookupError
        ):  # a file that cannot be read is for its own commands to say
            return shlex.split(read_keys(self._path(), "", values=(_KEY,))[self._title][_KEY])
        return []

    def _path(self) -> str:
        from sso_login.adapters.aws_files.issuer_config import issuers_path

        return issuers_path(self._context.world().env)
