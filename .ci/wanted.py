"""Prints what pyproject.toml needs to run and to be tested on Linux, a requirement a line, for pip."""

import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"

if __name__ == "__main__":
    told = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    for line in (*told["project"]["dependencies"], *told["dependency-groups"]["test"]):
        print(line)  # noqa: T201 - what it is for
