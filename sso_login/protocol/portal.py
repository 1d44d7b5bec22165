"""The access portal: what a signed-in user may use, and the end of the session.

The API: https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.core.message import Request, Response
from sso_login.protocol import wire
from sso_login.protocol.endpoint import portal_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sso_login.core.model import Instance, Token

LOGOUT: Final = "Logout"
DEADLINE: Final = 10.0  # seconds for a whole call; nothing is lost where it is not answered

# The next step for every error the API's model declares for Logout.
HINTS: Final[Mapping[str, str]] = {
    "invalid_request": "Check the region and any AWS_ENDPOINT_URL_SSO setting.",
    "unauthorized": "Its token is no longer taken: the session is over already, or it lives on until its own end.",
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
