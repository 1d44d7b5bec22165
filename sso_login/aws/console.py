"""The console's federation endpoint: credentials become a sign-in token, and that an address.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from sso_login.aws import wire
from sso_login.aws.endpoint import partition
from sso_login.core.errors import ServiceError
from sso_login.core.message import Request, Response
from sso_login.core.model import Secret, normal_url

if TYPE_CHECKING:
    from sso_login.core.credentials import Credentials
    from sso_login.core.ports import Transport

SIGNIN_TOKEN: Final = "GetSigninToken"  # noqa: S105 - the operation's name, no secret
DEADLINE: Final = 20.0  # seconds for a whole call
_NO_SUCH_METHOD: Final = frozenset({405, 501})
_HINT: Final = "Try again: the credentials may have expired a moment ago. Check any AWS_ENDPOINT_URL_SIGNIN setting."


def federation_url(region: str, override: str = "") -> str:
    """Name the endpoint of the partition that the region is in, or the one below a configured endpoint."""
    base = normal_url(override) if override else f"https://signin.{partition(region).console_domain}"
    return f"{base}/federation"


def home_url(region: str, working: str | None) -> str:
    """Name the console's first page in that region's partition, in the region one works in where that is known."""
    domain = partition(region).console_domain
    if working is None:
        return f"https://console.{domain}/console/home"
    return f"https://{working}.console.{domain}/console/home?region={working}"


def signin_token(endpoint: str, credentials: Credentials) -> Request:
    """Build getSigninToken with the credentials in its body, where no log of a proxy or server has them."""
    return Request(SIGNIN_TOKEN, "POST", endpoint, form=_asked(credentials), deadline=DEADLINE)


def signin_token_by_get(endpoint: str, credentials: Credentials) -> Request:
    """Build the same with the credentials in the query, as it is documented; only where POST is not taken."""
    return Request(SIGNIN_TOKEN, "GET", f"{endpoint}?{urlencode(_asked(credentials))}", deadline=DEADLINE)


def _asked(credentials: Credentials) -> dict[str, str]:
    session = {
        "sessionId": credentials.key_id,
        "sessionKey": credentials.secret.reveal(),
        "sessionToken": credentials.token.reveal(),
    }
    return {"Action": "getSigninToken", "Session": json.dumps(session, separators=(",", ":"))}


def refuses_post(response: Response) -> bool:
    """Tell whether the endpoint knows no POST."""
    return response.status in _NO_SUCH_METHOD


def read_signin_token(response: Response) -> Secret:
    """Read the reply; raises ServiceError, MalformedReply, NotAnAnswer."""
    if 400 <= response.status < 500 and response.status not in {408, 429}:  # a page says why, in no form that is known
        message = f"{SIGNIN_TOKEN} was refused: HTTP {response.status}"
        raise ServiceError(message, code=f"http_{response.status}", hint=_HINT)
    return Secret(wire.token(wire.answer(response, SIGNIN_TOKEN), "SigninToken", SIGNIN_TOKEN))


def login_url(endpoint: str, token: Secret, *, destination: str, issuer: str) -> Secret:
    """Give the address that signs a browser in: good once, for 15 minutes, and as secret as what it stands for."""
    asked = {
        "Action": "login",
        "Issuer": issuer,
        "Destination": destination,
        "SigninToken": token.reveal(),
    }
    return Secret(f"{endpoint}?{urlencode(asked)}")


def console_url(
    transport: Transport, endpoint: str, credentials: Credentials, *, destination: str, issuer: str
) -> Secret:
    """Give the address that signs a browser in; raises Unreachable, ServiceError, MalformedReply."""
    reply = transport.send(signin_token(endpoint, credentials))
    if refuses_post(reply):
        reply = transport.send(signin_token_by_get(endpoint, credentials))
    token = read_signin_token(reply)
    return login_url(endpoint, token, destination=destination, issuer=issuer)
