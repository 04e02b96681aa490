"""Whether a table fits into this machine's memory, asked before it is read."""

from __future__ import annotations

from pathlib import Path

from nncli.data.cells import is_number
from nncli.data.columns import Look
from nncli.data.csv_file import open_csv
from nncli.data.files import GZIP_MAGIC, shown
from nncli.errors import DataError
from nncli.machine import usable_memory
from nncli.words import size

LARGE = 256 << 20
"""Bytes from which a file is worth a guess before all of it is looked at."""
NUMBER, TEXT, INPUT = 8, 4, 4
"""Bytes of a cell as it is read, a number or a text, and of an input."""
ROW = 64
"""Bytes beside these: a row's line, its number, its answer, and the column that is just being joined or encoded."""


def check_guess(path: Path) -> None:
    """DataError where the first rows say that a large file will not fit. A gzipped one does not say how long it is."""
    length = path.stat().st_size
    if length < LARGE or _is_gzipped(path):
        return
    with open_csv(path) as table:
        rows = next(table.chunks(1000), None)
    if rows is None:
        return
    taken = sum(sum(map(len, cells)) + len(cells) for cells in rows.cells.values())
    total = round(length / taken * len(rows.lines))
    numbers = sum(all(map(is_number, cells)) for cells in rows.cells.values())
    cell = numbers * (NUMBER + INPUT) + (len(rows.cells) - numbers) * TEXT
    _check(path, length, total, len(rows.cells), total * (ROW + cell))


def check_room(path: Path, look: Look, features: tuple[str, ...]) -> None:
    """DataError where the table's rows and inputs will not fit."""
    cell = 0
    for name in features:
        column = look.column(name)
        if column.kind == "number":
            cell += NUMBER + INPUT * (1 + (column.missing > 0))
        else:
            cell += TEXT + INPUT * (column.distinct + (column.missing > 0))
    _check(path, path.stat().st_size, look.rows, len(features), look.rows * (ROW + cell))


def _check(path: Path, length: int, rows: int, columns: int, needed: int) -> None:
    available = usable_memory()
    if needed > available:
        raise DataError(
            f"{shown(path)}: {size(length)}, about {rows:,} rows of {columns} columns, take {size(needed)} of memory; "
            f"there is room for {size(available)}. Take fewer rows, or fewer columns with data.features"
        )


def _is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC
