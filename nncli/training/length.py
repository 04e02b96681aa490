"""How long a training is, and the blocks of 64 batches that it goes in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from nncli.data.batches import Order
from nncli.network.params import Array
from nncli.spec.model import Spec

BLOCK = 64
"""Batches per block. Part of every result: random draws are made block by block."""


@dataclass(frozen=True)
class Length:
    """How long a training is, in rows, batches and epochs."""

    rows: int
    """Rows of the training split."""
    batch_size: int
    steps: int
    """Batches, all epochs together; the last epoch may end early."""

    @classmethod
    def of(cls, spec: Spec, rows: int) -> Length:
        """An epoch is ceil(rows / batch_size) batches, whatever the sampling."""
        batch_size = rows if spec.batch_size == "full" else min(spec.batch_size, rows)
        per_epoch = math.ceil(rows / batch_size)
        return cls(rows, batch_size, spec.iterations or per_epoch * (spec.epochs or 0))

    @cached_property
    def batches(self) -> int:
        """Batches of a whole epoch."""
        return math.ceil(self.rows / self.batch_size)

    @property
    def epochs(self) -> int:
        """Epochs, the last of which may end early."""
        return math.ceil(self.steps / self.batches)

    def batches_of(self, epoch: int) -> int:
        """Batches of one epoch, counted from 1."""
        return min(self.batches, self.steps - (epoch - 1) * self.batches)


class Block(NamedTuple):
    """Up to 64 consecutive batches of an epoch."""

    epoch: int
    """Counted from 1."""
    number: int
    """Counted from 0 in each epoch."""
    rows: Array
    """The row numbers of all its batches."""
    done: int
    """How many of those rows have been trained on already."""

    @classmethod
    def of(cls, length: Length, order: Order, epoch: int, batch: int) -> Block:
        """The block of an epoch in which the batch numbered `batch` (from 0) comes next."""
        number, size = batch // BLOCK, length.batch_size
        first = number * BLOCK
        last = min(first + BLOCK, length.batches_of(epoch))
        return cls(epoch, number, order[first * size : last * size], (batch - first) * size)

    @property
    def rest(self) -> Array:
        """The rows that are still to come."""
        return self.rows[self.done :]
