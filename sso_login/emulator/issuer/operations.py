"""What an issuer can be asked, by method and path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.emulator.api import authorize
from sso_login.emulator.issuer import endpoints, grants
from sso_login.emulator.pages import approval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sso_login.emulator.core.reply import Reply
    from sso_login.emulator.core.state import Ask, Context

OPERATIONS: Final[Mapping[tuple[str, str], tuple[str, Callable[[Context, Ask], Reply]]]] = {
    ("GET", endpoints.SERVER): ("Discover", endpoints.metadata),
    ("GET", endpoints.OPENID): ("Discover", endpoints.metadata),
    ("GET", "/jwks"): ("Keys", endpoints.keys),
    ("POST", "/device_authorization"): ("DeviceAuthorization", grants.start_device_authorization),
    ("POST", "/token"): ("Token", grants.token),
    ("POST", "/revoke"): ("Revoke", endpoints.revoke),
    ("GET", "/userinfo"): ("UserInfo", endpoints.userinfo),
    ("GET", approval.PATH): ("ShowApproval", approval.show),
    ("POST", approval.PATH): ("DecideApproval", approval.decide),
    ("GET", authorize.PATH): ("Authorize", authorize.show),
    ("POST", authorize.PATH): ("DecideAuthorization", authorize.decide),
    ("GET", "/"): ("Start", approval.start),
}
