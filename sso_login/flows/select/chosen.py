"""The session that is meant, as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sso_login.core.model import normal_url

if TYPE_CHECKING:
    from sso_login.core.model import Card, Instance


@dataclass(frozen=True, slots=True)
class Chosen:
    """The session that is meant, as config, flags and environment now have it.

    `scopes` are those to ask for; `card` is what is known of an earlier login under that name;
    `source` says for people where the session was found; `profile` is the one it was found through.
    `written` is a start URL on a company's own host that led to the instance's at the last login.
    """

    name: str
    instance: Instance
    scopes: tuple[str, ...]
    card: Card | None
    sdk_cache: bool
    source: str
    profile: str | None = None
    cache_name: str = ""
    written: str = ""

    @property
    def cached_as(self) -> str:
        """What the SDKs name their cache file after: the session, but for a legacy profile its start URL as written."""
        return self.cache_name or self.name

    def led(self) -> Chosen:
        """Give what the last login found behind a start URL on a company's own host, where that is still written."""
        card = self.card
        if card is None or not card.written or normal_url(card.written) != normal_url(self.instance.start_url):
            return self
        there = replace(self.instance, start_url=card.instance.start_url, region=card.instance.region)
        return replace(self, instance=there, written=card.written)
