"""Numbers as Markdown tables, and the words of the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def verdict(ratio: float, budget: float | None) -> str:
    """Hold a ratio against its budget, both to two decimals, as a budget is written."""
    if budget is None:
        return ""
    over = round(round(ratio, 2) - budget, 2)
    return f"MISSED by {over:.2f}" if over > 0 else "within"


def ratio_cells(name: str, cpu: float, wall: float, budget: float | None) -> list[str]:
    """Write one line of the budgets' table."""
    return [name, f"{cpu:.2f}", f"{wall:.2f}", "" if budget is None else f"{budget:.2f}", verdict(cpu, budget)]


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table; the first column is words, the others are numbers."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, rule, *lines])


def each_more(few: float, many: float, *, more: int) -> float:
    """Give what each of `more` things adds, when none of them cost `few` and all of them cost `many`."""
    return (many - few) / more
