"""`sso-login configure`: write sessions and profiles into the AWS config file; all by flags, never a prompt."""

from __future__ import annotations

import click

from sso_login.cli.commands.setup.configure_profiles import profiles
from sso_login.cli.commands.setup.configure_session import session
from sso_login.cli.options import Noun


@click.group(cls=Noun, epilog="sso-login configure profiles --region eu-central-1 --dry-run")
def configure() -> None:
    """Write sessions and profiles into the AWS config file; comments, order and all else in it stay as they are."""


configure.add_command(session)
configure.add_command(profiles)
