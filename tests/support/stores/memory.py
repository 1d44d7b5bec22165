"""The storage ports in memory: entries, cards and locks for everybody's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sso_login.core.errors import BadRecord, LockTimeout, StorageError
from sso_login.core.model import Card, Session


class MemoryEntries:
    """The port Entries in a dict; every operation raises `trouble` while it is set, writes raise `write_trouble`.

    `writing` happens before each write, `touching` before each write and deletion.
    """

    def __init__(self, *, kind: str = "keyring", backend: str = "memory") -> None:
        """Start empty."""
        self.kind = kind
        self.backend = backend
        self.texts: dict[str, str] = {}
        self.writes: list[str] = []
        self.trouble: StorageError | None = None
        self.write_trouble: StorageError | None = None
        self.writing: Callable[[], object] | None = None
        self.touching: Callable[[], object] | None = None

    def check(self) -> None:
        """Raise whatever trouble is set."""
        self._fail(writing=True)

    def read(self, entry: str) -> str | None:
        """Give the text, None where there is none."""
        self._fail(writing=False)
        return self.texts.get(entry)

    def write(self, entry: str, text: str) -> None:
        """Keep the text, and note the entry in `writes`."""
        self._fail(writing=True)
        if self.writing:
            self.writing()
        self.writes.append(entry)
        self.texts[entry] = text

    def delete(self, entry: str) -> bool:
        """Forget the entry; tell whether there was one."""
        self._fail(writing=True)
        return self.texts.pop(entry, None) is not None

    def found(self, beginning: str) -> list[str]:
        """List what begins so, as a store of files can."""
        return [entry for entry in self.texts if self.kind == "file" and entry.startswith(beginning)]

    def _fail(self, *, writing: bool) -> None:
        if self.trouble is not None:
            raise self.trouble
        if writing and self.write_trouble is not None:
            raise self.write_trouble
        if writing and self.touching:
            self.touching()


class MemoryCards:
    """The port Cards in a dict; a name in `broken` is listed and raises BadRecord when it is read."""

    def __init__(self, *cards: Card) -> None:
        """Start with those cards."""
        self.cards = {card.name: card for card in cards}
        self.broken: set[str] = set()

    def names(self) -> list[str]:
        """List the names, sorted."""
        return sorted({*self.cards, *self.broken})

    def read(self, name: str) -> Card | None:
        """Give a card, None where there is none."""
        if name in self.broken:
            message = f"the card of {name} cannot be used"
            raise BadRecord(message)
        return self.cards.get(name)

    def write(self, card: Card) -> None:
        """Keep a card, which mends a broken one."""
        self.broken.discard(card.name)
        self.cards[card.name] = card

    def delete(self, name: str) -> bool:
        """Forget a card, readable or not."""
        known = name in self.cards or name in self.broken
        self.broken.discard(name)
        self.cards.pop(name, None)
        return known


class MemoryLocks:
    """The port Locks for one thread: `held` are the names held now, `taken` all that ever were, in order.

    A name in `busy` is held by somebody else for ever: LockTimeout.
    """

    def __init__(self) -> None:
        """Start with nothing held."""
        self.held: set[str] = set()
        self.taken: list[str] = []
        self.busy: set[str] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold a lock; holding it twice is the deadlock it would really be."""
        if name in self.busy or name in self.held:
            message = f"session {name!r} was locked for too long"
            raise LockTimeout(message)
        self.held.add(name)
        self.taken.append(name)
        try:
            yield
        finally:
            self.held.discard(name)


class MemorySdkCache:
    """The port SdkCache in a dict by the name of the file; `trouble` is raised when one is removed."""

    def __init__(self) -> None:
        """Start empty."""
        self.kept: dict[str, Session] = {}
        self.trouble: StorageError | None = None

    def newer(self, session: Session, named: str) -> Session | None:
        """Give what is there if its token ends later."""
        found = self.kept.get(named)
        later = found is not None and found.token.expires_at > session.token.expires_at
        later = later and not self.behind(session, named)
        return replace(session, token=found.token, client=found.client) if found and later else None

    def behind(self, session: Session, named: str) -> bool:
        """Tell whether it was spent for that login."""
        found = self.kept.get(named)
        return found is not None and session.came_after(found.token)

    def put(self, session: Session, named: str, *, unless_newer: bool = False) -> None:
        """Keep it, or what is newer there."""
        if not (unless_newer and self.newer(session, named)):
            self.kept[named] = session

    def remove(self, named: str) -> bool:
        """Remove it; tell whether there was one."""
        if self.trouble:
            raise self.trouble
        return self.kept.pop(named, None) is not None

    def holds(self, session: Session, named: str) -> bool:
        """Tell whether it is there with these tokens."""
        return named in self.kept and self.kept[named].token == session.token
