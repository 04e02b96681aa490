"""How the columns of a table become what a network sees, fitted on training rows and kept inside the weights file.

The models are plain values: JSON holds them, and `predict` needs nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from nncli.spec.base import Count, FiniteNumber, Model, PositiveNumber


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("has a name twice")
    return names


def _is_name(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds NUL, which no name does")
    return text


def _is_gray_or_colored(channels: int) -> int:
    if channels not in (1, 3):
        raise ValueError("is not 1 or 3")
    return channels


Name = Annotated[str, AfterValidator(_is_name)]
"""Whatever a table may hold: it never holds NUL."""
Names = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(_distinct)]
"""Of columns, categories, classes or labels: each once."""


class NumberColumn(Model):
    """(value - center) / spread; and, where training rows had holes, a further input that is 1 for a hole."""

    kind: Literal["number"] = "number"
    name: Name
    fill: FiniteNumber
    """What stands for a missing number: the median of the training rows."""
    center: FiniteNumber
    spread: PositiveNumber
    flag: bool = False
    """Whether a further input says that the number was missing."""


class TextColumn(Model):
    """One input per category: 1 for the row's own. A text that training never saw is other: 0 in all of them."""

    kind: Literal["text"] = "text"
    name: Name
    categories: Names
    """Sorted. A missing text is the category ""."""


# told apart by their keys: a file does not hold `kind`, which is a default
Column = NumberColumn | TextColumn


def width(column: Column) -> int:
    """How many inputs a column becomes."""
    return 1 + column.flag if isinstance(column, NumberColumn) else len(column.categories)


def _check_units(target: Sequence[str], centers: Sequence[float], spreads: Sequence[float]) -> None:
    if not len(target) == len(centers) == len(spreads):
        raise ValueError(
            f"has {len(target)} targets, {len(centers)} centers and {len(spreads)} spreads"
        )
    if not all(math.isfinite(c / s) for c, s in zip(centers, spreads, strict=True)):
        raise ValueError("has a spread that is nothing beside its center")


class TableEncoding(Model):
    """A table's columns in the order of the network's inputs, and what its outputs mean."""

    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    target: Names
    """The column that is predicted, or several."""
    keys: tuple[Name, ...] = ()
    """Columns that name the rows; predictions repeat them."""
    missing: tuple[Name, ...]
    """Cells that hold nothing."""
    centers: tuple[FiniteNumber, ...] | None = None
    """For numbers to predict: an output is (value - center) / spread, one pair per target."""
    spreads: tuple[PositiveNumber, ...] | None = None

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> TableEncoding:
        _distinct(tuple(column.name for column in self.columns))
        if (self.centers is None) != (self.spreads is None):
            raise ValueError("has centers without spreads, or spreads without centers")
        if self.centers is not None and self.spreads is not None:
            _check_units(self.target, self.centers, self.spreads)
        return self

    @property
    def width(self) -> int:
        """Inputs that its columns become."""
        return sum(map(width, self.columns))


class ImageLook(Model):
    """What the pictures look like that a network was trained on."""

    height: Count
    width: Count
    channels: Annotated[int, AfterValidator(_is_gray_or_colored)] = 1
    """1 for grey, 3 for red, green and blue."""
    dark: bool = False
    """Whether the background is dark, as MNIST's is: a drawing on white paper has to be inverted."""
    white: PositiveNumber = 255
    """The number that stands for white, before it is divided by the scale."""


class Preprocessing(Model):
    """What is done to a row of the data before the network sees it."""

    scale: PositiveNumber
    """The row is divided by this."""
    image: ImageLook | None = None
    """For pictures."""
    table: TableEncoding | None = None
    """For tables."""


class Fitted(NamedTuple):
    """What saved weights say of the table that they were trained on."""

    table: TableEncoding
    classes: tuple[str, ...] | None
