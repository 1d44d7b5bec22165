"""`sso-login signin`: the login by AWS Sign-In, for those who have console credentials and no IAM Identity Center."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from sso_login.aws.signin_api import confirmation_url
from sso_login.cli.commands.login.browser import NEVER_GIVE
from sso_login.cli.completion import candidates as known
from sso_login.cli.login import LoginOptions, Start, draw, log_in_at
from sso_login.cli.options import Command, duration, json_flag
from sso_login.core.errors import BadRecord, LoginRequired, UsageProblem
from sso_login.core.message import Notice
from sso_login.core.times import spoken
from sso_login.flows.browser import PATIENCE, BrowserLogin, finish_browser, redirected, start_browser
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
class Browsing:
    """Where the browser is and how long it is waited for: `remote`, or on this machine, at that port or a free one."""

    remote: bool = False
    port: int = 0
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
def signin(  # noqa: PLR0913 - a parameter an option
    context: Context,
    *,
    profile: str | None,
    region: str | None,
    remote: bool,
    no_browser: bool,
    port: int | None,
    timeout: float,
    sdk_cache: bool,
    force: bool,
) -> None:
    """Log in with AWS Sign-In, with what opens the AWS console; `credentials --profile` and `exec` then use it."""
    wanted = LoginOptions(profile=profile, region=region, no_browser=no_browser, sdk_cache=sdk_cache, force=force)
    if remote and not context.world(asks=True).attended:
        raise UsageProblem("--remote needs a terminal to paste at", hint="Leave --remote out to wait on 127.0.0.1.")
    _sign_in(context, wanted, Browsing(remote=remote, port=port or 0, timeout=timeout))


def sign_in_as(context: Context, profile: str) -> None:
    """Sign in as `sso-login signin --profile PROFILE` does."""
    _sign_in(context, LoginOptions(profile=profile), Browsing())


def _sign_in(context: Context, wanted: LoginOptions, browsing: Browsing) -> None:
    world = context.world(asks=True).signin
    draw(context)
    chosen = _chosen(world, wanted)
    way = partial(_approved, wanted=wanted, browsing=browsing)
    new = log_in_at(context, world, chosen, wanted=wanted, way=way, enough=ENOUGH)
    if wanted.sdk_cache and world.note_login_session(chosen.name, new.subject):
        context.render.line(f"Profile {chosen.name} of {world.config.path} now names this login (login_session).")


def _chosen(world: World, wanted: LoginOptions) -> Chosen:
    """Find what is to be logged in, before anybody is asked for anything."""
    name = profile_named(wanted.profile, world.env)
    if wanted.sdk_cache:
        check_profile(name, world.profile_keys(name))
    chosen = to_sign_in(
        world.config,
        world.env,
        name=name,
        region=wanted.region,
        card=readable_card(world, name),
        sdk_cache=wanted.sdk_cache,
    )
    if wanted.force:
        return chosen  # whatever lies there, and however
    # The SDKs name their file after who signed in, which only an earlier login can tell.
    with suppress(LoginRequired, BadRecord):
        before = StoredLogin(world, chosen).load().session
        chosen = replace(chosen, cache_name=before.subject)
        _check(world, wanted, before)
    return chosen


def _check(world: World, wanted: LoginOptions, new: Session) -> None:
    if wanted.sdk_cache:
        check_profile(new.name, world.profile_keys(new.name), arn=new.subject, force=wanted.force)


def _approved(start: Start, *, wanted: LoginOptions, browsing: Browsing) -> Session:
    """Listen (or wait for a code to be pasted), send the browser away, and spend the code that comes back."""
    world, chosen = start.world, start.chosen
    issuer = world.issuer(chosen.instance, remote=browsing.remote)
    with _receiving(world, chosen, browsing) as receiver:
        login = start_browser(issuer, world.clock, chosen, redirect_uri=receiver.redirect_uri, timeout=browsing.timeout)
        start.context.render.authorize(chosen, login.url)
        with start.context.render.drawing():
            _send(start, login, remote=browsing.remote)
            answer = redirected(login, receiver, world.clock)
    session = finish_browser(login, issuer, world.clock, answer)
    if session is None:
        raise AssertionError("only a registration that is reused can have been forgotten")
    _check(world, wanted, session)
    return session


def _receiving(world: World, chosen: Chosen, browsing: Browsing) -> AbstractContextManager[Receiver]:
    return world.pasted_code(confirmation_url(chosen.instance)) if browsing.remote else world.listen(browsing.port)


def _send(start: Start, login: BrowserLogin, *, remote: bool) -> None:
    line = start.context.render.line
    if remote:
        line("Open it in any browser. In the end AWS shows a code there.")
        line(NEVER_GIVE)
        line("Paste the code (it is not shown), then press Enter:")
        return
    if not start.browses:
        line("Open it in a browser on this machine.")
    elif not start.world.open_url(login.url):
        start.world.notify(Notice("No browser could be opened here. Open it in one on this machine, or use --remote."))
    else:
        line("Opened in your browser.")
    start.context.render.browsing(login.timeout, said=f"Waiting for the browser, {spoken(login.timeout)} at most.")
