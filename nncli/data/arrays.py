"""Arrays that people bring along, turned into inputs and targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nncli.errors import DataError
from nncli.network.params import Array

KEPT = ("uint8", "float32", "float64")
"""Types of inputs that stay as they are; others become the float type that holds them."""
MOST_CLASSES = 65_536
FEW_CLASSES = 10
"""So many different numbers are never too many, however few rows there are."""


@dataclass(frozen=True)
class Targets:
    """What is wanted for each row."""

    y: Array
    """(rows,) places in `classes` as int64, or (rows, outputs) labels as uint8 or real targets as float64."""
    classes: tuple[int, ...] | None
    """The numbers that stand for the classes, sorted; None for labels and real targets."""
    labels: int | None = None
    """How many labels a row may have; None for classes and real targets."""

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The numbers of the classes as texts."""
        return None if self.classes is None else tuple(map(str, self.classes))

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """Labels have no names but their places: "0", "1", ..."""
        return None if self.labels is None else tuple(map(str, range(self.labels)))

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


def targets(y: Array, where: str, like: Targets | None = None) -> Targets:
    """What `y` holds; of a test set what is `like` that of the training set. DataError where it is of another kind."""
    wanted = _told(y, where)
    if like is None:
        return wanted
    if like.kind == "real targets":
        wanted = real_targets(y, where)
    elif like.kind == "labels" and wanted.kind == "classes" and y.shape[1:] == (like.labels,):
        wanted = label_targets(y)  # by chance each row has exactly one
    if wanted.kind != like.kind:
        raise DataError(f"{where}: holds {wanted.kind}, but the training targets are {like.kind}")
    if wanted.y.shape[1:] != like.y.shape[1:]:
        raise DataError(f"{where}: has shape {wanted.y.shape}, training {like.y.shape}")
    return wanted


def _told(y: Array, where: str) -> Targets:
    """What `y` holds is told by its type and shape, never by whether its floats happen to be whole:

    integers (rows,) or (rows, 1) are class numbers, whichever they are; rows of zeros and a single one, in two or
    more columns, are one-hot and become class numbers; other integers or booleans of 0 and 1 in such columns are
    labels, of which a row may have several; everything else is real targets. DataError for what is none of these.
    """
    _check_numbers(y, where)
    if y.ndim not in (1, 2) or not y.size:
        raise DataError(f"{where}: has shape {y.shape}; expected (rows,) or (rows, outputs)")
    column = y.ndim == 1 or y.shape[1] == 1
    if column and y.dtype.kind in "biu":
        return class_numbers(y.reshape(-1), where)
    if not column and _is_one_hot(y):
        return Targets(np.argmax(y, axis=1).astype(np.int64), tuple(range(y.shape[1])))
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


def class_numbers(y: Array, where: str) -> Targets:
    """(rows,) whole numbers as places among the different ones: 100 and 1000 are two classes, and so are -1 and 1.

    DataError for so many of them that they look like amounts.
    """
    lowest, highest = int(y.min()), int(y.max())
    if lowest < 0 or highest >= MOST_CLASSES:
        values, places = np.unique(y, return_inverse=True)
        _check_classes(len(values), len(y), where)
        return Targets(places.reshape(-1).astype(np.int64), tuple(values.tolist()))
    numbers = y.astype(np.int64, copy=False)
    there = np.bincount(numbers) > 0
    places = numbers if there.all() else (np.cumsum(there) - 1)[numbers]
    return Targets(places, tuple(np.flatnonzero(there).tolist()))


def _check_classes(classes: int, rows: int, where: str) -> None:
    """Numbers of any size name classes where rows share them."""
    if classes > MOST_CLASSES or classes > max(FEW_CLASSES, rows / 2):
        raise DataError(
            f"{where}: holds {classes} different whole numbers in {rows} rows, too many for classes. "
            "Real targets are floats"
        )


def with_all_classes(parts: Mapping[str, Targets]) -> dict[str, Targets]:
    """Each split's targets, their places those among the classes of all splits."""
    known = sorted({number for part in parts.values() for number in part.classes or ()})
    place = {number: at for at, number in enumerate(known)}
    joined = dict(parts)
    for name, part in parts.items():
        if part.classes is not None and list(part.classes) != known:
            places = np.array([place[number] for number in part.classes], np.int64)
            joined[name] = Targets(places[part.y], tuple(known))
    return joined


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
