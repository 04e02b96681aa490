"""What a network has to beat: the best answer that does not look at its inputs, taken from the training targets."""

from __future__ import annotations

import math

import numpy as np

from nncli.network.examiners import MANY, TOPS
from nncli.network.metrics import RegressionTally
from nncli.network.params import Array

PIECE = 2**16
"""Rows that are looked at at once."""


def majority(train: Array, y: Array, classes: int) -> tuple[int, dict[str, float]]:
    """Always the commonest class of the training rows: its number, and its figures on the class numbers y.

    Its log-loss is that of giving each class its share of the training rows, infinite where y has a class that they do
    not have; its first answers are the commonest classes; and it ranks all rows alike.
    """
    counts = np.bincount(train, minlength=classes)
    order = np.argsort(-counts, kind="stable")
    answer, present = int(order[0]), np.unique(y)
    with np.errstate(divide="ignore"):
        log_loss = -np.log(counts / len(train))
    figures = {
        "accuracy": float(np.mean(y == answer)),
        "balanced_accuracy": 1 / len(present) if answer in present else 0.0,
        "log_loss": float(log_loss[y].mean()),
    }
    if classes == 2:
        figures["roc_auc"] = 0.5 if len(present) == 2 else math.nan
    tops = TOPS if classes >= MANY else ()
    return answer, figures | {f"top_{k}": float(np.isin(y, order[:k]).mean()) for k in tops}


def commonest_labels(train: Array, y: Array) -> dict[str, float]:
    """Each label as it is in most of the training rows; (rows, K) of 0 and 1."""
    share = train.mean(axis=0)
    right = (y > 0.5) == (share > 0.5)
    with np.errstate(divide="ignore"):
        chances = np.where(y > 0.5, -np.log(share), -np.log1p(-share))
    return {
        "accuracy": float(right.mean()),
        "exact_match": float(right.all(axis=1).mean()),
        "log_loss": float(chances.mean()),
    }


def mean_of(train: Array) -> Array:
    """(K,) in float64: the mean of each target, about the first row: that of equal numbers is exact."""
    first = train[0].astype(np.float64)
    return first + (train - first).mean(axis=0)


def mean_target(train: Array, y: Array, units: Array | float = 1.0) -> dict[str, float]:
    """The mean of the training targets; (rows, K), with rmse and mae times `units`."""
    tally, mean = RegressionTally(units=units), mean_of(train)
    for start in range(0, len(y), PIECE):
        rows = y[start : start + PIECE]
        answers = np.broadcast_to(mean, rows.shape)
        tally.add(np.zeros(len(rows)), answers, rows, "identity", batch=PIECE)
    return {name: value for name, value in tally.figures().items() if name != "loss"}
