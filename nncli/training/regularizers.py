"""What keeps weights small: penalties on the gradient, and a limit after the step. Biases are left alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nncli.network.params import Array, Arrays
from nncli.spec.schedules import RegularizerSpec


def numbers(settings: Sequence[RegularizerSpec], like: Array) -> Arrays:
    """The settings that are not 0 or null, by their names, in the type of the parameters `like`: each a number, or for
    K networks (K, 1, 1), which fits their weights."""
    shape = (len(settings), 1, 1) if like.ndim > 1 else ()
    columns = {
        name: [getattr(one, name) or 0 for one in settings] for name in RegularizerSpec.model_fields
    }
    # what is too large for the type is infinite: the training diverges, and says so
    with np.errstate(over="ignore"):
        return {
            name: np.asarray(column).astype(like.dtype).reshape(shape)
            for name, column in columns.items()
            if any(column)
        }


def weight_names(params: Arrays) -> list[str]:
    """W1, W2, ..."""
    return [name for name in params if name.startswith("W")]


def penalize(
    params: Arrays, grads: Arrays, l1: Array | float | None, l2: Array | float | None, pace: Array
) -> None:
    """Add the slope of l1 sum |w| + l2/2 sum w^2 over the weights: l1 sign(w) + l2 w, times the gradients' pace. None
    where there is no such penalty."""
    for name in weight_names(params):
        if l2 is not None:
            grads[name] += l2 * params[name] * pace
        if l1 is not None:
            grads[name] += l1 * np.sign(params[name]) * pace


def limit_norms(params: Arrays, max_norm: Array | float) -> None:
    """Scale each row of a weight matrix (the weights into one unit) back to length max_norm, where it is longer.

    Srebro and Shraibman 2005; Srivastava et al. 2014 with dropout.
    """
    for name in weight_names(params):
        w: Array = params[name]
        norms = np.sqrt(np.square(w).sum(axis=-1, keepdims=True))
        # the smallest number keeps a unit without weights from 0 / 0
        w *= np.minimum(1, max_norm / np.maximum(norms, np.finfo(w.dtype).tiny))
