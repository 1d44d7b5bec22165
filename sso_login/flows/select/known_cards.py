"""The cards of all logins, each read when it is asked for: one session that is named costs one card, not all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sso_login.core.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sso_login.core.model import Card
    from sso_login.core.ports import Cards


class KnownCards(Mapping[str, "Card"]):
    """The cards of one kind of login by name; one that cannot be read is not there, and `broken` is told of it."""

    def __init__(self, cards: Cards, kind: str, broken: Callable[[str, StorageError], None]) -> None:
        """Read nothing yet."""
        self._cards = cards
        self._kind = kind
        self._broken = broken
        self._read: dict[str, Card | None] = {}

    def __getitem__(self, name: str) -> Card:
        """Give a card; raise KeyError where there is none that can be used."""
        if name not in self._read:
            self._read[name] = self._found(name)
        card = self._read[name]
        if card is None:
            raise KeyError(name)
        return card

    def __iter__(self) -> Iterator[str]:
        """Read them all, in order of name."""
        return (name for name in self._cards.names() if name in self)

    def __len__(self) -> int:
        """Count those that can be read."""
        return sum(1 for _ in self)

    def _found(self, name: str) -> Card | None:
        try:
            card = self._cards.read(name)
        except StorageError as error:
            self._broken(name, error)
            return None
        return card if card and card.instance.kind == self._kind else None


class EveryCard:
    """The cards of sessions of AWS, `ours`, and of logins at OAuth issuers, `issued`."""

    def __init__(self, ours: Mapping[str, Card], issued: Mapping[str, Card]) -> None:
        """Keep them apart."""
        self.ours = ours
        self.issued = issued

    def __iter__(self) -> Iterator[Card]:
        """Read them all."""
        yield from self.ours.values()
        yield from self.issued.values()
