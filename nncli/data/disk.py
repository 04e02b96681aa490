"""Rows that stay in their file and are read in blocks, with `readinto`: mapped into memory, what has been read would
count as the process's own until the machine is short of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nncli import limits
from nncli.data.arrays import inputs
from nncli.data.files import shown
from nncli.errors import MachineError
from nncli.network.params import Array

BLOCK_ROWS = 256
"""Consecutive rows that are read at once."""
GROUP = 32
"""Blocks that are in memory together: `sampling: blocks` shuffles the rows of so many."""


class DiskRows:
    """(rows, features) numbers in a file, in the place of an array: row numbers or a slice of it are arrays."""

    def __init__(
        self, path: Path, start: int, dtype: np.dtype[Any], shape: tuple[int, int]
    ) -> None:
        """Values of `dtype` from byte `start` on, row after row."""
        self._path, self._start, self._stored, self.shape = path, start, dtype, shape
        kind = inputs(np.zeros((1, 1), dtype), "").dtype
        self.dtype, self.ndim = kind, 2
        self._cache = np.empty((0, shape[1]), kind)
        self._slots: dict[int, int] = {}

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def nbytes(self) -> int:
        """What is in memory of it at most."""
        blocks = min(GROUP, -(-len(self) // BLOCK_ROWS))
        return blocks * BLOCK_ROWS * self.shape[1] * self.dtype.itemsize

    def part(self, rows: slice) -> DiskRows:
        """Consecutive rows, which stay on disk."""
        first, end, _ = rows.indices(len(self))
        start = self._start + first * self._row_bytes
        return DiskRows(self._path, start, self._stored, (end - first, self.shape[1]))

    def __getitem__(self, rows: Any) -> Array:
        if isinstance(rows, slice):
            first, end, step = rows.indices(len(self))
            return self._read(first, max(first, end))[::step]
        return self.take(rows)

    def take(self, rows: Any, axis: int = 0, out: None = None, mode: str = "raise") -> Array:
        """The numbered rows, by way of blocks that are kept until others need their room."""
        numbers = np.asarray(rows)
        blocks, within = np.divmod(numbers, BLOCK_ROWS)
        found = np.empty((len(numbers), self.shape[1]), self.dtype)
        wanted = sorted(np.unique(blocks).tolist(), key=lambda block: block not in self._slots)
        for first in range(0, len(wanted), GROUP):
            some = wanted[first : first + GROUP]
            places = self._places(some)
            mask = np.isin(blocks, some)
            found[mask] = self._cache[places[blocks[mask]] + within[mask]]
        return found

    def _places(self, blocks: Sequence[int]) -> Array:
        """Block -> where its rows begin in the cache, for blocks that have been brought there."""
        places = np.zeros(max(blocks) + 1, np.intp)
        for block in blocks:
            slot = self._slots.pop(block, None)
            slot = self._load(block) if slot is None else slot
            self._slots[block] = slot  # the last of a dictionary is the one used last
            places[block] = slot * BLOCK_ROWS
        return places

    def _load(self, block: int) -> int:
        """Read a block into a free slot, or into that which has not been used for longest."""
        if not len(self._cache):
            rows = min(GROUP, -(-len(self) // BLOCK_ROWS)) * BLOCK_ROWS
            self._cache = np.empty((rows, self.shape[1]), self.dtype)
        free = len(self._slots) < len(self._cache) // BLOCK_ROWS
        slot = len(self._slots) if free else self._slots.pop(next(iter(self._slots)))
        first = block * BLOCK_ROWS
        values = self._read(first, min(first + BLOCK_ROWS, len(self)))
        self._cache[slot * BLOCK_ROWS : slot * BLOCK_ROWS + len(values)] = values
        return slot

    @property
    def _row_bytes(self) -> int:
        return self.shape[1] * self._stored.itemsize

    def _read(self, first: int, end: int) -> Array:
        """Consecutive rows from the file. MachineError where it cannot be read, or ends before; DataError for what is
        not finite."""
        rows = np.empty((end - first, self.shape[1]), self._stored)
        buffer = rows.reshape(-1).view(np.uint8).data
        try:
            with self._path.open("rb", buffering=0) as file:
                file.seek(self._start + first * self._row_bytes, os.SEEK_SET)
                done = 0
                while done < len(buffer) and (count := file.readinto(buffer[done:])):
                    done += count
        except OSError as error:
            raise limits.refusal(error, f"{shown(self._path)}: cannot be read") from error
        if done < len(buffer):
            raise MachineError(f"{shown(self._path)}: is shorter than when the run began")
        where = f"{shown(self._path)}, from row {first}"
        return (
            inputs(rows.astype(self._stored.newbyteorder("="), copy=False), where)
            if len(rows)
            else rows
        )
