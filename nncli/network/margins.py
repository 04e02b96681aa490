"""Whether a network is better than a baseline on the same rows, or no more than chance would have it.

A row's gain is the network's score less the baseline's: 1, 0 or -1 where a row is right or wrong. The mean of n gains
has the standard error s / sqrt(n), with s their standard deviation. Rows that both have right, or both wrong, add
nothing: for shares of rows this is McNemar's comparison (Psychometrika 12, 1947).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nncli.network.params import Array

CLEAR = 2.0
"""Standard errors by which a network must be better, so that chance alone gets there once in fifty times or so."""


class Margin(NamedTuple):
    """By how much a network is better than a baseline in a figure."""

    value: float
    error: float
    """The standard error of that."""

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance; never where it is no number."""
        return self.value > CLEAR * self.error


def of_classes(answers: Array, always: int, y: Array) -> dict[str, Margin]:
    """accuracy and balanced_accuracy of the classes (n,) that a network gives, over those of giving one class always; y
    (n,) are the true ones.

    The mean of K recalls r_k, each of n_k rows, has the variance sum_k r_k (1 - r_k) / n_k / K^2. Inside it r_k counts
    two rows more, one of them right (Agresti and Coull, The American Statistician 52, 1998): a class of a single row
    would have none otherwise.
    """
    right, base = answers == y, y == always
    variances, differences = [], []
    for number in np.unique(y):
        rows = y == number
        count, hits = np.count_nonzero(rows), np.count_nonzero(right[rows])
        near = (hits + 1) / (count + 2)
        variances.append(near * (1 - near) / count)
        differences.append(hits / count - (number == always))
    error = np.sqrt(np.sum(variances)) / len(variances)
    balanced = Margin(float(np.mean(differences)), float(error))
    return {"accuracy": _mean(right, base), "balanced_accuracy": balanced}


def of_labels(answers: Array, always: Array, y: Array) -> dict[str, Margin]:
    """accuracy and exact_match of a network's labels (n, K), over those of giving (K,) always; y (n, K) are the true
    ones."""
    right, base = answers == (y > 0.5), always == (y > 0.5)
    return {
        "accuracy": _mean(right.mean(axis=1), base.mean(axis=1)),
        "exact_match": _mean(right.all(axis=1), base.all(axis=1)),
    }


@np.errstate(over="ignore", invalid="ignore")
def of_numbers(answers: Array, always: Array, y: Array) -> dict[str, Margin]:
    """r2 of the numbers (n, K) that a network gives, over that of giving (K,) always; y (n, K) are the true ones.

    A row's gain: the mean over targets of n / SST_k times what its squared error is smaller by. A target that never
    varies adds 0.
    """
    y = y.astype(np.float64)
    total = np.square(y - y.mean(axis=0)).sum(axis=0)
    varies = total > 0
    if not varies.any():
        return {"r2": Margin(0.0, 0.0)}
    scale = np.where(varies, len(y) / np.where(varies, total, 1), 0) / y.shape[1]
    own, base = (-(np.square(each - y) * scale).sum(axis=1) for each in (answers, always))
    return {"r2": _mean(own, base)}


def _mean(own: Array, base: Array) -> Margin:
    gains = own.astype(np.float64) - base
    return Margin(float(gains.mean()), float(gains.std() / np.sqrt(len(gains))))
