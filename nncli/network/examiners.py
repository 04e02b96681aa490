"""What is asked of a network once, at the end: figures too costly or too many for every record, in one pass over rows
that come in chunks. None of them depends on where a chunk ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from nncli.network.activations import activate
from nncli.network.metrics import (
    Confusion,
    precision_recall,
    predicted_classes,
    predicted_labels,
)
from nncli.network.params import Array
from nncli.network.scores import (
    TELLS_CHANCES,
    label_log_loss,
    log_loss,
    ranks,
    roc_auc,
    second_score,
)

MANY = 10
"""Classes from which it is worth knowing whether the truth is among the first few answers."""
TOPS = (3, 5)


class ClassExaminer:
    """Rows of one class each."""

    def __init__(self, truth: Array, classes: int, activation: str) -> None:
        """`truth` are the class numbers of all rows, `activation` is the last layer's."""
        self._truth, self._classes, self._activation = truth, classes, activation
        self.answers = np.empty(len(truth), np.intp)
        """The class that each row is taken for."""
        self._log_losses = np.empty(len(truth) if activation in TELLS_CHANCES else 0)
        self._scores = np.empty(len(truth) if classes == 2 else 0)
        self._hits = dict.fromkeys(TOPS if classes >= MANY else (), 0)

    def add(self, rows: slice, z: Array, y: Array) -> None:
        """Take in some rows: their logits and targets, (n, outputs)."""
        self.answers[rows] = predicted_classes(z, self._activation)
        if len(self._log_losses):
            self._log_losses[rows] = log_loss(z, y, self._activation)
        if len(self._scores):
            self._scores[rows] = second_score(z, self._activation)
        if self._hits:
            places = ranks(z, self._truth[rows])
            for most in self._hits:
                self._hits[most] += int(np.count_nonzero(places < most))

    @property
    def confusion(self) -> Confusion:
        """Truth against answer."""
        return Confusion.of(self._truth, self.answers, self._classes)

    def figures(self) -> dict[str, float]:
        """Balanced accuracy (the mean recall of the classes that have rows); log-loss, where outputs are
        probabilities; ROC-AUC of two classes; of ten or more, how often the truth is among the first 3 and 5."""
        confusion = self.confusion
        recall = confusion.per_class()["recall"][confusion.support > 0]
        figures = {"balanced_accuracy": float(recall.mean())}
        if len(self._log_losses):
            figures["log_loss"] = float(self._log_losses.mean())
        if len(self._scores):
            figures["roc_auc"] = roc_auc(self._scores, self._truth == 1)
        hits = {f"top_{most}": count / len(self._truth) for most, count in self._hits.items()}
        return figures | hits

    def each(self) -> dict[str, Array]:
        """Figures of each class."""
        return self.confusion.per_class() | {"support": self.confusion.support}


class LabelExaminer:
    """Rows that may have several labels."""

    def __init__(self, rows: int, labels: int, activation: str) -> None:
        self._activation = activation
        self._log_losses = np.empty(rows)
        self._right, self._answered, self._truly = np.zeros((3, labels), np.int64)
        self.answers = np.empty((rows, labels), np.bool_)
        """The labels that each row is given."""

    def add(self, rows: slice, z: Array, y: Array) -> None:
        """Take in some rows: their logits and labels, (n, K)."""
        answers, truth = predicted_labels(z, self._activation), y > 0.5
        self.answers[rows] = answers
        self._log_losses[rows] = label_log_loss(z, y)
        self._right += np.count_nonzero(answers & truth, axis=0)
        self._answered += np.count_nonzero(answers, axis=0)
        self._truly += np.count_nonzero(truth, axis=0)

    def figures(self) -> dict[str, Any]:
        """The log-loss of a label."""
        return {"log_loss": float(self._log_losses.mean())}

    def each(self) -> dict[str, Array]:
        """Figures of each label; `support` counts the rows that have it."""
        columns = precision_recall(self._right, self._answered, self._truly)
        return columns | {"support": self._truly}


class NumberExaminer:
    """Rows of numbers: all that is asked of them is in their running sums, but for the answers."""

    def __init__(self, rows: int, targets: int, activation: str) -> None:
        self._activation = activation
        self.answers = np.empty((rows, targets))
        """The numbers that each row is given."""

    def add(self, rows: slice, z: Array, y: Array) -> None:
        """Take in some rows: their logits and targets, (n, K)."""
        self.answers[rows] = activate(self._activation, z)

    def figures(self) -> dict[str, Any]:
        """None."""
        return {}
