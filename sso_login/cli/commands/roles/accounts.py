"""`sso-login accounts`: which AWS accounts a session may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sso_login.cli.options import Command, json_flag, one_of_aws
from sso_login.cli.output import listing
from sso_login.cli.output.render import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.cli.context import Context
    from sso_login.core.credentials import Account
    from sso_login.flows.list_roles import Listing
    from sso_login.flows.select.session import Chosen

HEADINGS = ("ACCOUNT", "ID", "E-MAIL")


@click.command(cls=Command, epilog="sso-login accounts --json")
@one_of_aws
@json_flag
@click.pass_obj
def accounts(context: Context, *, session: str | None, profile: str | None) -> None:
    """List the accounts that SESSION may use, by name. Never asks anything.

    A pipe gets a line an account: name, id and e-mail address with tabs between them.
    """
    from sso_login.cli.commands.roles.target import logged_in
    from sso_login.cli.sessions import Sessions
    from sso_login.flows.list_roles import list_accounts

    def listed() -> tuple[Chosen, Listing]:
        chosen = Sessions(context).of_aws(session, profile)
        with listing.progress(context, "accounts") as told:
            return chosen, list_accounts(context.world(), chosen, progress=told)

    chosen, found = logged_in(context, listed)
    if context.render.as_json:
        context.render.fact([_fact(account) for account in found.accounts])
    else:
        rows = [(account.name or "", account.id, account.email or "") for account in found.accounts]
        none = f"Session {chosen.name} may use no accounts."
        listing.show(context, HEADINGS, rows, none=none, count=counted(len(rows), "account"))
    listing.tell(context, found.problems)


def _fact(account: Account) -> Mapping[str, object]:
    return {"account_id": account.id, "account_name": account.name, "email_address": account.email}
