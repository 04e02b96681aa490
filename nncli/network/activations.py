"""Activation functions, one table: name -> value and slope.

`value(z, out)` writes g(z) into `out`, which may be `z` itself. `pull_back(a, delta)` turns dLoss/da into dLoss/dz
in place, delta *= g'(z), with the slope taken from a = g(z) alone. It spends `a`: backward has no more use for it, and
no second buffer is needed. Everything works on any shape; softmax runs along the last axis.

Where exp overflows, infinity leads to the right answer, and NumPy would warn of it: callers wrap whole blocks of work
in `np.errstate(over="ignore")`, because doing so here would cost more than the arithmetic of a small layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nncli.network.params import Array


class Activation(NamedTuple):
    """A function and its derivative, both in place."""

    value: Callable[..., Array]
    pull_back: Callable[[Array, Array], None] | None
    """None where one output depends on several inputs: such a function can only stand last."""


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-z)). For z far below zero exp overflows to infinity, and 1 / infinity is the right 0."""
    a = np.negative(z, out)
    np.exp(a, a)
    np.add(a, 1, a)
    return np.reciprocal(a, a)


def _pull_back_sigmoid(a: Array, delta: Array) -> None:
    """g' = a (1 - a)."""
    delta *= a
    np.subtract(1, a, out=a)
    delta *= a


def _pull_back_tanh(a: Array, delta: Array) -> None:
    """g' = 1 - a^2."""
    np.square(a, out=a)
    np.subtract(1, a, out=a)
    delta *= a


def relu(z: Array, out: Array | None = None) -> Array:
    """max(z, 0)."""
    return np.maximum(z, 0, out=out)


def _pull_back_relu(a: Array, delta: Array) -> None:
    """g' = 1 where a > 0, else 0."""
    np.greater(a, 0, out=a)
    delta *= a


LEAK = 0.01
"""The slope of leaky_relu below zero (Maas et al. 2013; PyTorch's default, where Keras has 0.3)."""


def leaky_relu(z: Array, out: Array | None = None) -> Array:
    """z where z > 0, else 0.01 z."""
    return np.maximum(z, LEAK * z, out=out)


def _pull_back_leaky_relu(a: Array, delta: Array) -> None:
    """g' = 1 where a > 0, else 0.01."""
    np.greater(a, 0, out=a)
    np.maximum(a, LEAK, out=a)
    delta *= a


def elu(z: Array, out: Array | None = None) -> Array:
    """z where z > 0, else exp(z) - 1. Clevert et al. 2016, alpha 1."""
    below = np.minimum(z, 0)
    np.expm1(below, out=below)
    a = np.maximum(z, 0, out=out)
    a += below  # one of the two is zero
    return a


def _pull_back_elu(a: Array, delta: Array) -> None:
    """g' = 1 where a > 0, else exp(z) = a + 1."""
    np.minimum(a, 0, out=a)
    np.add(a, 1, out=a)
    delta *= a


def softplus(z: Array, out: Array | None = None) -> Array:
    """log(1 + exp(z)), without overflow."""
    return np.logaddexp(z, 0, out=out, dtype=z.dtype)


def _pull_back_softplus(a: Array, delta: Array) -> None:
    """g' = 1 / (1 + exp(-z)) = 1 - exp(-a)."""
    np.negative(a, out=a)
    np.expm1(a, out=a)
    np.negative(a, out=a)
    delta *= a


def softmax(z: Array, out: Array | None = None) -> Array:
    """exp(z_k) / sum_j exp(z_j) along the last axis, shifted by the largest z so that exp never overflows.

    Two logits further apart than the largest float differ by infinity, and exp(-infinity) is the right 0.
    """
    a = np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
    np.exp(a, out=a)
    a /= a.sum(axis=-1, keepdims=True)
    return a


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(sigmoid, _pull_back_sigmoid),
    "tanh": Activation(np.tanh, _pull_back_tanh),
    "relu": Activation(relu, _pull_back_relu),
    "leaky_relu": Activation(leaky_relu, _pull_back_leaky_relu),
    "elu": Activation(elu, _pull_back_elu),
    "softplus": Activation(softplus, _pull_back_softplus),
    "softmax": Activation(softmax, None),
    "identity": Activation(np.positive, lambda a, delta: None),
}
