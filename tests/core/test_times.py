"""Durations: how they are written and said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_login.core.errors import UsageProblem
from sso_login.core.times import parse_duration, spoken


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("8h", 28_800),
        ("2d", 172_800),
        ("60", 60),
        ("0", 0),
        ("1.5h", 5_400),
        ("366d", 31_622_400),
    ],
)
def test_units_and_plain_seconds(text: str, seconds: float) -> None:
    """A duration is a number with s, m, h or d, or plain seconds, up to 366 days."""
    assert parse_duration(text) == seconds


ODD = ["", "s", "m15", "-1", "-15m", "+5", "nan", "inf", "1e9", "15 m", " 15m", "15m\n", "15M", "1h30m", "5w", "0x10"]


@pytest.mark.parametrize(
    "text", [*ODD, "367d", "999999999d", "9" * 5_000, "\uff11\uff15m", "1_000", ".5", "5.", "1.2345"]
)
def test_anything_else_is_refused_with_the_ways_to_write_it(text: str) -> None:
    """Signs, blanks, exponents, NaN, infinity, other units and absurd lengths are a usage problem with a hint."""
    with pytest.raises(UsageProblem) as caught:
        parse_duration(text)
    assert "15m" in caught.value.hint
    assert len(caught.value.message) < 100


@given(st.text(max_size=20))
def test_any_text_is_a_bounded_duration_or_a_usage_problem(text: str) -> None:
    """Whatever is written gives seconds between 0 and 366 days, or a usage problem."""
    try:
        seconds = parse_duration(text)
    except UsageProblem:
        return
    assert 0 <= seconds <= 366 * 86_400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (42, "42 s"),
        (60, "1 min"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h"),
        (3_601, "1 h"),
        (28_799, "7 h 59 min"),
        (90_000, "1 d 1 h"),
        (86_460, "1 d"),
        (-5, "0 s"),
        (float("nan"), "0 s"),
        (float("inf"), "9999 d"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    """A span is rounded down to its two largest units, a zero among them left out; what is over is `0 s`."""
    assert spoken(seconds) == words


@given(st.integers(min_value=0, max_value=9_999 * 86_400))
def test_what_is_said_is_never_more_than_what_is_left(seconds: int) -> None:
    """The spoken span adds up to at most the span, and to all of it but the smaller units."""
    sizes = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
    words = spoken(seconds).split()
    said = sum(int(count) * sizes[unit] for count, unit in zip(words[::2], words[1::2], strict=True))
    smallest = {"d": 3_600, "h": 60, "min": 1, "s": 1}[words[1]]
    assert 0 <= seconds - said < smallest
