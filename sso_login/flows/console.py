"""The AWS console, signed in with credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sso_login.aws import console as federation

if TYPE_CHECKING:
    from sso_login.core.credentials import Credentials
    from sso_login.core.model import Secret
    from sso_login.core.ports import Transport


def console_url(
    transport: Transport, endpoint: str, credentials: Credentials, *, destination: str, issuer: str
) -> Secret:
    """Give the address that signs a browser in; raises Unreachable, ServiceError, MalformedReply."""
    reply = transport.send(federation.signin_token(endpoint, credentials))
    if federation.refuses_post(reply):
        reply = transport.send(federation.signin_token_by_get(endpoint, credentials))
    token = federation.read_signin_token(reply)
    return federation.login_url(endpoint, token, destination=destination, issuer=issuer)
