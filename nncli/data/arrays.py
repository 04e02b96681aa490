"""Arrays that people bring along, turned into inputs and targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nncli.errors import DataError
from nncli.network.params import Array

KEPT = ("uint8", "float32", "float64")
"""Types of inputs that stay as they are; others become the float type that holds them."""
MOST_CLASSES = 65_536


@dataclass(frozen=True)
class Targets:
    """What is wanted for each row."""

    y: Array
    """(rows,) class numbers as int64, or (rows, outputs) labels as uint8 or real targets as float64."""
    classes: int | None
    """How many classes there are; None for labels and real targets."""
    labels: int | None = None
    """How many labels a row may have; None for classes and real targets."""

    @property
    def kind(self) -> str:
        """In words."""
        if self.classes is not None:
            return "classes"
        return "real targets" if self.labels is None else "labels"


def inputs(x: Array, where: str, first: int = 0) -> Array:
    """(rows, ...) numbers -> (rows, features), contiguous, every one finite. DataError with `where` otherwise.

    `first` is the number of the first row, where others came before.
    """
    _check_numbers(x, where)
    if not x.size:
        raise DataError(f"{where}: holds no values (shape {x.shape})")
    if x.dtype.name not in KEPT:
        kind = np.result_type(x.dtype, np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            x = x.astype(kind if kind.name in KEPT else np.float64)
    flat = np.ascontiguousarray(x.reshape(len(x), -1))
    check_finite(flat, where, first)
    return flat


def targets(y: Array, where: str) -> Targets:
    """What `y` holds is told by its type and shape, never by whether its floats happen to be whole:

    integers (rows,) or (rows, 1) are class numbers; rows of zeros and a single one, in two or more columns, are
    one-hot and become class numbers; other integers or booleans of 0 and 1 in such columns are labels, of which a row
    may have several; everything else is real targets. DataError for what is none of these.
    """
    _check_numbers(y, where)
    if y.ndim not in (1, 2) or not y.size:
        raise DataError(f"{where}: has shape {y.shape}; expected (rows,) or (rows, outputs)")
    column = y.ndim == 1 or y.shape[1] == 1
    if column and y.dtype.kind in "biu":
        return _class_numbers(y.reshape(-1), where)
    if not column and _is_one_hot(y):
        return Targets(np.argmax(y, axis=1).astype(np.int64), y.shape[1])
    if not column and y.dtype.kind in "biu" and _is_binary(y):
        return label_targets(y)
    return real_targets(y, where)


def label_targets(y: Array) -> Targets:
    """(rows, labels) of 0 and 1, as uint8."""
    return Targets(y.astype(np.uint8), None, y.shape[1])


def real_targets(y: Array, where: str) -> Targets:
    """(rows,) or (rows, outputs) -> (rows, outputs) as float64, every one finite."""
    with np.errstate(over="ignore", invalid="ignore"):  # infinite or NaN is refused below
        real = y.reshape(len(y), -1).astype(np.float64)
    check_finite(real, where)
    return Targets(real, None)


def _class_numbers(y: Array, where: str) -> Targets:
    lowest, highest = int(y.min()), int(y.max())
    if lowest < 0:
        row = int(np.argmax(y < 0))
        raise DataError(f"{where}: row {row} holds the class number {y[row]}; they start at 0")
    if highest >= MOST_CLASSES:
        raise DataError(
            f"{where}: holds the class number {highest}; the highest is {MOST_CLASSES - 1}. "
            "Real targets are floats"
        )
    return Targets(y.astype(np.int64, copy=False), highest + 1)


def _is_one_hot(y: Array) -> bool:
    return _is_binary(y) and bool((y.sum(axis=1) == 1).all())


def _is_binary(y: Array) -> bool:
    return bool(((y == 0) | (y == 1)).all())


def _check_numbers(array: Array, where: str) -> None:
    if array.dtype.kind not in "biuf":
        raise DataError(f"{where}: holds {array.dtype}; expected numbers")
    if not array.ndim:
        raise DataError(f"{where}: is a single number; expected one row per sample")


def check_finite(rows: Array, where: str, first: int = 0) -> None:
    """DataError with the place of the first number of (rows, columns) that is not finite."""
    finite = np.isfinite(rows)
    if not finite.all():
        row, column = (int(index) for index in np.argwhere(~finite)[0])
        bad = finite.size - int(np.count_nonzero(finite))
        raise DataError(
            f"{where}: {bad} of {finite.size} values are not finite, first {rows[row, column]} "
            f"in row {first + row}, column {column}"
        )
