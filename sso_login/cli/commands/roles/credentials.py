"""`sso-login credentials`: short-lived role credentials, for SDKs, shells and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from sso_login.cli.credential_source import RoleOptions, profile_argument, target_options
from sso_login.cli.options import Command, OneOf
from sso_login.cli.output.credential_formats import FORMATS
from sso_login.cli.output.render import out
from sso_login.core.errors import UsageProblem

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.core.credentials import Credentials
    from sso_login.world import World

PROCESS: Final = "process"
FOR_CRON: Final = 900.0  # seconds: as with `refresh`, a job every five minutes has three tries
_EXAMPLE: Final = """\
credential_process = sso-login credentials --session my-sso --account 111122223333 --role ReadOnlyAccess
eval "$(sso-login credentials --profile dev --format env)"
sso-login credentials --profile dev --write-profile dev-keys     (from cron, for tools that know no SSO)"""


@click.command(cls=Command, epilog=_EXAMPLE)
@target_options
@profile_argument
@click.option(
    "--format",
    "form",
    type=OneOf(list(FORMATS)),
    help="How to print them.  [default: process, for credential_process]",
)
@click.option(
    "--write-profile", "name", metavar="NAME", help="Print nothing; keep [NAME] of the shared credentials file fresh."
)
def credentials(context: Context, wanted: RoleOptions, *, form: str | None, name: str | None) -> None:
    """Print credentials of a role, cached until 5 minutes before they expire. Never asks anything."""
    from sso_login.cli.commands.roles.target import Target
    from sso_login.core.model import SIGNIN, SSO

    if form and name:
        raise UsageProblem("--format and --write-profile exclude each other", hint="--write-profile prints nothing.")
    world = context.world()
    indexes = {SSO: world.index, SIGNIN: world.signin.index}  # before anything is read that goes into it
    target = Target(context, wanted)
    source = target.source()
    if name is not None:
        _write(world, name, source.credentials(FOR_CRON))
        return
    given = source.credentials()
    if source.noted and target.as_said and form in {None, PROCESS}:
        indexes[source.instance.kind].note(wanted.words, source.noted, config=world.config)
    out(FORMATS[form or PROCESS](given, source.region))


def _write(world: World, name: str, given: Credentials) -> None:
    from sso_login.adapters.aws_files.shared_credentials import write_profile
    from sso_login.flows.profiles import checked_name

    write_profile(world.env, checked_name(name, where="in --write-profile"), given, edit=world.edit_aws_file)
