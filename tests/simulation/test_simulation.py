"""The simulation within the budget of the gate: nothing is violated."""

from __future__ import annotations

from typing import Final

import pytest

from tests.simulation.enumerated import FEW, cases, failing, violated
from tests.simulation.schedule import verdict

pytestmark = pytest.mark.no_cover  # a million steps, whose lines other tests run as well

SCHEDULES: Final = 20_000
PARTS: Final = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_violated(part: int) -> None:
    """In any of the schedules that these seeds draw; a seed that fails is replayed by `--seed`."""
    each = SCHEDULES // PARTS
    assert {seed: how for seed in range(part * each, (part + 1) * each) if (how := verdict(seed))} == {}


@pytest.mark.parametrize(("switches", "kill"), [(2, False), (1, True)])
def test_nothing_is_violated_by_two_processes(switches: int, *, kill: bool) -> None:
    """In any interleaving with two switches, or with one and a kill at any step; every step there is, not a draw."""
    assert {case: how for case in cases(FEW, switches=switches, kill=kill) if (how := violated(case))} == {}


def test_nothing_is_violated_where_any_two_steps_fail() -> None:
    """Of one process and then another, each pair of steps in turn."""
    assert {case: how for case in failing(FEW, failures=2) if (how := violated(case))} == {}
