"""The first login of somebody who has configured nothing: two questions, and what is answered is kept."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from sso_login.core.errors import SessionUnnamed, SsoLoginError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.cli.context import Context
    from sso_login.cli.login import LoginOptions

_WHERE: Final = "Start URL of your AWS access portal, or its first word (https://FIRST-WORD.awsapps.com/start)"
_REGION: Final = "Region of the Identity Center (your administrator knows it)"
_WORD: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PORTAL: Final = re.compile(r"(?:^|\.)portal\.([a-z0-9-]+)\.app\.aws(?:\.[a-z]+)?$")  # ssoins-1.portal.REGION.app.aws


class FirstRun(NamedTuple):
    """What to log in with, and whether that is to be kept since it was asked for."""

    wanted: LoginOptions
    asked: bool = False


def first_run(context: Context, wanted: LoginOptions) -> FirstRun:
    """Ask for start URL and region where nothing is configured or named, and somebody is at the terminal."""
    from sso_login.cli.ask import answered
    from sso_login.core.model import checked_region

    world = context.world(asks=True)
    if not context.asks:
        return FirstRun(wanted)
    try:
        wanted.chosen(context)
    except SessionUnnamed as error:
        if error.names:
            return FirstRun(wanted)
    except SsoLoginError:
        return FirstRun(wanted)  # for the login itself to say
    else:
        return FirstRun(wanted)
    context.render.line("Nothing is configured yet: two questions, then you log in.")
    url = answered(_WHERE, start_url)
    region = answered(_REGION, checked_region, default=region_of(url, world.env))
    return FirstRun(replace(wanted, start_url=url, region=region), asked=True)


def start_url(said: str) -> str:
    """Make a start URL of what a person types or pastes: one word, a host, any address of the portal; UsageProblem."""
    from sso_login.core.model import checked_start_url, normal_url

    text = said.strip().strip("<>\"'")
    if _WORD.fullmatch(text.casefold()):
        return f"https://{text.casefold()}.awsapps.com/start"
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    path = parts.path.rstrip("/")
    if not path and (parts.hostname or "").endswith((".awsapps.com", ".awsapps.cn", ".app.aws")):
        path = "" if (parts.hostname or "").endswith(".app.aws") else "/start"
    plain = parts._replace(path=path, query="", fragment="").geturl()
    return normal_url(checked_start_url(plain, what="the address"))


def region_of(url: str, env: Mapping[str, str]) -> str:
    """Propose a region: what the address says, else what the environment works in; nothing where neither tells."""
    from sso_login.core.model import checked_region

    host = urlsplit(url).hostname or ""
    found = _PORTAL.search(host)
    if found:
        return found[1]
    if host.endswith(".awsapps.cn"):
        return "cn-north-1"
    if ".us-gov-east-" in host or ".us-gov-" in host:
        return "us-gov-east-1" if ".us-gov-east-" in host else "us-gov-west-1"
    named = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ""
    try:
        return checked_region(named) if named else ""
    except UsageProblem:
        return ""


def keep(context: Context, wanted: LoginOptions) -> None:
    """Write the session that was logged in to into the AWS config file, and offer profiles for its roles."""
    from sso_login.adapters.aws_files.aws_edit import Change, title_of
    from sso_login.cli.ask import confirmed
    from sso_login.core.model import DEFAULT_SCOPE
    from sso_login.flows.select import names

    world, chosen = context.world(), wanted.chosen(context)
    title = title_of("sso-session", chosen.name)
    scopes = ",".join(chosen.scopes) or DEFAULT_SCOPE
    keys = {"sso_start_url": chosen.instance.start_url, "sso_region": chosen.instance.region}
    world.edit_aws_file(world.config.path, [Change(title, {**keys, "sso_registration_scopes": scopes})], private=False)
    context.render.panel = None
    context.render.say(f"Kept as [{names.plain(title)}] in {world.config.path}.")
    if confirmed("Write a profile for each of your roles there, for the AWS CLI and SDKs?"):
        from sso_login.cli.commands.setup.configure_profiles import profiles

        context.made = None  # the config has changed
        profiles.invoke(profiles.make_context("profiles", [chosen.name], obj=context))
    context.render.say("Next: `sso-login exec` picks a role and opens a shell with it.")
