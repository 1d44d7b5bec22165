"""Fakes that implement the ports: a clock that never waits, an issuer with a script, a whole set of ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sso_login.adapters.system.signals import side_by_side
from sso_login.core.credentials import Account, Credentials, Page, Role, TokenService
from sso_login.core.granting import Authorization, DeviceCode, Granted, Pending, Redirected
from sso_login.core.message import Notice
from sso_login.core.model import DEVICE_GRANT, REFRESH_GRANT, Client, Instance, Secret, Session, Token
from sso_login.core.ports import RoleAssumer, Store
from sso_login.flows.select.session import Chosen
from sso_login.storage.role_store import EntryRoles
from sso_login.storage.session_store import SessionStore
from tests.support.stores.memory import MemoryCards, MemoryEntries, MemoryLocks, MemorySdkCache

Answer = TypeVar("Answer")

NOW = 1_800_000_000
INSTANCE = Instance("https://example.awsapps.com/start", "us-east-1")
GRANTS = (DEVICE_GRANT, REFRESH_GRANT)
SCOPES = ("sso:account:access",)


@dataclass
class FakeClock:
    """Two clocks that only move when somebody sleeps; `asleep` runs at each sleep, to let things happen meanwhile."""

    wall: float = NOW
    mono: float = 50.0
    slept: list[float] = field(default_factory=list)
    asleep: Callable[[], None] | None = None

    def now(self) -> float:
        """Tell the wall clock's time."""
        return self.wall

    def monotonic(self) -> float:
        """Tell the other clock's time."""
        return self.mono

    def sleep(self, seconds: float) -> None:
        """Move both clocks at once."""
        self.slept.append(seconds)
        self.wall += seconds
        self.mono += seconds
        if self.asleep:
            self.asleep()


def client(**changes: object) -> Client:
    """Make a registration that is good for 90 days."""
    whole = {"id": "client", "secret": Secret("client-secret"), "issued_at": NOW, "grants": GRANTS}
    return Client(**{**whole, "expires_at": NOW + 90 * 86400, **changes})  # type: ignore[arg-type]  # made to be mixed


def token(access: str = "access-1", refresh: str | None = "refresh-1", *, left: float = 3600) -> Token:
    """Make a token of an hour with `left` seconds left."""
    secret = Secret(refresh) if refresh else None
    return Token(Secret(access), secret, expires_at=int(NOW + left), issued_at=int(min(NOW, NOW + left - 3600)))


def session(name: str = "my-sso", **changes: object) -> Session:
    """Make a login."""
    whole = {"name": name, "instance": INSTANCE, "client": client(), "token": token(), "scopes": SCOPES}
    return Session(**{**whole, **changes})  # type: ignore[arg-type]  # made to be mixed


def code(**changes: object) -> DeviceCode:
    """Make a device code of ten minutes."""
    whole = {"code": Secret("device-code"), "user_code": "BCDF-GHJK", "url": "https://device.example/", "interval": 5.0}
    return DeviceCode(**{**whole, "url_complete": None, "expires_at": NOW + 600, **changes})  # type: ignore[arg-type]  # made to be mixed


@dataclass
class ScriptedIssuer:
    """An Issuer that answers from a script, an answer or an exception a call, and remembers it all."""

    polled: Sequence[Token | Pending | Exception] = ()
    renewed: Sequence[Token | Exception] = ()
    started: Sequence[DeviceCode | Exception] = ()
    registered: Sequence[Client | Exception] = ()
    exchanged: Sequence[Token | Exception] = ()
    ended: Sequence[Exception | None] = ()
    calls: list[str] = field(default_factory=list)
    during: Callable[[], None] | None = None
    grants: tuple[str, ...] = ()

    def register(self, scopes: tuple[str, ...], grants: tuple[str, ...]) -> Client:
        """Register."""
        del scopes
        self.calls.append("register")
        self.grants = grants
        answer, *self.registered = self.registered
        return _given(answer)

    def start(self, client: Client) -> DeviceCode:
        """Start."""
        self.calls.append(f"start {client.id}")
        answer, *self.started = self.started
        return _given(answer)

    def poll(self, client: Client, code: DeviceCode) -> Token | Pending:
        """Poll."""
        del client, code
        self.calls.append("poll")
        answer, *self.polled = self.polled
        if isinstance(answer, Exception):
            raise answer
        return answer

    def authorize_url(self, client: Client, authorization: Authorization) -> str:
        """Give an address with the state in it."""
        return f"https://issuer.example/authorize?client_id={client.id}&state={authorization.state.reveal()}"

    def exchange(self, client: Client, authorization: Authorization, code: Secret) -> Granted:
        """Exchange."""
        del authorization
        self.calls.append(f"exchange {client.id} {code.reveal()}")
        answer, *self.exchanged = self.exchanged
        return Granted(_given(answer))

    def renew(self, session: Session) -> Token:
        """Renew; `during` happens before the answer comes."""
        self.calls.append(f"renew {session.token.refresh.reveal() if session.token.refresh else None}")
        if self.during:
            self.during()
        answer, *self.renewed = self.renewed
        return _given(answer)

    def end(self, token: Token) -> None:
        """End."""
        self.calls.append(f"end {token.access.reveal()}")
        if self.ended:
            answer, *self.ended = self.ended
            _given(answer)


