"""Looks at what an OAuth issuer says of itself: whether it is that issuer, and which ways to log in it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.core.errors import SsoLoginError, Unreachable
from sso_login.doctor.finding import WARN, Finding, fine, odd, of_error
from sso_login.flows.select import names

if TYPE_CHECKING:
    from sso_login.oauth.issuer import OAuthIssuer

METADATA: Final = "metadata"


def metadata_finding(name: str, issuer: OAuthIssuer) -> Finding:
    """Ask the issuer for its metadata, and tell what came of it."""
    about = names.plain(name)
    try:
        found = issuer.discovered()[0].application
    except Unreachable as error:
        return of_error(METADATA, error, about=about, status=WARN)
    except SsoLoginError as error:
        return of_error(METADATA, error, about=about)
    ways = {"`sso-login device`": found and found.device, "`sso-login browser`": found and found.authorize}
    offered = [way for way, endpoint in ways.items() if endpoint]
    if not offered:
        remedy = "Give its endpoints: see `sso-login configure issuer --help`."
        return odd(METADATA, f"{about} names an endpoint neither for device codes nor for a browser", remedy)
    gone = "" if found and found.revocation else "; what it issued cannot be revoked"
    return fine(METADATA, f"{about} can be logged in to by {' and '.join(offered)}{gone}")
