"""Fills a home with made-up logins and roles: `python filled.py SESSIONS PROFILES ASKED`, where sso-login is installed.

The home is the environment's. Each session but the first is in no config and has a card and a record; each profile is
one of the first session's. So many of the profiles have credentials that are cached, and are asked for once, so that
the hot path knows them.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from sso_login.cli.app import run
from sso_login.core import process
from sso_login.core.credentials import Credentials, KeptRole, RoleKey
from sso_login.core.model import DEVICE_GRANT, REFRESH_GRANT, Client, Instance, Secret, Session, Token
from sso_login.flows.select.session import Chosen
from sso_login.flows.stored_login import StoredLogin
from sso_login.world import World

START = "https://example.awsapps.com/start"
REGION = "us-east-1"
FIRST = "work-sso"
ROLE = "ReadOnlyAccess"
LATER = 8 * 3600  # seconds until all of it ends


def config(profiles: int) -> str:
    """Write the AWS config."""
    session = f"[sso-session {FIRST}]\nsso_start_url = {START}\nsso_region = {REGION}\n"
    keys = f"sso_session = {FIRST}\nsso_role_name = {ROLE}\nregion = {REGION}\n"
    each = (f"[profile p{number}]\nsso_account_id = {account(number)}\n{keys}" for number in range(profiles))
    return "\n".join([session, *each])


def account(number: int) -> str:
    """Make up an account."""
    return f"{111122223333 + number}"


def log_in(world: World, names: list[str]) -> None:
    """Keep a login for each name."""
    now = int(time.time())
    client = Client("client", Secret("secret"), now, now + 90 * 86400, (DEVICE_GRANT, REFRESH_GRANT))
    for name in names:
        token = Token(Secret("a" * 800), Secret("r" * 800), expires_at=now + LATER, issued_at=now)
        made = Session(name, Instance(START, REGION), client, token, ("sso:account:access",))
        chosen = Chosen(name, made.instance, made.scopes, None, sdk_cache=False, source="a benchmark")
        StoredLogin(world, chosen).sign_in(made, world.store("file"))


def keep_roles(world: World, profiles: int) -> None:
    """Keep credentials of each profile's role, and list them in the card."""
    card, ends = world.cards.read(FIRST), int(time.time()) + LATER
    if card is None:
        raise SystemExit("the login was not kept")
    roles = world.roles("file")
    keys = [RoleKey(FIRST, account(number), ROLE) for number in range(profiles)]
    for key in keys:
        line = process.written(Credentials("ASIAMADEUP", Secret("s" * 40), Secret("t" * 400), ends, key.account))
        roles.save(KeptRole(key, card.instance.binding, Secret(line), ends))
    world.cards.write(replace(card, entries=(*card.entries, *(roles.entry(key) for key in keys))))


def _kept_in_memory(fd: object) -> None:
    """Do not wait for the disk: none of this has to outlive the power."""
    del fd


def main() -> int:
    """Fill the home, and ask every question once."""
    sessions, profiles, asked = map(int, sys.argv[1:])
    path = Path(os.environ["HOME"], ".aws", "config")
    path.parent.mkdir(exist_ok=True)
    path.write_text(config(profiles))
    os.fsync = _kept_in_memory
    world = World(dict(os.environ), notify=print)
    log_in(world, [FIRST, *(f"session-{number:04}" for number in range(1, sessions))])
    keep_roles(world, asked)
    time.sleep(1.1)  # the hot path trusts no config that is younger
    words = [["token", FIRST], ["status", "--check", FIRST], ["status", "--short", FIRST]]
    words += [["credentials", "--profile", f"p{number}"] for number in range(asked)]
    return max(run(argv) for argv in words)


if __name__ == "__main__":
    sys.exit(main())
