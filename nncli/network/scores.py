"""Figures of merit that ask how sure a network is, not only what it answers: log-loss, ranks of the truth, ROC-AUC.

All of them are taken from the logits: activations are rounded, and rounded ones tie.
"""

from __future__ import annotations

import math

import numpy as np

from nncli.network.losses import row_losses
from nncli.network.params import Array

TELLS_CHANCES = ("sigmoid", "softmax")
"""Last activations whose outputs are probabilities."""


def log_loss(z: Array, y: Array, activation: str) -> Array:
    """(n,): -log of the probability that each row's own class is given; from logits and one-hot rows, both (n, K), or
    (n, 1) for two classes. Finite for any finite z.

    Sigmoid outputs for several classes are taken as shares of their sum: p_k = a_k / sum_j a_j = softmax(log a)_k.
    """
    if z.shape[-1] == 1:
        return row_losses("binary_cross_entropy", "sigmoid", z, y)
    return row_losses("cross_entropy", "softmax", class_scores(z, activation), y)


def label_log_loss(z: Array, y: Array) -> Array:
    """(n,): -log of the probability that each label's own value is given, the mean over a row's labels."""
    return row_losses("binary_cross_entropy", "sigmoid", z, y) / z.shape[-1]


def class_scores(z: Array, activation: str) -> Array:
    """(n, K) numbers in float64 that order classes, and rows by how sure an answer is: z or, for sigmoid outputs,
    log a = -log(1 + exp(-z)); for both the logarithm of the probability, but for a term that all classes share."""
    z = z.astype(np.float64)
    if activation != "sigmoid":
        return z
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


def second_score(z: Array, activation: str) -> Array:
    """(n,) numbers in float64 that are the larger the surer the answer is the second of two classes."""
    if z.shape[-1] == 1:
        return z[..., 0].astype(np.float64)
    scores = class_scores(z, activation)
    return scores[..., 1] - scores[..., 0]


def ranks(z: Array, truth: Array) -> Array:
    """(n,): how many classes come before each row's own, by the logits (n, K); of equal ones the lower number comes
    first, as in an answer. A row is right where it is 0, and among the first k where it is below k."""
    own = np.take_along_axis(z, truth[:, None], axis=1)
    before = np.arange(z.shape[1]) < truth[:, None]
    return np.count_nonzero((z > own) | ((z == own) & before), axis=1)


def roc_auc(scores: Array, positive: Array) -> float:
    """The chance that a row of the second class scores higher than one of the first; a tie counts half.

    By Mann and Whitney's U from mean ranks, exactly: AUC = (sum of the ranks of the positive - p (p + 1) / 2) / (p n)
    for p positive and n negative rows. NaN where one of the classes has no row, or a score is none.
    """
    positives = int(np.count_nonzero(positive))
    negatives = len(positive) - positives
    if not positives or not negatives or np.isnan(scores).any():
        return math.nan
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    twice_rank = 2 * ends - counts + 1  # of a group of ties: first rank + last rank
    twice = int(twice_rank[place][positive].sum()) - positives * (positives + 1)
    return twice / (2 * positives * negatives)
