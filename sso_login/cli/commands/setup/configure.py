"""`sso-login configure`: write sessions and profiles into the AWS config file, issuers into our own; all by flags."""

from __future__ import annotations

import click

from sso_login.cli.commands.setup.configure_issuer import issuer
from sso_login.cli.commands.setup.configure_profiles import profiles
from sso_login.cli.commands.setup.configure_session import session
from sso_login.cli.options import Noun


@click.group(cls=Noun, epilog="sso-login configure profiles --region eu-central-1 --dry-run")
def configure() -> None:
    """Write sessions and profiles into the AWS config file, OAuth issuers into our own.

    Comments, order and all else in them stay as they are.
    """


configure.add_command(session)
configure.add_command(issuer)
configure.add_command(profiles)
