"""What every peer is given: the spec, the same data, the same initial weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli import preparation
from nncli.data.batches import gather, targets
from nncli.network.params import Array, Arrays
from nncli.preparation import Experiment
from nncli.spec.load import load_spec
from nncli.spec.model import Spec
from nncli.training.evaluation import Evaluator


@dataclass(frozen=True)
class Trainer:
    """A peer, ready to train."""

    epoch: Callable[[], object]
    params: Callable[[], Arrays]
    """What it has learned, as nncli names it; empty where nothing is learned."""
    threads: int
    note: str
    epochs_a_call: int = 1
    """How many epochs a call of `epoch` takes."""


@dataclass(frozen=True)
class Problem:
    """One spec with its data."""

    experiment: Experiment

    @classmethod
    def of(cls, spec: str, overrides: Sequence[str], epochs: int, turn: int = 1) -> Problem:
        """A spec file, trained for so many epochs, with no evaluation between them; a record ends each turn."""
        length = ["iterations=null", f"epochs={epochs}", f"record_every={turn}"]
        changed = [*overrides, *length, "track=[]"]
        return cls(preparation.prepare(load_spec(Path(spec), changed).spec))

    @property
    def spec(self) -> Spec:
        """The spec, resolved."""
        return self.experiment.spec

    @property
    def turn(self) -> int:
        """Epochs that are timed together."""
        return self.spec.record_every

    @property
    def batch_size(self) -> int:
        """Rows per step."""
        return self.experiment.length.batch_size

    def params(self) -> Arrays:
        """The initial weights, in the spec's precision."""
        drawn = preparation.initial_params(self.spec)
        return {name: value.astype(self.spec.dtype) for name, value in drawn.items()}

    def rows(self, name: str = "train") -> tuple[Array, Array]:
        """Every row of a split as numbers from 0 to 1, and its target as the outputs should be."""
        split = self.experiment.dataset.splits[name]
        x = np.empty(split.x.shape, self.spec.dtype)
        gather(split.x, slice(None), self.experiment.dataset.scale, out=x)
        return x, targets(split, self.spec.architecture[-1].output_dim, self.spec.dtype)

    def batches(self) -> Iterator[slice]:
        """An epoch's batches; the last may be short."""
        rows = self.experiment.length.rows
        for start in range(0, rows, self.batch_size):
            yield slice(start, min(start + self.batch_size, rows))

    def figures(self, params: Arrays) -> dict[str, float]:
        """Loss and accuracy on the test rows, or on the training rows where there are none."""
        dataset, spec = self.experiment.dataset, self.spec
        split = "test" if "test" in dataset.splits else "train"
        judge = Evaluator(dataset, split, spec.architecture, spec.loss, spec.dtype)
        return {f"{split}_{name}": value for name, value in judge.figures(params).items()}
