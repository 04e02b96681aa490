"""What keeps weights small: penalties on the gradient, and a limit after the step. Biases are left alone."""

from __future__ import annotations

import numpy as np

from nncli.network.params import Array, Arrays


def weight_names(params: Arrays) -> list[str]:
    """W1, W2, ..."""
    return [name for name in params if name.startswith("W")]


def penalize(params: Arrays, grads: Arrays, l1: float, l2: float, pace: Array) -> None:
    """Add the slope of l1 sum |w| + l2/2 sum w^2 over the weights: l1 sign(w) + l2 w, times the gradients' pace."""
    for name in weight_names(params):
        if l2:
            grads[name] += l2 * params[name] * pace
        if l1:
            grads[name] += l1 * np.sign(params[name]) * pace


def limit_norms(params: Arrays, max_norm: float) -> None:
    """Scale each row of a weight matrix (the weights into one unit) back to length max_norm, where it is longer.

    Srebro and Shraibman 2005; Srivastava et al. 2014 with dropout.
    """
    for name in weight_names(params):
        w: Array = params[name]
        norms = np.sqrt(np.square(w).sum(axis=-1, keepdims=True))
        # the smallest number keeps a unit without weights from 0 / 0
        w *= np.minimum(1, max_norm / np.maximum(norms, np.finfo(w.dtype).tiny))
