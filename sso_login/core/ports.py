"""The ports: what the flows ask of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sso_login.core.credentials import Account, Credentials, KeptRole, Page, Role, RoleKey, RoleStep, TokenService
    from sso_login.core.granting import Authorization, DeviceCode, Granted, Pending, Redirected
    from sso_login.core.message import Notice, Request, Response
    from sso_login.core.model import Card, Client, Instance, Secret, Session, Token


class Clock(Protocol):
    """Time: `now` in epoch seconds by the wall, `monotonic` in seconds from anywhere."""

    def now(self) -> float:
        """Tell the wall clock's time."""

    def monotonic(self) -> float:
        """Tell a time that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Transport(Protocol):
    """Sends one request and gives the whole reply, whatever its status."""

    def send(self, request: Request) -> Response:
        """Send; raise Unreachable (its `sent` tells whether anything left) when no whole reply came back."""


class Entries(Protocol):
    """One store of named secrets as text; entry names come from layout.py."""

    @property
    def kind(self) -> str:
        """Name the kind of store as SSO_LOGIN_STORE does: `keyring` or `file`."""

    @property
    def backend(self) -> str:
        """Name what is behind it, such as `SecretService`."""

    def check(self) -> None:
        """Raise StorageError unless entries can be read and written now."""

    def read(self, entry: str) -> str | None:
        """Give the text, None where there is no such entry; raise StorageError."""

    def write(self, entry: str, text: str) -> None:
        """Keep the text, whole or not at all; raise StorageError, SaveUnknown after a deadline."""

    def delete(self, entry: str) -> bool:
        """Forget the entry everywhere; tell whether there was one; raise StorageError."""

    def found(self, beginning: str) -> list[str]:
        """List what can be deleted whose name begins so; nothing where a store cannot be listed; raise StorageError."""


class Store(Protocol):
    """Sessions in one store."""

    @property
    def kind(self) -> str:
        """Name the kind of store as SSO_LOGIN_STORE does: `keyring` or `file`."""

    @property
    def backend(self) -> str:
        """Name what is behind it, such as `SecretService`."""

    def check(self) -> None:
        """Raise StorageError unless sessions can be read and written now."""

    def load(self, name: str) -> Session | None:
        """Give the session of that name, None where there is none; raise BadRecord, NewerRecord, StorageError."""

    def save(self, session: Session) -> None:
        """Keep the session, whole or not at all; raise StorageError, SaveUnknown after a deadline."""

    def delete(self, name: str) -> bool:
        """Forget the session, readable or not; tell whether there was one; raise StorageError."""

    def entry(self, name: str) -> str:
        """Name the store's entry for that session, as a card lists it."""

    def drop(self, entry: str) -> bool:
        """Forget what else a card lists of this store; tell whether there was anything; raise StorageError."""

    def purge(self, name: str) -> bool:
        """Forget all that is found here of the session, listed or not; tell whether there was anything."""

    def names(self) -> list[str]:
        """List whose logins lie here, by what the store itself says; a keyring cannot be listed."""


class RoleStore(Protocol):
    """Role credentials in one store: a cache, and as secret as the login they come from."""

    def entry(self, key: RoleKey) -> str:
        """Name the store's entry for those credentials, as a card lists it."""

    def load(self, key: RoleKey) -> KeptRole | None:
        """Give what is kept, None where there is nothing; raise BadRecord, NewerRecord, StorageError."""

    def save(self, kept: KeptRole) -> None:
        """Keep the credentials, whole or not at all; raise StorageError, SaveUnknown after a deadline."""


class Cards(Protocol):
    """The session cards: who is known, without opening a store."""

    def names(self) -> list[str]:
        """List the names of all cards, sorted."""

    def read(self, name: str) -> Card | None:
        """Give a card, None where there is none; raise BadRecord, NewerRecord, UnsafeFile."""

    def write(self, card: Card) -> None:
        """Keep a card; call under the session's lock."""

    def delete(self, name: str) -> bool:
        """Forget a card; call under the session's lock."""


class SdkCache(Protocol):
    """The AWS SDKs' own cache of logins of one kind: files in plaintext, which they renew by themselves."""

    def newer(self, session: Session, named: str) -> Session | None:
        """Give the login as an SDK has renewed it meanwhile, None where none has; what is no good is passed over."""

    def behind(self, session: Session, named: str) -> bool:
        """Tell whether what is cached there is a login that was spent for this one."""

    def put(self, session: Session, named: str, *, unless_newer: bool = False) -> None:
        """Keep a login there, too; `unless_newer` lets stay what an SDK has renewed meanwhile.

        Never raises: what fails is told.
        """

    def remove(self, named: str) -> bool:
        """Remove what is cached under that name; tell whether there was anything; raise StorageError."""

    def holds(self, session: Session, named: str) -> bool:
        """Tell whether that login with these tokens is cached under that name."""


