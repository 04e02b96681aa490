"""The order of rows in an epoch, and rows gathered into arrays that a network takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from nncli.data.dataset import Split
from nncli.data.disk import BLOCK_ROWS, GROUP
from nncli.errors import DataError
from nncli.network.params import Array
from nncli.streams import Purpose, stream


class BlockOrder:
    """The order of `sampling: blocks`, worked out group by group as it is asked for: the blocks of 256 consecutive rows
    in a random order, 32 of them a group, and the rows of each group shuffled.

    Whatever reads blocks needs one group in memory, and every row comes once an epoch.

    Source: Xu et al., In-database machine learning with CorgiPile: stochastic gradient descent without full data
    shuffle (2022).
    """

    def __init__(self, rows: int, seed: int, epoch: int) -> None:
        self._rows, self._seed, self._epoch = rows, seed, epoch
        count = -(-rows // BLOCK_ROWS)
        self._blocks = stream(seed, Purpose.BATCH_ORDER, epoch).permutation(count)
        lengths = np.minimum(BLOCK_ROWS, rows - self._blocks * BLOCK_ROWS)
        self._starts = np.concatenate(
            [[0], np.cumsum(np.add.reduceat(lengths, range(0, count, GROUP)))]
        )
        self._group = lru_cache(maxsize=1)(self._shuffled)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, positions: slice) -> Array:
        """The row numbers at consecutive positions of the epoch."""
        first, end, _ = positions.indices(self._rows)
        if end <= first:
            return np.empty(0, np.int64)
        groups = range(
            int(np.searchsorted(self._starts, first, "right")) - 1,
            int(np.searchsorted(self._starts, end, "left")),
        )
        parts = [
            self._group(group)[max(first - self._starts[group], 0) : end - self._starts[group]]
            for group in groups
        ]
        return np.concatenate(parts)

    def _shuffled(self, group: int) -> Array:
        blocks = self._blocks[group * GROUP : (group + 1) * GROUP]
        rows = (blocks[:, None] * BLOCK_ROWS + np.arange(BLOCK_ROWS)).reshape(-1)
        rng = stream(self._seed, Purpose.BATCH_ORDER, self._epoch, group)
        return rng.permutation(rows[rows < self._rows])


Order = Array | BlockOrder
"""The row numbers of an epoch, of which consecutive ones are taken."""


def _drawn(seed: int, epoch: int) -> np.random.Generator:
    return stream(seed, Purpose.BATCH_ORDER, epoch)


SAMPLINGS: dict[str, Callable[[int, int, int], Order]] = {
    "shuffled": lambda rows, seed, epoch: _drawn(seed, epoch).permutation(rows),
    "blocks": BlockOrder,
    "sequential": lambda rows, seed, epoch: np.arange(rows),
    "with_replacement": lambda rows, seed, epoch: _drawn(seed, epoch).integers(0, rows, size=rows),
}
"""Name -> the order of an epoch's rows, from their number, the seed and the epoch."""


def epoch_order(sampling: str, rows: int, *, seed: int, epoch: int) -> Order:
    """The row numbers of one epoch (numbered from 1), `rows` of them, in the order in which batches take them."""
    return SAMPLINGS[sampling](rows, seed, epoch)


def chunks(rows: int, size: int) -> Iterator[slice]:
    """Consecutive slices of `size` rows; the last may be shorter."""
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def check_targets(split: Split, output_dim: int) -> None:
    """Raise DataError where the targets of a split do not fit the outputs."""
    if split.y.ndim == 2:
        if split.y.shape[1] != output_dim:
            raise DataError(
                f"the targets have {split.y.shape[1]} columns, the last layer {output_dim} outputs"
            )
        return
    needed = int(split.y.max()) + 1
    if needed > max(output_dim, 2):
        raise DataError(f"the data have {needed} classes, the last layer {output_dim} outputs")


def fill_targets(y: Array, out: Array) -> None:
    """out = what the outputs should be for each row of y: real targets and labels as they are, class numbers one-hot
    (for one output: 0 or 1)."""
    if y.ndim == 2:
        out[...] = y
    elif out.shape[1] == 1:
        out[:, 0] = y
    else:
        out.fill(0)
        out[np.arange(len(y)), y] = 1


def judged_dtype(y: Array, dtype: str) -> np.dtype[Any]:
    """What figures compare with targets in: float64 for real ones, as the data hold them, since `dtype` may round away
    all that they differ in; `dtype` for classes and labels, whose 0 and 1 it holds."""
    return np.dtype(np.float64 if y.dtype.kind == "f" else dtype)


def targets(split: Split, output_dim: int, dtype: str) -> Array:
    """(rows, output_dim) as `dtype`: what the outputs should be. DataError where they do not fit the outputs."""
    check_targets(split, output_dim)
    wanted = np.empty((len(split), output_dim), dtype)
    fill_targets(split.y, wanted)
    return wanted


def gather(x: Array, rows: Array | slice, scale: float, out: Array) -> Array:
    """out = x[rows] * (1 / scale) in the precision of `out`, which is (len(rows), input_dim).

    Each number depends on one number of `x` alone: the bits are the same however rows are grouped.
    """
    # picked as they lie (bytes, for images), cast, and multiplied by 1 / scale: three quick passes
    np.copyto(out, x[rows] if isinstance(rows, slice) else np.take(x, rows, axis=0), "same_kind")
    return out if scale == 1 else np.multiply(out, out.dtype.type(1 / scale), out)
