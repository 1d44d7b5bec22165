"""SSO-OIDC: RegisterClient, StartDeviceAuthorization and CreateToken as requests, and their replies as values.

The API: https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/ (JSON over POST, unsigned, camelCase).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from sso_login.aws import wire
from sso_login.aws.endpoint import oidc_url
from sso_login.core.errors import MalformedReply, ServiceError
from sso_login.core.message import Request, Response
from sso_login.core.model import (
    CALLBACK,
    CODE_GRANT,
    DEVICE_GRANT,
    REFRESH_GRANT,
    Client,
    Instance,
    Secret,
    Token,
    normal_url,
)
from sso_login.oauth import pkce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.granting import Authorization, DeviceCode, Pending

REGISTER: Final = "RegisterClient"
START: Final = "StartDeviceAuthorization"
CREATE: Final = "CreateToken"

REDIRECT: Final = "http://127.0.0.1" + CALLBACK  # as it is registered: any port will do (RFC 8252 section 7.3)
CLIENT_NAME: Final = "sso-login"  # the consent page shows it
DEADLINE: Final = 30.0  # seconds for a whole call; a refresh's answer is precious, so not less
DEFAULT_INTERVAL: Final = 5.0  # RFC 8628 section 3.2
LONGEST_INTERVAL: Final = 60.0
LONGEST_CODE: Final = 3600  # seconds; AWS's codes live for ten minutes
LONGEST_TOKEN: Final = 100 * 86400  # seconds; a portal session lives for 90 days at most
NEVER: Final = 4102444800  # 2100-01-01: what a registration without an end is taken to live until

_AGAIN: Final = "Start again with `sso-login device`."
_BROWSER: Final = "Start again with `sso-login browser`."
_REPORT: Final = "This should not happen with sso-login's own requests; please report it with the request id."
_REGISTERS_ANEW: Final = "The registration was refused or has expired; `sso-login device --force` makes a new one."
_REGION: Final = (
    "Often the wrong region: sso_region must be the one the Identity Center lives in; check the start URL too."
)
_SCOPES: Final = "Check sso_registration_scopes; sso:account:access is the scope that is always there."
_SLOWER: Final = "Too many requests at once; wait a minute and try again."

# The next step for every error the API's model declares, by operation. Server errors are not among
# them: they are no answer, and core/errors.py has words for that.
HINTS: Final[Mapping[str, Mapping[str, str]]] = {
    REGISTER: {
        "invalid_request": _REGION,
        "invalid_scope": _SCOPES,
        "invalid_client_metadata": _REPORT,
        "invalid_redirect_uri": _REPORT,
        "unsupported_grant_type": "This Identity Center does not offer that kind of login; try the other one of "
        "`sso-login device` and `sso-login browser`.",
        "slow_down": _SLOWER,
    },
    START: {
        "invalid_request": _REGION,
        "invalid_client": _REGISTERS_ANEW,
        "unauthorized_client": _REGISTERS_ANEW,
        "slow_down": _SLOWER,
    },
    CREATE: {
        "authorization_pending": "Approve the code in the browser; it was not approved yet.",
        "slow_down": _SLOWER,
        "access_denied": "The request was denied in the browser, or its user may not use this application. " + _AGAIN,
        "expired_token": "The code was not approved in time. " + _AGAIN,
        "invalid_grant": "The code or login is used up, over, or of another client. Log in with `sso-login device`.",
        "invalid_client": _REGISTERS_ANEW,
        "invalid_request": "Often the wrong region or start URL, or a key of the Identity Center that is switched off. "
        + _AGAIN,
        "invalid_request_region": _REGION,
        "invalid_scope": _SCOPES,
        "unauthorized_client": _REGISTERS_ANEW,
        "unsupported_grant_type": _REPORT,
    },
}


# The same call for a code that a browser brought back: other things go wrong with it.
EXCHANGE_HINTS: Final[Mapping[str, str]] = {
    **HINTS[CREATE],
    "access_denied": f"The user may not use this application. {_BROWSER}",
    "expired_token": f"The code that the browser brought is over. {_BROWSER}",
    "invalid_grant": f"The code that the browser brought is used up, over, or of another login. {_BROWSER}",
    "invalid_client": "The registration was refused or has expired; `sso-login browser --force` makes a new one.",
    "unsupported_grant_type": "This Identity Center does not offer that kind of login; try `sso-login device`.",
}


def register(instance: Instance, *, scopes: tuple[str, ...], grants: tuple[str, ...]) -> Request:
    """Build RegisterClient for a public client; one for the browser names where that is sent back to, and by whom."""
    body = {"clientName": CLIENT_NAME, "clientType": "public", "scopes": list(scopes), "grantTypes": list(grants)}
    if CODE_GRANT in grants:
        body |= {"redirectUris": [REDIRECT], "issuerUrl": normal_url(instance.start_url)}
    return _kept(_post(instance, REGISTER, path="/client/register", body=body))


def authorize_url(instance: Instance, client: Client, authorization: Authorization) -> str:
    """Give the address of the authorize page (RFC 7636 section 4.3); AWS names the scopes `scopes`."""
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": authorization.redirect_uri,
        "state": authorization.state.reveal(),
        "code_challenge_method": "S256",
        "code_challenge": pkce.challenge(authorization.verifier),
        "scopes": " ".join(authorization.scopes),
    }
    return f"{oidc_url(instance)}/authorize?{urlencode(query, quote_via=quote)}"


def exchange(instance: Instance, client: Client, authorization: Authorization, *, code: Secret) -> Request:
    """Build CreateToken for an authorization code (RFC 7636 section 4.5), which the request spends."""
    body = {
        **_identified(client),
        "grantType": CODE_GRANT,
        "code": code.reveal(),
        "redirectUri": authorization.redirect_uri,
        "codeVerifier": authorization.verifier.reveal(),
    }
    return _post(instance, CREATE, path="/token", body=body)


def start_device_authorization(instance: Instance, client: Client) -> Request:
    """Build StartDeviceAuthorization (RFC 8628 section 3.1)."""
    body = {**_identified(client), "startUrl": normal_url(instance.start_url)}
    return _kept(_post(instance, START, path="/device_authorization", body=body))


def poll(instance: Instance, client: Client, code: DeviceCode) -> Request:
    """Build CreateToken for a device code (RFC 8628 section 3.4)."""
    body = {**_identified(client), "grantType": DEVICE_GRANT, "deviceCode": code.code.reveal()}
    return _kept(_post(instance, CREATE, path="/token", body=body))


def renew(instance: Instance, client: Client, refresh: Secret) -> Request:
    """Build CreateToken for a refresh token (RFC 6749 section 6), which the request spends."""
    body = {**_identified(client), "grantType": REFRESH_GRANT, "refreshToken": refresh.reveal()}
    return _post(instance, CREATE, path="/token", body=body)


def _identified(client: Client) -> dict[str, object]:
    return {"clientId": client.id, "clientSecret": client.secret.reveal()}


def _post(instance: Instance, operation: str, *, path: str, body: Mapping[str, object]) -> Request:
    return Request(operation=operation, method="POST", url=oidc_url(instance) + path, json=body, deadline=DEADLINE)


def _kept(request: Request) -> Request:
    """Let a login's requests share a connection: asking again spends nothing, neither a code nor a refresh token."""
    return replace(request, keep_alive=True)


