"""A profile of the shared credentials file, kept fresh for tools that know no SSO.

Beside the three keys that SDKs read stands `x_security_token_expires`: saml2aws and okta-aws-cli write it, prompts such
as starship read it, and every SDK passes over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.adapters.aws_files.aws_config import credentials_path
from sso_login.adapters.aws_files.aws_edit import Change, planned
from sso_login.core.errors import UsageProblem
from sso_login.core.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from sso_login.core.credentials import Credentials

    class Edit(Protocol):
        """How a file is edited."""

        def __call__(self, path: str, changes: Sequence[Change], *, private: bool) -> bool:
            """Change sections of the file, and tell whether anything had to be."""


EXPIRES: Final = "x_security_token_expires"
_LONG_TERM: Final = ("aws_access_key_id", "aws_secret_access_key")
_TOKEN: Final = "aws_session_token"  # noqa: S105 - the name of a key, no secret


def write_profile(env: Mapping[str, str], name: str, credentials: Credentials, *, edit: Edit) -> None:
    """Put credentials into [NAME]; raises UsageProblem where long-term keys are in the way, ConfigError, StorageError.

    Long-term keys are those without a session token, and so nothing that was written here.
    """
    path = credentials_path(env)
    if any(_has(path, name, key) for key in _LONG_TERM) and not _has(path, name, _TOKEN):
        message = f"[{name}] of {path} holds long-term keys, which are never written over"
        raise UsageProblem(message, hint="Give --write-profile another name, or remove that section yourself.")
    values = {
        "aws_access_key_id": credentials.key_id,
        "aws_secret_access_key": credentials.secret.reveal(),
        _TOKEN: credentials.token.reveal(),
        EXPIRES: rfc3339(credentials.expires_at),
    }
    edit(path, [Change(name, values)], private=True)


def _has(path: str, name: str, key: str) -> bool:
    before, after = planned(path, [Change(name, remove=(key,))])
    return before != after
