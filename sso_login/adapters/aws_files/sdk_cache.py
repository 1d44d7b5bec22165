"""The SSO cache of the AWS SDKs, `~/.aws/sso/cache`, in their own format.

Source: botocore's tokens.py and SSOTokenLoader; "IAM Identity Center credential provider" in the SDK reference.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from sso_login.adapters.aws_files.aws_config import expanded
from sso_login.adapters.aws_files.sdk_files import read_instant, token_text
from sso_login.core.model import REFRESH_GRANT, Client, Secret, Session, Token, normal_url
from sso_login.core.times import rfc3339
from sso_login.storage.record import Broken, Fields

if TYPE_CHECKING:
    from collections.abc import Mapping


def sso_folder(env: Mapping[str, str]) -> str:
    """Name the folder; no variable moves it elsewhere."""
    return expanded(env, "~/.aws/sso/cache")


class SsoForm:
    """The port Form: one file a session, named after the sso-session or after a legacy profile's start URL."""

    def file_name(self, named: str) -> str:
        """Name the file: the SHA-1 of that name, which is what every SDK looks for."""
        return hashlib.sha1(named.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest() + ".json"

    def members(self, session: Session) -> dict[str, object]:
        """Write a login as the SDKs read it; without a refresh token they find nothing to renew it with."""
        members: dict[str, object] = {
            "startUrl": session.instance.start_url,
            "region": session.instance.region,
            "accessToken": session.token.access.reveal(),
            "expiresAt": rfc3339(session.token.expires_at),
            "clientId": session.client.id,
            "clientSecret": session.client.secret.reveal(),
            "registrationExpiresAt": rfc3339(session.client.expires_at),
        }
        if session.token.refresh is not None:
            members["refreshToken"] = session.token.refresh.reveal()
        return members

    def followed(self, session: Session, fields: Fields) -> Session:
        """Read the login back as an SDK left it; raise Broken, also where it is one of another instance."""
        there = normal_url(fields.text("startUrl")), fields.text("region")
        if there != (normal_url(session.instance.start_url), session.instance.region):
            raise Broken("it is a login of another start URL or region")
        token = Token(
            Secret(token_text(fields, "accessToken")),
            _refresh(session, fields),
            expires_at=read_instant(fields.text("expiresAt")),
            issued_at=session.token.issued_at,
        )
        return replace(session, token=token, client=_client(session.client, fields))


def _refresh(session: Session, fields: Fields) -> Secret | None:
    # RFC 6749 section 6: no new refresh token means that the old one stays; botocore leaves it out then.
    return Secret(token_text(fields, "refreshToken")) if fields.has("refreshToken") else session.token.refresh


def _client(ours: Client, fields: Fields) -> Client:
    """Read the registration; another one than ours is good for renewing alone, since its grants are not known."""
    if not fields.has("clientId"):
        return ours
    found = token_text(fields, "clientId"), Secret(token_text(fields, "clientSecret"))
    if found == (ours.id, ours.secret):
        return ours
    expires_at = read_instant(fields.text("registrationExpiresAt"))
    return Client(*found, issued_at=0, expires_at=expires_at, grants=(REFRESH_GRANT,))
