"""`sso-login logout`: forget tokens here, then end the portal session there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sso_login.cli.options import Command, many_sessions

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.cli.sessions import Found


@click.command(cls=Command, epilog="sso-login logout --all")
@many_sessions
@click.option("--all", "every", is_flag=True, help="Every session with a login.")
@click.option("--local", is_flag=True, help="Forget here only; the session at the portal lives on.")
@click.pass_obj
def logout(context: Context, *, sessions: tuple[str, ...], profile: str | None, every: bool, local: bool) -> None:
    """Forget the tokens of each SESSION, then end its session at the access portal."""
    from sso_login.cli.sessions import Sessions, each, kind_of, label_of, name_of, ports_of, sound
    from sso_login.core.model import SIGNIN, SSO
    from sso_login.flows.logout import forget, unlisted

    world = context.world(asks=True)

    def signed_out(found: Found) -> None:
        name, ports = label_of(found), ports_of(world, found)
        if name_of(found) not in {*ports.cards.names(), *unlisted(ports)}:
            sound(found)  # an error only if the session is not known at all
        # AWS Sign-In has no way to end a session before its time.
        if kind_of(found) == SSO:
            world.remembered.forget(name_of(found))
        done = forget(ports, found, local=local or kind_of(found) == SIGNIN)
        context.render.say(f"{name}: " + ("signed out" if done.found else "was not signed in"))
        if done.rescued:
            context.render.line(f"{name}: its tokens in {done.rescued} are removed, too")
        if done.problem:
            raise done.problem

    known = Sessions(context)
    names = known.named(sessions, profile=profile, every=every)
    if names is None:
        names = known.to_forget() if every else [known.chosen()]
    if not names:
        context.render.say("Nothing to log out of: nobody has logged in.")
    each(context, names, signed_out)
