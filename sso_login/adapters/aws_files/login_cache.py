"""The login cache of the AWS SDKs, `~/.aws/login/cache`, in their own format: logins by AWS Sign-In.

Source: botocore's LoginCredentialFetcher and LoginTokenLoader.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sso_login.adapters.aws_files.aws_config import expanded
from sso_login.adapters.aws_files.sdk_files import read_instant, token_text
from sso_login.core import process
from sso_login.core.credentials import Credentials
from sso_login.core.model import Secret, Session, Token
from sso_login.core.times import rfc3339
from sso_login.storage.record import Broken, Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_TYPE: Final = "aws_sigv4"  # noqa: S105 - the kind of token that the service's model names
_PEM: Final = re.compile(r"-----BEGIN EC PRIVATE KEY-----\s[A-Za-z0-9+/=\s]{100,400}-----END EC PRIVATE KEY-----\s?")


def login_folder(env: Mapping[str, str]) -> str:
    """Name the folder: AWS_LOGIN_CACHE_DIRECTORY, else `~/.aws/login/cache`; `~` and `$NAME` are expanded."""
    return expanded(env, env.get("AWS_LOGIN_CACHE_DIRECTORY") or "~/.aws/login/cache")


class LoginForm:
    """The port Form: one file a login, named after its ARN, which is what `login_session` of a profile says."""

    def file_name(self, named: str) -> str:
        """Name the file: the SHA-256 of the ARN."""
        return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest() + ".json"

    def members(self, session: Session) -> dict[str, object]:
        """Write a login as the SDKs read it; its region goes along, or they would renew in that of the profile."""
        credentials = Fields.of(session.token.access.reveal())
        account = session.subject.split(":")[4:5] or [""]
        members: dict[str, object] = {
            "accessToken": {
                "accessKeyId": credentials.text("AccessKeyId"),
                "secretAccessKey": credentials.text("SecretAccessKey"),
                "sessionToken": credentials.text("SessionToken"),
                "accountId": credentials.text("AccountId", account[0]),
                "expiresAt": rfc3339(session.token.expires_at),
            },
            "tokenType": TOKEN_TYPE,
            "clientId": session.client.id,
            "refreshToken": session.token.refresh.reveal() if session.token.refresh else "",
            "dpopKey": session.client.secret.reveal(),
            "signInRegion": session.instance.region,
        }
        return members | ({"idToken": session.token.id_token.reveal()} if session.token.id_token else {})

    def followed(self, session: Session, fields: Fields) -> Session:
        """Read the login back as an SDK left it; raise Broken, also where it is one of another region."""
        if fields.text("signInRegion", session.instance.region) != session.instance.region:
            raise Broken("it is a login of another region")
        access = fields.fields("accessToken")
        expires_at = read_instant(access.text("expiresAt"))
        token = Token(
            Secret(_process(access, expires_at)),
            Secret(token_text(fields, "refreshToken")),
            expires_at=expires_at,
            issued_at=session.token.issued_at,
            # One SDK drops it.
            id_token=Secret(token_text(fields, "idToken")) if fields.has("idToken") else session.token.id_token,
        )
        client = replace(session.client, id=token_text(fields, "clientId"), secret=_key(session, fields))
        return replace(session, token=token, client=client)


def _process(access: Fields, expires_at: int) -> str:
    """Write credentials as the record of a sign-in has them."""
    credentials = Credentials(
        token_text(access, "accessKeyId"),
        Secret(token_text(access, "secretAccessKey")),
        Secret(token_text(access, "sessionToken")),
        expires_at=expires_at,
        account_id=token_text(access, "accountId"),
    )
    return process.written(credentials)


def _key(session: Session, fields: Fields) -> Secret:
    pem = fields.text("dpopKey")
    if pem.split() == session.client.secret.reveal().split():
        return session.client.secret  # SDKs differ about the line break at its end
    if not _PEM.fullmatch(pem):
        raise Broken("dpopKey is no EC private key in PEM")
    return Secret(pem)
