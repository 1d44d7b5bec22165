"""What the benchmark computes and prints is right, whatever the times are."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from benchmarks import growth, listing, peers
from benchmarks.measure import Case, Cost, Failed, Pair, cpu_ratio, crowd, paired, spent, wall_ratio
from benchmarks.table import each_more, ratio_cells, table, verdict

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only POSIX tells what a child has cost")

NOTHING: Final = Case("nothing", (sys.executable, "-I", "-S", "-c", "pass"), {})
FAILING: Final = Case("failing", (sys.executable, "-I", "-S", "-c", "raise SystemExit(3)"), {})


@pytest.mark.parametrize(
    ("ratio", "budget", "words"),
    [
        (0.9, 1.0, "within"),
        (1.0, 1.0, "within"),
        (1.0049, 1.0, "within"),
        (1.006, 1.0, "MISSED by 0.01"),
        (1.22, 1.1, "MISSED by 0.12"),
        (30.0, None, ""),
    ],
)
def test_a_verdict_holds_a_ratio_against_its_budget_as_precisely_as_budgets_are_written(
    ratio: float, budget: float | None, words: str
) -> None:
    """Equal to the budget is within it; what is over is said; without a budget there is no verdict."""
    assert verdict(ratio, budget) == words


def test_a_ratio_is_the_median_of_the_pairs_ratios() -> None:
    """Each run is held against the floor beside it, so that a slow moment of the machine takes both."""
    quick, slow, odd = Cost(1, 2), Cost(10, 20), Cost(99, 99)
    pairs = [Pair(Cost(2, 6), quick), Pair(Cost(20, 60), slow), Pair(odd, quick)]
    assert (cpu_ratio(pairs), wall_ratio(pairs)) == (2, 3)


def test_every_case_is_measured_once_a_round_beside_the_floor() -> None:
    """Whatever the order, each case has as many pairs as there were rounds, and no cost is nothing."""
    said: list[str] = []
    found = paired([NOTHING, NOTHING], NOTHING, rounds=3, chance=random.Random(1), say=said.append)
    assert [len(pairs) for pairs in found] == [3, 3]
    assert all(cost.cpu > 0 and cost.wall > 0 for pairs in found for pair in pairs for cost in (pair.case, pair.floor))
    assert said[-1] == "round 3 of 3"


def test_a_command_that_fails_is_no_measurement() -> None:
    """A quick error must never pass for a quick answer."""
    with pytest.raises(Failed, match="failing: ended with 3"):
        spent(FAILING)


def test_many_at_once_are_all_waited_for_and_their_failures_counted() -> None:
    """The time is that of all, and who failed is not left out."""
    assert crowd(NOTHING, 3, python=sys.executable).failed == 0
    assert crowd(FAILING, 3, python=sys.executable).failed == 3


def test_memory_is_that_of_the_command_not_of_whoever_started_it() -> None:
    """The kernel hands a starter's size on to what it starts, so a small program starts them."""
    ballast = b"x" * (64 << 20)
    assert 1 << 10 < crowd(NOTHING, 1, python=sys.executable).rss < len(ballast) >> 10


def test_a_table_is_markdown_with_its_numbers_to_the_right() -> None:
    """One line of head, one of rule, one for each case."""
    cells = [ratio_cells("a", 1.2, 1.25, 1.1), ratio_cells("b", 33.333, 30, None)]
    assert table(["path", "x F CPU", "x F wall", "budget", "verdict"], cells).splitlines() == [
        "| path | x F CPU | x F wall | budget | verdict |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| a | 1.20 | 1.25 | 1.10 | MISSED by 0.10 |",
        "| b | 33.33 | 30.00 |  |  |",
    ]


def test_growth_is_told_in_milliseconds_and_by_what_each_session_adds() -> None:
    """From one session to a hundred there are 99 more."""
    assert each_more(1, 100, more=99) == 1
    written = growth.growth_table([growth.Growth("`status`", [Cost(0.1, 0.2), Cost(0.109, 0.209), Cost(0.199, 0.398)])])
    assert written.splitlines()[-1] == "| `status` | 100.0 (200.0) | 109.0 (209.0) | 199.0 (398.0) | 1.0 (2.0) |"


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (["1 15 16 16", "1 9 16 16", "2 26 15 16"], "1.00 | 15.00 | 13.0 | 12 | 16 | 16 | within |"),
        (["1 11.9 16 16"], "1.00 | 11.90 | 11.9 | 12 | 16 | 16 | MISSED |"),
        (["1 15 17 16"], "1.00 | 15.00 | 15.0 | 12 | 17 | 16 | MISSED |"),
    ],
)
def test_the_listing_s_verdict_is_on_its_speed_and_its_connections(lines: list[str], end: str) -> None:
    """At least twelve times faster by the median of the rounds, over no more than sixteen connections in any."""
    assert listing.listing_table([listing.read(line) for line in lines]).splitlines()[-1].endswith(end)


def test_what_is_measured_of_a_peer_is_the_program_not_the_script_that_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version manager's shell script on PATH is passed over."""
    for folder, content in [("shims", "#!/usr/bin/env bash\n"), ("real", "#!/usr/bin/python3\n")]:
        program = tmp_path / folder / "peer"
        program.parent.mkdir()
        program.write_text(content)
        program.chmod(0o700)
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / folder) for folder in ("shims", "real")))
    assert peers.found("peer") == str(tmp_path / "real" / "peer")
    assert peers.found("no-such-peer") is None


def test_the_benchmark_starts_with_the_standard_library_alone() -> None:
    """It is there for any Python, before anything is installed."""
    script = Path(__file__).parents[2] / "benchmarks" / "run.py"
    done = subprocess.run(
        [sys.executable, "-S", "-I", str(script), "--help"], env={}, capture_output=True, text=True, check=True
    )
    assert "--rounds" in done.stdout
