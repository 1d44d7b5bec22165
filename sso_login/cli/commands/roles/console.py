"""`sso-login console`: the AWS console in the browser, signed in with credentials of a role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from sso_login.cli.credential_source import RoleOptions, profile_argument, target_options
from sso_login.cli.options import Command
from sso_login.cli.output.render import out
from sso_login.core.errors import SsoLoginError, UsageProblem

if TYPE_CHECKING:
    from sso_login.cli.context import Context
    from sso_login.cli.role_sources import Source
    from sso_login.core.credentials import Credentials


PATIENCE: Final = 60.0  # seconds that a browser may take to start


@click.command(
    cls=Command, epilog="sso-login console --profile dev --destination https://console.aws.amazon.com/s3/buckets"
)
@target_options
@profile_argument
@click.option("--print", "prints", is_flag=True, help="Print the address, which signs in the first who opens it.")
@click.option("--destination", metavar="URL", help="The page to begin with.  [default: the console's home]")
def console(context: Context, wanted: RoleOptions, *, prints: bool, destination: str | None) -> None:
    """Open the AWS console in the browser, signed in with credentials of a role."""
    from sso_login.aws.console import console_url, federation_url, home_url
    from sso_login.cli.commands.roles.target import Target, logged_in
    from sso_login.flows.select.config import checked_endpoint

    world = context.world(asks=True)
    if not prints and not world.attended:
        hint = "`sso-login console --print` prints the address instead."
        raise UsageProblem("without a terminal no browser is opened", hint=hint)
    if destination is not None:
        _check(destination)
    target = Target(context, wanted)

    def given() -> tuple[Source, Credentials]:
        source = target.source()
        return source, source.credentials()

    source, credentials = logged_in(context, given)
    world = context.world()
    url = console_url(
        world.transport,
        federation_url(
            source.instance.region,
            checked_endpoint("signin", config=world.config, profile=source.profile, env=world.env),
        ),
        credentials,
        destination=destination or home_url(source.instance.region, source.region),
        issuer=source.instance.start_url,
    )
    if prints:
        out(url.reveal() + "\n")
        return
    hint = "`sso-login console --print` prints the address, for a browser elsewhere."
    with world.handover(url) as handover:
        if not world.open_url(handover.url):
            raise SsoLoginError("no browser could be opened here", hint=hint)
        context.render.say(f"The console opens in the browser: {source.name}.")
        if not handover.taken(PATIENCE):
            raise SsoLoginError("the browser did not come for the address within a minute", hint=hint)


def _check(destination: str) -> None:
    from sso_login.core.model import checked_url

    try:
        checked_url(destination, what="--destination")
    except UsageProblem as error:
        hint = "It looks like https://console.aws.amazon.com/s3/buckets."
        raise UsageProblem(error.message, hint=hint) from error
