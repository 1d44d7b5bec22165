"""What `serve` and `exec --server` have in common: which credentials are served, and how they are fetched again."""

from __future__ import annotations

import secrets
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sso_login.cli.commands.roles.target import logged_in
from sso_login.cli.context import Context
from sso_login.cli.credential_source import RoleOptions, resolve
from sso_login.cli.output.render import Render
from sso_login.cli.role_sources import SignInSource
from sso_login.core.errors import LoginRequired, UsageProblem
from sso_login.core.message import Notice
from sso_login.core.model import Secret
from sso_login.flows.role_cache import stale_notice
from sso_login.server.cache import AHEAD, AT_ONCE, Cache, Profile
from sso_login.server.http import Server
from sso_login.server.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sso_login.cli.role_sources import Source
    from sso_login.core.errors import SsoLoginError
    from sso_login.flows.role_cache import Given

URI: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - a variable's name, no secret
TOKEN_FILE: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - as above
_HALF: Final = 450.0  # seconds: half the life of what AWS Sign-In gives


@dataclass(frozen=True, slots=True)
class Asked:
    """One set of credentials that is to be served: by which name, as the command line means it, and what that is."""

    name: str
    wanted: RoleOptions
    source: Source

    @classmethod
    def of(cls, source: Source, wanted: RoleOptions) -> Asked:
        """Name it: by the profile that was said, else by that of the role, else ACCOUNT:ROLE."""
        if isinstance(source, SignInSource):
            source.longest = _HALF
        return cls(wanted.profile or source.label, wanted, source)


@dataclass(frozen=True, slots=True)
class Served:
    """What is needed to ask for one of them; `label` is what prompts show."""

    name: str
    label: str
    uri: str
    token: Secret
    region: str | None
    account: str


def fetched(context: Context, finds: Sequence[Callable[[], Asked]]) -> list[tuple[Asked, Given]]:
    """Find them and fetch their first credentials, many side by side; at a terminal after a login, where one is needed.

    Raises SsoLoginError.
    """
    if len(finds) == 1:
        pairs = [logged_in(context, partial(_fetched, finds[0]))]
    else:
        try:
            pairs = _side_by_side(context, finds)
        except LoginRequired:
            if not context.asks:
                raise
            pairs = [logged_in(context, partial(_fetched, find)) for find in finds]
    for notice in (stale_notice(given) for _, given in pairs):
        if notice:
            context.render.notice(notice)
    return pairs


def _fetched(find: Callable[[], Asked]) -> tuple[Asked, Given]:
    asked = find()
    return asked, asked.source.given(AHEAD)


def _side_by_side(context: Context, finds: Sequence[Callable[[], Asked]]) -> list[tuple[Asked, Given]]:
    found = [find() for find in finds]
    given: dict[str, Given] = {}

    def fetch(asked: Asked) -> None:
        given[asked.name] = asked.source.given(AHEAD)

    context.world().side_by_side([partial(fetch, asked) for asked in found], at_once=AT_ONCE)
    return [(asked, given[asked.name]) for asked in found]


@contextmanager
def serving(
    context: Context,
    pairs: Sequence[tuple[Asked, Given]],
    *,
    port: int = 0,
    seconds: float | None = None,
    quiet: bool = False,
) -> Iterator[list[Served]]:
    """Serve what was fetched while the block runs, and fetch it again in time; raises SsoLoginError.

    That one of them can no longer be renewed is told on stderr, unless `quiet`: who asks is told by its SDK.
    """
    clock = context.world().clock
    warn = None if quiet else lambda name, error: _warn(context, name, error)
    cache = cached(context, pairs, begin=_aside, warn=warn)
    tokens = {asked.name: Secret(secrets.token_urlsafe(32)) for asked, _ in pairs}
    with Server(cache, tokens, Lease(clock, seconds), clock=clock, port=port) as server:
        yield [
            Served(
                asked.name,
                asked.source.label,
                server.url(asked.name, alone=len(pairs) == 1),
                tokens[asked.name],
                asked.source.region,
                given.credentials.account_id,
            )
            for asked, given in pairs
        ]


def cached(
    context: Context,
    pairs: Sequence[tuple[Asked, Given]],
    *,
    begin: Callable[[Callable[[], None]], None],
    warn: Callable[[str, SsoLoginError], None] | None = None,
) -> Cache:
    """Make a cache of these, whose renewals run by `begin`."""
    cache = Cache(context.world().clock, begin, warn=warn)
    for asked, given in pairs:
        cache.add(asked.name, Profile(_again(context, asked), asked.source.role_arn), given)
    return cache


def _again(context: Context, asked: Asked) -> Callable[[float], Given]:
    """Fetch as a new run of the program would: after another login, from another store, by the config as it is then.

    It is never another role: whoever changes the profile starts the server again. Where the config cannot be followed
    for the moment, what it said at first counts.
    """

    def fetch(least: float) -> Given:
        fresh = Context(Render(quiet=True), build=context.build, no_input=True)
        try:
            now = Asked.of(resolve(fresh, asked.wanted), asked.wanted)
        except UsageProblem:
            return asked.source.given(least)
        was = asked.source
        if (now.source.words, now.source.role_arn) != (was.words, was.role_arn):
            message = f"{asked.name} is another role now: {now.source.name}, and not {was.name}"
            raise UsageProblem(message, hint="Start the server again to serve that.")
        return now.source.given(least)

    return fetch


def _aside(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="renewal", daemon=True).start()


def _warn(context: Context, name: str, error: SsoLoginError) -> None:
    context.render.notice(Notice(f"{name}: {error.message}. {error.hint}", warning=True))
