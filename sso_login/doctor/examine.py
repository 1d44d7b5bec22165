"""Everything that `doctor` looks at, in the order in which it is told: a list of findings a group."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from sso_login import __version__
from sso_login.core.config import AwsConfig
from sso_login.core.errors import ConfigError, SsoLoginError, StorageError, UsageProblem
from sso_login.core.model import OAUTH, SIGNIN, SSO
from sso_login.doctor import environment as probe_environment
from sso_login.doctor import files as probe_files
from sso_login.doctor import keyring as probe_keyring
from sso_login.doctor import locks as probe_locks
from sso_login.doctor import sessions as diagnosis
from sso_login.doctor.finding import FAIL, OK, Finding, fine, odd, of_error
from sso_login.doctor.issuers import metadata_finding
from sso_login.doctor.schedule import schedule_findings
from sso_login.flows.logout import no_card, unlisted
from sso_login.flows.select.session import Chosen, chosen_all
from sso_login.flows.stored_login import STORES, store_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sso_login.core.model import Card
    from sso_login.world import World

KEYRING: Final = STORES[0]
Found = Chosen | tuple[str, SsoLoginError]


@dataclass
class Examination:
    """Looks at one world; `human` says that somebody at a terminal could be asked, and a browser opened."""

    world: World
    human: bool
    _unreadable: list[Finding] = field(default_factory=list)

    def groups(self) -> Iterator[list[Finding]]:
        """Look at one thing after the other, and give what is found; what is wrong is told once."""
        told = set[str]()
        for group in self._groups():
            fresh = list[Finding]()
            for found in group:
                if found.status == OK or found.check == probe_files.FILES or found.message not in told:
                    fresh.append(found)
                told.add(found.message)
            yield fresh

    def _groups(self) -> Iterator[list[Finding]]:
        env = self.world.env
        yield [self._program(), *self._terminal()]
        try:
            home = self.world.home
        except SsoLoginError as error:  # all else lies there
            yield [of_error("home", error), *probe_environment.variable_findings(env)]
            return
        yield [*self._config_findings(), *self._meant()]
        yield [*probe_environment.variable_findings(env), *_there(diagnosis.store_finding(env))]
        yield [*self._keyring_findings(), *_there(probe_files.key_finding(env))]
        yield list(self._session_findings())
        yield list(probe_files.state_findings(home))
        yield [*probe_files.aws_findings(env), *probe_files.cache_findings(env)]
        yield list(probe_locks.lock_findings(home))
        yield [
            *probe_environment.proxy_findings(env),
            probe_environment.bundle_finding(env, profile=self.world.ca_bundle),
        ]
        yield list(schedule_findings(env, home, now=self.world.clock.now()))
        yield list(self._network_findings())

    def _program(self) -> Finding:
        python = ".".join(map(str, sys.version_info[:3]))
        return fine("version", f"sso-login {__version__}, Python {python} ({sys.executable}), {sys.platform}")

    def _terminal(self) -> list[Finding]:
        import shutil

        from sso_login.adapters.browser.open_url import OpenUrl

        if not self.human:
            return [
                fine("terminal", "none, or --no-input: nothing is asked"),
                fine("browser", "none is opened without a terminal; the address is shown"),
            ]
        columns, term = shutil.get_terminal_size().columns, self.world.env.get("TERM", "")
        program = OpenUrl(self.world.env).program()
        opened = f"{program} is opened for a login" if program else "none is found; the address is shown instead"
        return [fine("terminal", f"{columns} columns, TERM={term or '(not set)'}"), fine("browser", opened)]

    # --- config and sessions

    @cached_property
    def _config(self) -> tuple[AwsConfig, Finding | None]:
        """The config file, or an empty one and why it cannot be read."""
        from sso_login.adapters.aws_files.aws_config import config_path

        try:
            return self.world.config, None
        except ConfigError as error:
            return AwsConfig(config_path(self.world.env)), of_error(diagnosis.CONFIG, error)

    @cached_property
    def _cards(self) -> list[Card]:
        return self._read(self.world)

    @cached_property
    def _signin_cards(self) -> list[Card]:
        return self._read(self.world.signin)

    @cached_property
    def _oauth_cards(self) -> list[Card]:
        return self._read(self.world.oauth)

    def _read(self, world: World) -> list[Card]:
        """Read every card of one kind; what cannot be read is noted."""
        cards: list[Card | None] = []
        try:
            names = world.cards.names()
        except StorageError as error:
            found = of_error(diagnosis.SESSION, error)
            if found not in self._unreadable:  # both kinds of logins may lie below the same trouble
                self._unreadable.append(found)
            return []
        for name in names:
            try:
                cards.append(world.cards.read(name))
            except StorageError as error:
                self._unreadable.append(of_error(diagnosis.SESSION, error))
        return [card for card in cards if card]

    @cached_property
    def _known(self) -> list[Found]:
        return chosen_all(self._config[0], [*self._cards, *self._oauth_cards], self.world.env)

    @cached_property
    def _signed_in(self) -> list[Found]:
        """Every login by AWS Sign-In, as it is configured now; where the config is broken, as its card has it."""
        return [self._as_configured(card) for card in self._signin_cards]

    def _as_configured(self, card: Card) -> Found:
        from sso_login.flows.select.signin import signed_in_before

        config, problem = self._config
        if problem:
            return Chosen(card.name, card.instance, card.scopes, card, sdk_cache=False, source="an earlier login")
        try:
            return signed_in_before(config, self.world.env, card)
        except SsoLoginError as error:
            return card.name, error

    def _config_findings(self) -> Iterator[Finding]:
        config, problem = self._config
        if problem:
            yield problem
        else:
            yield from diagnosis.config_findings(config, self._cards, self.world.env)

    def _meant(self) -> list[Finding]:
        config, problem = self._config
        return [] if problem else [diagnosis.meant_finding(config, [*self._cards, *self._oauth_cards], self.world.env)]

    def _session_findings(self) -> Iterator[Finding]:
        keyring = next((found for found in self._keyring if found.status == FAIL), None)
        label = probe_keyring.backend_label()
        for found in self._known:
            if isinstance(found, tuple):
                yield of_error(diagnosis.SESSION, found[1])
            else:
                ports = self.world.of(found.instance.kind)
                yield from diagnosis.session_findings(ports, found, keyring=keyring, backend=label)
        for found in self._signed_in:
            if isinstance(found, tuple):
                yield of_error(diagnosis.SESSION, found[1])
            else:
                yield from diagnosis.session_findings(self.world.signin, found, keyring=keyring, backend=label)
        yield from self._unreadable
        yield from self._unlisted()

    def _unlisted(self) -> Iterator[Finding]:
        """Look into the file store itself, whatever the cards say."""
        with suppress(StorageError):  # what is wrong with the files is told of them
            for kind in (SSO, SIGNIN, OAUTH):
                lost = unlisted(self.world.of(kind))
                yield from (of_error(diagnosis.SESSION, no_card(name, kind)) for name in lost)

    # --- the keyring

    @cached_property
    def _keyring(self) -> list[Finding]:
        """The state of the bus and of the keyring, each in its finding; asked once, since it may take its deadline."""
        env = self.world.env
        bus = _there(probe_keyring.bus_finding(env))
        return [*bus, probe_keyring.keyring_finding(env, home=self.world.home)] if self._uses_keyring else []

    @property
    def _kept_in_files(self) -> bool:
        """Tell whether there are logins, none of them in the keyring, and nothing asks for it by name."""
        cards = [*self._cards, *self._signin_cards, *self._oauth_cards]
        asked = self.world.env.get("SSO_LOGIN_STORE") == KEYRING
        return bool(cards) and not asked and all(card.store != KEYRING for card in cards)

    @property
    def _uses_keyring(self) -> bool:
        cards = [*self._cards, *self._signin_cards, *self._oauth_cards]
        try:
            return KEYRING in {store_kind(None, self.world.env), *(card.store for card in cards)}
        except UsageProblem:
            return any(card.store == KEYRING for card in cards)

    def _keyring_findings(self) -> Iterator[Finding]:
        if not self._uses_keyring:
            yield fine(probe_keyring.KEYRING, "not used: no login lies there, and new ones go into files")
            return
        fails = [found for found in self._keyring if found.status == FAIL]
        if fails and self._kept_in_files:
            message = f"{fails[0].message}; every login lies in the file store, so only a new one would need it"
            yield odd(probe_keyring.KEYRING, message, "For a new login: `export SSO_LOGIN_STORE=file`.")
        else:
            yield from self._keyring
        yield from probe_keyring.ignored_findings(self.world.env)

    # --- the network

    def _network_findings(self) -> Iterator[Finding]:
        from sso_login.doctor import network as reach

        known = [found.instance for found in [*self._known, *self._signed_in] if isinstance(found, Chosen)]
        asked = reach.questions(known)
        seen: dict[str, bytes] = {}
        if hasattr(self.world.transport, "certificates"):
            self.world.transport.certificates = seen
        came = reach.answers(
            asked, transport=self.world.transport, clock=self.world.clock, side_by_side=self.world.side_by_side
        )
        yield from (answer.finding for answer in came)
        yield from reach.interception_findings(seen)
        yield from _there(reach.clock_finding(came))
        for found in self._known:
            if isinstance(found, Chosen) and found.instance.issuer:
                yield metadata_finding(found.name, self.world.oauth_issuer(found.instance))


def _there(finding: Finding | None) -> list[Finding]:
    return [finding] if finding else []
