"""What every source becomes: named splits of samples, ready to be gathered into batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nncli.network.params import Array


@dataclass(frozen=True)
class Split:
    """Rows of samples and what is wanted for each."""

    x: Array
    """(rows, input_dim): uint8 as read, or floats. Divided by the dataset's `scale` as it is gathered."""
    y: Array
    """(rows,) class numbers as int64, or (rows, output_dim) real targets."""

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
    """The name of each class number; None for real targets."""
    fingerprint: Fingerprint
    scale: float = 1.0
    """What `x` is divided by."""
    image_shape: tuple[int, int] | None = None
    """Rows and columns of the picture that a row of `x` holds, if it is one."""
    origin: str = ""
    """Where it came from, for people: a folder, a file, "generated"."""

    @property
    def input_dim(self) -> int:
        """Numbers per sample."""
        return int(self.splits["train"].x.shape[1])
