"""Figures of merit, from running sums: what is right, and how far off."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import reduce
from operator import add
from typing import Any, ClassVar, Self

import numpy as np

from nncli.network.activations import activate
from nncli.network.losses import row_weights
from nncli.network.params import Array


def classes_of(values: Array) -> Array:
    """(..., n, K) scores or one-hot rows -> (..., n) class numbers: the largest, or above 1/2 for one output."""
    if values.shape[-1] == 1:
        return (values[..., 0] > 0.5).astype(np.intp)
    return values.argmax(axis=-1)


def predicted_classes(z: Array, activation: str) -> Array:
    """The classes that the logits z stand for. Several are compared as logits: rounded activations can tie."""
    return classes_of(activate(activation, z) if z.shape[-1] == 1 else z)


def predicted_labels(z: Array, activation: str) -> Array:
    """The labels that the logits z stand for, each by itself: true where its output is above 1/2."""
    return activate(activation, z) > 0.5


def _add_batches(total: Any, terms: Array, batch: int) -> Any:
    """total + the terms of each batch, one batch after the other: the same bits however many come at once."""
    return reduce(add, np.add.reduceat(terms, range(0, len(terms), batch), axis=0), total)


@dataclass
class Sums:
    """Running sums over rows: what a checkpoint keeps of a record that is not due yet."""

    PER_OUTPUT: ClassVar[tuple[str, ...]] = ()
    """Those that are kept for each output."""
    FIXED: ClassVar[tuple[str, ...]] = ()
    """Fields that are no sums."""
    LATER: ClassVar[tuple[str, ...]] = ()
    """Those that checkpoints of earlier versions lack: 0 there."""

    rows: int = 0
    loss: float = 0.0

    def sums(self) -> dict[str, Any]:
        """Every sum by its name."""
        return {
            one.name: getattr(self, one.name) for one in fields(self) if one.name not in self.FIXED
        }

    def with_sums(self, sums: dict[str, Any]) -> Self:
        """The same kind of tally with these sums."""
        return replace(self, **sums)


@dataclass
class ClassTally(Sums):
    """Running sums of a classification: rows, loss and right answers."""

    NAMES: ClassVar[tuple[str, ...]] = ("loss", "accuracy")

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
class WeightedTally(ClassTally):
    """The same where classes are weighted, and the loss with each row's weight: what training minimizes."""

    NAMES: ClassVar = (*ClassTally.NAMES, "weighted_loss")
    FIXED: ClassVar = ("class_weights",)
    LATER: ClassVar = ("weight", "weighted")

    class_weights: Any = None
    """(classes,)."""
    weight: float = 0.0
    weighted: float = 0.0

    def add(self, losses: Array, z: Array, y: Array, activation: str, batch: int) -> None:
        """Take in n rows: their losses (n,), logits and targets (n, K), in batches of `batch` rows."""
        super().add(losses, z, y, activation, batch)
        weights = row_weights(y, self.class_weights)[:, 0].astype(np.float64)
        self.weight = float(_add_batches(self.weight, weights, batch))
        self.weighted = float(_add_batches(self.weighted, weights * losses, batch))

    def figures(self) -> dict[str, float]:
        """Mean loss and accuracy; sum_i w_i loss_i / sum_i w_i."""
        return super().figures() | {"weighted_loss": self.weighted / self.weight}


@dataclass
class LabelTally(Sums):
    """Running sums where a row may have several labels: right labels, and rows with all of them right."""

    NAMES: ClassVar = ("loss", "accuracy", "exact_match")

    labels: int = 0
    correct: int = 0
    exact: int = 0

    def add(self, losses: Array, z: Array, y: Array, activation: str, batch: int) -> None:
        """Take in n rows: their losses (n,), logits and labels (n, K), in batches of `batch` rows."""
        right = predicted_labels(z, activation) == (y > 0.5)
        self.rows += len(z)
        self.loss = float(_add_batches(self.loss, losses, batch))
        self.labels += right.size
        self.correct += int(np.count_nonzero(right))
        self.exact += int(np.count_nonzero(right.all(axis=-1)))

    def figures(self) -> dict[str, float]:
        """Mean loss, the share of right labels, and that of rows whose labels are all right."""
        return {
            "loss": self.loss / self.rows,
            "accuracy": self.correct / self.labels,
            "exact_match": self.exact / self.rows,
        }


