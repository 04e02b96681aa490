"""Figures of merit, from running sums: what is right, and how far off."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any, ClassVar

import numpy as np

from nncli.network.activations import activate
from nncli.network.params import Array


def classes_of(values: Array) -> Array:
    """(..., n, K) scores or one-hot rows -> (..., n) class numbers: the largest, or above 1/2 for one output."""
    if values.shape[-1] == 1:
        return (values[..., 0] > 0.5).astype(np.intp)
    return values.argmax(axis=-1)


def predicted_classes(z: Array, activation: str) -> Array:
    """The classes that the logits z stand for. Several are compared as logits: rounded activations can tie."""
    return classes_of(activate(activation, z) if z.shape[-1] == 1 else z)


def _add_batches(total: Any, terms: Array, batch: int) -> Any:
    """total + the terms of each batch, one batch after the other: the same bits however many come at once."""
    return reduce(add, np.add.reduceat(terms, range(0, len(terms), batch), axis=0), total)


@dataclass
class ClassTally:
    """Running sums of a classification: rows, loss and right answers."""

    NAMES: ClassVar = ("loss", "accuracy")

    rows: int = 0
    loss: float = 0.0
    correct: int = 0

    def add(self, losses: Array, z: Array, y: Array, activation: str, batch: int) -> None:
        """Take in n rows: their losses (n,), logits and targets (n, K), in batches of `batch` rows."""
        self.rows += len(z)
        self.loss = float(_add_batches(self.loss, losses, batch))
        self.correct += int(np.count_nonzero(predicted_classes(z, activation) == classes_of(y)))

    def figures(self) -> dict[str, float]:
        """Mean loss and accuracy."""
        return {"loss": self.loss / self.rows, "accuracy": self.correct / self.rows}


@dataclass
class RegressionTally:
    """Running sums of a regression; the sums over targets are kept per output."""

    NAMES: ClassVar = ("loss", "rmse", "mae", "r2")

    rows: int = 0
    loss: float = 0.0
    squared: Any = 0.0
    absolute: Any = 0.0
    target: Any = 0.0
    target_squared: Any = 0.0

    def add(self, losses: Array, z: Array, y: Array, activation: str, batch: int) -> None:
        """Take in n rows: their losses (n,), logits and targets (n, K), in batches of `batch` rows."""
        y = y.astype(np.float64)
        errors = activate(activation, z) - y
        self.rows += len(z)
        self.loss = float(_add_batches(self.loss, losses, batch))
        self.squared = _add_batches(self.squared, np.square(errors), batch)
        self.absolute = _add_batches(self.absolute, np.abs(errors), batch)
        self.target = _add_batches(self.target, y, batch)
        self.target_squared = _add_batches(self.target_squared, np.square(y), batch)

    def figures(self) -> dict[str, float]:
        """Mean loss, root mean squared and mean absolute error over all outputs, and R^2 = 1 - SSE/SST, the mean
        over the outputs (0 for an output whose target never varies, as if it were predicted by its mean)."""
        spread = self.target_squared - np.square(self.target) / self.rows
        varies = spread > 0
        r2 = np.where(varies, 1 - self.squared / np.where(varies, spread, 1), 0.0)
        return {
            "loss": self.loss / self.rows,
            "rmse": float(np.sqrt(np.mean(self.squared) / self.rows)),
            "mae": float(np.mean(self.absolute) / self.rows),
            "r2": float(np.mean(r2)),
        }


Tally = ClassTally | RegressionTally


@dataclass(frozen=True)
class Confusion:
    """How often each class (row) was taken for each class (column)."""

    counts: Array = field(repr=False)
    """(K, K) whole numbers: counts[truth, answer]."""

    @classmethod
    def of(cls, truth: Array, answer: Array, classes: int) -> Confusion:
        """From two columns of class numbers below `classes`."""
        cells = np.bincount(truth * classes + answer, minlength=classes * classes)
        return cls(cells.reshape(classes, classes))

    @property
    def support(self) -> Array:
        """Rows of each class."""
        return self.counts.sum(axis=1)

    def per_class(self) -> dict[str, Array]:
        """precision = right / answered so, recall = right / truly so, f1 = their harmonic mean; 0 where 0 / 0."""
        right = np.diag(self.counts).astype(np.float64)
        answered, truly = self.counts.sum(axis=0), self.support
        return {
            "precision": right / np.maximum(answered, 1),
            "recall": right / np.maximum(truly, 1),
            "f1": 2 * right / np.maximum(answered + truly, 1),
        }
