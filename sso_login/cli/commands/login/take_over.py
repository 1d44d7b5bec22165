"""`sso-login import`: a login of the AWS CLI or an SDK becomes ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sso_login.cli.login import grounded
from sso_login.cli.options import Command, many_sessions
from sso_login.cli.sessions import Found, Sessions, each, kind_of, sound
from sso_login.core.errors import NotLoggedIn, UsageProblem
from sso_login.core.model import SSO
from sso_login.flows.login import already, unknown_session
from sso_login.flows.renewal import Want, ensured
from sso_login.flows.stored_login import StoredLogin, log_in

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.core.model import Session
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

_EXAMPLE = """\
sso-login import                 (after `aws sso login`)
sso-login import --all --move    (and leave no plaintext copy behind)"""


@click.command("import", cls=Command, epilog=_EXAMPLE)
@many_sessions
@click.option("--all", "every", is_flag=True, help="Every session of which there is a login.")
@click.option("--move", is_flag=True, help="Remove the plaintext file that the AWS CLI left.")
@click.pass_obj
def take_over(context: Context, *, sessions: tuple[str, ...], profile: str | None, every: bool, move: bool) -> None:
    """Take over the login of each SESSION that `aws sso login` or an SDK left in ~/.aws/sso/cache.

    Token, refresh token and registration go into the keyring; a token that is over is renewed first. The file stays,
    for the AWS CLI, unless --move is given.
    """
    world = context.world(asks=True)
    known = Sessions(context)
    names = known.named(sessions, profile=profile, every=every)
    if names is None:
        names = [item for item in known.known() if _there(world, item)] if every else [known.chosen()]
    if not names:
        hint = "Log in with `sso-login device`."
        raise NotLoggedIn(f"there is no login of the AWS CLI in {world.sdk_cache.folder}", hint=hint)
    each(context, names, lambda found: _taken(context, found, move=move))


def _there(world: World, found: Found) -> bool:
    return not isinstance(found, tuple) and kind_of(found) == SSO and left_by_sdks(world, found) is not None


def left_by_sdks(world: World, chosen: Chosen) -> Session | None:
    """Give the login that an SDK left for that session, None where it is of no use."""
    found = world.sdk_cache.read(unknown_session(chosen), chosen.cached_as)
    if found is None:
        return None
    now = world.clock.now()
    renewable = found.token.refresh is not None and found.client.usable(now)
    return found if found.token.usable(now, 60) or renewable else None


def _taken(context: Context, item: Found, *, move: bool) -> None:
    world, chosen = context.world(), sound(item)
    if chosen.instance.kind != SSO:
        message = f"{chosen.name!r} is not a session of IAM Identity Center, whose logins the AWS CLI keeps there"
        raise UsageProblem(message, hint="Name an [sso-session].")
    found = left_by_sdks(world, chosen)
    basis = grounded(world, chosen, force=False)
    before = already(world, chosen, basis)
    if found is None and before is None:
        message = f"the AWS CLI has no login of session {chosen.name!r} that is still good"
        raise NotLoggedIn(message, hint=log_in(chosen.name, chosen.instance))
    if found is not None and before is None:
        named = chosen.cached_as if chosen.sdk_cache else ""
        StoredLogin(world, chosen).sign_in(found, basis.store, sdk_cache=named)
        found = ensured(world, chosen, Want(min_ttl=60.0)).session
    session = before or found
    if session is not None:
        context.render.signed_in(session, basis.store, now=world.clock.now(), already=before is not None)
    path = world.sdk_cache.path(chosen.cached_as)
    if move and not chosen.sdk_cache and world.sdk_cache.remove(chosen.cached_as):
        context.render.say(f"Removed {path}.")
    elif found is not None and not chosen.sdk_cache:
        context.render.say(f"The copy of the AWS CLI stays in plaintext: {path}; `--move` removes it.")


globals()["import"] = take_over  # the table of commands looks for it by its name
