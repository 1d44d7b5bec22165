"""When a portal session ends, as far as earlier ones tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sso_login.core.model import Card, Instance
from sso_login.core.portal_end import HOUR, learnt, portal_end
from tests.support.fakes import INSTANCE, NOW, token

MINUTE = 60
CARD = Card("my-sso", INSTANCE, (), "file", "file", began=NOW)


def span(*parts: float) -> tuple[int, int]:
    """Give a span in seconds."""
    least, most = parts
    return int(least), int(most)


@pytest.mark.parametrize(
    ("lasted", "length"),
    [
        ([], 0),
        ([(7.25 * HOUR, 8.05 * HOUR)], 8 * HOUR),
        ([(7.9 * 24 * HOUR - HOUR, 8.1 * 24 * HOUR - HOUR)], 8 * 24 * HOUR),
        ([(6.99 * 24 * HOUR, 7.01 * 24 * HOUR)], 7 * 24 * HOUR),
        ([(7.3 * HOUR, 8.2 * HOUR), (7.9 * HOUR, 8.6 * HOUR)], 8 * HOUR),
        ([(50 * MINUTE, 95 * MINUTE)], HOUR),
        ([(61 * MINUTE, 62 * MINUTE)], 62 * MINUTE),
        ([(3 * HOUR, 3 * HOUR + 50 * MINUTE), (7.3 * HOUR, 8.2 * HOUR)], 3.25 * HOUR),
        ([(2 * HOUR, 60 * HOUR)], 0),
        ([(9, 9), (-5, 7), (9, 3)], 0),
    ],
)
def test_the_first_round_number_that_fits_is_taken(lasted: list[tuple[float, float]], length: float) -> None:
    """The newest counts where they differ; one that nobody looked at for hours tells nothing."""
    assert learnt([span(*each) for each in lasted]) == length


def test_the_end_is_counted_from_the_login() -> None:
    """And not told where nothing was learnt, or a renewal has shown that it was wrong."""
    known = replace(CARD, lasted=(span(7.5 * HOUR, 8 * HOUR),))
    assert portal_end(known, token()) == NOW + 8 * HOUR
    assert portal_end(CARD, token()) == 0
    assert portal_end(replace(known, began=0), token()) == 0
    assert portal_end(known, replace(token(), issued_at=NOW + 9 * HOUR)) == 0


def test_aws_sign_in_says_itself_how_long() -> None:
    """Twelve hours at most."""
    there = Instance("https://signin.aws.amazon.com", "us-east-1", kind="signin")
    assert portal_end(replace(CARD, instance=there), token()) == NOW + 12 * HOUR


def test_a_refusal_is_remembered_once() -> None:
    """From the last renewal to the refusal; the last five; a clock that went back tells nothing."""
    spent = replace(token(), issued_at=NOW + 7 * HOUR)
    card = CARD.refused_at(NOW + 7.75 * HOUR, spent)
    assert (card.refused, card.lasted) == (True, (span(7 * HOUR, 7.75 * HOUR),))
    assert card.refused_at(NOW + 9 * HOUR, spent).lasted == card.lasted
    assert CARD.refused_at(NOW - 5, spent).lasted == ()
    full = replace(CARD, lasted=tuple((each, each + 1) for each in range(5)))
    assert len(full.refused_at(NOW + 8 * HOUR, spent).lasted) == 5
