"""Reads the members of a JSON request, strictly; what does not fit is InvalidRequestException."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sso_login.emulator.core.reply import oidc_refusal

if TYPE_CHECKING:
    from sso_login.emulator.core.state import Ask

Asked = Mapping[str, object]


def members(ask: Ask) -> Asked | None:
    """Read the body; None where it is not a JSON object."""
    try:
        asked = json.loads(ask.body)
    except (ValueError, RecursionError):
        return None
    return asked if isinstance(asked, dict) else None


def read(ask: Ask) -> Asked:
    """Read the body, which must be a JSON object."""
    asked = members(ask)
    if asked is None:
        raise oidc_refusal("InvalidRequestException", "the body is not a JSON object")
    return asked


def text(asked: Asked, name: str) -> str:
    """Read a member that must be there and hold more than blanks."""
    value = asked.get(name)
    if not isinstance(value, str) or not value.strip():
        raise oidc_refusal("InvalidRequestException", f"{name} is missing or not a string")
    return value


def texts(asked: Asked, name: str) -> tuple[str, ...]:
    """Read a list of strings, empty where the member is missing."""
    value = asked.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise oidc_refusal("InvalidRequestException", f"{name} is not a list of strings")
    return tuple(value)


def normal(url: str) -> str:
    """Take the trailing slash and the fragment off a start URL: they do not make another instance of it."""
    return url.partition("#")[0].rstrip("/")
