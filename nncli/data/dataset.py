"""What every source becomes: named splits of samples, ready to be gathered into batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nncli.data.encoding import ImageLook, Preprocessing, TableEncoding
from nncli.network.params import Array

Task = Literal["classification", "labels", "regression"]
WHITES = (1, 16, 255, 65535)
"""What white is in pictures: of floats, of scikit-learn's digits, of 8 and of 16 bits."""


@dataclass(frozen=True)
class Split:
    """Rows of samples and what is wanted for each."""

    x: Array
    """(rows, input_dim): uint8 as read, or floats; or rows that stay on disk (disk.py), which are read when they are
    picked. Divided by the dataset's `scale` as it is gathered."""
    y: Array
    """(rows,) class numbers as int64, or (rows, output_dim) labels (0 or 1) or real targets."""

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Fingerprint:
    """What identifies the data of a run: SHA-256 of the uncompressed source bytes."""

    sha256: str
    sampled: bool = False
    """Above 1 GiB only the size and 1,024 evenly spaced pieces of 64 KiB are hashed."""


@dataclass(frozen=True)
class Dataset:
    """One source, read and split."""

    splits: Mapping[str, Split]
    """`train`, and `validation` and `test` where there are such rows."""
    classes: tuple[str, ...] | None
    """The name of each class number; None for labels and real targets."""
    fingerprint: Fingerprint
    scale: float = 1.0
    """What `x` is divided by."""
    image_shape: tuple[int, int] | None = None
    """Rows and columns of the picture that a row of `x` holds, if it is one."""
    channels: int = 1
    """Numbers per pixel, where rows are pictures: 1, or 3 for red, green and blue."""
    origin: str = ""
    """Where it came from, for people: a folder, a file, "generated"."""
    labels: tuple[str, ...] | None = None
    """The name of each output, where a row may have several labels; None for classes and real targets."""
    table: TableEncoding | None = None
    """How the columns of a table became `x` and `y`."""
    notes: tuple[str, ...] = ()
    """What people should know of it: a constant column that was dropped."""

    @property
    def task(self) -> Task:
        """What kind of answer is wanted."""
        if self.classes is not None:
            return "classification"
        return "regression" if self.labels is None else "labels"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes, labels or targets; numbers that have none are y, or y_1, y_2, ..."""
        if self.classes or self.labels:
            return self.classes or self.labels or ()
        if self.table is not None:
            return self.table.target
        columns = self.splits["train"].y.shape[1]
        return ("y",) if columns == 1 else tuple(f"y_{n}" for n in range(1, columns + 1))

    def with_classes(self, names: tuple[str, ...] | None) -> Dataset:
        """The same rows with their classes numbered as saved weights number them; as it is where one is unknown."""
        if None in (names, self.classes) or names == self.classes:
            return self
        place = {name: number for number, name in enumerate(names or ())}
        if not place.keys() >= set(self.classes or ()):
            return self
        numbers = np.array([place[name] for name in self.classes or ()], np.int64)
        splits = {key: replace(split, y=numbers[split.y]) for key, split in self.splits.items()}
        return replace(self, splits=splits, classes=names)

    @property
    def untrained(self) -> tuple[str, ...]:
        """The classes that no training row has."""
        counts = (
            np.bincount(self.splits["train"].y, minlength=len(self.classes)) if self.classes else ()
        )
        return tuple(
            name for name, rows in zip(self.classes or (), counts, strict=True) if not rows
        )

    @property
    def on_disk(self) -> bool:
        """Whether the training rows stay in their file."""
        return not isinstance(self.splits["train"].x, np.ndarray)

    @property
    def preprocessing(self) -> Preprocessing:
        """What a prediction has to do to rows of its own."""
        return Preprocessing(scale=self.scale, image=self._image(), table=self.table)

    def _image(self) -> ImageLook | None:
        """What the pictures look like; `dark` where their first 1,000 borders are."""
        if self.image_shape is None:
            return None
        height, width = self.image_shape
        pictures = self.splits["train"].x[:1000].reshape(-1, height, width, self.channels)
        border = np.ones((height, width), bool)
        border[1:-1, 1:-1] = False
        brightest = float(pictures.max()) or 1.0
        dark = bool(pictures[:, border].mean() < brightest / 4)
        white = next((most for most in WHITES if most >= brightest), brightest)
        return ImageLook(height=height, width=width, channels=self.channels, dark=dark, white=white)

    @property
    def input_dim(self) -> int:
        """Numbers per sample."""
        return int(self.splits["train"].x.shape[1])
