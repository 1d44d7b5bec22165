"""`sso-login configure profiles`: write a profile for each role into the AWS config file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sso_login.cli.commands.setup.config_change import writes
from sso_login.cli.completion import candidates as known
from sso_login.cli.options import Command, one_session
from sso_login.flows.profiles import FIELDS, TEMPLATE

if TYPE_CHECKING:
    from sso_login.cli.context import Context


@click.command(
    "profiles",
    cls=Command,
    epilog="sso-login configure profiles my-sso --account '*-prod' --role 'Read*' --region eu-central-1",
)
@one_session
@click.option(
    "--template", default=TEMPLATE, help=f"How to name profiles: {', '.join(FIELDS)} in braces. Default {TEMPLATE}."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="ID|NAME",
    help="Only these; * and ? work; repeatable.",
    shell_complete=known.accounts,
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE",
    help="Only these; * and ? work; repeatable.",
    shell_complete=known.roles,
)
@click.option("--region", help="The region of the profiles; without it each keeps its own, or has none.")
@click.option("--sso-keys/--credential-process", help="Plain SSO keys, or (default) a credential_process.")
@click.option(
    "--program",
    metavar="PATH",
    help="What credential_process runs.  [default: sso-login; its whole path where the desktop would not find it]",
    shell_complete=known.files,
)
@click.option("--absolute", is_flag=True, help="Write the whole path of the program in any case.")
@click.option(
    "--prune", is_flag=True, help="Remove profiles of this session whose role is no longer assigned, nothing else."
)
@writes
@click.pass_obj
def profiles(
    context: Context,
    /,
    *,
    session: str | None,
    profile: str | None,
    force: bool,
    dry_run: bool,
    **given: Any,  # noqa: ANN401 - click's own values, by option
) -> None:
    """Write a profile for each role that SESSION may use. What was written for other roles is left alone.

    Without options it does what it did the last time; they are kept in sso-login's own config file.
    """
    from sso_login.cli.commands.setup.kept_flags import Flags
    from sso_login.cli.commands.setup.profile_writer import carry_out
    from sso_login.cli.sessions import Sessions

    chosen = Sessions(context).of_aws(session, profile)
    flags = Flags(context, chosen.name)
    carry_out(context, chosen, flags.asked(given), force=force, dry_run=dry_run)
    if not dry_run:
        flags.keep()
