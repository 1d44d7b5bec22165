"""`sso-login configure issuer`: write an [issuer NAME] into our own config file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from sso_login.cli.completion import candidates as known
from sso_login.cli.options import Command
from sso_login.core.commands import log_in
from sso_login.core.config import IssuerSection
from sso_login.core.errors import HomeUnknown, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.cli.context import Context
    from sso_login.core.model import Secret
    from sso_login.world import World

_EXAMPLE: Final = """\
sso-login configure issuer github --device-endpoint https://github.com/login/device/code \\
    --token-endpoint https://github.com/login/oauth/access_token --client-id Iv1.0123456789abcdef
sso-login configure issuer corp --issuer https://login.example.com/realms/corp --client-id cli"""
_LONGEST: Final = 8192  # characters of a line with a secret


@click.command("issuer", cls=Command, epilog=_EXAMPLE)
@click.argument("name", shell_complete=known.issuers)
@click.option("--issuer", metavar="URL", help="The issuer, whose metadata says where it is spoken to.")
@click.option("--client-id", metavar="ID", help="The client that is registered there.")
@click.option("--client-secret-stdin", "secret", is_flag=True, help="Read the client secret, where it has one.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Ask for this scope; repeatable.")
@click.option("--audience", metavar="AUDIENCE", help="Whom tokens are for, as Auth0 wants it.")
@click.option("--resource", "resources", multiple=True, metavar="URI", help="The same by RFC 8707; repeatable.")
@click.option("--device-endpoint", metavar="URL", help="In place of the metadata's.")
@click.option("--token-endpoint", metavar="URL", help="The same.")
@click.option("--authorize-endpoint", metavar="URL", help="The same.")
@click.option("--revocation-endpoint", metavar="URL", help="The same.")
@click.pass_obj
def issuer(context: Context, /, *, name: str, secret: bool, **given: Any) -> None:  # noqa: ANN401 - click's own values
    """Write [issuer NAME] in place of what is there; with --client-secret-stdin alone, give it another secret."""
    from sso_login.core.model import OAUTH
    from sso_login.flows.select import names
    from sso_login.flows.select.issuer import checked_instance

    world = context.world(asks=True)
    _check_name(world, name)
    there = world.config.issuers.sections.get(name)
    if secret and there and not any(given.values()):
        wanted = there._replace(secret=True)
    else:
        plain = {key: value for key, value in given.items() if value}
        wanted = IssuerSection(name, _title(there, name), secret=secret)._replace(**plain)
    instance = checked_instance(wanted)
    value = _read_secret() if secret else None
    world.oauth_issuer(instance).discovered()
    if value is not None:
        context.render.line(f"The client secret is kept in {world.client_secrets.keep(name, instance, value)}.")
    elif there and there.secret:
        world.client_secrets.forget(name)
    _written(world, wanted)
    context.render.line(f"Wrote [{names.plain(wanted.title)}] to {world.config.issuers.path}. Log in with "
                        f"`{log_in(name, OAUTH)}`.")  # fmt: skip


def _title(there: IssuerSection | None, name: str) -> str:
    from sso_login.adapters.aws_files.aws_ini import title_of
    from sso_login.adapters.aws_files.issuer_config import KIND

    return there.title if there else title_of(KIND, name)


def _check_name(world: World, name: str) -> None:
    from sso_login.flows.select import names
    from sso_login.flows.select.session import known_to_aws

    names.given(name)
    if not world.config.issuers.path:
        raise HomeUnknown("no config file can be written: no home folder is known")
    cards = [card for each in world.cards.names() if (card := world.cards.read(each))]
    if name in known_to_aws(world.config, cards):
        message = f"{names.quoted(name)} is the name of a session of AWS"
        raise UsageProblem(message, hint="Give the issuer another name.")


def _read_secret() -> Secret:
    """Read the client secret from a hidden prompt, or as the one line of stdin."""
    from sso_login.cli.ask import own_line
    from sso_login.storage.client_secrets import checked

    if sys.stdin is None:
        return checked("")
    if sys.stdin.isatty():
        with own_line():
            return checked(click.prompt("Client secret", hide_input=True, err=True))
    return checked(sys.stdin.read(_LONGEST).rstrip("\r\n"))


def _written(world: World, wanted: IssuerSection) -> None:
    from sso_login.adapters.aws_files.issuer_config import KEYS, STORED

    values: Mapping[str, str] = {
        "issuer": wanted.issuer,
        "client_id": wanted.client_id,
        "client_secret": STORED if wanted.secret else "",
        "scopes": " ".join(wanted.scopes),
        "audience": wanted.audience,
        "resource": " ".join(wanted.resources),
        "device_endpoint": wanted.device_endpoint,
        "token_endpoint": wanted.token_endpoint,
        "authorize_endpoint": wanted.authorize_endpoint,
        "revocation_endpoint": wanted.revocation_endpoint,
    }
    given = {key: value for key, value in values.items() if value}
    world.edit_issuers(wanted.title, given, remove=tuple(key for key in KEYS if key not in given))
