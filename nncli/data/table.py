"""The `csv` source: a table is looked at, read into columns, divided into splits, and encoded.

Two passes over the file: the first says what the columns are, the second keeps them as numbers. What is learnt from
values (medians, spreads, categories) is learnt from training rows only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nncli.data.answers import Answer, Classes, Labels, Numbers, answer_for, fitted_answer
from nncli.data.cells import holes
from nncli.data.choice import check_features, features_of
from nncli.data.columns import look
from nncli.data.csv_file import open_csv
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.encode import (
    UNKNOWN,
    Numbering,
    check_columns,
    check_finite,
    encode,
    fit_columns,
    read_columns,
    wanted_columns,
)
from nncli.data.encoding import Column, Fitted, TableEncoding, TextColumn
from nncli.data.files import shown
from nncli.data.fingerprint import combine
from nncli.data.progress import Progress
from nncli.data.room import check_guess, check_room
from nncli.data.splits import divide
from nncli.errors import DataError, Problem, SpecError
from nncli.network.params import Array
from nncli.spec.sources import Csv


@dataclass(frozen=True)
class Plan:
    """What is read of a table."""

    features: Mapping[str, Numbering | None]
    """Column -> what its texts are numbered as; None for numbers."""
    answer: Answer
    missing: tuple[str, ...]
    sha256: str | None = None
    """Of the table that the plan was made for."""
    rows: int = 0
    """Its rows; 0 where they have not been counted."""


class Table(NamedTuple):
    """A table that has been read."""

    where: str
    columns: dict[str, Array]
    """float64 with NaN for holes, or the numbers of texts."""
    y: Array
    lines: Array
    """Where each row begins in the file, for messages."""
    sha256: str


class Part(NamedTuple):
    """Rows of a table."""

    table: Table
    rows: Array
    y: Array


def load_csv(
    source: Csv, *, fitted: Fitted | None = None, on_progress: Progress | None = None
) -> Dataset:
    """The table as a dataset of float32 inputs, encoded as `fitted` says or as its training rows suggest.

    SpecError or DataError for what is wrong with it; OSError where it cannot be read.
    """
    plan = _plan(source, on_progress) if fitted is None else _fitted_plan(source, fitted)
    parts = _parts(source, plan, on_progress)
    notes: tuple[str, ...] = ()
    if fitted is None:
        encoding, notes = _fit(source, plan, parts["train"])
        parts = _recoded(parts, plan, encoding)
    else:
        encoding = fitted.table
    answer = plan.answer
    digests = dict.fromkeys(part.table.sha256 for part in parts.values())
    return Dataset(
        splits={name: _encoded(part, encoding) for name, part in parts.items()},
        classes=answer.names if isinstance(answer, Classes) else None,
        labels=answer.target if isinstance(answer, Labels) else None,
        fingerprint=_fingerprint(list(digests)),
        origin=shown(source.path),
        table=encoding,
        notes=notes,
    )


def _plan(source: Csv, on_progress: Progress | None) -> Plan:
    """The first pass: what the columns are."""
    path, where = Path(source.path), shown(source.path)
    with open_csv(path) as table:
        features = features_of(source, table.header)
    check_guess(path)
    seen = look(path, source.missing, on_progress)
    if not seen.rows:
        raise DataError(f"{where}: has no rows below its header")
    answer = answer_for(source, seen, where)
    check_features(features, seen, where)
    check_room(path, seen, features)
    numberings: dict[str, Numbering | None] = {}
    for name in features:
        column = seen.column(name)
        is_text = column.kind != "number"
        texts = ("", *sorted(column.counts)) if is_text else ()
        numberings[name] = {text: at for at, text in enumerate(texts)} if is_text else None
    return Plan(numberings, answer, source.missing, seen.sha256, seen.rows)


def _fitted_plan(source: Csv, fitted: Fitted) -> Plan:
    """What the saved encoding says that the columns are."""
    if source.target != fitted.table.target:
        target = ", ".join(fitted.table.target)
        message = f"is {', '.join(source.target)}, but the weights were trained to predict {target}"
        raise SpecError([Problem(("data", "target"), shown(message, 300))])
    return Plan(wanted_columns(fitted.table), fitted_answer(fitted), fitted.table.missing)


def _parts(source: Csv, plan: Plan, on_progress: Progress | None) -> dict[str, Part]:
    """The second pass, and the rows of each split."""
    tables = {"train": _read(Path(source.path), plan, on_progress)}
    if plan.sha256 not in (None, tables["train"].sha256):
        raise DataError(f"{tables['train'].where}: has changed while it was read. Try again")
    for name in ("validation", "test"):
        share = getattr(source, name)
        if isinstance(share, str):
            tables[name] = _read(Path(share), plan, on_progress)
    numbered = {name: Split(np.arange(len(t.y)), t.y) for name, t in tables.items()}
    classes = plan.answer.names if isinstance(plan.answer, Classes) else None
    splits = divide(numbered, source, classes=classes)
    return {
        name: Part(tables.get(name, tables["train"]), split.x, split.y)
        for name, split in splits.items()
    }


def _read(path: Path, plan: Plan, on_progress: Progress | None) -> Table:
    """A table as numbers. DataError with line and column of what is none."""
    where, missing = shown(path), holes(plan.missing)
    gathered = _Gathered(plan.rows)
    with open_csv(path) as table:
        for rows in table.watched("reading", on_progress):
            check_columns(rows, plan.answer.target, where)
            y = plan.answer.read(rows, missing, where)
            columns = read_columns(rows, plan.features, missing, where)
            gathered.add(np.array(rows.lines), y, *columns.values())
        if not gathered.rows:
            raise DataError(f"{where}: has no rows below its header")
        lines, y, *values = gathered.whole()
        return Table(where, dict(zip(plan.features, values, strict=True)), y, lines, table.sha256)


class _Gathered:
    """Arrays of one length that grow by rows. Joining pieces at the end would take the memory of all of them twice."""

    def __init__(self, expected: int) -> None:
        self.expected, self.rows = expected, 0
        self.arrays: list[Array] = []

    def add(self, *pieces: Array) -> None:
        """The next rows of each array."""
        end = self.rows + len(pieces[0])
        if not self.arrays:
            self.arrays = [self._made(piece, max(end, self.expected)) for piece in pieces]
        for number, piece in enumerate(pieces):
            if end > len(self.arrays[number]):
                grown = self._made(piece, 2 * end)
                grown[: self.rows] = self.arrays[number][: self.rows]
                self.arrays[number] = grown
            self.arrays[number][self.rows : end] = piece
        self.rows = end

    def _made(self, like: Array, rows: int) -> Array:
        return np.empty((rows, *like.shape[1:]), like.dtype)

    def whole(self) -> list[Array]:
        """Each array with the rows that it has got."""
        return [array[: self.rows] for array in self.arrays]


def _fit(source: Csv, plan: Plan, train: Part) -> tuple[TableEncoding, tuple[str, ...]]:
    """The encoding that the training rows suggest, and what was left out."""
    texts = {name: tuple(numbers) for name, numbers in plan.features.items() if numbers is not None}
    # one column's training rows at a time
    raw = ((name, values[train.rows]) for name, values in train.table.columns.items())
    fit = fit_columns(raw, texts, source.numbers, train.table.where)
    centers, spreads = _units(plan.answer, train)
    encoding = TableEncoding(
        columns=fit.columns,
        target=source.target,
        keys=source.key,
        missing=source.missing,
        centers=centers,
        spreads=spreads,
    )
    notes = tuple(
        f"column `{shown(name, 60)}` is left out: it holds the same in every training row"
        for name in fit.constant
    )
    return encoding, notes


def _units(
    answer: Answer, train: Part
) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    """Mean and standard deviation of each number that is to be predicted."""
    if not isinstance(answer, Numbers):
        return None, None
    with np.errstate(over="ignore", invalid="ignore"):
        centers, spreads = train.y.mean(axis=0), train.y.std(axis=0)
    for name, center, spread in zip(answer.target, centers, spreads, strict=True):
        if not np.isfinite(spread) or spread <= 1e-12 * abs(center):
            large, same = "has numbers too large to reckon with", "is the same everywhere"
            fault = same if np.isfinite(spread) else large
            raise DataError(
                f"{train.table.where}: the target `{shown(name, 60)}` {fault} in the training rows"
            )
    return tuple(map(float, centers)), tuple(map(float, spreads))


def _recoded(parts: Mapping[str, Part], plan: Plan, encoding: TableEncoding) -> dict[str, Part]:
    """The same rows with texts numbered as categories; each table once, and of its columns those that are used."""
    tables: dict[int, Table] = {}
    for part in parts.values():
        if id(part.table) not in tables:
            tables[id(part.table)] = part.table._replace(
                columns={
                    column.name: _as_category(column, part.table.columns[column.name], plan)
                    for column in encoding.columns
                }
            )
    return {name: part._replace(table=tables[id(part.table)]) for name, part in parts.items()}


def _as_category(column: Column, values: Array, plan: Plan) -> Array:
    """A column as it is encoded: numbers as they are, texts numbered by their categories."""
    numbers = plan.features[column.name]
    if numbers is None or not isinstance(column, TextColumn):
        return values
    place = {text: number for number, text in enumerate(column.categories)}
    # what is UNKNOWN already, -1, takes the last entry
    return np.array([*(place.get(text, UNKNOWN) for text in numbers), UNKNOWN], np.int32)[values]


def _encoded(part: Part, encoding: TableEncoding) -> Split:
    x = encode(part.table.columns, encoding, part.rows)
    check_finite(x, part.table.lines[part.rows], encoding, part.table.where)
    y = part.y
    if encoding.centers is not None:
        y = (y - np.array(encoding.centers)) / np.array(encoding.spreads)
    return Split(x, y)


def _fingerprint(digests: list[str]) -> Fingerprint:
    """Of one file its own; of several over theirs."""
    prints = [Fingerprint(digest) for digest in digests]
    return prints[0] if len(prints) == 1 else combine(prints)
