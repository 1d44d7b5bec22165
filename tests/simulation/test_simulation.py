"""The simulation within the budget of the gate: nothing is violated, and faults that are put back are found."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.simulation.enumerated import FEW, cases, failing, violated
from tests.simulation.old_faults import FAULTS, found
from tests.simulation.schedule import verdict

ROOT: Final = Path(__file__).parents[2]
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


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_is_put_back_is_found(fault: str) -> None:
    """By one of the same seeds, or by one of the same small cases."""
    assert found(fault, seeds=SCHEDULES)


def test_the_documents_list_every_fault() -> None:
    """With where it showed when `--faults` was last run."""
    listed = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0][2:] for line in listed if line.split(" | ")[0][2:] in FAULTS] == list(FAULTS)
