"""What a store did not take, kept in memory; and which of two copies of a login is the newer one.

That is told by what was spent for it (fingerprints of refresh tokens), never by when a token ends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sso_login.core import commands
from sso_login.core.errors import StorageError
from sso_login.core.message import Notice
from sso_login.core.model import fingerprint

if TYPE_CHECKING:
    from sso_login.core.model import Session
    from sso_login.core.ports import Ports

SPENT: Final = 16  # fingerprints of spent refresh tokens that are kept


def newer(stored: Session | None, spare: Session | None) -> tuple[Session | None, bool]:
    """Give the newer of what is stored and what was rescued, and whether that is the rescued one."""
    if spare is None or stored is None:
        return stored or spare, stored is None and spare is not None
    if stored.token == spare.token:
        return spare, True
    ours, theirs = fingerprint(stored.token), fingerprint(spare.token)
    if ours == theirs:  # an issuer that lets a refresh token stay
        return (spare, True) if spare.token.issued_at >= stored.token.issued_at else (stored, False)
    return (spare, True) if ours in spare.spent else (stored, False)


def spending(before: Session, after: Session) -> Session:
    """Note in what came of a login which refresh tokens were spent for it, the last first."""
    last, now = fingerprint(before.token), fingerprint(after.token)
    known = [each for each in (last, *before.spent) if each and each != now]
    return replace(after, spent=tuple(dict.fromkeys(known))[:SPENT])


def rescued(ports: Ports, name: str) -> Session | None:
    """Read what was rescued of a session; what cannot be read there is told of and passed over."""
    try:
        return ports.rescue.load(name) if ports.rescue else None
    except StorageError as error:
        warn(ports, error.message)
        return None


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