@dataclass
class RegressionTally(Sums):
    """Running sums of a regression, kept per output.

    Sums over targets are of y - center, center being the first row's target: the R^2 of targets far from 0 beside their
    spread would otherwise be the difference of two large sums, of which no digit is left. About one of the n numbers
    themselves, at most a factor of n + 1 cancels, and what never varies has a spread of exactly 0.

    Source: Chan, Golub and LeVeque, Algorithms for Computing the Sample Variance (1983), 2.
    """

    NAMES: ClassVar = ("loss", "rmse", "mae", "r2")
    PER_OUTPUT: ClassVar = ("squared", "absolute", "center", "target", "target_squared")
    FIXED: ClassVar = ("units",)
    LATER: ClassVar = ("center",)

    squared: Any = 0.0
    absolute: Any = 0.0
    center: Any = 0.0
    target: Any = 0.0
    target_squared: Any = 0.0
    units: Any = 1.0
    """What rmse and mae are multiplied by: one number for each output, where targets are standardized."""

    def add(self, losses: Array, z: Array, y: Array, activation: str, batch: int) -> None:
        """Take in n rows: their losses (n,), logits and targets (n, K), in batches of `batch` rows."""
        y = np.asarray(y, np.float64)
        if not self.rows:
            self.center = y[0].copy()
        errors, shifted = activate(activation, z) - y, y - self.center
        self.rows += len(z)
        self.loss = float(_add_batches(self.loss, losses, batch))
        self.squared = _add_batches(self.squared, np.square(errors), batch)
        self.absolute = _add_batches(self.absolute, np.abs(errors), batch)
        self.target = _add_batches(self.target, shifted, batch)
        self.target_squared = _add_batches(self.target_squared, np.square(shifted), batch)

    def figures(self) -> dict[str, float]:
        """Mean loss, root mean squared and mean absolute error over all outputs, and the mean of their R^2."""
        largest = np.max(
            self.units
        )  # taken out of the root: the square of a unit may be too large for any float
        shares = np.square(self.units / largest)
        return {
            "loss": self.loss / self.rows,
            "rmse": float(np.sqrt(np.mean(self.squared * shares) / self.rows) * largest),
            "mae": float(np.mean(self.absolute * self.units) / self.rows),
            "r2": float(np.mean(self._r2())),
        }

    def per_output(self) -> dict[str, Array]:
        """rmse and mae of each target in its units, and its R^2."""
        return {
            "rmse": np.sqrt(self.squared / self.rows) * self.units,
            "mae": self.absolute / self.rows * self.units,
            "r2": self._r2(),
        }

    def _r2(self) -> Array:
        """1 - SSE/SST of each target. Where it never varies, or there is a single row, 1 for answers without any error
        and 0 for all others, as scikit-learn's r2_score has it for targets that never vary (force_finite)."""
        spread = self.target_squared - np.square(self.target) / self.rows
        varies = spread > 0
        otherwise = np.where(np.equal(self.squared, 0), 1.0, 0.0)
        return np.where(varies, 1 - self.squared / np.where(varies, spread, 1), otherwise)


Tally = ClassTally | WeightedTally | LabelTally | RegressionTally


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
        """Precision, recall and f1 of each class."""
        return precision_recall(np.diag(self.counts), self.counts.sum(axis=0), self.support)


def precision_recall(right: Array, answered: Array, truly: Array) -> dict[str, Array]:
    """precision = right / answered so, recall = right / truly so, f1 = their harmonic mean; 0 where 0 / 0."""
    right = right.astype(np.float64)
    return {
        "precision": right / np.maximum(answered, 1),
        "recall": right / np.maximum(truly, 1),
        "f1": 2 * right / np.maximum(answered + truly, 1),
    }
