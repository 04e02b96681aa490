"""The arrays that batches pass through, and the calls of a step that are bound to them.

A block's batches lie in the same places as the block's before, so that each place needs its calls only once: the lists
for all places of a block are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nncli.data.feed import Feed
from nncli.network.calls import Call
from nncli.network.params import Array
from nncli.network.propagation import Masks
from nncli.spec.model import Spec
from nncli.training.dropout import draw_masks, dropping, rows_of
from nncli.training.length import BLOCK, Block
from nncli.training.step import Step


class Batch(NamedTuple):
    """Where a batch lies, and a step on it."""

    x: Array
    y: Array
    z: Array
    """Room for the logits."""
    masks: Masks
    calls: list[Call]


class Bench:
    """Room for a block of batches; with a leading axis for what differs between K networks."""

    def __init__(self, specs: Sequence[Spec], feeds: Sequence[Feed], step: Step) -> None:
        """One spec and feed for every network, or a single one where all take the same rows with the same masks."""
        self.specs, self.feeds, self.step = specs, feeds, step
        feed, leading = feeds[0], step.network.leading
        own = leading if len(feeds) > 1 else ()
        rows, outputs = min(BLOCK * feed.batch_size, feed.rows), feed.output_dim
        dtype = feed.dtype
        self._x = np.empty((*own, feed.at_once, feed.input_dim), dtype)
        self._y = np.empty((*own, rows, outputs), dtype)
        self._z = np.empty((*leading, rows, outputs), dtype)
        self._rows = np.empty((*own, rows), np.int64)
        self._masks = {
            number: np.empty((*own, rows, units), dtype) for number, units in dropping(specs[0])
        }
        self._bound: dict[tuple[int, int], Batch] = {}

    def targets(self, rows: int) -> Array:
        """The first `rows` of the block's targets."""
        return self._y[..., :rows, :]

    def logits(self, rows: int) -> Array:
        """The first `rows` of the block's logits, as the steps have left them."""
        return self._z[..., :rows, :]

    def batches(self, blocks: Sequence[Block], gathered: bool = True) -> Iterator[Batch]:
        """The batches to come in a block, one after the other: each overwrites another before it. One block for all
        networks, or one for each. Steps that take the numbers of rows need no inputs `gathered`."""
        rows = len(blocks[0].rest)
        for spec, feed, block, y, k in zip(
            self.specs, self.feeds, blocks, self._each(self._y), range(len(blocks)), strict=True
        ):
            feed.targets(block.rest, y[:rows])
            self._each(self._rows)[k][:rows] = block.rest
            for number, mask in draw_masks(spec, block, spec.dtype).items():
                self._each(self._masks[number])[k][:rows] = mask
        windows = [
            feed.batches(
                block.rest, (block.epoch, block.number, block.done), x if gathered else None
            )
            for feed, block, x in zip(self.feeds, blocks, self._each(self._x), strict=True)
        ]
        for window, *_ in zip(*windows, strict=True):
            yield self._bound.get(window) or self._bind(window)

    def bound(self) -> list[Batch]:
        """Every batch that has been used so far."""
        return list(self._bound.values())

    def _each(self, array: Array) -> Sequence[Array]:
        """What belongs to each feed."""
        return [array] if len(self.feeds) == 1 else list(array)

    def _bind(self, window: tuple[int, int]) -> Batch:
        begin, end = window
        place = begin % self.feeds[0].at_once
        x = self._x[..., place : place + end - begin, :]
        y, z = self._y[..., begin:end, :], self._z[..., begin:end, :]
        masks = rows_of(self._masks, slice(begin, end))
        calls = self.step.calls(x, y, z, masks, self._rows[..., begin:end])
        batch = self._bound[window] = Batch(x, y, z, masks, calls)
        return batch
