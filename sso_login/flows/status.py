"""What is known of sessions without asking anybody on the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sso_login import wording
from sso_login.core.errors import LoginRequired, NotLoggedIn, SsoLoginError
from sso_login.core.model import OAUTH, SSO, labelled
from sso_login.core.portal_end import portal_end
from sso_login.flows.stored_login import StoredLogin

if TYPE_CHECKING:
    from sso_login.core.model import Card, Instance, Session
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen
    from sso_login.flows.stored_login import Held

VALID: Final = wording.VALID
RENEWABLE: Final = wording.RENEWABLE
LOGIN_REQUIRED: Final = wording.LOGIN_REQUIRED
UNREADABLE: Final = wording.UNREADABLE


@dataclass(frozen=True, slots=True)
class Standing:
    """How a session stands: `state` is one of the four above, instants are epoch seconds, None where not known.

    `rescued` names the folder where the newest tokens lie because their store did not take them.
    """

    name: str
    state: str
    instance: Instance | None = None
    issued_at: int | None = None
    expires_at: int | None = None
    registration_expires_at: int | None = None
    renewable: bool | None = None
    scopes: tuple[str, ...] = ()
    store: str | None = None
    backend: str | None = None
    rescued: str | None = None
    card: Card | None = None
    session: Session | None = None
    error: SsoLoginError | None = None
    unread_kind: str = SSO

    @property
    def kind(self) -> str:
        """Tell a session of IAM Identity Center from a login by AWS Sign-In and one at an OAuth issuer."""
        return self.instance.kind if self.instance else self.unread_kind

    @property
    def label(self) -> str:
        """Name it for a person."""
        return labelled(self.name, self.kind)

    @property
    def ends_at(self) -> float:
        """Tell when a human must log in again, as far as is known, in epoch seconds."""
        if self.session is None:
            return 0
        token, until = self.session.token, self.session.client.expires_at
        until = min(until, self.portal_ends_at or until)
        return wording.end(token.expires_at, until, renewable=bool(self.renewable))

    @property
    def portal_ends_at(self) -> int:
        """Tell at about which instant the portal session ends, as earlier ones of this login did; 0: not known."""
        return portal_end(self.card, self.session.token) if self.card and self.session and self.renewable else 0

    @property
    def trouble(self) -> SsoLoginError | None:
        """Give the error that is worth a word; that nobody has logged in yet is none."""
        return None if isinstance(self.error, NotLoggedIn) else self.error


def standing(ports: Ports, chosen: Chosen) -> Standing:
    """Read how one session stands; what is wrong with it becomes part of the answer, never an exception."""
    try:
        found = StoredLogin(ports, chosen).load()
    except LoginRequired as error:
        return _without(chosen, state=LOGIN_REQUIRED, error=error)
    except SsoLoginError as error:
        return _without(chosen, state=UNREADABLE, error=error)
    place = ports.rescue.backend if ports.rescue and found.rescued else None
    return _with(found, now=ports.clock.now(), rescued=place)


def _without(chosen: Chosen, *, state: str, error: SsoLoginError) -> Standing:
    card = chosen.card
    return Standing(
        name=chosen.name,
        state=state,
        instance=chosen.instance,
        scopes=chosen.scopes,
        store=card.store if card else None,
        backend=card.backend if card else None,
        error=error,
    )


def _with(found: Held, *, now: float, rescued: str | None) -> Standing:
    session, token = found.session, found.session.token
    renewable = token.refresh is not None and session.client.usable(now) and not found.card.refused
    valid = token.usable(now) and not token.misdated(now)
    state = VALID if valid else RENEWABLE if renewable else LOGIN_REQUIRED
    return Standing(
        name=session.name,
        state=state,
        instance=session.instance,
        issued_at=token.issued_at,
        expires_at=None if token.endless else token.expires_at,
        registration_expires_at=None if session.instance.kind == OAUTH else session.client.expires_at,
        renewable=renewable,
        scopes=session.scopes,
        store=found.store.kind,
        backend=found.card.backend,  # as the record was last written
        rescued=rescued,
        card=found.card,
        session=found.session,
    )
