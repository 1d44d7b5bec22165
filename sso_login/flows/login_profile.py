"""Whether a profile may take the key `login_session`, by which the AWS SDKs find a login by AWS Sign-In."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.core.errors import UsageProblem
from sso_login.flows import session_names as names

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY: Final = "login_session"

# Whatever else says where a profile's credentials come from: the SDKs would take it first, or refuse the profile.
OTHERS: Final = (
    *("sso_session", "sso_start_url", "sso_account_id", "sso_role_name"),
    *("role_arn", "source_profile", "credential_source", "web_identity_token_file", "credential_process"),
    *("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
)


def check(profile: str, keys: Mapping[str, str], *, arn: str | None = None, force: bool = False) -> None:
    """Raise UsageProblem unless the profile may take a login_session; `arn` None while nobody has signed in yet.

    `keys` are those that the config and the credentials file give it; only the value of login_session matters.
    `force` overrules another login_session, never other credentials: a key of those is not ours to remove.
    """
    found = [key for key in OTHERS if key in keys]
    if found:
        message = f"profile {names.quoted(profile)} already has other credentials ({', '.join(found)})"
        hint = "Name another profile with --profile, or remove those keys from ~/.aws/config and ~/.aws/credentials."
        raise UsageProblem(message, hint=hint)
    if arn is not None and not force and keys.get(KEY, arn) != arn:
        message = (
            f"profile {names.quoted(profile)} belongs to {names.quoted(keys[KEY])}, and {names.quoted(arn)} signed in"
        )
        raise UsageProblem(message, hint="Name another profile with --profile, or say --force.")
