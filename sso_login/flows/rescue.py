"""What a store did not take, kept in memory; and which of two copies of a login is the newer one.

That is told by what was spent for it (fingerprints of tokens), never by when a token ends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sso_login.core import commands
from sso_login.core.errors import BadRecord, StorageError
from sso_login.core.message import Notice
from sso_login.core.model import marks

if TYPE_CHECKING:
    from sso_login.core.model import Session
    from sso_login.core.ports import Ports

SPENT: Final = 12  # renewals whose tokens are known as spent


def newer(stored: Session | None, spare: Session | None) -> tuple[Session | None, bool]:
    """Give the newer of what is stored and what was rescued, and whether that is the rescued one."""
    if spare is None or stored is None:
        return stored or spare, stored is None and spare is not None
    ahead = stored.token == spare.token or spare.came_after(stored.token)
    return (spare, True) if ahead else (stored, False)


def spending(before: Session, after: Session) -> Session:
    """Note in what came of a login which tokens were spent for it, the last first."""
    now = marks(after.token)
    known = [mark for mark in (*marks(before.token), *before.spent) if mark not in now]
    return replace(after, spent=tuple(dict.fromkeys(known))[: 2 * SPENT])


def rescued(ports: Ports, name: str) -> tuple[Session | None, StorageError | None]:
    """Read what was rescued of a session; what is damaged there is told of and passed over.

    Gives the error where something may lie there that cannot be read now: then nobody knows which token is the last.
    """
    try:
        return (ports.rescue.load(name) if ports.rescue else None), None
    except StorageError as error:
        warn(ports, error.message)
        return None, None if isinstance(error, BadRecord) else error


def rescue(ports: Ports, session: Session, problem: StorageError) -> StorageError:
    """Keep in memory what the store did not take, and give the error that says so; raise it where that fails too."""
    try:
        if ports.rescue is None:
            raise problem
        ports.rescue.save(session)
    except StorageError:
        again = commands.log_in(session.name, session.instance.kind, force=True)
        hint = f"Once the store works again: `{again}`. {problem.hint}"
        raise StorageError(f"{problem.message}; the new tokens could not be kept anywhere", hint=hint) from problem
    return StorageError(
        f"{problem.message}; the new tokens of session {session.name!r} are kept in {ports.rescue.backend} until then",
        hint=f"They are lost at the next restart, so fix the store soon. {problem.hint}",
    )


def unrescue(ports: Ports, name: str) -> bool:
    """Forget what was rescued of a session; tell whether there was anything."""
    return ports.rescue is not None and ports.rescue.delete(name)


def warn(ports: Ports, text: str) -> None:
    """Tell of something that is not as it should be."""
    ports.notify(Notice(text, warning=True))
