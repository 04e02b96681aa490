"""Batches of the training split, gathered several at a time into one buffer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nncli.data.augment import Augmenter, Place
from nncli.data.batches import check_targets, fill_targets, gather, judged_dtype
from nncli.data.dataset import Dataset
from nncli.network.params import Array

Gather = Callable[[Array, Array, float, Array], object]
"""(x, rows, scale, out): what `gather` of data/batches.py does."""
GATHER_BYTES = 2**17
"""How much of `x` is gathered at once, at least one batch: small enough to stay in a cache."""


class Feed:
    """The training split as batches: inputs scaled and cast, targets as the network's outputs should be.

    With an `augmenter`, inputs are distorted images.
    """

    def __init__(
        self,
        dataset: Dataset,
        output_dim: int,
        batch_size: int,
        dtype: str,
        augmenter: Augmenter | None,
        gather: Gather = gather,
    ) -> None:
        self._split, self._scale = dataset.splits["train"], dataset.scale
        self._augmenter, self._gather = augmenter, gather
        self.batch_size, self.rows, self.input_dim = batch_size, len(self._split), dataset.input_dim
        check_targets(self._split, output_dim)
        self.output_dim, self.dtype = output_dim, np.dtype(dtype)
        row_bytes = dataset.input_dim * np.dtype(dtype).itemsize
        # distortions are drawn in whole groups of rows: more rows at once, fewer groups drawn twice
        budget = GATHER_BYTES if augmenter is None else 8 * GATHER_BYTES
        batches = max(1, budget // (batch_size * row_bytes))
        self.at_once = min(batches * batch_size, self.rows)
        """Rows that are gathered at once: whole batches, or all there are."""

    def targets(self, rows: Array, out: Array) -> None:
        """What the outputs should be for the numbered rows, into `out`, (len(rows), output_dim)."""
        fill_targets(np.take(self._split.y, rows, axis=0), out)

    def judged(self, rows: Array, y: Array) -> Array:
        """The targets `y` of the numbered rows, as figures compare with them (`judged_dtype`)."""
        split = self._split.y
        return y if judged_dtype(split, y.dtype.name) == y.dtype else np.take(split, rows, axis=0)

    def batches(self, rows: Array, place: Place, x: Array | None) -> Iterator[tuple[int, int]]:
        """Gather the inputs of the numbered rows into `x`, (at_once, input_dim), and yield where each batch begins and
        ends in `rows`; the last may be short. In `x` the batch lies at its beginning modulo `at_once`.

        `place` is that of the first row; distortions follow from it. The next gathering overwrites the batches. Without
        `x` nothing is gathered.
        """
        epoch, block, first = place
        for head in range(0, len(rows), self.at_once):
            part = rows[head : head + self.at_once]
            if x is not None:
                self.fill(x[: len(part)], part, (epoch, block, first + head))
            for start in range(0, len(part), self.batch_size):
                yield head + start, head + min(start + self.batch_size, len(part))

    def fill(self, out: Array, rows: Array, place: Place) -> None:
        """Gather the inputs of the numbered rows, of which the first is at `place`, into `out`."""
        if self._augmenter is None:
            self._gather(self._split.x, rows, self._scale, out)
        else:
            self._augmenter.gather(self._split.x, rows, self._scale, out, place)
