"""Rows of a table that a network is to answer for: found by the names of their columns, in whatever order those are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np

from nncli.data.csv_file import CsvFile, Rows
from nncli.data.encode import encode_rows, number_cells
from nncli.data.encoding import TableEncoding
from nncli.data.files import shown
from nncli.errors import DataError, UsageError
from nncli.network.params import Array
from nncli.words import plural

ROWS = 1000
"""Rows of a piece."""
ALIKE = 0.7
"""How much alike two names are, from 0 to 1, of which one may have been meant for the other."""
MOST_COMPARED = 50
"""Names that are compared with others."""


class Piece(NamedTuple):
    """Some rows of an input."""

    x: Array
    """(rows, inputs), not divided by the scale yet."""
    keys: dict[str, list[str]]
    """What names the rows: column -> its cells."""


def encoded(
    table: CsvFile, encoding: TableEncoding, keys: Sequence[str], demanded: Sequence[str]
) -> Iterator[Piece]:
    """For a network that was trained on a table. `demanded` are those of the keys that have to be there; the cells of
    another one that is not are empty.

    DataError naming every column that is missing; what `encode_rows` refuses.
    """
    check_names(table.header, table.where, [column.name for column in encoding.columns], demanded)
    for rows in table.chunks(ROWS):
        yield Piece(encode_rows(rows, encoding, table.where), _cells(rows, keys))


def plain(table: CsvFile, features: int, keys: Sequence[str]) -> Iterator[Piece]:
    """For a network that was trained on arrays, whose columns have no names: all but the keys, from left to right."""
    check_names(table.header, table.where, (), keys)
    aside = set(keys)
    columns = [name for name in table.header if name not in aside]
    if len(columns) != features:
        others = f" beside {', '.join(shown(key, 40) for key in keys)}" if keys else ""
        raise DataError(
            f"{table.where}: has {plural(len(columns), 'column')}{others}, but the network takes {features} numbers. "
            "Name columns that are none of them with --key"
        )
    for rows in table.chunks(ROWS):
        numbers = [number_cells(rows, name, frozenset(), table.where) for name in columns]
        yield Piece(np.column_stack(numbers), _cells(rows, keys))


def _cells(rows: Rows, keys: Sequence[str]) -> dict[str, list[str]]:
    empty = [""] * len(rows.lines)
    return {key: rows.cells.get(key, empty) for key in keys}


def check_names(
    header: Sequence[str], where: str, columns: Sequence[str], keys: Sequence[str]
) -> None:
    """Refuse with every column that is missing, at once, and the one that may have been meant."""
    there, known = set(header), set(columns)
    absent = [name for name in columns if name not in there]
    if absent:
        meant = _meant(absent, [name for name in header if name not in known])
        listed = ", ".join(_hinted(name, meant.get(name)) for name in absent[:10])
        more = f" and {len(absent) - 10} more" if len(absent) > 10 else ""
        raise DataError(
            f"{where}: lacks {plural(len(absent), 'column')} that the network was trained on: {listed}{more}"
        )
    for key in keys:
        if key not in there:
            hint = _meant([key], header).get(key)
            raise UsageError(f"--key {_hinted(key, hint)}: {where} has no such column")


def _meant(absent: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """The column that each may have been called, closest pairs first, each column once."""
    pairs = sorted(
        (
            (SequenceMatcher(None, name.lower(), other.lower()).ratio(), name, other)
            for name in absent[:MOST_COMPARED]
            for other in others[:MOST_COMPARED]
        ),
        reverse=True,
    )
    meant: dict[str, str] = {}
    for likeness, name, other in pairs:
        if likeness > ALIKE and name not in meant and other not in meant.values():
            meant[name] = other
    return meant


def _hinted(name: str, meant: str | None) -> str:
    hint = f" (did you mean {shown(meant, 40)}?)" if meant else ""
    return f"{shown(name, 40)}{hint}"
