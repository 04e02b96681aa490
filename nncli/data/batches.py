"""The order of rows in an epoch, and rows gathered into arrays that a network takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nncli.data.dataset import Split
from nncli.errors import DataError
from nncli.network.params import Array
from nncli.streams import Purpose, stream

SAMPLINGS: dict[str, Callable[[Callable[[], np.random.Generator], int], Array]] = {
    "shuffled": lambda rng, rows: rng().permutation(rows),
    "sequential": lambda rng, rows: np.arange(rows),
    "with_replacement": lambda rng, rows: rng().integers(0, rows, size=rows),
}
"""Name -> the order of an epoch's rows; the generator is made only where it is drawn from."""


def epoch_order(sampling: str, rows: int, *, seed: int, epoch: int) -> Array:
    """The row numbers of one epoch (numbered from 1), `rows` of them, in the order in which batches take them."""
    return SAMPLINGS[sampling](lambda: stream(seed, Purpose.BATCH_ORDER, epoch), rows)


def chunks(rows: int, size: int) -> Iterator[slice]:
    """Consecutive slices of `size` rows; the last may be shorter."""
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def targets(split: Split, output_dim: int, dtype: str) -> Array:
    """(rows, output_dim) as `dtype`: real targets as they are, class numbers one-hot (for one output: 0 or 1).

    DataError where they do not fit the outputs.
    """
    if split.y.ndim == 2:
        if split.y.shape[1] != output_dim:
            raise DataError(
                f"the targets have {split.y.shape[1]} columns, the last layer {output_dim} outputs"
            )
        return split.y.astype(dtype)
    needed = int(split.y.max()) + 1
    if needed > max(output_dim, 2):
        raise DataError(f"the data have {needed} classes, the last layer {output_dim} outputs")
    if output_dim == 1:
        return split.y[:, None].astype(dtype)
    one_hot = np.zeros((len(split), output_dim), dtype)
    one_hot[np.arange(len(split)), split.y] = 1
    return one_hot


def gather(x: Array, rows: Array | slice, scale: float, out: Array) -> Array:
    """out = x[rows] * (1 / scale) in the precision of `out`, which is (len(rows), input_dim).

    Each number depends on one number of `x` alone: the bits are the same however rows are grouped.
    """
    # picked as they lie (bytes, for images), cast, and multiplied by 1 / scale: three quick passes
    np.copyto(out, x[rows] if isinstance(rows, slice) else np.take(x, rows, axis=0), "same_kind")
    return out if scale == 1 else np.multiply(out, out.dtype.type(1 / scale), out)
