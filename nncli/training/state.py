"""The state of a training: with it and the spec, training goes on from any batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nncli.network.metrics import Tally
from nncli.network.params import Array, Arrays


@dataclass
class Best:
    """The best record so far by the monitored figure, and the parameters of that moment."""

    value: float
    epoch: int
    vector: Array


@dataclass
class Patience:
    """What early stopping waits on."""

    best: float | None = None
    """The figure at the last improvement by more than min_delta."""
    since: int = 0
    """The epoch of that improvement."""


@dataclass
class Plateau:
    """How far a plateau schedule has come down."""

    height: float = 1.0
    """What eta is multiplied by."""
    best: float | None = None
    since: int = 0
    """The epoch of the last improvement, or of the last cut."""


@dataclass
class State:
    """All that changes while a network trains."""

    vector: Array
    optimizer: Arrays
    tally: Tally
    """Sums over the rows since the last record."""
    average: Array | None = None
    """The moving average of the vector, where one is kept."""
    best: Best | None = None
    patience: Patience | None = None
    """Where training may stop early."""
    plateau: Plateau | None = None
    epoch: int = 0
    """Whole epochs done."""
    batch: int = 0
    """Batches done of the epoch under way."""
    stopped: bool = False
    """Whether early stopping has ended it."""
    seconds: float = 0.0
    """Training time since the last record, or since training went on after it."""
    timed: int = 0
    """Rows trained on in that time."""

    def is_finite(self) -> bool:
        """Whether every parameter, and every number that the optimizer keeps, is finite."""
        return all(np.isfinite(array).all() for array in (self.vector, *self.optimizer.values()))

    def snapshot(self) -> tuple[Arrays, Arrays]:
        """Copies of everything that a step changes."""
        vectors = {"vector": self.vector.copy()}
        if self.average is not None:
            vectors["average"] = self.average.copy()
        return vectors, {name: value.copy() for name, value in self.optimizer.items()}

    def restore(self, snapshot: tuple[Arrays, Arrays]) -> None:
        """Put a snapshot back, in place."""
        vectors, slots = snapshot
        for name, value in vectors.items():
            getattr(self, name)[...] = value
        for name, value in slots.items():
            self.optimizer[name][...] = value
