"""What the processes share: stores, cards, locks, clocks and an issuer; and what must hold of them after every step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sso_login import layout
from sso_login.core.model import (
    DEVICE_GRANT,
    REFRESH_GRANT,
    Card,
    Client,
    Instance,
    Secret,
    Session,
    Token,
    fingerprint,
)

if TYPE_CHECKING:
    from tests.simulation.process import Process

NOW: Final = 1_800_000_000
NAME: Final = "corp"
ENTRY: Final = layout.entry(layout.SESSION, NAME)
INSTANCE: Final = Instance("https://example.awsapps.com/start", "us-east-1")
SCOPES: Final = ("sso:account:access",)
CLIENT: Final = Client(
    "client", Secret("secret"), issued_at=NOW, expires_at=NOW + 90 * 86400, grants=(DEVICE_GRANT, REFRESH_GRANT)
)
AGAIN: Final = 15.0  # seconds until an unanswered refresh token may be sent again
HOUR: Final = 3600


class Violated(AssertionError):
    """Something that must never happen has happened."""


@dataclass
class Sent:
    """A refresh token that went out: by whom, when by the clock that never goes back, and what became of it."""

    by: Process
    at: float
    outcome: str = "flying"  # then answered, refused, lost


@dataclass
class Disk:
    """The state of a machine and of the issuer it talks to; `rotation` is strict, grace or none."""

    rotation: str
    wall: float = NOW
    mono: float = 0.0
    stores: dict[str, dict[str, str]] = field(default_factory=lambda: {"keyring": {}, "file": {}, "rescue": {}})
    cards: dict[str, Card] = field(default_factory=dict)
    sdk: dict[str, tuple[Session, float]] = field(default_factory=dict)
    sdk_is_ours: bool = False
    locks: dict[str, Process] = field(default_factory=dict)
    sent: dict[str, list[Sent]] = field(default_factory=dict)
    saved: set[str] = field(default_factory=set)  # access tokens that lay in a store at some time
    born: dict[str, tuple[int, int]] = field(default_factory=dict)  # access token: its login, its number in that
    live: dict[int, str] = field(default_factory=dict)  # login: the refresh token that the issuer takes now
    earlier: dict[int, str] = field(default_factory=dict)  # login: the one before, while there is grace
    excused: set[int] = field(default_factory=set)  # logins of which a human may have to make another
    by_an_sdk: set[str] = field(default_factory=set)  # access tokens that an SDK got
    jumped: bool = False
    logins: int = 0

    # --- the issuer

    def granted(self) -> Session:
        """Let a human approve a login."""
        self.logins += 1
        return Session(NAME, INSTANCE, CLIENT, self._token(self.logins, 1), SCOPES)

    def _token(self, login: int, number: int) -> Token:
        access, refresh = f"access-{login}-{number}", f"refresh-{login}-{0 if self.rotation == 'none' else number}"
        self.earlier[login], self.live[login] = self.live.get(login, ""), refresh
        self.born[access] = login, number
        now = int(self.wall)
        return Token(Secret(access), Secret(refresh), expires_at=now + HOUR, issued_at=now)

    def exchanged(self, session: Session) -> Token | None:
        """Spend a refresh token as the issuer does: a new token, or None for a refusal."""
        login, _ = self.born[session.token.access.reveal()]
        refresh = session.token.refresh.reveal() if session.token.refresh else ""
        last = max(number for of, number in self.born.values() if of == login)
        if refresh == self.live.get(login):
            return self._token(login, last + 1)
        if self.rotation == "grace" and refresh == self.earlier.get(login):
            before = self.earlier[login]
            made = self._token(login, last + 1)
            self.earlier[login] = before
            if self.sdk:  # an SDK beside us holds one of the two answers, and nobody knows which the issuer takes
                self.excused.add(login)
            return made
        return None

    def over(self) -> None:
        """Let the portal session of the last login end: its refresh token is refused from now on."""
        self.live[self.logins] = self.earlier[self.logins] = "none"
        self.excused.add(self.logins)

    def login_of(self, session: Session) -> int:
        """Give the number of the login that a session came of."""
        return self.born[session.token.access.reveal()][0]

    def newest(self, session: Session) -> bool:
        """Tell whether a store or the SDKs' copy has the refresh token that the issuer takes now, and not this one."""
        live = self.live.get(self.login_of(session))
        mine = session.token.refresh.reveal() if session.token.refresh else ""
        copies = [kept for kept, _ in self.sdk.values() if kept.token.issued_at > session.token.issued_at]
        there = {copy.token.refresh.reveal() for copy in copies if copy.token.refresh}
        return live != mine and live in there

    # --- what must hold

    def sends(self, process: Process, session: Session) -> Sent:
        """Note that a refresh token goes out, and judge whether it may."""
        mark = fingerprint(session.token)
        made = Sent(process, self.mono)
        if process.careless:  # an SDK is bound by no rule of ours, and a logout ends the session anyway
            self.sent.setdefault(mark, []).append(made)
            return made
        for other in (each for sent in self.sent.values() for each in sent):
            if other.outcome == "flying" and other.by.alive and not other.by.careless:
                raise Violated("two renewals are in flight")
        for before in (each for each in self.sent.get(mark, []) if each.by.kind != "sdk"):
            if before.outcome == "answered" and self.rotation != "none":
                raise Violated("a refresh token was sent again after its answer had come")
            early = self.mono - before.at < AGAIN and not self.jumped
            unheard = before.outcome == "lost" or not before.by.alive
            if unheard and early and not process.forced:
                raise Violated("a refresh token whose answer never came was sent again at once")
        if not process.proved:
            raise Violated("a refresh token was sent before the store was proved writable")
        self.sent.setdefault(mark, []).append(made)
        return made

    def writes(self, process: Process, kind: str, session: Session) -> None:
        """Judge a record that is about to be written."""
        new = self.born[session.token.access.reveal()]
        old_text = self.stores[kind].get(ENTRY)
        if kind == "rescue" or process.logs_in:
            return
        if old_text is None:
            if ENTRY not in self.stores["rescue"]:
                raise Violated("a login was brought back that somebody had logged out of")
            return
        old = self.born[old_text.split("\n")[3]]
        # An SDK that renewed the login before this one, and wrote that after it: nobody can tell it from a renewal.
        if old > new and session.token.access.reveal() not in self.by_an_sdk:
            raise Violated("a newer record was written over by an older one")

    def everything_is_listed(self) -> None:
        """Judge whether a logout would find every secret there is."""
        card = self.cards.get(NAME)
        for entry in self.stores["keyring"]:
            listed = card and (
                (card.store == "keyring" and entry in card.entries)
                or (card.also == "keyring" and entry in card.also_entries)
            )
            if not listed:
                raise Violated(f"no card lists {entry.split(':')[1]} in the keyring")
        if self.sdk and self.sdk_is_ours and not (card and card.sdk_cache in self.sdk):
            raise Violated("no card lists the SDKs' copy")

    def hands_out(self, token: Token) -> None:
        """Judge a token that is given to a user."""
        if token.access.reveal() not in self.saved:
            raise Violated("a token was handed out that lies nowhere")
        if not token.usable(self.wall) and not self.jumped:
            raise Violated("a token was handed out that is over")

    def erased(self, process: Process) -> None:
        """Judge that a record was taken away by neither a login nor a logout."""
        raise Violated(f"a record was erased by {process.kind}")

    def lost(self, login: int) -> None:
        """Note what may cost a login where the issuer takes a refresh token once: nobody can know what it answered."""
        if self.rotation == "strict":
            self.excused.add(login)
