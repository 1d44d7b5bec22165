"""What comes back from an authorize page by way of the browser (RFC 6749 section 4.1.2), read strictly."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from sso_login.core.granting import Redirected
from sso_login.core.message import shown
from sso_login.core.model import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_CODE: Final = 4096
_FIELDS: Final = 16
_CODE: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_CODE}}}")  # RFC 6749 appendix A.11, without the space
_ERROR: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def read_redirect(query: str, state: Secret) -> Redirected | None:
    """Read the query of a redirect; None unless it answers the request that was made with this state.

    The state is compared in constant time, and before anything else of the query has a say.
    """
    members = _members(query)
    said = members.get("state", "").encode("utf-8", "replace")
    if not hmac.compare_digest(said, state.reveal().encode()):
        return None
    if ("code" in members) == ("error" in members):
        return None
    return _granted(members["code"]) if "code" in members else _refused(members)


def _members(query: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=_FIELDS)
    except ValueError:
        return {}
    members = dict(pairs)
    # Section 3.1: parameters must not be included more than once; which of two would count?
    return members if len(members) == len(pairs) else {}


def _granted(code: str) -> Redirected | None:
    return Redirected(code=Secret(code)) if _CODE.fullmatch(code) else None


def _refused(members: Mapping[str, str]) -> Redirected | None:
    error = members["error"]
    if not _ERROR.fullmatch(error):
        return None
    return Redirected(error=error, description=shown(members.get("error_description", "")))
