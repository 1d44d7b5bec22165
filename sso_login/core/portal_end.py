"""When the portal session behind a login ends: nobody can be asked, so it is learnt from how earlier logins ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sso_login.core.model import SIGNIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sso_login.core.model import Card, Token

HOUR: Final = 3600
SIGN_IN: Final = 12 * HOUR  # seconds that AWS Sign-In renews a login for, at most, by its documents
UNSURE: Final = 3 * HOUR  # seconds between "still alive" and "over" beyond which nothing can be learnt
_UNITS: Final = (24 * HOUR, HOUR, HOUR // 4, 60)  # what administrators think in


def portal_end(card: Card, token: Token) -> int:
    """Tell at about which instant the login can be renewed no longer, in epoch seconds; 0 where nothing is known.

    A login that was renewed after that instant has shown that it was wrong.
    """
    known = learnt(card.lasted) or (SIGN_IN if card.instance.kind == SIGNIN else 0)
    end = card.began + known
    return end if card.began and known and end > token.issued_at else 0


def learnt(lasted: Sequence[tuple[int, int]]) -> int:
    """Give how long logins last, in seconds, from what is known of the last ones; 0 where that is too little.

    Each is known to have lasted `(at least, at most)` so long, the newest first. Of what fits all of them the first
    round number is taken: 8 hours rather than 7:52.
    """
    low = high = 0
    for least, most in lasted:
        if not 0 <= least < most or most - least > max(UNSURE, least // 4):
            continue
        if not high:
            low, high = least, most
        elif max(low, least) < min(high, most):
            low, high = max(low, least), min(high, most)
    if not high:
        return 0
    return next((first for unit in _UNITS if (first := (low // unit + 1) * unit) <= high), high)
