"""From the columns of a table to the numbers that a network sees, as the training rows suggest.

In between each column is one array: float64 with NaN for holes, or the numbers of its texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nncli.data.cells import (
    has_numbers,
    holes,
    is_number,
    looked_up,
    present,
    stripped,
    without_blanks,
)
from nncli.data.columns import Portrait, as_numbers, number_blocks
from nncli.data.csv_file import Rows
from nncli.data.encoding import Column, NumberColumn, TableEncoding, TextColumn, width
from nncli.data.files import shown
from nncli.errors import DataError
from nncli.network.params import Array
from nncli.words import plural

MOST_CATEGORIES = 50
"""Different texts of a column that become inputs."""
FEW_CATEGORIES = 10
"""So many are never too many, however few rows there are."""
MIXED = 0.9
"""A column with this share of numbers was meant to hold numbers only."""
UNKNOWN = -1
"""The number of a text that is none of those expected."""
Numbering = Mapping[str, int]
"""Text -> its number."""


class Fit(NamedTuple):
    """How columns are encoded."""

    columns: tuple[Column, ...]
    constant: tuple[str, ...]
    """Columns that hold the same in every training row: they are left out."""


def is_mixed(column: Portrait) -> bool:
    """Whether a column of texts was meant to hold numbers: most cells are some, and none has leading zeros."""
    if column.kind != "text" or column.padded:
        return False
    found = column.rows - column.missing
    share = MIXED if column.counted and column.distinct <= MOST_CATEGORIES else 0.5
    return column.numbers >= share * found


def is_too_varied(column: Portrait) -> bool:
    """Whether a column of texts has too many different ones: more than 50, or more than 10 that are nearly all."""
    if column.kind != "text" or column.distinct <= FEW_CATEGORIES:
        return False
    nearly_all = column.distinct > (column.rows - column.missing) / 2
    return nearly_all or column.distinct > MOST_CATEGORIES


def fit_columns(
    raw: Iterable[tuple[str, Array]],
    texts: Mapping[str, Sequence[str]],
    numbers: str,
    where: str,
) -> Fit:
    """What the training rows say: `raw` are their columns, `texts` what the numbers in a column of texts stand for.

    `numbers` is standardize, min_max or none. DataError where a column holds nothing, or numbers beyond all bounds.
    """
    columns: list[Column] = []
    constant = []
    for name, values in raw:
        known = texts.get(name)
        column = (
            _fit_numbers(name, values, numbers, where)
            if known is None
            else _fit_texts(name, values, known)
        )
        if column is None:
            constant.append(name)
        else:
            columns.append(column)
    if not columns:
        raise DataError(
            f"{where}: every column holds the same in all training rows: nothing to learn from"
        )
    return Fit(tuple(columns), tuple(constant))


def _fit_numbers(name: str, values: Array, how: str, where: str) -> NumberColumn | None:
    """None where all rows hold the same number, without holes."""
    holes = np.isnan(values)
    flag = bool(holes.any())
    found = values[~holes] if flag else values
    if not len(found):
        raise DataError(
            f"{where}: column `{shown(name, 60)}` holds nothing in any training row. Add it to data.drop"
        )
    low, high = float(found.min()), float(found.max())
    if low == high and not flag:
        return None
    fill = median(found)
    center, spread = 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        if how == "min_max":
            center, spread = low, high - low
        elif how == "standardize":
            center, spread = mean_and_std(np.where(holes, fill, values) if flag else values)
    if not all(map(math.isfinite, (fill, center, spread))):
        raise DataError(
            f"{where}: column `{shown(name, 60)}` holds numbers up to {high:g}, too large to reckon with. "
            "Scale it, or add it to data.drop"
        )
    # where the numbers are the same but for their last digits, there is no spread to divide by
    is_flat = spread <= 1e-12 * max(abs(low), abs(high))
    return NumberColumn(
        name=name, fill=fill, center=center, spread=1.0 if is_flat else spread, flag=flag
    )


def median(values: Array) -> float:
    """Of (rows,) numbers, at least one and none NaN: what `np.median` gives, at a fifth of its price for few rows."""
    half = len(values) // 2
    middle = [half] if len(values) % 2 else [half - 1, half]
    return float(np.partition(values, middle)[middle].mean())


def mean_and_std(values: Array) -> tuple[float, float]:
    """Of (rows,) numbers: what `np.mean` and `np.std` give, with the mean taken once."""
    center = values.mean()
    deviations = values - center
    return float(center), math.sqrt((deviations * deviations).mean())


def _fit_texts(name: str, codes: Array, texts: Sequence[str]) -> TextColumn | None:
    """None where all rows hold the same text."""
    categories = sorted(texts[code] for code in np.unique(codes))
    if len(categories) == 1:
        return None
    return TextColumn(name=name, categories=tuple(categories))


def number_cells(rows: Rows, name: str, missing: frozenset[str], where: str) -> Array:
    """A column as float64, NaN for holes. DataError with the line of the first cell that is no number."""
    cells = without_blanks(rows.cells[name]) if has_numbers(missing) else rows.cells[name]
    found = present(cells, missing)
    values = as_numbers(found)
    if values is None:  # perhaps holes behind blanks
        cells = without_blanks(cells)
        found = present(cells, missing)
        values = as_numbers(found)
    if values is None:
        raise _not_a_number(rows, name, missing, where)
    if len(found) == len(cells):
        return values
    whole = np.full(len(cells), np.nan)
    whole[[cell not in missing for cell in cells]] = values
    return whole


def _not_a_number(rows: Rows, name: str, missing: frozenset[str], where: str) -> DataError:
    odd = [
        (line, cell)
        for line, cell in zip(rows.lines, rows.cells[name], strict=True)
        if (cell and stripped(cell)) not in missing and not is_number(cell)
    ]
    line, cell = odd[0]
    more = "" if len(odd) == 1 else f" (and {len(odd) - 1} more)"
    return DataError(
        f"{where}:{line}: column `{shown(name, 60)}` holds `{shown(cell, 40)}`{more} where numbers are expected. "
        "Correct it, leave it empty, or list it in data.missing"
    )


def text_cells(cells: Sequence[str], missing: frozenset[str], numbers: Numbering) -> Array:
    """The number of each text as int32; of a hole that of "". Texts that are not expected are UNKNOWN."""
    hole = numbers.get("", UNKNOWN)
    expected = dict(numbers) | dict.fromkeys(missing, hole)
    known: dict[str, int] = {}
    for cell in set(cells):
        number = looked_up(cell, expected.get)
        known[cell] = UNKNOWN if number is None else number
    return np.fromiter(map(known.__getitem__, cells), np.int32, len(cells))


def input_names(encoding: TableEncoding) -> list[str]:
    """A name for each input: `age`, `age missing`, `sex=female`."""
    names = []
    for column in encoding.columns:
        if isinstance(column, NumberColumn):
            names += [column.name, f"{column.name} missing"][: width(column)]
        else:
            names += [
                f"{column.name}={text}" if text else f"{column.name} missing"
                for text in column.categories
            ]
    return names


def encode(
    raw: Mapping[str, Array], encoding: TableEncoding, rows: Array | slice | None = None
) -> Array:
    """(rows, inputs) as float32. A column of texts comes as numbers of its categories.

    A text that training never saw is 0 in all of its column's inputs. An input of its own for "other" would have been
    0 in every training row: its weights would still be those of the first draw, and add noise to the answer.
    """
    first = next(iter(raw.values()))
    total = len(first[rows]) if rows is not None else len(first)
    out = np.zeros((total, sum(map(width, encoding.columns))), np.float32)
    at = 0
    for column in encoding.columns:
        values = raw[column.name] if rows is None else raw[column.name][rows]
        part = out[:, at : at + width(column)]
        if isinstance(column, NumberColumn):
            _write_numbers(column, values, part)
        else:
            known = np.flatnonzero(values != UNKNOWN)
            part[known, values[known]] = 1
        at += width(column)
    return out


def _write_numbers(column: NumberColumn, values: Array, out: Array) -> None:
    holes = np.isnan(values)
    with np.errstate(over="ignore"):  # what becomes infinite is refused by who reads the rows
        out[:, 0] = (np.where(holes, column.fill, values) - column.center) / column.spread
    if column.flag:
        out[:, 1] = holes


def check_columns(rows: Rows, names: Sequence[str], where: str) -> None:
    """DataError naming the columns that are not there."""
    absent = [name for name in names if name not in rows.cells]
    if absent:
        listed = ", ".join(shown(name, 40) for name in absent[:10])
        more = f" and {len(absent) - 10} more" if len(absent) > 10 else ""
        raise DataError(
            f"{where}: lacks {plural(len(absent), 'column')} that the network was trained on: {listed}{more}"
        )


def read_columns(
    rows: Rows, wanted: Mapping[str, Numbering | None], missing: frozenset[str], where: str
) -> dict[str, Array]:
    """The wanted columns, whatever others there are: texts as `wanted` numbers them, and None for numbers.

    DataError naming those that are not there, and with its line a text among numbers.
    """
    check_columns(rows, list(wanted), where)
    found: dict[str, Array] = {}
    of_numbers = [name for name, numbers in wanted.items() if numbers is None]
    for names, values in number_blocks(rows.cells, of_numbers, missing):
        found |= zip(names, values, strict=True)
    for name, numbers in wanted.items():
        if numbers is not None:
            found[name] = text_cells(rows.cells[name], missing, numbers)
        elif name not in found:
            found[name] = number_cells(rows, name, missing, where)
    return {name: found[name] for name in wanted}


def wanted_columns(encoding: TableEncoding) -> dict[str, Numbering | None]:
    """What `read_columns` is to read for an encoding: texts as the numbers of their categories."""
    return {
        column.name: None
        if isinstance(column, NumberColumn)
        else {text: number for number, text in enumerate(column.categories)}
        for column in encoding.columns
    }


def encode_rows(rows: Rows, encoding: TableEncoding, where: str) -> Array:
    """Rows of a table as the network's inputs, (rows, inputs) in float32; more columns and any order are fine.

    DataError, with line, column and cell, where there is a text among numbers, and for a column that is missing.
    """
    raw = read_columns(rows, wanted_columns(encoding), holes(encoding.missing), where)
    x = encode(raw, encoding)
    check_finite(x, rows.lines, encoding, where)
    return x


def check_finite(
    x: Array, lines: Sequence[int] | Array, encoding: TableEncoding, where: str
) -> None:
    """DataError where a number is so far from those of training that float32 cannot hold it."""
    finite = np.isfinite(x)
    if not finite.all():
        row, place = (int(index) for index in np.argwhere(~finite)[0])
        raise DataError(
            f"{where}:{lines[row]}: column `{shown(input_names(encoding)[place], 60)}` holds a number far beyond "
            "those of the training rows. Correct it, or leave it empty"
        )
