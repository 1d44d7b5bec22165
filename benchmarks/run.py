"""Measures everything and prints it as Markdown: `python3 benchmarks/run.py`, standard library only."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import main

if __name__ == "__main__":
    main()