@dataclass
class ScriptedReceiver:
    """A Receiver to which a browser brings these queries, one after the other, in a second each; `{state}` is right."""

    clock: FakeClock
    brought: Sequence[str] = ()
    state: str = ""
    redirect_uri: str = "http://127.0.0.1:40001/oauth/callback"
    waited: float = 0.0

    def receive(self, judge: Callable[[str], Redirected | None], *, seconds: float) -> Redirected | None:
        """Bring them until one is the answer; the time passes when none is."""
        self.waited = seconds
        for query in self.brought:
            self.clock.sleep(1)
            if answer := judge(query.format(state=self.state)):
                return answer
        self.clock.sleep(seconds - len(self.brought))
        return None


def _given(answer: Answer | Exception) -> Answer:
    if isinstance(answer, Exception):
        raise answer
    return answer


class MeanwhileLocks(MemoryLocks):
    """Locks for which something else happens while they are waited for."""

    before: Callable[[], object] | None = None

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Let it happen, then hold the lock."""
        if self.before:
            self.before()
        with super().hold(name):
            yield


class NoPortal:
    """A Portal that nobody is to ask anything; a test's own answers what it is about."""

    def accounts(self, token: Token, *, after: str | None = None) -> Page[Account]:
        """List accounts."""
        del token, after
        raise AssertionError("no test asks this")

    def roles(self, token: Token, account: Account, *, after: str | None = None) -> Page[Role]:
        """List roles."""
        del token, account, after
        raise AssertionError("no test asks this")

    def role_credentials(self, token: Token, *, account: str, role: str) -> Credentials:
        """Give credentials."""
        del token, account, role
        raise AssertionError("no test asks this")


@dataclass
class FakePorts:
    """The port Ports over memory; counts how often signals were held back while something was saved."""

    issuing: ScriptedIssuer = field(default_factory=ScriptedIssuer)
    clock: FakeClock = field(default_factory=FakeClock)
    env: Mapping[str, str] = field(default_factory=dict)
    cards: MemoryCards = field(default_factory=MemoryCards)
    locks: MeanwhileLocks = field(default_factory=MeanwhileLocks)
    entries: dict[str, MemoryEntries] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    rescue: SessionStore | None = None
    sdk_cache: MemorySdkCache = field(default_factory=MemorySdkCache)
    role_locks: MeanwhileLocks = field(default_factory=MeanwhileLocks)
    access: NoPortal = field(default_factory=NoPortal)
    assuming: RoleAssumer | None = None
    held: int = 0

    def store(self, kind: str) -> Store:
        """Give the store of that kind."""
        return SessionStore(self.entries.setdefault(kind, MemoryEntries(kind=kind)))

    def issuer(self, instance: Instance) -> ScriptedIssuer:
        """Give the scripted issuer, whatever the instance."""
        del instance
        return self.issuing

    def roles(self, kind: str) -> EntryRoles:
        """Give the roles in the store of that kind."""
        return EntryRoles(self.entries.setdefault(kind, MemoryEntries(kind=kind)))

    def portal(self, instance: Instance) -> NoPortal:
        """Give the test's own portal, whatever the instance."""
        del instance
        return self.access

    def token_service(self, service: TokenService) -> RoleAssumer:
        """Give the test's own STS."""
        del service
        assert self.assuming is not None
        return self.assuming

    def side_by_side(self, calls: Sequence[Callable[[], None]], *, at_once: int) -> None:
        """Make them in threads."""
        side_by_side(calls, at_once=at_once)

    @contextmanager
    def _holding(self) -> Iterator[None]:
        self.held += 1
        yield
        self.held -= 1

    def unbroken(self) -> AbstractContextManager[None]:
        """Count what is held back."""
        return self._holding()

    def notify(self, notice: Notice) -> None:
        """Remember what was said."""
        self.notices.append(notice)


def chosen(**changes: object) -> Chosen:
    """Choose the session of `session()`."""
    whole = {"name": "my-sso", "instance": INSTANCE, "scopes": SCOPES, "card": None, "sdk_cache": False}
    return Chosen(**{**whole, "source": "the config", **changes})  # type: ignore[arg-type]  # made to be mixed
