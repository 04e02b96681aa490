"""What the columns of a table look like: one pass over its file, in memory that does not grow with it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from nncli.data.cells import (
    MANY,
    first_padded,
    has_numbers,
    holes,
    is_number,
    plain_number,
    present,
    stripped,
    without_blanks,
)
from nncli.data.csv_file import CsvFile, open_csv
from nncli.data.files import shown
from nncli.data.progress import Progress
from nncli.network.params import Array

Kind = Literal["number", "boolean", "text", "empty"]

MOST_COUNTED = 1000
"""Different cells of a column that a portrait holds."""
MOST_DISTINCT = 10_000
"""Different cells that are counted before a column is taken for one of ever new texts."""
MOST_CHARACTERS = 1 << 20
"""Characters that the different cells of a column may have together while they are counted."""
ALL_DISTINCT = 2_000_000
"""Different cells that are counted in all columns together."""
BLOCK, FEW_ROWS = 64, 256
"""Columns whose cells are read as numbers in one go, where there are at most so many rows: NumPy's calls take longer
to begin than to go over them."""
HEAD = 10
BOOLEANS = ({"true", "false"}, {"yes", "no"})
"""Pairs of texts that mean true and false, in any case."""


@dataclass(frozen=True)
class Portrait:
    """What one column looks like."""

    name: str
    kind: Kind
    rows: int
    missing: int
    whole: bool
    """Whether there are numbers, all of them whole."""
    low: float | None
    high: float | None
    mean: float | None
    """Of the numbers; None where there are texts."""
    cells: Mapping[str, int]
    """Its different cells as they are spelled, with how often, missing ones aside; empty where there are too many."""
    met: int
    """How many different cells were met, until they were too many to count."""
    counted: bool
    """Whether all different cells were counted."""
    numbers: int
    """Cells that are numbers."""
    odd: tuple[int, str] | None
    """Line and cell of the first that is no number."""
    padded: str | None
    """The first number with leading zeros: it makes the column one of texts."""
    hole: int | None
    """Line of the first missing cell."""

    @cached_property
    def counts(self) -> dict[str, int]:
        """Its different cells with how often, at most `MOST_COUNTED` of them, commonest first, missing ones aside;
        empty where there are too many to count. Numbers are in their simplest spelling, texts without blanks."""
        return dict(self._spelled.most_common(MOST_COUNTED))

    @property
    def distinct(self) -> int:
        """How many different cells there are; where they were too many to count, how many had been met until then."""
        return len(self._spelled) if self.counted else self.met

    @cached_property
    def _spelled(self) -> Counter[str]:
        """How often each different cell was met, however it was spelled. Only made when asked for: of most columns of
        numbers nobody asks, and there may be thousands."""
        spelling = plain_number if self.kind == "number" else stripped
        merged: Counter[str] = Counter()
        for cell, count in self.cells.items():
            merged[spelling(cell)] += count
        return merged


@dataclass(frozen=True)
class Look:
    """What a table looks like."""

    columns: tuple[Portrait, ...]
    rows: int
    head: tuple[dict[str, str], ...]
    """The first rows."""
    sha256: str
    """Of the table's uncompressed bytes."""

    def column(self, name: str) -> Portrait:
        """The column of that name; there must be one."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Portrait]:
        return {column.name: column for column in self.columns}


def look(path: Path, missing: Sequence[str], on_progress: Progress | None = None) -> Look:
    """A table's columns, where `missing` are cells that hold nothing. DataError for what is wrong with the file."""
    with open_csv(path) as table:
        return look_at(table, missing, on_progress)


