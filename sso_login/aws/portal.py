"""The access portal: what a signed-in user may use, and the end of the session.

The API: https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from sso_login.aws import wire
from sso_login.aws.endpoint import portal_url
from sso_login.core.credentials import Credentials
from sso_login.core.message import Request, Response
from sso_login.core.model import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.model import Instance, Token

LOGOUT: Final = "Logout"
ROLE_CREDENTIALS: Final = "GetRoleCredentials"
DEADLINE: Final = 10.0  # seconds for a whole call; nothing is lost where it is not answered
END_OF_TIME: Final = 32_503_680_000  # the year 3000, in epoch seconds
_LEAST: Final = 10**11  # milliseconds, in 1973: a number below is one of seconds

# The next step for every error the API's model declares for Logout.
HINTS: Final[Mapping[str, str]] = {
    "invalid_request": "Check the region and any AWS_ENDPOINT_URL_SSO setting.",
    "unauthorized": "Its token is no longer taken: the session is over already, or it lives on until its own end.",
    "slow_down": "Too many requests at once; wait a minute and try again.",
}
# The same for GetRoleCredentials; what it answers for a role that is not assigned is worded where that is known.
ROLE_HINTS: Final[Mapping[str, str]] = {
    "invalid_request": "Check the account, the role, the region and any AWS_ENDPOINT_URL_SSO setting.",
    "unauthorized": "Log in again with `sso-login device --force`.",
    "resource_not_found": "`sso-login roles` lists what the session may use.",
    "forbidden": "`sso-login roles` lists what the session may use.",
    "slow_down": "Too many requests at once; wait a minute and try again.",
}


def logout(instance: Instance, token: Token) -> Request:
    """Build Logout, which ends the portal session the token belongs to."""
    headers = {"x-amz-sso_bearer_token": token.access.reveal()}
    return Request(
        operation=LOGOUT, method="POST", url=portal_url(instance) + "/logout", headers=headers, deadline=DEADLINE
    )


def read_logout(response: Response) -> None:
    """Read Logout's reply, which has no content; raises ServiceError, NotAnAnswer."""
    wire.acknowledged(response, LOGOUT, HINTS)


def role_credentials(instance: Instance, token: Token, *, account: str, role: str) -> Request:
    """Build GetRoleCredentials."""
    asked = urlencode({"role_name": role, "account_id": account})
    return Request(
        operation=ROLE_CREDENTIALS,
        method="GET",
        url=f"{portal_url(instance)}/federation/credentials?{asked}",
        headers={"x-amz-sso_bearer_token": token.access.reveal()},
        deadline=DEADLINE,
    )


def read_role_credentials(response: Response, *, account: str) -> Credentials:
    """Read GetRoleCredentials' reply; raises ServiceError, MalformedReply, NotAnAnswer."""
    members = wire.answer(response, ROLE_CREDENTIALS, ROLE_HINTS)
    found = members.get("roleCredentials")
    if not isinstance(found, dict):
        raise wire.malformed(ROLE_CREDENTIALS, "roleCredentials", "is not an object")
    return Credentials(
        wire.token(found, "accessKeyId", ROLE_CREDENTIALS),
        Secret(wire.token(found, "secretAccessKey", ROLE_CREDENTIALS)),
        Secret(wire.token(found, "sessionToken", ROLE_CREDENTIALS)),
        expires_at=_expiration(found),
        account_id=account,
    )


def _expiration(found: Mapping[str, object]) -> int:
    """Read the one instant that AWS gives in milliseconds."""
    milliseconds = wire.number(found, "expiration", ROLE_CREDENTIALS)
    if not _LEAST <= milliseconds < END_OF_TIME * 1000:
        raise wire.malformed(ROLE_CREDENTIALS, "expiration", "is no instant in milliseconds")
    return int(milliseconds // 1000)
