"""The session that is meant, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sso_login.core.model import Card, Instance


@dataclass(frozen=True, slots=True)
class Chosen:
    """The session that is meant, as config, flags and environment now have it.

    `scopes` are those to ask for; `card` is what is known of an earlier login under that name;
    `source` says for people where the session was found; `profile` is the one it was found through.
    """

    name: str
    instance: Instance
    scopes: tuple[str, ...]
    card: Card | None
    sdk_cache: bool
    source: str
    profile: str | None = None
    cache_name: str = ""

    @property
    def cached_as(self) -> str:
        """What the SDKs name their cache file after: the session, but for a legacy profile its start URL as written."""
        return self.cache_name or self.name
