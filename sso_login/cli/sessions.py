"""Which sessions a command line means, and what is done to each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, NamedTuple

from sso_login.core.config import Issuers
from sso_login.core.errors import ConfigError, SsoLoginError, StorageError, UnknownSession, UsageProblem
from sso_login.core.model import OAUTH, SIGNIN, SSO, labelled
from sso_login.flows.select import names
from sso_login.flows.select.known_cards import EveryCard, KnownCards
from sso_login.flows.select.session import Chosen, choose, chosen_all, known_to_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sso_login.cli.context import Context
    from sso_login.world import World

Found = Chosen | tuple[str, SsoLoginError]  # a session, or the name of one and what is wrong with it


class BrokenSignIn(NamedTuple):
    """A login by AWS Sign-In whose card or config cannot be used: a Found, too."""

    name: str
    error: SsoLoginError


class BrokenIssuer(NamedTuple):
    """A login at an OAuth issuer whose card or config cannot be used: a Found, too."""

    name: str
    error: SsoLoginError


@dataclass
class Sessions:
    """The sessions that config and cards know; a card that was asked for and cannot be read is `broken`, by name."""

    context: Context
    broken: dict[str, Found] = field(default_factory=dict)

    @cached_property
    def cards(self) -> EveryCard:
        """The cards of sessions and of issuers' logins, each read when it is asked for, once."""
        world = self.context.world()

        def known(kind: str) -> KnownCards:
            def tell(name: str, error: StorageError) -> None:
                self.broken[name] = _WRONG[kind](name, error)

            return KnownCards(world.of(kind).cards, kind, tell)

        return EveryCard(known(SSO), known(OAUTH))

    def chosen(self, session: str | None = None, profile: str | None = None) -> Chosen:
        """Find the one session that is meant."""
        world = self.context.world()
        world.profile = profile or world.profile
        try:
            found = choose(world.config, self.cards, world.env, session=session, profile=profile)
        except UnknownSession:
            if session in self.broken:  # known by a card alone, and that cannot be read
                sound(self.broken[session])
            raise
        self.context.render.about = found
        return found

    def of_aws(self, session: str | None = None, profile: str | None = None) -> Chosen:
        """Find the one session of IAM Identity Center that is meant; UsageProblem where an issuer is."""
        world = self.context.world()
        cards = EveryCard(self.cards.ours, {})
        if session is None and not (world.env.get("SSO_LOGIN_SESSION") and profile is None):
            config = world.config._replace(issuers=Issuers())  # which are not among what is meant without a name
            found = choose(config, cards, world.env, profile=profile)
            self.context.render.about = found
            return found
        found = self.chosen(session, profile)
        if found.instance.kind == OAUTH:
            message = f"{found.name!r} is an OAuth issuer, which has no AWS accounts and roles"
            there = known_to_aws(world.config, cards)
            raise UsageProblem(
                message, hint=names.did_you_mean(found.name, there, nothing="No session of AWS is known.")
            )
        return found

    def named(self, sessions: tuple[str, ...], *, profile: str | None, every: bool) -> list[Found] | None:
        """Find the sessions that are named, None where none is; a name twice is one session."""
        if every and (sessions or profile):
            raise UsageProblem("--all and a session's name exclude each other")
        if profile and sessions:
            raise UsageProblem("--profile and a session's name exclude each other")
        if profile:
            return [self.signed_in(profile) or self.chosen(profile=profile)]
        return [self._found(name) for name in dict.fromkeys(sessions)] or None

    def _found(self, name: str) -> Found:
        try:
            return self.chosen(name)
        except SsoLoginError as error:
            world = self.context.world()
            theirs = name in world.oauth.cards.names() and name not in world.cards.names()
            return BrokenIssuer(name, error) if theirs else (name, error)

    def signed_in(self, profile: str) -> Found | None:
        """Find the login by AWS Sign-In of a profile, None where there is none or the profile has a session."""
        world = self.context.world()
        configured = world.config.profiles.get(profile)
        if profile not in world.signin.cards.names() and not (configured and configured.login_session):
            return None
        return None if configured and configured.has_session else self._signed_in(profile)

    def _signed_in(self, name: str) -> Found:
        from sso_login.flows.select.signin import never_signed_in, signed_in_before

        world = self.context.world()
        try:
            card = world.signin.cards.read(name)
            return (
                signed_in_before(world.config, world.env, card) if card else BrokenSignIn(name, never_signed_in(name))
            )
        except SsoLoginError as error:
            return BrokenSignIn(name, error)

    def known(self) -> list[Found]:
        """Find every known session, then every login by AWS Sign-In; what is broken stands with its error."""
        world = self.context.world()
        found = [self._of_kind(item) for item in chosen_all(world.config, self.cards, world.env)]
        there = {name_of(item) for item in found}
        lost = [item for name, item in self.broken.items() if name not in there]
        return [*found, *lost, *map(self._signed_in, world.signin.cards.names())]

    def _of_kind(self, found: Found) -> Found:
        """Tell a broken issuer from a broken session."""
        if not isinstance(found, tuple):
            return found
        world = self.context.world()
        theirs = found[0] in {*world.config.issuers.sections, *world.oauth.cards.names()}
        return BrokenIssuer(*found) if theirs and found[0] not in world.cards.names() else found

    def ever_logged_in(self) -> list[Found]:
        """Find every login that has a card."""
        world = self.context.world()
        there = {kind: set(world.of(kind).cards.names()) for kind in (SSO, OAUTH)}
        return [found for found in self.known() if kind_of(found) == SIGNIN or name_of(found) in there[kind_of(found)]]

    def to_forget(self) -> list[Found]:
        """Find every login that has a card or lies in the file store, also where the config is broken."""
        from sso_login.flows.logout import no_card, unlisted

        world = self.context.world()
        try:
            found = self.ever_logged_in()
        except ConfigError as error:
            found = [_WRONG[kind](name, error) for kind in _WRONG for name in world.of(kind).cards.names()]
        lost = [_WRONG[kind](name, no_card(name, kind)) for kind in _WRONG for name in unlisted(world.of(kind))]
        return [*found, *lost]


