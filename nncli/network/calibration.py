"""Does a network know how sure it may be? Its probabilities beside how often they come true."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nncli.network.params import Array


class Calibration(NamedTuple):
    """Answers in bins of equal width by the probability that they were given."""

    counts: Array
    """(bins,) answers in each."""
    given: Array
    """(bins,) their mean probability; 0 where there is none."""
    true: Array
    """(bins,) the share of them that came true; 0 where there is none."""

    @property
    def ece(self) -> float:
        """The expected calibration error: sum_b n_b / n |true_b - given_b|."""
        return float((self.counts * np.abs(self.true - self.given)).sum() / self.counts.sum())


def calibration(probability: Array, came_true: Array, bins: int = 10) -> Calibration:
    """From (n,) probabilities and whether each came true. Bin b holds those from b / bins to below (b + 1) / bins, the
    last one 1 too. Source: Guo et al., On Calibration of Modern Neural Networks (2017)."""
    place = np.minimum((probability * bins).astype(np.intp), bins - 1)
    counts, given, true = (
        np.bincount(place, weights=weights, minlength=bins)
        for weights in (None, probability, came_true)
    )
    some = np.maximum(counts, 1)
    return Calibration(counts, given / some, true / some)
