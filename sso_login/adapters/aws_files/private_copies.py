"""The AWS files as a child may see them that is to ask a server: without a default profile that goes before it.

SDKs look into `default` before they ask for container credentials, and some fail where it has a session of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.adapters.aws_files.aws_config import config_path, credentials_path, file_bytes
from sso_login.adapters.aws_files.aws_ini import without
from sso_login.core.config import CREDENTIAL_KEYS, LOGIN_SESSION
from sso_login.core.errors import HomeUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping

# One SDK takes sso_region alone for a session, and boto is content with the older name of a session token.
_KEYS: Final = (*CREDENTIAL_KEYS, LOGIN_SESSION, "sso_region", "aws_security_token", "mfa_serial")


def copies(env: Mapping[str, str]) -> dict[str, bytes]:
    """Give the content of both files without the default profile's credentials, by their variables.

    Nothing where `default` has none: then the child may read the files themselves. Raises ConfigError.
    """
    try:
        paths = {"AWS_CONFIG_FILE": config_path(env), "AWS_SHARED_CREDENTIALS_FILE": credentials_path(env)}
    except HomeUnknown:
        return {}  # where nobody has a home, an SDK finds none either
    before = {variable: file_bytes(path) for variable, path in paths.items()}
    kinds = {"AWS_CONFIG_FILE": "profile", "AWS_SHARED_CREDENTIALS_FILE": ""}
    after = {
        variable: without(content, kinds[variable], "default", keys=_KEYS, path=paths[variable])
        for variable, content in before.items()
    }
    return {} if after == before else after
