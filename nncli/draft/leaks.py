"""Columns that give the answer away: known only once the answer is, or the answer in other words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nncli.data.answers import guess_task
from nncli.data.cells import holes, is_number, plain_number, stripped
from nncli.data.columns import Look, Portrait
from nncli.data.csv_file import open_csv
from nncli.data.files import shown
from nncli.network.params import Array

FEWEST_ROWS = 20
"""In fewer rows, anything may go together by chance."""
MOST_CELLS = 50
"""Different cells of a column that can be told from names of rows."""
ROWS_PER_CELL = 4
MISSES = 0.02
"""Of the rows outside the commonest class, the share that a column may get wrong and still give the answer away."""
SAME_ORDER = 0.9999
"""The correlation of ranks from which a number says the same as the target."""
MOST_ROWS = 100_000
"""Numbers are compared over so many rows."""


def leaks(path: Path, look: Look, target: Sequence[str], missing: Sequence[str]) -> dict[str, str]:
    """Column -> why it is no fair input. One more pass over the file."""
    if look.rows < FEWEST_ROWS:
        return {}
    found: dict[str, str] = {}
    empty, goals = holes(missing), set(target)
    for name in target:
        goal = look.column(name)
        others = [column for column in look.columns if column.name not in goals]
        if guess_task(goal) == "classification":
            found |= _telling(path, goal, others, empty)
        else:
            found |= _same_order(path, goal, others, empty)
    return found


def _telling(
    path: Path, goal: Portrait, others: Sequence[Portrait], missing: frozenset[str]
) -> dict[str, str]:
    """Columns each of whose cells goes with one class."""
    names = [c.name for c in others if _is_comparable(c)]
    if not names or not goal.counted or not 2 <= goal.distinct <= MOST_CELLS:
        return {}
    pairs: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in names}
    with open_csv(path) as table:
        for _, cells in table.chunks():
            for name, counter in pairs.items():
                counter.update(zip(cells[name], cells[goal.name], strict=True))
    allowed = MISSES * (goal.rows - max(goal.counts.values()))
    why = f"gives the answer away: each of its cells goes with one {shown(goal.name, 40)}"
    return {name: why for name, counts in pairs.items() if _misses(counts, missing) <= allowed}


def _is_comparable(column: Portrait) -> bool:
    few = column.counted and 2 <= column.distinct <= MOST_CELLS
    return few and column.rows >= ROWS_PER_CELL * column.distinct


def _misses(pairs: Counter[tuple[str, str]], missing: frozenset[str]) -> int:
    """Rows that the commonest answer of their cell gets wrong."""
    plain: Counter[tuple[str, str]] = Counter()
    for (cell, answer), count in pairs.items():
        text = stripped(cell)
        plain["" if text in missing else text, _answer(answer)] += count
    best: Counter[str] = Counter()
    for (cell, _), count in plain.items():
        best[cell] = max(best[cell], count)
    return plain.total() - best.total()


def _answer(cell: str) -> str:
    return plain_number(cell) if is_number(cell) else stripped(cell)


def _same_order(
    path: Path, goal: Portrait, others: Sequence[Portrait], missing: frozenset[str]
) -> dict[str, str]:
    """Columns of numbers that rise or fall exactly as the target does."""
    names = [c.name for c in others if c.kind == "number" and c.distinct > 2]
    if not names:
        return {}
    values = _numbers(path, [goal.name, *names], missing)
    why = f"gives the answer away: it rises and falls exactly as {shown(goal.name, 40)} does"
    return {name: why for name in names if _rank_correlation(values[goal.name], values[name])}


def _numbers(path: Path, names: Sequence[str], missing: frozenset[str]) -> dict[str, Array]:
    """The first rows of some columns, NaN for what is no number."""
    found: dict[str, list[float]] = {name: [] for name in names}
    with open_csv(path) as table:
        for _, cells in table.chunks():
            for name in names:
                found[name] += _as_floats(cells[name], missing)
            if len(found[names[0]]) >= MOST_ROWS:
                break
    return {name: np.array(values) for name, values in found.items()}


def _as_floats(cells: Sequence[str], missing: frozenset[str]) -> Iterator[float]:
    for cell in cells:
        yield float(cell) if cell not in missing and is_number(cell) else np.nan


def _rank_correlation(one: Array, other: Array) -> bool:
    """Whether two columns have the same order, or the opposite one, where both have numbers."""
    both = ~(np.isnan(one) | np.isnan(other))
    if both.sum() < FEWEST_ROWS:
        return False
    a, b = (np.unique(values[both], return_inverse=True)[1] for values in (one, other))
    if a.max() < 2 or b.max() < 2 or not a.std() or not b.std():
        return False
    return bool(abs(np.corrcoef(a, b)[0, 1]) >= SAME_ORDER)
