"""The state of a training: with it and the spec, training goes on from any batch."""

from __future__ import annotations

from dataclasses import dataclass

from nncli.network.metrics import Tally
from nncli.network.params import Array, Arrays


@dataclass
class State:
    """All that changes while a network trains."""

    vector: Array
    optimizer: Arrays
    tally: Tally
    """Sums over the rows since the last record."""
    epoch: int = 0
    """Whole epochs done."""
    batch: int = 0
    """Batches done of the epoch under way."""
    seconds: float = 0.0
    """Training time since the last record."""

    def snapshot(self) -> tuple[Array, Arrays]:
        """Copies of the parameters and of the optimizer's state."""
        return self.vector.copy(), {name: value.copy() for name, value in self.optimizer.items()}

    def restore(self, snapshot: tuple[Array, Arrays]) -> None:
        """Put a snapshot back, in place."""
        self.vector[:] = snapshot[0]
        for name, value in snapshot[1].items():
            self.optimizer[name][...] = value
