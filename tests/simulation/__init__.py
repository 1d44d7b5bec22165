"""Proof by simulation: the real flows under a scheduler that owns every step of every process.

`python -m tests.simulation --schedules 1000000` runs as many as wanted, `--seed N` replays one and tells its steps.
"""