def read_client(response: Response, asked_at: float, grants: tuple[str, ...]) -> Client:
    """Read RegisterClient's reply; clientSecretExpiresAt is in epoch seconds, 0 means never (RFC 7591 section 3.2.1).

    Raises ServiceError, MalformedReply, NotAnAnswer.
    """
    reply = wire.answer(response, REGISTER, HINTS[REGISTER])
    expires_at = int(wire.number(reply, "clientSecretExpiresAt", REGISTER))
    return Client(
        id=wire.token(reply, "clientId", REGISTER),
        secret=Secret(wire.token(reply, "clientSecret", REGISTER)),
        issued_at=int(asked_at),
        expires_at=min(expires_at, NEVER) or NEVER,
        grants=grants,
    )


def read_device_code(response: Response, asked_at: float) -> DeviceCode:
    """Read StartDeviceAuthorization's reply (RFC 8628 section 3.2).

    Without a usable interval it is 5 s. A verificationUriComplete that is none is left out: the code is shown anyway.
    Raises ServiceError, MalformedReply, NotAnAnswer.
    """
    from sso_login.core.granting import DeviceCode

    reply = wire.answer(response, START, HINTS[START])
    return DeviceCode(
        code=Secret(wire.token(reply, "deviceCode", START)),
        user_code=wire.text(reply, "userCode", START, longest=64),
        url=wire.url(reply, "verificationUri", START),
        url_complete=_complete(reply),
        interval=_interval(reply.get("interval")),
        expires_at=int(asked_at + wire.lifetime(reply, "expiresIn", START, longest=LONGEST_CODE)),
    )