def each(context: Context, found: Sequence[Found], act: Callable[[Found], None], *, at_once: int = 1) -> None:
    """Act on every session; an error of one never stops the others, and decides the exit code in the end.

    Side by side where `at_once` is more than one: a slow issuer delays nobody else.
    """
    if len(found) == 1:
        context.render.about = None if isinstance(found[0], tuple) else found[0]
        act(found[0])
        return
    context.render.about = None  # each has its own

    def told(item: Found) -> None:
        try:
            act(item)
        except SsoLoginError as error:
            about = None if isinstance(item, tuple) else item
            context.render.error(error, prefix=f"{label_of(item)}: ", about=about)
            context.codes.add(error.exit_code)

    from sso_login.adapters.system.signals import side_by_side

    side_by_side([partial(told, item) for item in found], at_once=at_once)


def name_of(found: Found) -> str:
    """Name the session."""
    return found[0] if isinstance(found, tuple) else found.name


def kind_of(found: Found) -> str:
    """Tell a session of IAM Identity Center from a login by AWS Sign-In and one at an OAuth issuer."""
    if isinstance(found, BrokenIssuer):
        return OAUTH
    if isinstance(found, tuple):
        return SIGNIN if isinstance(found, BrokenSignIn) else SSO
    return found.instance.kind


def label_of(found: Found) -> str:
    """Name the login for a person: a profile may have the name of a session."""
    return labelled(name_of(found), kind_of(found))


def ports_of(world: World, found: Found) -> World:
    """Give the world in which that login is kept."""
    return world.of(kind_of(found))


def sound(found: Found) -> Chosen:
    """Give the session, or raise what is wrong with it."""
    if isinstance(found, tuple):
        raise found[1]
    return found


def _broken(name: str, error: SsoLoginError) -> Found:
    return name, error


_WRONG: Final[Mapping[str, Callable[[str, SsoLoginError], Found]]] = {
    SSO: _broken,
    OAUTH: BrokenIssuer,
    SIGNIN: BrokenSignIn,
}
