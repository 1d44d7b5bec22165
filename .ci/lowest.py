"""Prints the lowest versions that pyproject.toml allows of what sso-login needs, as pip's constraints."""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"

if __name__ == "__main__":
    for line in tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]:
        found = re.fullmatch(r"([a-z0-9-]+)>=([0-9.]+)(; .*)?", line)
        if found is None:
            raise SystemExit(f"not NAME>=VERSION: {line}")
        print(f"{found[1]}=={found[2]}")  # noqa: T201 - what it is for
