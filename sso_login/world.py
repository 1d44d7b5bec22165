"""The composition root: every part of the world, built when it is first asked for."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from sso_login import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sso_login.adapters.aws_files.aws_ini import Change
    from sso_login.adapters.aws_files.sdk_files import SdkFiles
    from sso_login.adapters.browser.handover import Handover
    from sso_login.adapters.secrets.cards import FileCards
    from sso_login.adapters.secrets.hot_index import Index
    from sso_login.adapters.secrets.remembered import Remembered
    from sso_login.aws.identity_center import IdentityCenter
    from sso_login.aws.token_service import SecurityTokenService
    from sso_login.core.config import AwsConfig
    from sso_login.core.credentials import TokenService
    from sso_login.core.message import Notice
    from sso_login.core.model import Instance, Secret
    from sso_login.core.ports import Clock, Entries, Issuer, Locks, Receiver, RoleStore, Store, Transport
    from sso_login.oauth.issuer import OAuthIssuer
    from sso_login.storage.client_secrets import ClientSecrets

# The imports below stand inside the properties because each costs start-up time that most commands
# need not pay: `status` sends nothing, the file store needs no keyring.


class World:
    """Implements the port Ports, and gives the command line its config and its browser.

    `attended` says that a human sits at a terminal and may be asked. Tests give their own clock,
    transport and entries; nothing else of the world is ever replaced.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        attended: bool = False,
        notify: Callable[[Notice], None],
        clock: Clock | None = None,
        transport: Transport | None = None,
        entries: Mapping[str, Entries] | None = None,
    ) -> None:
        """Keep what is given; build nothing yet."""
        self.env = env
        self.attended = attended
        self.notify = notify
        self.profile: str | None = None  # that the command line names
        self._clock = clock
        self._transport = transport
        self._entries = dict(entries or {})
        self._kind = layout.SESSION
        self._issuers: dict[Instance, IdentityCenter] = {}
        self._building = threading.RLock()

    @cached_property
    def signin(self) -> World:
        """The same world for logins by AWS Sign-In: their names are profiles, and they lie apart from sessions."""
        return self._apart(layout.SIGNIN)

    @cached_property
    def oauth(self) -> World:
        """The same world for logins at OAuth issuers, which lie apart, too."""
        return self._apart(layout.OAUTH)

    def _apart(self, kind: str) -> World:
        made = World(self.env, attended=self.attended, notify=self.notify, clock=self._clock, transport=self._transport)
        made._entries, made._kind = self._entries, kind  # a store remembers what timed out
        return made

    def of(self, kind: str) -> World:
        """Give the world in which logins of that kind are kept; ask it of the one that was made first."""
        return self.signin if kind == layout.SIGNIN else self.oauth if kind == layout.OAUTH else self

    @property
    def home(self) -> str:
        """The state folder; raises HomeUnknown, UnsafeFile."""
        from sso_login.adapters.system.home import state_home

        return state_home(self.env)

    @cached_property
    def config(self) -> AwsConfig:
        """The AWS config file and our own, read once; a profile with a login by AWS Sign-In alone is there, too."""
        from sso_login.adapters.aws_files.aws_config import read_config
        from sso_login.adapters.aws_files.issuer_config import read_issuers
        from sso_login.core.config import named_by_environment
        from sso_login.core.errors import SsoLoginError

        found = read_config(self.env)._replace(issuers=read_issuers(self.env))
        name, _ = named_by_environment(self.env)
        if name and name not in found.profiles:
            with suppress(SsoLoginError):  # what is wrong with the state folder is for its own commands to say
                return found._replace(elsewhere=found.elsewhere.union(self.signin.cards.names()))
        return found

    @cached_property
    def clock(self) -> Clock:
        """The clock."""
        from sso_login.adapters.system.clock import SystemClock

        return self._clock or SystemClock()

    @cached_property
    def transport(self) -> Transport:
        """HTTPS."""
        if self._transport:
            return self._transport
        from sso_login.adapters.system.http import Http

        return Http(self.env, bundle=self.ca_bundle)

    def ca_bundle(self) -> tuple[str, str]:
        """Give the place and value of `ca_bundle` of the environment's profile, else of `default`; "" without one."""
        from sso_login.core.config import current_profile
        from sso_login.core.errors import SsoLoginError

        with suppress(SsoLoginError):  # what is wrong with the file is told where it is needed
            for name in (self.profile or current_profile(self.env), "default"):
                profile = self.config.profiles.get(name)
                if profile is not None and profile.ca_bundle:
                    return self.config.place(profile.title), profile.ca_bundle
        return "", ""

    @cached_property
    def cards(self) -> FileCards:
        """The session cards."""
        from sso_login.adapters.secrets.cards import FileCards

        return FileCards(self.home, self._kind)

    @cached_property
    def index(self) -> Index:
        """What the hot path may trust; to be asked for before anything is read that goes into it."""
        from sso_login.adapters.secrets.hot_index import Index

        return Index(self.home, self.env, self.cards, lambda named: self.sdk_cache.path(named))  # noqa: PLW0108 - built only where it is asked

    @cached_property
    def remembered(self) -> Remembered:
        """What the picker remembers."""
        from sso_login.adapters.secrets.remembered import Remembered

        return Remembered(self.home)

    @cached_property
    def locks(self) -> Locks:
        """One lock a session."""
        from sso_login.adapters.secrets.lock import FileLocks

        folder = "locks" if self._kind == layout.SESSION else f"{self._kind}-locks"
        return FileLocks(self.home, notify=self.notify, folder=folder)

    def store(self, kind: str) -> Store:
        """Give the store of that kind; the same object each time, since it remembers what timed out."""
        from sso_login.storage.session_store import SessionStore

        with self._building:  # sessions are renewed side by side
            if kind not in self._entries:
                self._entries[kind] = self._opened(kind)
            return SessionStore(self._entries[kind], self._kind)

    def roles(self, kind: str) -> RoleStore:
        """Give the role credentials in the store of that kind."""
        from sso_login.storage.role_store import EntryRoles

        self.store(kind)
        return EntryRoles(self._entries[kind])

    @cached_property
    def role_locks(self) -> Locks:
        """One lock for each set of role credentials; whoever holds one may wait for a renewal meanwhile."""
        from sso_login.adapters.secrets.lock import PATIENCE, FileLocks

        return FileLocks(self.home, notify=self.notify, folder="role-locks", wait_seconds=2 * PATIENCE)

    def token_service(self, service: TokenService) -> SecurityTokenService:
        """Give AWS STS at that place."""
        from sso_login.aws.token_service import SecurityTokenService

        return SecurityTokenService(service, self.transport, self.clock, self.notify)

    @cached_property
    def sdk_cache(self) -> SdkFiles:
        """The AWS SDKs' own cache of logins of this kind."""
        from sso_login.adapters.aws_files.sdk_files import SdkFiles

        if self._kind == layout.SIGNIN:
            from sso_login.adapters.aws_files.login_cache import LoginForm, login_folder

            return SdkFiles(login_folder(self.env), LoginForm(), self.clock.now, self.notify)
        from sso_login.adapters.aws_files.sdk_cache import SsoForm, sso_folder

        return SdkFiles(sso_folder(self.env), SsoForm(), self.clock.now, self.notify)

    @cached_property
    def rescue(self) -> Store | None:
        """Where a record goes that its store did not take, None where there is no such place."""
        from sso_login.adapters.secrets.rescue import rescue_entries
        from sso_login.storage.session_store import SessionStore

        entries = rescue_entries(self.env)
        return SessionStore(entries, self._kind) if entries else None

    def _opened(self, kind: str) -> Entries:
        if kind == "file":
            from sso_login.adapters.secrets.file_store import FileEntries

            return FileEntries(self.home, env=self.env)
        from sso_login.adapters.secrets.keyring_store import KeyringEntries

        return KeyringEntries(env=self.env, interactive=self.attended, notify=self.notify, home=self.home)

    def issuer(self, instance: Instance, scopes: tuple[str, ...] = (), *, remote: bool = False) -> Issuer:
        """Give who issues the tokens of that instance; a login asks for `scopes`, and may be `remote`: elsewhere."""
        if instance.kind == layout.SIGNIN:
            from sso_login.aws.sign_in import AwsSignIn

            return AwsSignIn(instance, self.transport, self.clock, self.notify, remote=remote)
        return self.portal(instance) if instance.application is None else self.oauth_issuer(instance, scopes)

    def oauth_issuer(self, instance: Instance, scopes: tuple[str, ...] = ()) -> OAuthIssuer:
        """Give the OAuth issuer; its client secret is looked up once it is needed."""
        from sso_login.oauth.issuer import OAuthIssuer

        name = instance.application.secret if instance.application else ""
        return OAuthIssuer(
            instance,
            self.transport,
            self.clock,
            self.notify,
            secret=lambda: self.client_secrets.read(name, instance) if name else None,
            scopes=scopes,
        )

    @cached_property
    def client_secrets(self) -> ClientSecrets:
        """The client secrets of OAuth issuers."""
        from sso_login.storage.client_secrets import ClientSecrets

        return ClientSecrets(self.opened, self._store_of)

    def _store_of(self, name: str) -> str:
        """Name the kind of store that the login at that issuer lies in, or would."""
        from sso_login.flows.stored_login import readable_card, store_kind

        return store_kind(readable_card(self.of(layout.OAUTH), name), self.env)

    def opened(self, kind: str) -> Entries:
        """Give the named secrets of that kind of store."""
        self.store(kind)
        return self._entries[kind]

    def portal(self, instance: Instance) -> IdentityCenter:
        """Give the IAM Identity Center; the same object each time, since it tells of a wrong clock once."""
        from sso_login.aws.identity_center import IdentityCenter

        with self._building:
            if instance not in self._issuers:
                self._issuers[instance] = IdentityCenter(instance, self.transport, self.clock, self.notify)
            return self._issuers[instance]

    def side_by_side(self, calls: Sequence[Callable[[], None]], *, at_once: int) -> None:
        """Make all calls, `at_once` at a time, each in a thread; raise the first exception when all are done."""
        from sso_login.adapters.system.signals import side_by_side

        side_by_side(calls, at_once=at_once)

    def edit_aws_file(self, path: str, changes: Sequence[Change], *, private: bool) -> bool:
        """Change sections of an AWS config or (`private`) credentials file; tell whether anything had to be."""
        from sso_login.adapters.aws_files.aws_check import refusal
        from sso_login.adapters.aws_files.aws_edit import LOCKS, edit_file
        from sso_login.adapters.secrets.lock import FileLocks
        from sso_login.core.message import Notice

        waiting = Notice("waiting for another sso-login that is writing an AWS file")
        locks = FileLocks(self.home, notify=lambda _: self.notify(waiting), folder=LOCKS)
        changed = edit_file(path, changes, private=private, locks=locks)
        refused = refusal(path)
        if refused:
            self.notify(Notice(f"{refused.message}. {refused.hint}", warning=True))
        return changed

    def edit_issuers(self, section: str, values: Mapping[str, str], *, remove: tuple[str, ...]) -> bool:
        """Set and remove keys in a section of our own config file; tell whether anything had to be."""
        from sso_login.adapters.aws_files.aws_edit import LOCKS, Change, edit_file
        from sso_login.adapters.secrets.lock import FileLocks

        locks = FileLocks(self.home, notify=self.notify, folder=LOCKS)
        return edit_file(self.config.issuers.path, [Change(section, values, remove)], private=False, locks=locks)

    def profile_keys(self, profile: str) -> dict[str, str]:
        """Give the keys that the AWS files have for a profile, and the value of login_session alone."""
        from sso_login.adapters.aws_files.login_profile import profile_keys

        return profile_keys(self.env, profile)

    def note_login_session(self, profile: str, arn: str) -> bool:
        """Let a profile of the AWS config file name a login by AWS Sign-In; tell whether anything had to be written."""
        from sso_login.adapters.aws_files.login_profile import note_login_session

        return note_login_session(self.env, profile, arn, edit=self.edit_aws_file)

    def open_url(self, url: str) -> bool:
        """Open the URL in a browser where there is one; tell whether one was started."""
        from sso_login.adapters.browser.open_url import OpenUrl

        return OpenUrl(self.env)(url)

    def handover(self, target: Secret) -> Handover:
        """Wait for the browser that is to be sent to that address."""
        from sso_login.adapters.browser.handover import Handover

        return Handover(target)

    def listen(self, port: int) -> AbstractContextManager[Receiver]:
        """Listen on that port of 127.0.0.1 for a browser that is sent back, 0 for a free one; raise SsoLoginError."""
        from sso_login.adapters.browser.loopback import Loopback

        return Loopback(port)

    def pasted(self, port: int) -> AbstractContextManager[Receiver]:
        """Take the address that a browser elsewhere is sent back to, from a human at the terminal."""
        from contextlib import nullcontext

        from sso_login.adapters.browser.hidden_line import hidden_line
        from sso_login.adapters.browser.pasted import Pasted

        return nullcontext(Pasted(port, ask=hidden_line, notify=self.notify))

    def pasted_code(self, redirect_uri: str) -> AbstractContextManager[Receiver]:
        """Take the code that a page of AWS shows to a browser elsewhere, from a human at the terminal."""
        from contextlib import nullcontext

        from sso_login.adapters.browser.hidden_line import hidden_line
        from sso_login.adapters.browser.pasted import PastedCode

        return nullcontext(PastedCode(redirect_uri, ask=hidden_line, notify=self.notify))

    def unbroken(self) -> AbstractContextManager[None]:
        """Hold SIGINT, SIGTERM and SIGHUP back until the block is done."""
        from sso_login.adapters.system.signals import unbroken

        return unbroken()
