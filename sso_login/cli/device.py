"""`sso-login device`: the device-code login."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sso_login.cli.options import Command, duration, json_flag, one_session, own_line
from sso_login.cli.sessions import Sessions
from sso_login.core.errors import CodeExpired, StoreUnusable
from sso_login.core.model import Session
from sso_login.flows.choose import Chosen, choose
from sso_login.flows.device import DeviceLogin, polls, start_device
from sso_login.flows.keep import signed_in
from sso_login.flows.login import Ground, already, ground

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.world import World


@click.command(
    cls=Command, epilog="sso-login device --start-url https://my-company.awsapps.com/start --region us-east-1"
)
@one_session
@click.option("--start-url", metavar="URL", help="The access portal, for a login without any config.")
@click.option("--region", help="The region the Identity Center lives in.")
@click.option("--name", help="What to call a session given by --start-url.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Ask for this scope; repeatable.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--force", is_flag=True, help="Log in anew, whatever is there.")
@click.option("--timeout", type=duration, help="Give up after this long.")
@json_flag
@click.pass_obj
def device(  # noqa: PLR0913 - a parameter an option
    context: Context,
    *,
    session: str | None,
    profile: str | None,
    start_url: str | None,
    region: str | None,
    name: str | None,
    scopes: tuple[str, ...],
    no_browser: bool,
    force: bool,
    timeout: float | None,
) -> None:
    """Log in to SESSION: shows a code, waits until it is approved in a browser, keeps the tokens."""
    world = context.world(asks=True)
    chosen = choose(
        world.config,
        Sessions(context).cards,
        world.env,
        session=session,
        profile=profile,
        start_url=start_url,
        region=region,
        name=name,
    )
    chosen = replace(chosen, scopes=scopes) if scopes else chosen
    basis = _ground(world, chosen, force=force)
    found = None if basis.bare else already(world, chosen)
    if found:
        context.render.signed_in(found, basis.store, now=world.clock.now(), already=True)
        return
    browses = world.attended and not no_browser
    new = _approved(context, world, chosen, basis=basis, timeout=timeout, browses=browses)
    signed_in(world, new, basis.store)
    context.render.signed_in(new, basis.store, now=world.clock.now())


def _ground(world: World, chosen: Chosen, *, force: bool) -> Ground:
    try:
        return ground(world, chosen, force=force)
    except StoreUnusable as error:
        unpinned = world.cards.read(chosen.name) is None and not world.env.get("SSO_LOGIN_STORE")
        if not (unpinned and world.attended):
            raise
        files = "plaintext files" if world.store("file").backend == "file" else "encrypted files"
        question = f"{error.message}. Keep the tokens in {files} that only you can read instead?"
        with own_line():
            agreed = click.confirm(question, default=False, err=True)
        if not agreed:
            raise
    store = world.store("file")
    store.check()
    return Ground(store=store, bare=True)


def _approved(
    context: Context, world: World, chosen: Chosen, *, basis: Ground, timeout: float | None, browses: bool
) -> Session:
    """Show a code and poll until it is decided; a new code only when a human at a terminal asks for one."""
    issuer = world.issuer(chosen.instance)
    registered = basis.registered
    while True:
        login = start_device(issuer, world.clock, chosen, registered=registered, timeout=timeout)
        context.render.code(chosen, login.code)
        if browses and not world.open_url(login.code.url_complete or login.code.url):
            context.render.line("No browser could be opened here; open the address on any device.")
        try:
            return _polled(context, world, login)
        except CodeExpired as error:
            if not world.attended:
                raise
            context.render.error(error)
            with own_line():
                click.prompt("Press Enter for a new code, Ctrl-C to stop", default="", show_default=False, err=True)
            registered = login.client


def _polled(context: Context, world: World, login: DeviceLogin) -> Session:
    said = ""
    for step in polls(login, world.issuer(login.chosen.instance), world.clock):
        if isinstance(step, Session):
            return step
        if step.reason != said:
            context.render.waiting(step, expires_in=login.code.expires_at - world.clock.now())
            said = step.reason
    raise AssertionError("polls end with a session or an error")
