"""The ID token of a login at an OAuth issuer, renewed with the access token it came with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sso_login.core.errors import ServiceError
from sso_login.flows.renewal import YOUNG, Outcome, Want, ensured
from sso_login.oauth.token_reply import ends_at

if TYPE_CHECKING:
    from sso_login.core.model import Secret
    from sso_login.core.ports import Ports
    from sso_login.flows.select.session import Chosen


@dataclass(frozen=True, slots=True)
class Identity:
    """An ID token, when it ends (epoch seconds, None where it does not say), and what came of making it fresh."""

    id_token: Secret
    expires_at: float | None
    outcome: Outcome


def ensured_identity(ports: Ports, chosen: Chosen, *, min_ttl: float) -> Identity:
    """Give the ID token with so many seconds left, renewing the login if need be; raises what `ensured` does.

    It has an end of its own, which may come before the access token's. ServiceError where the issuer gave none.
    """
    found = _identity(ensured(ports, chosen, Want(min_ttl=min_ttl, keep_young=True)))
    now, token = ports.clock.now(), found.outcome.session.token
    young = 0 <= now - token.issued_at < YOUNG and (found.expires_at or now + 1) > now
    if found.expires_at is None or found.expires_at - now > min_ttl or young or token.refresh is None:
        return found
    return _identity(ensured(ports, chosen, Want(min_ttl=min_ttl, force=True)))


def _identity(outcome: Outcome) -> Identity:
    session = outcome.session
    if session.token.id_token is None:
        hint = "Ask for the scope openid: `sso-login device --scope openid --force`."
        raise ServiceError(f"the issuer of {session.name!r} gave no ID token", code="no_id_token", hint=hint)
    return Identity(session.token.id_token, ends_at(session.token.id_token), outcome)
