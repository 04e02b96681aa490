"""How the columns of a table become what a network sees, fitted on training rows and kept inside the weights file.

The models are plain values: JSON holds them, and `predict` needs nothing else.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from nncli.spec.base import Model, PositiveNumber


class NumberColumn(Model):
    """(value - center) / spread; and, where training rows had holes, a further input that is 1 for a hole."""

    kind: Literal["number"] = "number"
    name: str
    fill: float
    """What stands for a missing number: the median of the training rows."""
    center: float
    spread: PositiveNumber
    flag: bool = False
    """Whether a further input says that the number was missing."""


class TextColumn(Model):
    """One input per category: 1 for the row's own. A text that training never saw is other: 0 in all of them."""

    kind: Literal["text"] = "text"
    name: str
    categories: tuple[str, ...]
    """Sorted. A missing text is the category ""."""


# told apart by their keys: a file does not hold `kind`, which is a default
Column = NumberColumn | TextColumn


class TableEncoding(Model):
    """A table's columns in the order of the network's inputs, and what its outputs mean."""

    columns: tuple[Column, ...]
    target: tuple[str, ...]
    """The column that is predicted, or several."""
    keys: tuple[str, ...] = ()
    """Columns that name the rows; predictions repeat them."""
    missing: tuple[str, ...]
    """Cells that hold nothing."""
    centers: tuple[float, ...] | None = None
    """For numbers to predict: an output is (value - center) / spread, one pair per target."""
    spreads: tuple[PositiveNumber, ...] | None = None


class ImageLook(Model):
    """What the pictures look like that a network was trained on."""

    height: int
    width: int
    channels: int = 1
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
