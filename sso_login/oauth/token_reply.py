"""What OAuth servers answer to grants, read: as strictly as safety needs, and as kindly as real servers do."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from sso_login.core.errors import MalformedReply, ServiceError
from sso_login.core.granting import DeviceCode, Pending
from sso_login.core.model import ENDLESS, Secret, Token
from sso_login.oauth import reply
from sso_login.oauth.form_wire import Said, answer, heard, refusal
from sso_login.oauth.grants import REVOKE, START, TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.message import Response

DEFAULT_INTERVAL: Final = 5.0  # seconds, RFC 8628 section 3.2
LONGEST_INTERVAL: Final = 300.0
LONGEST_CODE: Final = 86_400  # seconds
LONGEST_TOKEN: Final = 10 * 366 * 86_400  # seconds
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_OURS: Final = "Check client_id, scopes and what the issuer allows this client; see docs/issuers.md."
_CLIENT: Final = (
    "The issuer does not know this client, or its secret is wrong or missing: compare both with the issuer's settings, "
    "and give them again (`sso-login configure issuer --help`)."
)
_GRANT: Final = (
    "Let this client use that grant in the issuer's settings, or try the other one of `sso-login device` and "
)
_SCOPES: Final = "Check the scopes: `--scope`, else `scopes` of the issuer's section."
_TARGET: Final = "Check `audience` and `resource` of the issuer's section."

HINTS: Final[Mapping[str, str]] = {
    "": _OURS,
    "access_denied": "The request was denied in the browser, or its user may not use this client.",
    "expired_token": "The code was not approved in time. Start again with `sso-login device`.",
    "invalid_client": _CLIENT,
    "invalid_grant": "The code or login is used up, over, or of another client. Log in with `sso-login device`.",
    "invalid_scope": _SCOPES,
    "invalid_target": _TARGET,
    "slow_down": "Too many requests at once; wait a minute and try again.",
    "unauthorized_client": _GRANT,
    "unsupported_grant_type": _GRANT,
    "http_401": _CLIENT,
}


def read_device_code(response: Response, asked_at: float) -> DeviceCode:
    """Read a device authorization's answer (RFC 8628 section 3.2), also with Google's `verification_url`.

    Without a usable interval it is 5 s. Raises ServiceError, MalformedReply, NotAnAnswer.
    """
    members = answer(response, START, HINTS)
    named = "verification_uri" if "verification_uri" in members else "verification_url"
    address = named if named in members else "verification_uri"  # which is what is missing then
    lifetime = reply.lifetime(_counted(members, "expires_in"), "expires_in", START, longest=LONGEST_CODE)
    return DeviceCode(
        code=Secret(reply.token(members, "device_code", START)),
        user_code=reply.text(members, "user_code", START, longest=64),
        url=reply.url(members, address, START),
        url_complete=_complete(members),
        interval=_interval(members) or DEFAULT_INTERVAL,
        expires_at=int(asked_at + lifetime),
    )


def read_poll(response: Response, asked_at: float) -> Token | Pending:
    """Read the answer to a device code (RFC 8628 section 3.5); a larger interval in it is taken.

    While polling, invalid_grant means that the code is over, so it is called expired_token, too.
    Raises ServiceError (access_denied and expired_token among its codes), MalformedReply, NotAnAnswer.
    """
    said = heard(response, TOKEN)
    if said.error in {"authorization_pending", "slow_down"}:
        return Pending(slow_down=said.error == "slow_down", interval=_interval(said.members))
    if said.error == "invalid_grant":
        said = Said("expired_token", said.members)
    if said.error:
        raise refusal(said, TOKEN, HINTS)
    return _token(said.members, asked_at)


def read_exchange(response: Response, asked_at: float) -> Token:
    """Read the answer to an authorization code; raises ServiceError, MalformedReply, NotAnAnswer."""
    return _token(answer(response, TOKEN, HINTS), asked_at)


def read_renewed(response: Response, asked_at: float) -> Token:
    """Read the answer to a refresh token, which may be spent by now.

    So a lifetime that is none does not cost the refresh token that came with it: the token counts as already over.
    A bare 400 is what one strict server says to a refresh token that is used up. Raises ServiceError, MalformedReply,
    NotAnAnswer.
    """
    said = heard(response, TOKEN)
    if said.error == "http_400" and not response.body.strip():
        said = Said("invalid_grant", said.members)
    if said.error:
        raise refusal(said, TOKEN, HINTS)
    return _token(said.members, asked_at, spent=True)


def read_revoked(response: Response) -> None:
    """Accept the answer to a revocation: any 2xx without an error, whatever else it holds (RFC 7009 section 2.2).

    Raises ServiceError, NotAnAnswer.
    """
    if 200 <= response.status < 300 and reply.json_object(response.body) is None:
        return
    answer(response, REVOKE, {"": "The issuer ends the login by itself in time; its own pages may do so at once."})


def ends_at(id_token: Secret) -> float | None:
    """Read `exp` of an ID token, None where there is none; its signature is for those to check whom it is given to."""
    try:
        return reply.number(_claims(id_token) or {}, "exp", TOKEN)
    except MalformedReply:
        return None


def check_nonce(token: Token, nonce: str) -> None:
    """Raise MalformedReply where an ID token that can be read does not repeat the nonce that was sent for it."""
    claims = _claims(token.id_token) if token.id_token else None
    if claims is not None and claims.get("nonce") != nonce:
        raise reply.malformed(TOKEN, "id_token", "is not the one that was asked for: it has another nonce")


def _claims(id_token: Secret) -> Mapping[str, object] | None:
    """Read what a signed ID token says, None where it cannot be read, such as an encrypted one."""
    parts = id_token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        return reply.json_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None


def _token(members: Mapping[str, object], asked_at: float, *, spent: bool = False) -> Token:
    kind = reply.optional_token(members, "token_type", TOKEN) or "Bearer"
    if kind.lower() != "bearer":
        raise reply.malformed(TOKEN, "token_type", "is not Bearer")
    access = Secret(reply.token(members, "access_token", TOKEN))
    refresh = reply.optional_token(members, "refresh_token", TOKEN)
    id_token = reply.optional_token(members, "id_token", TOKEN)
    return Token(
        access=access,
        refresh=Secret(refresh) if refresh else None,
        expires_at=_expires_at(members, asked_at, spent=spent),
        issued_at=int(asked_at),
        id_token=Secret(id_token) if id_token else None,
    )


def _expires_at(members: Mapping[str, object], asked_at: float, *, spent: bool) -> int:
    """Tell when a token ends; one without a lifetime is good for as long as the issuer accepts it."""
    if members.get("expires_in") is None:
        return ENDLESS
    try:
        seconds = reply.lifetime(_counted(members, "expires_in"), "expires_in", TOKEN, longest=LONGEST_TOKEN)
    except MalformedReply:
        if not spent:
            raise
        seconds = 0.0
    return int(asked_at + seconds)


def _counted(members: Mapping[str, object], member: str) -> Mapping[str, object]:
    """Give the members with digits in a string taken for the number that was meant."""
    value = members.get(member)
    return {**members, member: int(value)} if isinstance(value, str) and _DIGITS.fullmatch(value) else members


def _interval(members: Mapping[str, object]) -> float:
    """Give an interval between polls, 0 where none is named that anybody could mean: less than a second is none."""
    try:
        seconds = reply.number(_counted(members, "interval"), "interval", START)
    except MalformedReply:
        return 0.0
    return min(seconds, LONGEST_INTERVAL) if seconds >= 1 else 0.0


def _complete(members: Mapping[str, object]) -> str | None:
    try:
        return reply.url(members, "verification_uri_complete", START)
    except ServiceError:
        return None
