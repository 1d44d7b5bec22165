"""AWS Sign-In: its authorize page, and CreateOAuth2Token, which gives credentials to whoever proves to hold the key.

The API: https://docs.aws.amazon.com/signin/latest/APIReference/; limits and errors are those of its service model.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from sso_login.aws import wire
from sso_login.aws.endpoint import signin_url
from sso_login.core import process
from sso_login.core.credentials import Credentials
from sso_login.core.errors import MalformedReply
from sso_login.core.granting import Authorization, Granted
from sso_login.core.message import Request, Response
from sso_login.core.model import CODE_GRANT, REFRESH_GRANT, Client, Secret, Token
from sso_login.oauth import pkce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.model import Instance

CREATE: Final = "CreateOAuth2Token"
SAME_DEVICE: Final = "arn:aws:signin:::devtools/same-device"
CROSS_DEVICE: Final = "arn:aws:signin:::devtools/cross-device"
SCOPE: Final = "openid"
TOKEN_TYPES: Final = frozenset({"aws_sigv4", "urn:aws:params:oauth:token-type:access_token_sigv4"})
LIFETIME: Final = 900  # seconds that credentials live at most
DEADLINE: Final = 30.0  # seconds for a whole call; a refresh's answer is precious
LONGEST_REDIRECT: Final = 2048
LONGEST_REFRESH: Final = 2048
LONGEST_ID_TOKEN: Final = 4096

_AGAIN: Final = "Start again with `sso-login signin`."
_ARN: Final = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]{12}:[!-~]{1,1024}")
_PERMISSION: Final = (
    "The user needs signin:AuthorizeOAuth2Access and signin:CreateOAuth2Token, as in the managed policy "
    "SignInLocalDevelopmentAccess."
)
# The next step for every error of the model: AccessDeniedException by its `error`, ValidationException as
# invalid_request. TooManyRequestsError and InternalServerException are no answer; core/errors.py has words for that.
HINTS: Final[Mapping[str, str]] = {
    "authcode_expired": f"The code from the browser was used too late. {_AGAIN}",
    "token_expired": "Sign-in sessions end after 12 hours at the latest.",
    "user_credentials_changed": "The user's password or console access was changed since the login.",
    "insufficient_permissions": _PERMISSION,
    "access_denied": _PERMISSION,
    "invalid_request": f"The code or login is used up, or of another program; or this machine's clock is off. {_AGAIN}",
    "invalid_grant": "AWS no longer takes the refresh token; another program may have used a copy of it.",
    "unsupported_grant_type": "This should not happen; please report it with the request id.",
}


def authorize_url(instance: Instance, client: Client, authorization: Authorization) -> str:
    """Give the address of the authorize page; its code_challenge_method is `SHA-256`, not the `S256` of RFC 7636.

    ValueError for a redirect URI beyond the model's 2,048 characters; `pkce` knows the limits of a verifier.
    """
    if len(authorization.redirect_uri) > LONGEST_REDIRECT:
        raise ValueError("the redirect URI is too long")
    query = {
        "response_type": "code",
        "client_id": client.id,
        "state": authorization.state.reveal(),
        "code_challenge_method": "SHA-256",
        "scope": SCOPE,
        "redirect_uri": authorization.redirect_uri,
        "code_challenge": pkce.challenge(authorization.verifier),
    }
    return f"{signin_url(instance)}/v1/authorize?{urlencode(query, quote_via=quote)}"


def confirmation_url(instance: Instance) -> str:
    """Name the page of AWS that shows a code for pasting: the redirect URI of a login on another device."""
    return f"{signin_url(instance)}/v1/sessions/confirmation"


def token_url(instance: Instance) -> str:
    """Name where CreateOAuth2Token is: a DPoP proof is good for this very URL."""
    return f"{signin_url(instance)}/v1/token"


def exchange(instance: Instance, client: Client, authorization: Authorization, *, code: Secret, proof: str) -> Request:
    """Build CreateOAuth2Token for an authorization code, which the request spends.

    The model's 512 characters for it are not insisted on: longer ones were reported, and AWS issued them itself.
    """
    body = {
        "clientId": client.id,
        "grantType": CODE_GRANT,
        "code": code.reveal(),
        "codeVerifier": authorization.verifier.reveal(),
        "redirectUri": authorization.redirect_uri,
    }
    return _post(instance, body, proof=proof)


def renew(instance: Instance, client: Client, refresh: Secret, *, proof: str) -> Request:
    """Build CreateOAuth2Token for a refresh token, which the request spends."""
    body = {"clientId": client.id, "grantType": REFRESH_GRANT, "refreshToken": refresh.reveal()}
    return _post(instance, body, proof=proof)


def _post(instance: Instance, body: Mapping[str, object], *, proof: str) -> Request:
    url, headers = token_url(instance), {"DPoP": proof}
    return Request(operation=CREATE, method="POST", url=url, headers=headers, json=body, deadline=DEADLINE)


def read_exchange(response: Response, asked_at: float) -> Granted:
    """Read the reply to a code: credentials as credential_process JSON, a refresh token, and who signed in.

    Raises ServiceError, MalformedReply, NotAnAnswer.
    """
    reply = wire.answer(response, CREATE, HINTS)
    for member, longest in (("idToken", LONGEST_ID_TOKEN), ("refreshToken", LONGEST_REFRESH)):
        if len(wire.token(reply, member, CREATE)) > longest:
            raise wire.malformed(CREATE, member, f"is longer than {longest} characters")
    id_token = Secret(wire.token(reply, "idToken", CREATE))
    subject = _subject(id_token)
    return Granted(replace(_token(reply, asked_at, subject=subject), id_token=id_token), subject=subject)


def read_token(response: Response, asked_at: float, *, subject: str) -> Token:
    """Read the reply to a refresh token, which is spent by now; an expiresIn that is none does not cost the next.

    Raises ServiceError, MalformedReply, NotAnAnswer.
    """
    return _token(wire.answer(response, CREATE, HINTS), asked_at, subject=subject, spent=True)


def _token(reply: Mapping[str, object], asked_at: float, *, subject: str, spent: bool = False) -> Token:
    kind = wire.optional_token(reply, "tokenType", CREATE)
    if kind not in TOKEN_TYPES:
        raise wire.malformed(CREATE, "tokenType", "is neither of the documented ones")
    try:
        lifetime = wire.lifetime(reply, "expiresIn", CREATE, longest=LIFETIME)
    except MalformedReply:
        if not spent:
            raise
        lifetime = 0.0
    members, expires_at = reply.get("accessToken"), int(asked_at + lifetime)
    if not isinstance(members, dict):
        raise wire.malformed(CREATE, "accessToken", "is missing or not an object")
    credentials = Credentials(
        wire.token(members, "accessKeyId", CREATE),
        Secret(wire.token(members, "secretAccessKey", CREATE)),
        Secret(wire.token(members, "sessionToken", CREATE)),
        expires_at=expires_at,
        account_id=account_of(subject),
    )
    return Token(
        Secret(process.written(credentials)),
        Secret(wire.token(reply, "refreshToken", CREATE)),
        expires_at=expires_at,
        issued_at=int(asked_at),
    )


def _subject(id_token: Secret) -> str:
    """Read `sub` of the ID token, an ARN; it came straight from AWS over TLS, so its signature says nothing more.

    OpenID Connect Core section 3.1.3.7, point 6.
    """
    parts = id_token.reveal().split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        subject = claims["sub"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise wire.malformed(CREATE, "idToken", "is no JWT that says who signed in") from None
    if not isinstance(subject, str) or not _ARN.fullmatch(subject):
        raise wire.malformed(CREATE, "idToken", "names nobody by an ARN")
    return subject


def account_of(subject: str) -> str:
    """Give the account id of whom an ARN names, its fifth field."""
    return subject.split(":")[4]
