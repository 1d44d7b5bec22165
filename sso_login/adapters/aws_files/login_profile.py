"""The key `login_session` of a profile in the AWS config file, and what else the AWS files have of that profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.adapters.aws_files.aws_config import config_path, credentials_path
from sso_login.adapters.aws_files.aws_edit import Change, read_keys, title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY: Final = "login_session"


def profile_keys(env: Mapping[str, str], profile: str) -> dict[str, str]:
    """Give the keys of a profile in the config and credentials files, and the value of login_session alone.

    Raises ConfigError.
    """
    config = read_keys(config_path(env), "profile", values=(KEY,))
    credentials = read_keys(credentials_path(env), "", values=(KEY,))
    return {**config.get(profile, {}), **credentials.get(profile, {})}


def note_login_session(env: Mapping[str, str], profile: str, arn: str, *, edit: Callable[..., bool]) -> bool:
    """Write the key into the config file through World.edit_aws_file; tell whether anything had to be written.

    Raises UsageProblem, ConfigError, StorageError.
    """
    return edit(config_path(env), [Change(title_of("profile", profile), {KEY: arn})], private=False)
