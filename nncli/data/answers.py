"""What is wanted of each row of a table: its class, several labels, or numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from nncli.data.cells import is_number, looked_up, plain_number, stripped
from nncli.data.columns import Look, Portrait
from nncli.data.csv_file import Rows
from nncli.data.encode import is_mixed, is_too_varied, number_cells
from nncli.data.encoding import Fitted
from nncli.data.files import shown
from nncli.errors import DataError, Problem, SpecError
from nncli.network.params import Array
from nncli.spec.sources import Csv

FEW_NUMBERS = 10
"""Up to so many different whole numbers are classes, unless the spec says otherwise."""
MOST_CLASSES = 1000
TRUTHS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1, "no": 0, "yes": 1}
PAIRS = ({"0", "1", "0.0", "1.0"}, {"false", "true"}, {"no", "yes"})
"""What a label may be written with, in any case."""


@dataclass(frozen=True)
class Classes:
    """One of several, given by name."""

    target: tuple[str, ...]
    names: tuple[str, ...]

    def read(self, rows: Rows, missing: frozenset[str], where: str) -> Array:
        """(rows,) class numbers. DataError for a name that is none of them."""
        numbers = {name: number for number, name in enumerate(self.names)}
        are_numbers = all(is_number(name) and plain_number(name) == name for name in self.names)

        def find(cell: str) -> int | None:
            if are_numbers and is_number(cell):
                return numbers.get(plain_number(cell))
            return numbers.get(cell)

        return _looked_up(rows, self.target[0], missing, where, find, self.names).astype(np.int64)


@dataclass(frozen=True)
class Labels:
    """Several at once, each true or false."""

    target: tuple[str, ...]

    def read(self, rows: Rows, missing: frozenset[str], where: str) -> Array:
        """(rows, labels) of 0 and 1. DataError for what is neither."""
        columns = [
            _looked_up(rows, name, missing, where, lambda cell: TRUTHS.get(cell.lower()), TRUTHS)
            for name in self.target
        ]
        return np.column_stack(columns)


@dataclass(frozen=True)
class Numbers:
    """One or more real numbers."""

    target: tuple[str, ...]

    def read(self, rows: Rows, missing: frozenset[str], where: str) -> Array:
        """(rows, targets) in the table's own units. DataError for a hole, and for what is no number."""
        columns = []
        for name in self.target:
            values = number_cells(rows, name, missing, where)
            if np.isnan(values).any():
                _refuse_hole(where, rows.lines[int(np.argmax(np.isnan(values)))], name)
            columns.append(values)
        return np.column_stack(columns)


Answer = Classes | Labels | Numbers


def fitted_answer(fitted: Fitted) -> Answer:
    """What saved weights answer."""
    target = fitted.table.target
    if fitted.classes is not None:
        return Classes(target, fitted.classes)
    return Labels(target) if fitted.table.centers is None else Numbers(target)


def answer_for(source: Csv, look: Look, where: str) -> Answer:
    """What the target's columns ask for, or `task`. SpecError or DataError where they cannot be predicted."""
    columns = [look.column(name) for name in source.target]
    for column in columns:
        _check_whole(column, where)
    if len(columns) > 1:
        return _several(source, columns)
    column = columns[0]
    if (source.task or _task(column)) == "classification":
        if source.task is None:
            _check_plain(column, where)
        return Classes(source.target, _class_names(column))
    return _numbers(source, columns)


def guess_task(column: Portrait) -> str:
    """classification for text, booleans and up to ten different whole numbers, otherwise regression."""
    return _task(column)


def _task(column: Portrait) -> str:
    many = not column.whole or not column.counted or column.distinct > FEW_NUMBERS
    return "regression" if column.kind == "number" and many else "classification"


