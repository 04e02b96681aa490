"""Runs beside each other: a column for each where there are few and they fit, otherwise a line for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from nncli.cli.console import bold, facts_table, plain_table
from nncli.cli.listing import shown
from nncli.ledger.comparing import Compared, Comparison, best_of
from nncli.ledger.facts import BEST as BEST_OF_ANY
from nncli.ledger.facts import FINAL
from nncli.spec.page import visible
from nncli.words import short, words

SIDE_BY_SIDE = 5
"""Runs that stand in columns; more of them stand in lines."""
WIDEST, NARROWEST = 40, 12
"""Letters of a value, and of a column into which longer ones are folded."""
GAP = 2
"""Blanks behind a column."""
BEST = "*"


class Row(NamedTuple):
    """One thing that is told of every run."""

    title: str
    """Of the table that it belongs to."""
    name: str
    cells: tuple[str, ...]
    best: frozenset[int]
    """Places of the best values."""

    @property
    def texts(self) -> list[Text]:
        """The cells as they are printed: the best has a star, and the others room for one."""
        if not self.best:
            return [*map(Text, self.cells)]
        return [
            bold(cell + BEST, "bold green") if place in self.best else Text(f"{cell} ")
            for place, cell in enumerate(self.cells)
        ]


def blocks(comparison: Comparison, width: int) -> list[Any]:
    """A number for each run, then the tables, none wider than `width` if it can be."""
    rows = [*_rows(comparison)]
    runs = {str(number): _told(run) for number, run in enumerate(comparison.runs, 1)}
    heads = [*runs]
    tables = [*_columns(rows, heads)]
    names = max(Text(row.name).cell_len for row in rows)
    if len(runs) > SIDE_BY_SIDE or names + len(runs) * (NARROWEST + GAP) > width:
        varied = [row for row in rows if row.title != "figure" or len(set(row.cells)) > 1]
        tables = [table.made for table in _lines(varied, heads, width)]
    star = [f"{BEST} the best of this figure"] if any(row.best for row in rows) else []
    return [facts_table(runs), *tables, *star]


def _told(run: Compared) -> str:
    best = "best of its sweep" if run.is_best else ""
    words = filter(None, (visible(run.status), run.note, best))
    return f"{visible(str(run.path))}  {', '.join(words)}"


def _rows(comparison: Comparison) -> Iterator[Row]:
    tables = {"spec": comparison.spec, "machine": comparison.machine, "figure": comparison.figures}
    for title, rows in tables.items():
        for name, values in rows.items():
            is_figure = title == "figure"
            if is_figure and _says_no_more(name, values, rows):
                continue
            cells = tuple(short(shown(name, value), WIDEST) for value in values)
            starred = is_figure and not name.startswith(FINAL)
            best = frozenset(best_of(name, values) if starred else ())
            yield Row(title, words(name) if is_figure else visible(name), cells, best)


def _says_no_more(name: str, values: Sequence[Any], rows: Mapping[str, Sequence[Any]]) -> bool:
    """Whether a figure is the best of any epoch, or the last epoch's where that is what was kept."""
    last = name.startswith(FINAL) and rows.get(name.removeprefix(FINAL)) == values
    return last or name.startswith(BEST_OF_ANY)


class _Table(NamedTuple):
    made: Table
    width: int


def _table(heads: Sequence[str], lines: Sequence[Sequence[Text]]) -> _Table:
    table = plain_table(*heads)
    for line in lines:
        table.add_row(*line)
    columns = zip(*lines, strict=True)
    widths = [
        max(_wide(head), *(cell.cell_len for cell in column))
        for head, column in zip(heads, columns, strict=True)
    ]
    return _Table(table, sum(widths) + GAP * (len(widths) - 1))


def _wide(head: str) -> int:
    return max(Text(part).cell_len for part in head.split("\n"))


def _columns(rows: Sequence[Row], runs: Sequence[str]) -> Iterator[Table]:
    """A table for each title, with a column for each run."""
    for title in dict.fromkeys(row.title for row in rows):
        lines = [[Text(row.name), *row.texts] for row in rows if row.title == title]
        table = _table([title, *runs], lines).made
        table.columns[0].no_wrap = True
        yield table


def _lines(rows: Sequence[Row], runs: Sequence[str], width: int) -> Iterator[_Table]:
    """A line for each run, a column for each thing; as many tables below each other as it takes."""
    whole = _turned(rows, runs, [row.name for row in rows])
    if whole.width <= width:
        yield whole
        return
    part: list[Row] = []
    for row in rows:
        if part and _turned([*part, row], runs, _stacked([*part, row])).width > width:
            yield _turned(part, runs, _stacked(part))
            part = []
        part.append(row)
    if part:
        yield _turned(part, runs, _stacked(part))


def _turned(rows: Sequence[Row], runs: Sequence[str], heads: Sequence[str]) -> _Table:
    columns = [[*map(Text, runs)], *(row.texts for row in rows)]
    return _table(["run", *heads], [*zip(*columns, strict=True)])


def _stacked(rows: Sequence[Row]) -> list[str]:
    """Heads with a word on each line, so that they are hardly wider than what stands below them."""
    heads = [row.name.replace(" ", "\n").replace(".", ".\n") for row in rows]
    most = max(head.count("\n") for head in heads)
    return ["\n" * (most - head.count("\n")) + head for head in heads]
