"""Our own config file, in the syntax of the AWS config file: one `[issuer NAME]` for each OAuth issuer; no secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sso_login import layout
from sso_login.adapters.aws_files.aws_config import IniFile, read_sections
from sso_login.adapters.aws_files.aws_lines import meaning
from sso_login.core.config import Issuers, IssuerSection

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND: Final = "issuer"
STORED: Final = "stored"  # the one value of client_secret, whose own place is the store
KEYS: Final = (
    *("issuer", "client_id", "client_secret", "scopes", "audience", "resource"),
    *("device_endpoint", "token_endpoint", "authorize_endpoint", "revocation_endpoint"),
)


def issuers_path(env: Mapping[str, str]) -> str:
    """Name our own config file; empty where nobody has a home."""
    try:
        return layout.config_file(env)
    except layout.NoHome:
        return ""


def read_issuers(env: Mapping[str, str]) -> Issuers:
    """Read our own config file; a missing one is empty; ConfigError, which never quotes the file."""
    path = issuers_path(env)
    if not path:
        return Issuers()
    file = IniFile(path, called="the config file", named_by="SSO_LOGIN_CONFIG_FILE (else ~/.config/sso-login/config)")
    sections, stamp = read_sections(file)
    found: dict[str, IssuerSection] = {}
    for title, values in sections.items():
        kind, name = meaning(title) or ("", "")
        if kind == KIND:
            found[name] = _section(name, title, values)
    return Issuers(path, found, stamp)


def _section(name: str, title: str, values: Mapping[str, str]) -> IssuerSection:
    return IssuerSection(
        name,
        title,
        issuer=values.get("issuer", ""),
        client_id=values.get("client_id", ""),
        scopes=_listed(values.get("scopes", "")),
        audience=values.get("audience", ""),
        resources=_listed(values.get("resource", "")),
        device_endpoint=values.get("device_endpoint", ""),
        token_endpoint=values.get("token_endpoint", ""),
        authorize_endpoint=values.get("authorize_endpoint", ""),
        revocation_endpoint=values.get("revocation_endpoint", ""),
        secret=values.get("client_secret", "") == STORED,
    )


def _listed(value: str) -> tuple[str, ...]:
    """Read a list whose items are set apart by blanks, commas or lines."""
    return tuple(dict.fromkeys(item for item in re.split(r"[\s,]+", value) if item))