def _several(source: Csv, columns: list[Portrait]) -> Answer:
    labels = [_is_label(column) for column in columns]
    if all(labels) and source.task != "regression":
        for column in columns:
            if column.distinct < 2:
                _refuse_target(column, "holds the same in every row: nothing to learn")
        return Labels(source.target)
    if source.task == "classification":
        odd = columns[labels.index(False)]
        _refuse_target(odd, "holds more than yes and no, so it cannot be one of several labels")
    texts = [column for column in columns if column.kind != "number"]
    if texts and source.task is None:
        advice = (
            "several targets are all labels (0 and 1, yes and no, true and false) or all numbers"
        )
        _refuse_target(texts[0], f"holds texts, but {advice}")
    return _numbers(source, columns)


def _is_label(column: Portrait) -> bool:
    texts = {text.lower() for text in column.counts}
    return column.counted and any(texts <= pair for pair in PAIRS)


def _numbers(source: Csv, columns: list[Portrait]) -> Numbers:
    for column in columns:
        if column.kind != "number":
            line, cell = column.odd or (0, column.padded)
            what = f"`{cell}` in line {line}" if line else f"`{cell}`, whose zeros make it a text"
            _refuse_target(column, f"holds {what}, but task is regression, which needs numbers")
        if column.low == column.high:
            _refuse_target(column, "holds the same number in every row: nothing to learn")
    return Numbers(source.target)


def _class_names(column: Portrait) -> tuple[str, ...]:
    """Sorted; whole numbers by their value. A number is one class however it is spelled."""
    if not column.counted or column.distinct > MOST_CLASSES or is_too_varied(column):
        few = "" if column.counted else "more than "
        advice = (
            "Set data.task to regression" if column.kind == "number" else "Choose another target"
        )
        _refuse_target(
            column,
            f"has {few}{column.distinct} different texts in {column.rows} rows: too many classes. {advice}",
        )
    names = tuple(sorted(column.counts, key=float if column.whole else None))
    if len(names) < 2:
        _refuse_target(
            column, f"holds only `{shown(names[0], 40)}`: there is nothing to tell apart"
        )
    return names


def _check_whole(column: Portrait, where: str) -> None:
    """No hole in a target."""
    if column.missing:
        cells = "cell" if column.missing == 1 else "cells"
        raise DataError(
            f"{where}:{column.hole}: the target `{shown(column.name, 60)}` is missing ({column.missing} {cells} of "
            f"{column.rows}). Remove such rows"
        )


def _check_plain(column: Portrait, where: str) -> None:
    """Numbers with a few texts among them are not classes."""
    if is_mixed(column) and column.odd and column.distinct > FEW_NUMBERS:
        line, cell = column.odd
        odd = column.rows - column.missing - column.numbers
        raise DataError(
            f"{where}:{line}: the target `{shown(column.name, 60)}` holds `{cell}`, but otherwise numbers "
            f"({odd} of {column.rows} cells are none). Correct it, or remove such rows"
        )


def _looked_up(
    rows: Rows,
    name: str,
    missing: frozenset[str],
    where: str,
    find: Callable[[str], int | None],
    known: Collection[str],
) -> Array:
    """The number of each cell, as float64. DataError for a hole, and for what cannot be found."""
    cells = rows.cells[name]
    numbers = {
        cell: looked_up(cell, lambda text: None if text in missing else find(text))
        for cell in set(cells)
    }
    if None in numbers.values():
        line, cell = next(
            pair for pair in zip(rows.lines, cells, strict=True) if numbers[pair[1]] is None
        )
        if stripped(cell) in missing:
            _refuse_hole(where, line, name)
        names = ", ".join(shown(text, 40) for text in list(known)[:10])
        raise DataError(
            f"{where}:{line}: column `{shown(name, 60)}` holds `{shown(cell, 40)}`, which training never saw. "
            f"It knows {names}{', ...' if len(known) > 10 else ''}"
        )
    return np.fromiter(map(numbers.__getitem__, cells), np.float64, len(cells))


def _refuse_hole(where: str, line: int, name: str) -> NoReturn:
    raise DataError(f"{where}:{line}: the target `{shown(name, 60)}` is missing. Remove such rows")


def _refuse_target(column: Portrait, message: str) -> NoReturn:
    problem = Problem(("data", "target"), f"column `{shown(column.name, 60)}` {message}")
    raise SpecError([problem])
