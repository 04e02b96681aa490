"""Rows that a Python program holds, arrays or columns by name, as a network takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

from nncli.data import arrays
from nncli.data.cells import holes, is_number
from nncli.data.csv_file import Rows
from nncli.data.encode import check_finite, encode, number_cells, text_cells
from nncli.data.encoding import Column, ImageLook, NumberColumn, TableEncoding
from nncli.data.files import shown
from nncli.data.table_rows import check_names
from nncli.errors import DataError
from nncli.network.params import Array

WHERE = "rows"
"""What such rows are called in messages."""
_HOLE: Any = None
"""What stands for None and NaN among texts: no text is equal to it."""


def is_table(x: object) -> bool:
    """Whether something has columns by name: a mapping, or a data frame of any library."""
    return isinstance(x, Mapping) or (hasattr(x, "columns") and hasattr(x, "__getitem__"))


def as_rows(x: Any, features: int, table: TableEncoding | None, look: ImageLook | None) -> Array:
    """(rows, features), not divided by the scale yet.

    For a network that was trained on a table `x` has its columns by name; otherwise it is an array (rows, ...) with so
    many numbers a row, or columns from left to right; one picture may come alone. DataError for everything else.
    """
    if table is not None:
        if not is_table(x):
            names = shown(", ".join(column.name for column in table.columns), 200)
            raise DataError(
                f"{WHERE}: the network was trained on a table. Give a mapping or a data frame with the columns {names}"
            )
        return _encoded(_columns(x), table)
    if is_table(x):
        columns = _columns(x)
        x = np.column_stack([_array(cells) for cells in columns.values()]) if columns else ()
    return _shaped(_array(x), features, look)


def _shaped(x: Array, features: int, look: ImageLook | None) -> Array:
    if x.dtype.kind not in "fiub":
        raise DataError(f"{WHERE}: hold {x.dtype}, where numbers are expected")
    picture = (look.height, look.width) if look else None
    if x.shape == picture and x.shape[1] != features:
        x = x[None]
    if x.ndim < 2 or int(np.prod(x.shape[1:])) != features:
        raise DataError(
            f"{WHERE}: the array is {x.shape}, but the network takes (rows, {features})"
        )
    rows = x.reshape(len(x), features)
    arrays.check_finite(rows, WHERE)
    return rows


def _array(values: Any) -> Array:
    try:
        return np.asarray(values)
    except ValueError as err:  # lists of several lengths
        raise DataError(f"{WHERE}: are no array: {err}") from err


def _columns(x: Any) -> dict[str, Any]:
    """Column -> its cells. DataError where they are not equally many, or two columns have the same name."""
    names = list(x) if isinstance(x, Mapping) else list(x.columns)
    columns = {str(name): x[name] for name in names}
    if len(columns) < len(names):
        name, _ = Counter(map(str, names)).most_common(1)[0]
        raise DataError(f"{WHERE}: several columns are called {shown(name, 60)}. Keep one of them")
    for name, cells in columns.items():
        if isinstance(cells, str) or not hasattr(cells, "__len__"):
            raise DataError(
                f"{WHERE}: column `{shown(name, 60)}` is a single value. Give a list of them"
            )
        if getattr(cells, "ndim", 1) != 1:
            raise DataError(
                f"{WHERE}: column `{shown(name, 60)}` is an array {cells.shape}. Give one cell a row"
            )
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        counts = " and ".join(map(str, sorted(lengths)[:2]))
        raise DataError(f"{WHERE}: the columns are not equally long: {counts} cells")
    return columns


def _encoded(columns: Mapping[str, Any], table: TableEncoding) -> Array:
    names = [column.name for column in table.columns]
    check_names(tuple(columns), WHERE, names, ())
    lines = list(range(1, len(columns[names[0]]) + 1))
    raw = {
        column.name: _raw(column, columns[column.name], lines, table) for column in table.columns
    }
    x = encode(raw, table)
    check_finite(x, lines, table, WHERE)
    return x


def _raw(column: Column, cells: Any, lines: list[int], table: TableEncoding) -> Array:
    """What `encode` takes: float64 with NaN for holes, or the numbers of texts."""
    missing = holes(table.missing) | {_HOLE}
    codes = [float(cell) for cell in table.missing if is_number(cell)]
    numbers = isinstance(column, NumberColumn)
    array = _array(cells)
    if numbers and array.dtype.kind in "fiub":
        values = array.astype(np.float64)
        values[np.isin(values, codes)] = np.nan
        return values
    known = () if isinstance(column, NumberColumn) else column.categories
    texts = [_text(cell, codes, known) for cell in _plain(cells)]
    if numbers:
        return number_cells(Rows(lines, {column.name: texts}), column.name, missing, WHERE)
    return text_cells(texts, missing, {text: number for number, text in enumerate(known)})


def _plain(cells: Any) -> list[Any]:
    return cells.tolist() if hasattr(cells, "tolist") else list(cells)


def _text(cell: Any, codes: Collection[Any], known: Sequence[str]) -> str:
    """A cell as a CSV file has it: True may be `true` there, and the 1.0 of a column with holes `1`. `codes` are the
    numbers that stand for a hole."""
    if cell is None or type(cell).__name__ == "NAType":
        return _HOLE
    if isinstance(cell, Number) and (cell != cell or cell in codes):
        return _HOLE
    text = str(cell)
    if text in known or isinstance(cell, str):
        return text
    others = (text.lower(), text.removesuffix(".0"))
    return next((other for other in others if other in known), text)
