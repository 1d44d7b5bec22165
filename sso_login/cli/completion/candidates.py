"""Names to complete with: from config and cards alone, without network and keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sso_login.cli.context import Context
from sso_login.core.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click
    from click.shell_completion import CompletionItem

    from sso_login.adapters.secrets.cards import FileCards
    from sso_login.core.credentials import Role
    from sso_login.core.model import Card
    from sso_login.world import World

# What is wrong with the config is raised from here and ends in silence, in completing.py.


def sessions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with sessions that are not on the command line yet."""
    from sso_login.flows.select.known_names import known_names

    world = _world(ctx)
    given = ctx.params.get(param.name or "") or ()
    names = known_names(world.config, [*world.cards.names(), *world.oauth.cards.names()])
    return _items((name for name in names if name not in given and not name.startswith("-")), incomplete)


def session_values(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete the value of an option with sessions of AWS, which have roles."""
    from sso_login.flows.select.known_names import names_of_aws

    world = _world(ctx)
    return _items(names_of_aws(world.config, world.cards.names()), incomplete)


def aws_sessions(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete an argument with sessions of AWS."""
    return [item for item in session_values(ctx, _param, incomplete) if not item.value.startswith("-")]


def issuers(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the issuers of our own config."""
    return _items(sorted(_world(ctx).config.issuers.sections), incomplete)


def configured_sessions(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the sessions that have an [sso-session]."""
    return _items(sorted(_world(ctx).config.sessions), incomplete)


def profiles(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with profiles that have a session, or a login by AWS Sign-In."""
    from sso_login.flows.select.chain import has_session

    world = _world(ctx)
    found = world.config.profiles.items()
    names = {name for name, profile in found if profile.login_session or has_session(world.config, profile)}
    return _items(sorted(names | _signed_in(world)), incomplete)


def exec_words(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete the first word behind `exec`, which may be a profile; the rest is for the shell."""
    named = any(ctx.params.get(each) for each in ("profile", "session", "account", "role"))
    if named or ctx.params.get(param.name or ""):
        return command(ctx, param, incomplete)
    return profiles(ctx, param, incomplete) or command(ctx, param, incomplete)


def accounts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the accounts that profiles name, each with the first profile that does, and those listed lately."""
    world = _world(ctx)
    named: dict[str, str] = {}
    for role in _listed(world):
        named.setdefault(role.account.id, role.account.name or "")
    for name, profile in sorted(world.config.profiles.items()):
        account, _ = profile.target
        if account:
            named[account] = named.get(account) or f"as in profile {name}"
    return _items(sorted(named), incomplete, named)


def roles(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Complete with the roles that profiles name, and those listed lately; of --account, where it is given."""
    world = _world(ctx)
    asked: Any = ctx.params.get("account")
    pairs = [profile.target for profile in world.config.profiles.values()]
    pairs += [(role.account.id, role.name) for role in _listed(world)]
    names = {role for account, role in pairs if role and asked in {None, account}}
    return _items(sorted(names), incomplete)


def _listed(world: World) -> Iterator[Role]:
    """Give the roles that were listed for any session."""
    for card in _cards(world.cards):
        found = world.remembered.listed(card.name, card.instance.binding)
        yield from found.roles if found else ()


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Leave it to the shell to complete a file's name."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="files")]


def command(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Leave it to the shell to complete a command line of another program."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="command")]


def _world(ctx: click.Context) -> World:
    return ctx.ensure_object(Context).world()


def _cards(cards: FileCards) -> Iterator[Card]:
    for name in cards.names():
        try:
            card = cards.read(name)
        except StorageError:
            continue
        if card:
            yield card


def _signed_in(world: World) -> set[str]:
    return set(world.signin.cards.names())


def _items(names: Iterable[str], incomplete: str, described: dict[str, str] | None = None) -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem

    told = described or {}
    return [CompletionItem(name, help=told.get(name)) for name in names if name.startswith(incomplete)]