class Locks(Protocol):
    """One lock a session across processes."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold the session's lock; raise LockTimeout; never to be held while a human acts."""


class Issuer(Protocol):
    """Who issues tokens: each method but `authorize_url` is one request, asked once.

    For a device code (RFC 8628), for a code that a browser brings back (RFC 6749 section 4.1 with RFC 7636), and for a
    refresh token. Every method raises Unreachable, ServiceError or MalformedReply; UsageProblem without such a grant.
    """

    def register(self, scopes: tuple[str, ...], grants: tuple[str, ...]) -> Client:
        """Register a public client."""

    def start(self, client: Client) -> DeviceCode:
        """Start a device authorization; only ever because a human asked for it."""

    def poll(self, client: Client, code: DeviceCode) -> Token | Pending:
        """Ask once whether the code was approved."""

    def authorize_url(self, client: Client, authorization: Authorization) -> str:
        """Give the address that a browser is sent to."""

    def exchange(self, client: Client, authorization: Authorization, code: Secret) -> Granted:
        """Spend the code that a browser brought for a token."""

    def renew(self, session: Session) -> Token:
        """Spend the session's refresh token for a new token."""

    def end(self, token: Token) -> None:
        """End the session on the server."""


class Portal(Protocol):
    """The access portal: what a signed-in user may use, and credentials of it; each method is one request.

    Every method raises Unreachable (Throttled on 429), ServiceError or MalformedReply; a code of `unauthorized` says
    that the token is not taken.
    """

    def accounts(self, token: Token, *, after: str | None = None) -> Page[Account]:
        """List a page of accounts; `after` is the page before's next token."""

    def roles(self, token: Token, account: Account, *, after: str | None = None) -> Page[Role]:
        """List a page of the roles of an account."""

    def role_credentials(self, token: Token, *, account: str, role: str) -> Credentials:
        """Give credentials of a role."""


class RoleAssumer(Protocol):
    """AWS STS: gives credentials of a role to other credentials."""

    def assume_role(self, credentials: Credentials, step: RoleStep) -> Credentials:
        """Ask once; raise Unreachable (Throttled where it says so), ServiceError, MalformedReply."""


class Receiver(Protocol):
    """Where a browser brings its answer: a listener on 127.0.0.1, or a prompt that takes the address by hand."""

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to be sent back to."""

    def receive(self, judge: Callable[[str], Redirected | None], *, seconds: float) -> Redirected | None:
        """Wait for the one answer, None where it does not come within so many seconds.

        `judge` reads the query of what came, without its question mark: None for whatever is not the answer to this
        very request. May raise LoginFailed for what a person gave.
        """


class Ports(Protocol):
    """All of it, as a World has it."""

    @property
    def env(self) -> Mapping[str, str]:
        """The environment, as a value."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    @property
    def cards(self) -> Cards:
        """The session cards."""

    @property
    def locks(self) -> Locks:
        """The locks."""

    def store(self, kind: str) -> Store:
        """Give the store of that kind: `keyring` or `file`."""

    @property
    def sdk_cache(self) -> SdkCache:
        """The AWS SDKs' own cache."""

    @property
    def rescue(self) -> Store | None:
        """Where a record goes that its own store did not take, None where there is no such place."""

    @property
    def role_locks(self) -> Locks:
        """The locks of role credentials, apart from those of sessions."""

    def roles(self, kind: str) -> RoleStore:
        """Give the role credentials in the store of that kind: `keyring` or `file`."""

    def issuer(self, instance: Instance) -> Issuer:
        """Give who issued the tokens of that instance."""

    def portal(self, instance: Instance) -> Portal:
        """Give the access portal of that instance."""

    def token_service(self, service: TokenService) -> RoleAssumer:
        """Give AWS STS at that place."""

    def side_by_side(self, calls: Sequence[Callable[[], None]], *, at_once: int) -> None:
        """Make all calls, `at_once` at a time, each in a thread; raise the first exception when all are done."""

    def unbroken(self) -> AbstractContextManager[None]:
        """Hold signals back until the block is done."""

    def notify(self, notice: Notice) -> None:
        """Tell the person something meanwhile."""
