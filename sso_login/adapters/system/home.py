"""Where the user's home is, and ours in it: one answer for every path; refused where it cannot be told.

Root in somebody else's home (`sudo -E`) would leave folders behind that lock their owner out, so it makes none there.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from sso_login import layout
from sso_login.core.errors import HomeUnknown, UnsafeFile, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping


def user_home(env: Mapping[str, str]) -> str:
    """Name the home folder: HOME, else the passwd entry's; raise HomeUnknown."""
    try:
        return layout.user_home(env)
    except layout.NoHome as error:
        raise _unknown(env) from error


def state_home(env: Mapping[str, str]) -> str:
    """Name the state folder; raise HomeUnknown, UsageProblem for a relative SSO_LOGIN_HOME, UnsafeFile for root."""
    try:
        found = layout.home(env)
    except layout.NoHome as error:
        raise _unknown(env) from error
    if not os.path.isabs(found):
        message = f"SSO_LOGIN_HOME is not an absolute path: {found}"
        raise UsageProblem(message, hint="Name a folder from / on, such as SSO_LOGIN_HOME=/srv/sso-login.")
    if not env.get("SSO_LOGIN_HOME"):
        refuse_for_root(found)
    if os.path.isdir(found):  # else it is to be made, or for whoever opens it to explain
        refuse_shared(found, os.stat(found))
    return found


def refuse_shared(home: str, found: os.stat_result) -> None:
    """Raise UnsafeFile unless the folder that all of ours lie in is this user's, and nobody else may write in it."""
    if sys.platform == "win32":
        return
    if found.st_uid == os.geteuid() and not found.st_mode & 0o022:
        return
    import shlex  # for errors alone

    if found.st_uid != os.geteuid():
        name = owner(found.st_uid)
        remedy = "Name another folder in SSO_LOGIN_HOME."
        if os.geteuid() == 0:
            remedy = (
                f"Run it as that user (`sudo -u {name} -H sso-login ...`), or name another folder in SSO_LOGIN_HOME."
            )
        elif found.st_uid == 0:  # most often made by an earlier sudo
            remedy = f'Fix it: `sudo chown -R "$(id -un)" {shlex.quote(home)}`.'
        raise UnsafeFile(f"the state folder {home} belongs to {name}", hint=remedy)
    hint = f"Fix it: `chmod go-w {shlex.quote(home)}`."
    raise UnsafeFile(f"others may write in the state folder {home}", hint=hint)


def expanded(env: Mapping[str, str], path: str) -> str:
    """Put the home folder in place of a leading `~`; raise HomeUnknown."""
    try:
        return layout.expanded(env, path)
    except layout.NoHome as error:
        raise _unknown(env) from error


def refuse_for_root(path: str) -> None:
    """Raise UnsafeFile where root would make that path, or change it, in a folder that belongs to somebody else."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    there = path
    while not os.path.lexists(there) and there != os.path.dirname(there):
        there = os.path.dirname(there)
    uid = os.lstat(there).st_uid
    if uid != 0:
        message = f"{there} belongs to {owner(uid)}, whom anything that root makes there would lock out"
        hint = f"Run it as that user (`sudo -u {owner(uid)} -H sso-login ...`), or name a folder of root's: "
        raise UnsafeFile(message, hint=f"{hint}`sudo -H sso-login ...` or SSO_LOGIN_HOME.")


def owner(uid: int) -> str:
    """Name a user, such as `alice` or `#1000`, as sudo takes it."""
    if sys.platform == "win32":
        return f"#{uid}"
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"


def _unknown(env: Mapping[str, str]) -> HomeUnknown:
    named = "HOME" if sys.platform != "win32" else "USERPROFILE"
    value = env.get(named)
    said = "is not set" if value is None else "is empty" if not value else f"is not an absolute path ({value})"
    message = f"no home folder is known: {named} {said}"
    if sys.platform != "win32":
        message += f", and user id {os.getuid()} has no home in the system's list of users"
    return HomeUnknown(message)
