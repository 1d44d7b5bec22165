"""Measures the house: `python -m tests.house.measure` prints the largest folders, files and functions, and any circle.

Imports that only types need count as well: a reader follows them all the same.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PLACES: Final = ("sso_login", "tests", "benchmarks")


def sources(*places: str) -> list[Path]:
    """List every Python file of these places, sorted."""
    return sorted(path for place in places for path in (ROOT / place).rglob("*.py"))


def folders(*places: str) -> Counter[str]:
    """Count the Python files of each folder."""
    return Counter(str(path.parent.relative_to(ROOT)) for path in sources(*places))


def files(*places: str) -> Counter[str]:
    """Count the lines of each file."""
    counts = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*places)
    }
    return Counter(counts)


def functions(*places: str) -> Counter[str]:
    """Count the lines of each function, from `def` to its last line."""
    lengths: Counter[str] = Counter()
    for path in sources(*places):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                lengths[f"{path.relative_to(ROOT)}:{node.name}"] = node.end_lineno - node.lineno + 1
    return lengths


def circle() -> list[str]:
    """Find modules of ours that import each other in a circle; empty where there is none."""
    modules = {_module(path): path for path in sources("sso_login")}
    graph = {name: set(_imported(path, modules)) - {name} for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        return [str(name) for name in found.args[1]]
    return []


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in modules:
                    yield whole
                elif node.module in modules:
                    yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)


def _report() -> None:
    lines = [f"{sum(files('sso_login').values())} lines in sso_login, {sum(files('tests').values())} in tests"]
    for title, counts in (
        ("folder", folders(*PLACES)),
        ("file", files("sso_login")),
        ("function", functions("sso_login")),
    ):
        lines += [f"{title:9}{count:5}  {name}" for name, count in counts.most_common(5)]
    lines.append(f"circle       {' -> '.join(circle()) or 'none'}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    _report()
