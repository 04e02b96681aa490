"""Losses, and the one place that knows the delta of the output layer.

Every loss is a mean over rows: of `row_losses`, which gives each row's own. The cross-entropies are computed from the
logits z, never from a rounded a, so they are finite for any finite z.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 4.3.6 for the canonical pairs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nncli.network.activations import ACTIVATIONS, activate
from nncli.network.calls import Calls, run
from nncli.network.params import Array

CANONICAL = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}
"""Loss -> the only activation it is defined for here; their dLoss/dz is a - y."""


def _same_shape(z: Array, y: Array) -> None:
    if z.shape != y.shape:
        # Broadcasting would turn (n, 1) - (n,) into (n, n), and the loss could still fall.
        raise ValueError(f"output {z.shape} and target {y.shape} differ in shape")


def _quadratic(z: Array, y: Array, activation: str) -> Array:
    """1/2 sum_k (y_k - a_k)^2."""
    errors = activate(activation, z) - y
    return np.square(errors, out=errors).sum(axis=-1, dtype=np.float64) / 2


def _mse(z: Array, y: Array, activation: str) -> Array:
    """1/K sum_k (a_k - y_k)^2 over the K outputs."""
    return _quadratic(z, y, activation) * (2 / z.shape[-1])


def _cross_entropy(z: Array, y: Array, activation: str) -> Array:
    """-sum_k y_k log softmax(z)_k = sum_k y_k (log sum_j exp(z_j - m) - (z_k - m)), m = max z."""
    # rows are turned into columns: NumPy is several times as fast along a long axis as along a few classes
    shifted = np.array(z.mT, np.float64, order="C")
    shifted -= shifted.max(axis=-2, keepdims=True)
    # Two float64 logits may be further apart than the largest float; 0 * -inf would be NaN.
    np.maximum(shifted, np.finfo(np.float64).min, out=shifted)
    log_sum = np.log(np.exp(shifted).sum(axis=-2, keepdims=True))
    np.subtract(log_sum, shifted, out=shifted)
    shifted *= y.mT
    return shifted.sum(axis=-2)


def _binary_cross_entropy(z: Array, y: Array, activation: str) -> Array:
    """-sum_k y_k log a_k + (1 - y_k) log(1 - a_k) = sum_k max(z_k, 0) - y_k z_k + log(1 + exp(-|z_k|))."""
    z = z.astype(np.float64)
    terms = np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))
    return terms.sum(axis=-1)


LOSSES: dict[str, Callable[[Array, Array, str], Array]] = {
    "quadratic": _quadratic,
    "mse": _mse,
    "cross_entropy": _cross_entropy,
    "binary_cross_entropy": _binary_cross_entropy,
}


@np.errstate(over="ignore", invalid="ignore")
def row_losses(loss: str, activation: str, z: Array, y: Array) -> Array:
    """The loss of each row, (..., n) in float64, from the logits z and the targets y, both (..., n, outputs).

    Raises ValueError where their shapes differ. What is not finite in z stays visible: the caller looks for it.
    """
    _same_shape(z, y)
    return LOSSES[loss](z, y, activation)


def slope(loss: str, rows: int, outputs: int) -> float:
    """What a - y is multiplied by in dLoss/dz of a mean over rows: 1 / n, and 2 / (n K) for mse over K outputs."""
    return 2 / (rows * outputs) if loss == "mse" else 1 / rows


def output_delta(
    loss: str, activation: str, a: Array, z: Array, y: Array, delta: Array, factor: Array
) -> Calls:
    """dLoss/dz of the last layer, into `delta`; may spend `a`, but not the logits `z`. With `factor` = `slope` it is
    that of the mean loss.

    factor (a - y) for a canonical pair; otherwise the chain rule: factor (a - y) g'(z).
    """
    yield np.subtract, (a, y, delta)
    yield np.multiply, (delta, factor, delta)
    if loss not in CANONICAL:
        own = ACTIVATIONS[activation]
        if own.pull_back is None:
            raise ValueError(f"{loss} has no delta for {activation}: use cross_entropy")
        if own.by_sums:
            z, sums = np.empty_like(z), z
            yield np.positive, (sums, z)
        yield from own.pull_back(a, z, delta)


def row_weights(y: Array, weights: Array) -> Array:
    """(..., n, 1): the weight of each row's class; from one-hot targets, or 0 and 1 in one column."""
    out = np.empty((*y.shape[:-1], 1), y.dtype)
    run(weigh(y, weights, out))
    return out


def weigh(y: Array, weights: Array, out: Array) -> Calls:
    """The same as calls, written into `out`."""
    if y.shape[-1] > 1:
        yield np.matmul, (y, weights[:, None], out)
    else:
        yield np.multiply, (y, weights[1] - weights[0], out)
        yield np.add, (out, weights[0], out)
