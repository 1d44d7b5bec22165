"""`sso-login exec`: run a command with role credentials in its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from sso_login import layout
from sso_login.cli.completion import candidates as known
from sso_login.cli.credential_source import Wanted, resolve, target_options
from sso_login.cli.options import Command
from sso_login.cli.output.credential_formats import CLEARED, variables
from sso_login.core.errors import SsoLoginError
from sso_login.core.model import SIGNIN, SSO

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.cli.role_sources import Source

AT_LEAST: Final = 900.0  # seconds that the credentials are good for, where the role's session lasts as long


@click.command(
    "exec",
    cls=Command,
    epilog="sso-login exec --profile dev -- terraform plan",
    context_settings={"allow_interspersed_args": False},
)
@target_options
@click.argument(
    "command", nargs=-1, required=True, metavar="[--] COMMAND...", type=click.UNPROCESSED, shell_complete=known.command
)
def run(context: Context, wanted: Wanted, *, command: tuple[str, ...]) -> int:
    """Run COMMAND with credentials of a role in its environment; its exit code is passed on.

    Other AWS credentials and AWS_PROFILE are taken out of that environment first; AWS_REGION is set where the profile
    names a region, else left alone. The credentials are good for 15 minutes at least, and at most for as long as the
    role's session: for what runs longer use a profile with credential_process.
    """
    world = context.world()
    indexes = {SSO: world.index, SIGNIN: world.signin.index}  # before anything is read that goes into it
    source = resolve(context, wanted)
    added = added_by(source)
    environment = {name: value for name, value in world.env.items() if name not in CLEARED} | added
    if source.noted:
        more = {name: value for name, value in added.items() if name not in layout.FROM_RECORD}
        asked = ("exec", *wanted.words[1:])
        indexes[source.instance.kind].note(asked, source.noted, config=world.config, more=more)
    context.quiet()
    from sso_login.adapters.system.exec_program import CannotRun, become

    try:
        return become(command, environment)
    except CannotRun as error:
        context.render.error(SsoLoginError(str(error), hint="Name a program that is on PATH after `--`."))
        return error.exit_code


def added_by(source: Source) -> dict[str, str]:
    """Give what the command finds in its environment besides."""
    credentials = source.credentials(AT_LEAST)
    account = {"AWS_ACCOUNT_ID": credentials.account_id} if credentials.account_id else {}
    return {**variables(credentials, source.region), **account}


exec = run  # noqa: A001 - the table of commands looks for it by its name
