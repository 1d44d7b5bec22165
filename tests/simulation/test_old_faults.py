"""Faults that are put back are found by the simulation, within the budget of the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.simulation.old_faults import FAULTS, found
from tests.simulation.test_simulation import SCHEDULES

pytestmark = pytest.mark.no_cover

ROOT: Final = Path(__file__).parents[2]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_is_put_back_is_found(fault: str) -> None:
    """By one of the same seeds, or by one of the same small cases."""
    assert found(fault, seeds=SCHEDULES)


def test_the_documents_list_every_fault() -> None:
    """With where it showed when `--faults` was last run."""
    listed = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0][2:] for line in listed if line.split(" | ")[0][2:] in FAULTS] == list(FAULTS)
