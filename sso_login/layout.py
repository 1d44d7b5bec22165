"""Where things are and what they are called: state folder, entry names, the head of a record.

Imports os and sys only, so that the hot path and the adapters share it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = "sso-login-record 1"
MAGIC_NAME = "sso-login-record "
USERNAME = "sso-login"
SESSION = "sso"

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


def home(env: Mapping[str, str]) -> str:
    """Name the state folder: SSO_LOGIN_HOME, else `sso-login` in the platform's state folder."""
    ours = env.get("SSO_LOGIN_HOME")
    if ours:
        return os.path.abspath(os.path.expanduser(ours))
    return os.path.join(_state(env), "sso-login")


def _state(env: Mapping[str, str]) -> str:
    # platformdirs says the same, but costs the hot path five times its budget to import.
    user = env.get("HOME") or os.path.expanduser("~")
    if sys.platform == "win32":
        return env.get("LOCALAPPDATA") or os.path.join(user, "AppData", "Local")
    if sys.platform == "darwin":
        return os.path.join(user, "Library", "Application Support")
    state = env.get("XDG_STATE_HOME", "")
    return state if os.path.isabs(state) else os.path.join(user, ".local", "state")


def quoted(part: str) -> str:
    """Percent-encode a name so that it is one safe part of an entry's or a file's name."""
    return "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in part.encode("utf-8", "surrogatepass"))


def entry(kind: str, *parts: str) -> str:
    """Name a secret: `sso-login:KIND:PART:...`, each part percent-encoded; a keyring's service name."""
    return ":".join(["sso-login", kind, *map(quoted, parts)])


def pack(expires_at: int, output: str, body: str) -> str:
    """Write a record: magic line with the version, expiry in epoch seconds, the exact bytes to print, the JSON body."""
    return f"{MAGIC}\n{expires_at}\n{output}\n{body}"


def parse(text: str) -> tuple[int, str, str] | None:
    """Read a record's three parts back; None for anything that is not a record of this version."""
    head = text.split("\n", 3)
    if len(head) != 4 or head[0] != MAGIC or not head[1].isascii() or not head[1].isdigit() or len(head[1]) > 15:
        return None
    return int(head[1]), head[2], head[3]