def look_at(table: CsvFile, missing: Sequence[str], on_progress: Progress | None = None) -> Look:
    """The same of a table that is open, up to its end."""
    most = min(MOST_DISTINCT, max(100, ALL_DISTINCT // len(table.header)))
    empty = holes(missing)
    sketches = {name: _Sketch(most) for name in table.header}
    head: list[dict[str, str]] = []
    rows = 0
    for lines, cells in table.watched("looking at", on_progress):
        rows += len(lines)
        of_numbers = [name for name, sketch in sketches.items() if sketch.odd is None]
        added: set[str] = set()
        for names, values in number_blocks(cells, of_numbers, empty):
            if first_padded([cell for name in names for cell in cells[name]]) is None:
                _add_block([sketches[name] for name in names], values)
                added.update(names)
        for name, sketch in sketches.items():
            if name in added:
                sketch.count(cells[name])
            else:
                sketch.add(cells[name], lines, empty)
        for row in range(min(len(lines), HEAD - len(head))):
            head.append({name: column[row] for name, column in cells.items()})
    columns = tuple(sketch.portrait(name, rows) for name, sketch in sketches.items())
    return Look(columns, rows, tuple(head), table.sha256)


def as_numbers(cells: Sequence[str]) -> Array | None:
    """All cells as float64; None where one of them is no number (see `is_number`).

    float() takes more than numbers: digits of other scripts, which are not ASCII, `1_000`, and `nan` and `inf`, which
    have an n. Without these it takes numbers only, and costs a tenth of asking for each.
    """
    text = "".join(cells)
    is_plain = text.isascii() and not ("_" in text or "n" in text or "N" in text)
    if not is_plain and not all(map(is_number, cells)):
        return None
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def number_blocks(
    cells: Mapping[str, list[str]], names: Sequence[str], missing: frozenset[str]
) -> Iterator[tuple[Sequence[str], Array]]:
    """Columns of few rows that hold numbers alone, many at once: their names, and (columns, rows) in float64. Others,
    and those that share a block with one, are left out."""
    if not names or len(cells[names[0]]) > FEW_ROWS or has_numbers(missing):
        return
    for start in range(0, len(names), BLOCK):
        block = names[start : start + BLOCK]
        values = as_numbers([cell for name in block for cell in cells[name]])
        if values is not None:
            yield block, values.reshape(len(block), -1)


class _Sketch:
    """Running figures of one column."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.missing = self.numbers = 0
        self.odd: tuple[int, str] | None = None
        self.padded: str | None = None
        self.hole: int | None = None
        self.counts: Counter[str] | None = Counter()
        self.distinct = self.characters = 0
        self.low, self.high, self.mean, self.whole = math.inf, -math.inf, 0.0, True

    def add(self, cells: list[str], lines: list[int], missing: frozenset[str]) -> None:
        """Take in the next rows."""
        cells = without_blanks(cells) if has_numbers(missing) else cells
        found = present(cells, missing)
        values = None if self.odd else as_numbers(found)
        if values is None:  # only texts and holes can hide behind blanks
            cells = without_blanks(cells)
            found = present(cells, missing)
            values = None if self.odd else as_numbers(found)
        if len(found) < len(cells):
            self.missing += len(cells) - len(found)
            if self.hole is None:
                self.hole = next(n for n, cell in zip(lines, cells, strict=True) if cell in missing)
        if not found:
            return
        self.padded = self.padded or first_padded(found)
        if values is None:
            self._add_texts(cells, lines, missing, Counter(found))
        else:
            _add_block([self], values[None])
        self.count(found)

    def _add_texts(
        self, cells: list[str], lines: list[int], missing: frozenset[str], counts: Counter[str]
    ) -> None:
        self.numbers += sum(count for cell, count in counts.items() if is_number(cell))
        if self.odd is None:
            pairs = zip(lines, cells, strict=True)
            line, cell = next((n, c) for n, c in pairs if c not in missing and not is_number(c))
            self.odd = line, shown(cell, 40)

    def count(self, found: list[str]) -> None:
        """How often each cell is met, until there are too many."""
        if self.counts is None:
            return
        before = len(self.counts)
        self.counts.update(found)
        self.distinct = len(self.counts)
        if self.distinct > before:
            self.characters = sum(map(len, self.counts))
        if self.distinct > self.most or self.characters > MOST_CHARACTERS:
            self.counts = None

    def portrait(self, name: str, rows: int) -> Portrait:
        """What has been seen."""
        is_numeric = self.odd is None and self.padded is None and self.numbers > 0
        return Portrait(
            name=name,
            kind="number" if is_numeric else self._kind(),
            rows=rows,
            missing=self.missing,
            whole=is_numeric and self.whole,
            low=float(self.low) if is_numeric else None,
            high=float(self.high) if is_numeric else None,
            mean=self.mean if is_numeric else None,
            cells=self.counts or {},
            met=self.distinct,
            counted=self.counts is not None,
            numbers=self.numbers,
            odd=self.odd,
            padded=self.padded and shown(self.padded, 40),
            hole=self.hole,
        )

    def _kind(self) -> Kind:
        """Of a column that is none of numbers."""
        if self.odd is None and self.padded is None:
            return "empty"
        texts = set(map(stripped, self.counts or ()))
        lowered = {text.lower() for text in texts}
        is_boolean = len(texts) <= 2 and any(lowered <= pair for pair in BOOLEANS)
        return "boolean" if texts and is_boolean else "text"


def _add_block(sketches: Sequence[_Sketch], values: Array) -> None:
    """Take in the next numbers of each column, (columns, rows)."""
    totals = np.array([sketch.numbers for sketch in sketches]) + values.shape[1]
    figures = zip(
        totals.tolist(),
        # divided before they are added: a sum may be too large for any float
        (values / totals[:, None]).sum(axis=1).tolist(),
        values.min(axis=1).tolist(),
        values.max(axis=1).tolist(),
        ((values == np.floor(values)) & (np.abs(values) < MANY)).all(axis=1).tolist(),
        strict=True,
    )
    for sketch, (total, mean, low, high, whole) in zip(sketches, figures, strict=True):
        sketch.mean = sketch.mean * (sketch.numbers / total) + mean
        sketch.numbers = total
        sketch.low, sketch.high = min(sketch.low, low), max(sketch.high, high)
        sketch.whole = sketch.whole and whole
