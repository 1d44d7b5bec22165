"""One runner for every tier of tests: `python -m tests fast|parts|all [what pytest takes]`.

fast   no other program, no real part: under 30 s; what to run while writing
parts  what is held to real parts: keyring, browser, shells, AWS CLI, other processes
all    everything, as CI does
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
FAST: Final = ("core", "oauth", "aws", "storage", "flows", "doctor", "house", "api")
TIERS: Final = ("fast", "parts", "all")


def folders(tier: str) -> list[str]:
    """List the folders of a tier: whatever is not fast needs parts."""
    present = sorted(path.parent.name for path in HERE.glob("*/__init__.py") if path.parent.name != "support")
    chosen = [name for name in present if tier == "all" or (name in FAST) == (tier == "fast")]
    return [str(HERE / name) for name in chosen]


def main(argv: list[str]) -> int:
    """Run a tier and return pytest's exit code; 2 for a tier that does not exist."""
    tier, *rest = argv or [""]
    if tier not in TIERS:
        sys.stderr.write(f"usage: python -m tests {'|'.join(TIERS)} [what pytest takes]\n")
        return 2
    return int(pytest.main([*folders(tier), *rest]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
