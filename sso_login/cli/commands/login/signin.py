"""`sso-login signin`: the login by AWS Sign-In, for those who have console credentials and no IAM Identity Center."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from sso_login.aws.signin_api import confirmation_url
from sso_login.cli.commands.login.browser import NEVER_GIVE
from sso_login.cli.completion import candidates as known
from sso_login.cli.login import draw, grounded, told_of_sdk_cache
from sso_login.cli.options import Command, duration, json_flag
from sso_login.core.errors import BadRecord, LoginRequired, UsageProblem
from sso_login.core.message import Notice
from sso_login.core.times import spoken
from sso_login.flows.browser import PATIENCE, BrowserLogin, finish_browser, redirected, start_browser
from sso_login.flows.login import already
from sso_login.flows.renewal import Want
from sso_login.flows.select.signin import check_profile, profile_named, to_sign_in
from sso_login.flows.stored_login import StoredLogin, readable_card

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sso_login.cli.context import Context
    from sso_login.core.model import Session
    from sso_login.core.ports import Receiver
    from sso_login.flows.select.session import Chosen
    from sso_login.world import World

ENOUGH: Final = Want(min_ttl=300.0, keep_young=True)  # credentials live for 15 minutes at most
_EXAMPLE: Final = """\
sso-login signin --region us-east-1
sso-login signin --profile dev --remote     (the browser is on another machine)
sso-login exec --profile dev -- aws s3 ls"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line of `signin` says."""

    profile: str | None
    region: str | None = None
    remote: bool = False
    sdk_cache: bool = False
    no_browser: bool = False
    force: bool = False
    port: int | None = None
    timeout: float = PATIENCE


@click.command(cls=Command, epilog=_EXAMPLE)
@click.option(
    "--profile",
    metavar="PROFILE",
    shell_complete=known.profiles,
    help="What to call it.  [default: AWS_PROFILE, else default]",
)
@click.option("--region", help="The region to sign in at.  [default: AWS_REGION, else the profile's]")
@click.option("--remote", is_flag=True, help="The browser is elsewhere: it shows a code, which is pasted here.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="PORT", help="Wait on this port of 127.0.0.1.")
@click.option("--timeout", type=duration, default=PATIENCE, help="Give up after this long (default 5m).")
@click.option("--sdk-cache", is_flag=True, help="Let the AWS SDKs have the login, too: plaintext in ~/.aws.")
@click.option("--force", is_flag=True, help="Sign in again even if already signed in.")
@json_flag
@click.pass_obj
def signin(context: Context, /, **given: object) -> None:
    """Log in with AWS Sign-In, with what opens the AWS console; `credentials --profile` and `exec` then use it."""
    _sign_in(context, Asked(**given))  # type: ignore[arg-type]  # click's own values, by option


def sign_in_as(context: Context, profile: str) -> None:
    """Sign in as `sso-login signin --profile PROFILE` does."""
    _sign_in(context, Asked(profile))


def _sign_in(context: Context, asked: Asked) -> None:
    world = context.world(asks=True).signin
    if asked.remote and not world.attended:
        raise UsageProblem("--remote needs a terminal to paste at", hint="Leave --remote out to wait on 127.0.0.1.")
    draw(context)
    chosen = _chosen(world, asked)
    basis = grounded(world, chosen, force=asked.force)
    found = already(world, chosen, basis, ENOUGH)
    new = found or _approved(context, world, chosen, asked=asked)
    if found is None:
        _check(world, asked, new)
        StoredLogin(world, chosen).sign_in(new, basis.store, sdk_cache=new.subject if asked.sdk_cache else "")
    context.render.signed_in(new, basis.store, now=world.clock.now(), already=found is not None)
    if asked.sdk_cache:
        told_of_sdk_cache(context, world, new, replace(chosen, cache_name=new.subject))
        if world.note_login_session(chosen.name, new.subject):
            context.render.line(f"Profile {chosen.name} of {world.config.path} now names this login (login_session).")


def _chosen(world: World, asked: Asked) -> Chosen:
    """Find what is to be logged in, before anybody is asked for anything."""
    name = profile_named(asked.profile, world.env)
    if asked.sdk_cache:
        check_profile(name, world.profile_keys(name))
    chosen = to_sign_in(
        world.config,
        world.env,
        name=name,
        region=asked.region,
        card=readable_card(world, name),
        sdk_cache=asked.sdk_cache,
    )
    if asked.force:
        return chosen  # whatever lies there, and however
    # The SDKs name their file after who signed in, which only an earlier login can tell.
    with suppress(LoginRequired, BadRecord):
        before = StoredLogin(world, chosen).load().session
        chosen = replace(chosen, cache_name=before.subject)
        _check(world, asked, before)
    return chosen


def _check(world: World, asked: Asked, new: Session) -> None:
    if asked.sdk_cache:
        check_profile(new.name, world.profile_keys(new.name), arn=new.subject, force=asked.force)


def _approved(context: Context, world: World, chosen: Chosen, *, asked: Asked) -> Session:
    """Listen (or wait for a code to be pasted), send the browser away, and spend the code that comes back."""
    issuer = world.issuer(chosen.instance, remote=asked.remote)
    with _receiving(world, chosen, asked) as receiver:
        login = start_browser(issuer, world.clock, chosen, redirect_uri=receiver.redirect_uri, timeout=asked.timeout)
        context.render.authorize(chosen, login.url)
        with context.render.drawing():
            _send(context, world, login, asked=asked)
            answer = redirected(login, receiver, world.clock)
    session = finish_browser(login, issuer, world.clock, answer)
    if session is None:
        raise AssertionError("only a registration that is reused can have been forgotten")
    return session


def _receiving(world: World, chosen: Chosen, asked: Asked) -> AbstractContextManager[Receiver]:
    return world.pasted_code(confirmation_url(chosen.instance)) if asked.remote else world.listen(asked.port or 0)


def _send(context: Context, world: World, login: BrowserLogin, *, asked: Asked) -> None:
    line = context.render.line
    if asked.remote:
        line("Open it in any browser. In the end AWS shows a code there.")
        line(NEVER_GIVE)
        line("Paste the code (it is not shown), then press Enter:")
        return
    if not world.attended or asked.no_browser:
        line("Open it in a browser on this machine.")
    elif not world.open_url(login.url):
        world.notify(Notice("No browser could be opened here. Open it in one on this machine, or use --remote."))
    else:
        line("Opened in your browser.")
    context.render.browsing(login.timeout, said=f"Waiting for the browser, {spoken(login.timeout)} at most.")
