"""`sso-login roles`: which roles a session may take, in all of its accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sso_login.cli.completion import candidates as known
from sso_login.cli.options import Command, json_flag, one_of_aws
from sso_login.cli.output import listing
from sso_login.cli.output.render import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.cli.context import Context
    from sso_login.core.credentials import Role
    from sso_login.flows.list_roles import Listing
    from sso_login.flows.select.session import Chosen

HEADINGS = ("ACCOUNT", "ID", "ROLE")


@click.command(cls=Command, epilog="sso-login roles --account 111122223333 --json")
@one_of_aws
@click.option(
    "--account",
    "ids",
    metavar="ID|NAME",
    multiple=True,
    help="Only of this account, by id or name; * and ? work; repeatable.",
    shell_complete=known.accounts,
)
@json_flag
@click.pass_obj
def roles(context: Context, *, session: str | None, profile: str | None, ids: tuple[str, ...]) -> None:
    """List the roles that SESSION may take, by account name. Never asks anything.

    A pipe gets a line a role: account name, account id and role name with tabs between them.
    """
    from sso_login.cli.commands.roles.listed import found as listed_roles
    from sso_login.cli.commands.roles.target import logged_in
    from sso_login.cli.sessions import Sessions

    def listed() -> tuple[Chosen, Listing]:
        chosen = Sessions(context).of_aws(session, profile)
        with listing.progress(context, "accounts") as told:
            return chosen, listed_roles(context.world(), chosen, ids, told)

    chosen, found = logged_in(context, listed)
    if context.render.as_json:
        context.render.fact([_fact(role) for role in found.roles])
    else:
        rows = [(role.account.name or "", role.account.id, role.name) for role in found.roles]
        none = f"Session {chosen.name} may take no roles."
        accounts = counted(len({role.account.id for role in found.roles}), "account")
        listing.show(context, HEADINGS, rows, none=none, count=f"{counted(len(rows), 'role')} in {accounts}")
    listing.tell(context, found.problems)


def _fact(role: Role) -> Mapping[str, object]:
    return {"account_id": role.account.id, "account_name": role.account.name, "role_name": role.name}
