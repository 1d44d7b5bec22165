"""Which sessions are known, by name alone: what Tab asks needs neither their cards nor anything else of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sso_login.core.config import Issuers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sso_login.core.config import AwsConfig


def known_names(config: AwsConfig, logged_in: Iterable[str]) -> list[str]:
    """List the names of all sessions that are in a config or have a card, sorted; those of OAuth issuers, too."""
    legacy = (name for name, profile in config.profiles.items() if profile.legacy)
    return sorted({*config.sessions, *legacy, *config.issuers.sections, *logged_in})


def names_of_aws(config: AwsConfig, logged_in: Iterable[str]) -> list[str]:
    """List the names of the sessions of IAM Identity Center alone."""
    return known_names(config._replace(issuers=Issuers()), logged_in)
