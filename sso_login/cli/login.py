"""What the commands that log in share: their options, and the way from a command line to a stored login."""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sso_login.cli.options import json_flag, one_session
from sso_login.cli.output.colour import lively
from sso_login.core.errors import StoreUnusable, UsageProblem

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.core.model import Client, Session
    from sso_login.flows.login import Ground
    from sso_login.flows.renewal import Want
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class LoginOptions:
    """What the command line of a login says, but for the options of that way to log in alone."""

    session: str | None = None
    profile: str | None = None
    start_url: str | None = None
    region: str | None = None
    name: str | None = None
    scopes: tuple[str, ...] = ()
    no_browser: bool = False
    sdk_cache: bool = False
    force: bool = False

    def chosen(self, context: Context) -> Chosen:
        """Find the session that is meant, with the scopes that are asked for."""
        from sso_login.cli.sessions import Sessions
        from sso_login.core.model import OAUTH
        from sso_login.flows.select.session import choose

        world = context.world()
        world.profile = self.profile
        found = choose(
            world.config,
            Sessions(context).cards,
            world.env,
            session=self.session,
            profile=self.profile,
            start_url=self.start_url,
            region=self.region,
            name=self.name,
        )
        if self.sdk_cache and found.instance.kind == OAUTH:
            message = f"{found.name!r} is an OAuth issuer, of whose tokens the AWS SDKs know nothing"
            raise UsageProblem(message, hint="Leave --sdk-cache out.")
        shared = found.sdk_cache or self.sdk_cache
        return replace(found, scopes=self.scopes or found.scopes, sdk_cache=shared)


def login_options(command: Decorated) -> Callable[..., Any]:
    """Let a command take what every login takes; it is called with context, LoginOptions and its own options."""

    @one_session
    @click.option("--start-url", metavar="URL", help="The access portal, for a login without any config.")
    @click.option("--region", help="The region the Identity Center lives in.")
    @click.option("--name", help="What to call a session given by --start-url.")
    @click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Ask for this scope; repeatable.")
    @click.option("--no-browser", is_flag=True, help="Do not open a browser.")
    @click.option("--sdk-cache", is_flag=True, help="Let the AWS SDKs have the tokens, too: plaintext in ~/.aws.")
    @click.option("--force", is_flag=True, help="Log in again even if already signed in.")
    @json_flag
    @click.pass_obj
    @functools.wraps(command)
    def called(context: Context, /, **given: Any) -> None:  # noqa: ANN401 - click's own values, by option
        shared = {name: given.pop(name) for name in LoginOptions.__dataclass_fields__}
        command(context, LoginOptions(**shared), **given)

    return called


@dataclass(frozen=True, slots=True)
class Start:
    """What a way to log in starts from; `browses` says that a browser may be opened here."""

    context: Context
    world: World
    chosen: Chosen
    registered: Client | None
    browses: bool


def log_in(context: Context, wanted: LoginOptions, way: Callable[[Start], Session]) -> None:
    """Log in by that way, at an Identity Center or an OAuth issuer, unless a login is there already."""
    whole = context.world(asks=True)
    draw(context)
    context.render.about = chosen = wanted.chosen(context)
    log_in_at(context, whole.of(chosen.instance.kind), chosen, wanted=wanted, way=way)


def log_in_at(
    context: Context,
    world: World,
    chosen: Chosen,
    *,
    wanted: LoginOptions,
    way: Callable[[Start], Session],
    enough: Want | None = None,
) -> Session:
    """Log in there by that way unless a login is there that is good `enough`; keep what it gives, and say so."""
    from sso_login.core.model import SSO
    from sso_login.flows import login
    from sso_login.flows.stored_login import StoredLogin

    basis = grounded(world, chosen, force=wanted.force)
    found = login.already(world, chosen, basis, enough or login.ENOUGH)
    if found is None:
        browses = world.attended and not wanted.no_browser
        context.render.about = chosen = _led(world, chosen)
        registered = basis.registered(chosen) if chosen.instance.kind == SSO else None
        chosen = _discovered(world, chosen)
        _tell_of_import(context, world, chosen)
        new = way(Start(context, world, chosen, registered=registered, browses=browses))
    else:
        new = found
    chosen = replace(chosen, cache_name=new.subject or chosen.cache_name)  # AWS Sign-In's file is named after who it is
    if found is None:
        named = chosen.cached_as if chosen.sdk_cache else ""
        StoredLogin(world, chosen).sign_in(new, basis.store, sdk_cache=named)
    context.render.signed_in(new, basis.store, now=world.clock.now(), already=found is not None)
    told_of_sdk_cache(context, world, new, chosen)
    return new


def _led(world: World, chosen: Chosen) -> Chosen:
    """Follow a start URL on a company's own host to AWS's, once a login; any other is left as it is."""
    from sso_login.aws.vanity import is_vanity, led_to
    from sso_login.core.model import SSO, normal_url

    written = chosen.written or chosen.instance.start_url
    if chosen.instance.kind != SSO or not is_vanity(written):
        return chosen
    url, region = led_to(written, world.transport)
    there = replace(chosen.instance, start_url=url, region=region or chosen.instance.region)
    return replace(chosen, instance=there, written="" if url == normal_url(written) else written)


def _tell_of_import(context: Context, world: World, chosen: Chosen) -> None:
    """Say that the AWS CLI is logged in there already, where somebody may read it."""
    from sso_login.core.model import SSO
    from sso_login.flows.login import unknown_session

    if not world.attended or chosen.instance.kind != SSO or chosen.sdk_cache:
        return
    found = world.sdk_cache.read(unknown_session(chosen), chosen.cached_as)
    if found and found.token.usable(world.clock.now(), 60) and chosen.source != "flags":
        context.render.say(
            f"The AWS CLI is logged in there: `sso-login import {shlex.quote(chosen.name)}` takes that over."
        )


def _discovered(world: World, chosen: Chosen) -> Chosen:
    """Ask an OAuth issuer where it is spoken to, each time a human logs in, and what to ask for by default."""
    from sso_login.core.model import OAUTH
    from sso_login.flows.login import patience

    if chosen.instance.kind != OAUTH:
        return chosen
    issuer = world.oauth_issuer(chosen.instance)
    instance, scopes = patience(world.clock, world.notify, None).asked(issuer.discovered)
    return replace(chosen, instance=instance, scopes=chosen.scopes or scopes)


def draw(context: Context) -> None:
    """Let the login be drawn where the terminal can be drawn on; elsewhere it stays plain lines."""
    render = context.render
    if not render.as_json and not context.no_input and lively(sys.stderr):
        from sso_login.cli.output.login_panel import LoginPanel

        render.panel = LoginPanel(sys.stderr, context.world().clock.now)


def told_of_sdk_cache(context: Context, world: World, session: Session, chosen: Chosen) -> None:
    """Say where the tokens also lie in plaintext, where they do."""
    if chosen.sdk_cache:
        cache = world.sdk_cache
        if cache.holds(session, chosen.cached_as):
            context.render.line(f"For the AWS SDKs they are also kept in plaintext: {cache.path(chosen.cached_as)}")


def grounded(world: World, chosen: Chosen, *, force: bool) -> Ground:
    """Find where a login will be kept; a human at a terminal is asked where there is no keyring."""
    from sso_login.cli.ask import own_line
    from sso_login.flows.login import Ground, ground

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
    return Ground(store)