def _complete(reply: Mapping[str, object]) -> str | None:
    try:
        return wire.url(reply, "verificationUriComplete", START)
    except ServiceError:
        return None


def _interval(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return DEFAULT_INTERVAL
    # Less than a second is no interval anybody meant: it would be a busy loop.
    return DEFAULT_INTERVAL if value < 1 else float(min(value, LONGEST_INTERVAL))


def read_poll(response: Response, asked_at: float) -> Token | Pending:
    """Read CreateToken's reply to a device code; authorization_pending and slow_down are Pending (RFC 8628, 3.5).

    expiresIn must be a number above zero and counts for 100 days at most. Raises ServiceError (access_denied and
    expired_token among its codes), MalformedReply, NotAnAnswer.
    """
    from sso_login.core.granting import Pending

    try:
        reply = wire.answer(response, CREATE, HINTS[CREATE])
    except ServiceError as error:
        if error.code not in {"authorization_pending", "slow_down"}:
            raise
        return Pending(slow_down=error.code == "slow_down")
    return _token(reply, asked_at, lifetime=wire.lifetime(reply, "expiresIn", CREATE, longest=LONGEST_TOKEN))


def read_exchange(response: Response, asked_at: float) -> Token:
    """Read CreateToken's reply to an authorization code; expiresIn as in a poll's reply.

    Raises ServiceError, MalformedReply, NotAnAnswer.
    """
    reply = wire.answer(response, CREATE, EXCHANGE_HINTS)
    return _token(reply, asked_at, lifetime=wire.lifetime(reply, "expiresIn", CREATE, longest=LONGEST_TOKEN))


def read_token(response: Response, asked_at: float) -> Token:
    """Read CreateToken's reply to a refresh token, which is spent by now.

    So an expiresIn that is none (missing, a string, zero, negative) does not cost the refresh token that came with it:
    the token then counts as over when it was asked for. Raises ServiceError, MalformedReply, NotAnAnswer.
    """
    reply = wire.answer(response, CREATE, HINTS[CREATE])
    try:
        lifetime = wire.lifetime(reply, "expiresIn", CREATE, longest=LONGEST_TOKEN)
    except MalformedReply:
        lifetime = 0.0
    return _token(reply, asked_at, lifetime=lifetime)


def _token(reply: Mapping[str, object], asked_at: float, *, lifetime: float) -> Token:
    kind = wire.optional_token(reply, "tokenType", CREATE) or "Bearer"
    if kind.lower() != "bearer":
        raise wire.malformed(CREATE, "tokenType", "is not Bearer")
    refresh = wire.optional_token(reply, "refreshToken", CREATE)
    return Token(
        access=Secret(wire.token(reply, "accessToken", CREATE)),
        refresh=Secret(refresh) if refresh else None,
        expires_at=int(asked_at + lifetime),
        issued_at=int(asked_at),
    )
