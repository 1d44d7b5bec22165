"""`sso-login token`: the bearer token for a script."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from sso_login import layout
from sso_login.adapters.secrets.hot_index import Noted
from sso_login.cli.options import Command, duration, json_flag, one_session
from sso_login.cli.output.render import out, rfc3339
from sso_login.cli.sessions import Sessions
from sso_login.flows.renewal import Want, ensured, stale_notice

if TYPE_CHECKING:
    from sso_login.cli.context import Context


@click.command(
    cls=Command,
    epilog="curl -H @<(sso-login token --header) https://api.example.com/",
)
@one_session
@click.option("--min-ttl", type=duration, default=60.0, help="Renew first if less than this is left (default 60s).")
@click.option("--header", is_flag=True, help="Print an Authorization header, for curl -H @<(...).")
@json_flag
@click.pass_obj
def token(context: Context, *, session: str | None, profile: str | None, min_ttl: float, header: bool) -> None:
    """Print the bearer token of SESSION, renewed first if need be. Never asks anything."""
    world = context.world()
    index = world.index
    chosen = Sessions(context).chosen(session, profile)
    outcome = ensured(world, chosen, Want(min_ttl=min_ttl, keep_young=True))
    notice = stale_notice(outcome)
    if notice:
        world.notify(notice)
    else:
        noted = Noted(chosen.name, chosen.instance.binding, layout.entry(layout.SESSION, chosen.name))
        index.note(("token", session or "", profile or ""), noted, config=world.config)
    bearer = outcome.session.token
    if context.render.as_json:
        fact = {"session": chosen.name, "access_token": bearer.access.reveal(), "token_type": "Bearer"}
        out(json.dumps({**fact, "expires_at": rfc3339(bearer.expires_at)}) + "\n")
        return
    out(("Authorization: Bearer " if header else "") + bearer.access.reveal() + "\n")
