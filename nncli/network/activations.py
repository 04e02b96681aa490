"""Activation functions, one table: name -> value and slope, each as calls (calls.py).

`value(z, a, room)` writes g(z) into `a`, which may be `z` itself where `by_sums` is False; `room` is an array of the
same shape for what lies between. `pull_back(a, z, delta)` turns dLoss/da into dLoss/dz in place, delta *= g'(z). Where
`by_sums` is False it takes the slope from a = g(z) alone, and `z` may hold anything; otherwise from z. It spends what
it takes the slope from: backward has no more use for it, and no other buffer is needed. Everything works on any shape;
softmax runs along the last axis.

Where exp overflows, infinity leads to the right answer, and NumPy would warn of it: callers wrap whole blocks of work
in `np.errstate(over="ignore")`, because doing so here would cost more than the arithmetic of a small layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nncli.network.calls import Calls, constant, larger, largest, run, smaller
from nncli.network.params import Array


class Activation(NamedTuple):
    """A function and its derivative, both in place."""

    value: Callable[[Array, Array, Array], Calls]
    pull_back: Callable[[Array, Array, Array], Calls] | None
    """None where one output depends on several inputs: such a function can only stand last."""
    low: float = -math.inf
    high: float = math.inf
    """Between what the values lie."""
    by_sums: bool = False
    """Whether the slope cannot be told from the value: two z have the same one. Then the sums are kept."""
    initializer: str = "glorot_uniform"
    """What weights are drawn from by default."""


def activate(name: str, z: Array) -> Array:
    """g(z), in an array of its own."""
    a = np.empty_like(z)
    run(ACTIVATIONS[name].value(z, a, np.empty_like(z)))
    return a


def sigmoid(z: Array, a: Array, room: Array) -> Calls:
    """1 / (1 + exp(-z)). For z far below zero exp overflows to infinity, and 1 / infinity is the right 0."""
    yield np.negative, (z, a)
    yield np.exp, (a, a)
    yield np.add, (a, constant(1, a), a)
    yield np.reciprocal, (a, a)


def _pull_back_sigmoid(a: Array, z: Array, delta: Array) -> Calls:
    """g' = a (1 - a)."""
    yield np.multiply, (delta, a, delta)
    yield np.subtract, (constant(1, a), a, a)
    yield np.multiply, (delta, a, delta)


def tanh(z: Array, a: Array, room: Array) -> Calls:
    """(exp(z) - exp(-z)) / (exp(z) + exp(-z))."""
    yield np.tanh, (z, a)


def _pull_back_tanh(a: Array, z: Array, delta: Array) -> Calls:
    """g' = 1 - a^2."""
    yield np.square, (a, a)
    yield np.subtract, (constant(1, a), a, a)
    yield np.multiply, (delta, a, delta)


def relu(z: Array, a: Array, room: Array) -> Calls:
    """max(z, 0)."""
    yield larger(z, constant(0, a), a)


def _pull_back_relu(a: Array, z: Array, delta: Array) -> Calls:
    """g' = 1 where a > 0, else 0."""
    yield np.greater, (a, constant(0, a), a)
    yield np.multiply, (delta, a, delta)


LEAK = 0.01
"""The slope of leaky_relu below zero (Maas et al. 2013; PyTorch's default, where Keras has 0.3)."""


def leaky_relu(z: Array, a: Array, room: Array) -> Calls:
    """z where z > 0, else 0.01 z."""
    yield np.multiply, (constant(LEAK, z), z, room)
    yield larger(z, room, a)


def _pull_back_leaky_relu(a: Array, z: Array, delta: Array) -> Calls:
    """g' = 1 where a > 0, else 0.01."""
    yield np.greater, (a, constant(0, a), a)
    yield larger(a, constant(LEAK, a), a)
    yield np.multiply, (delta, a, delta)


def elu(z: Array, a: Array, room: Array) -> Calls:
    """z where z > 0, else exp(z) - 1. Clevert et al. 2016, alpha 1."""
    yield smaller(z, constant(0, z), room)
    yield np.expm1, (room, room)
    yield larger(z, constant(0, z), a)
    yield np.add, (a, room, a)  # one of the two is zero


def _pull_back_elu(a: Array, z: Array, delta: Array) -> Calls:
    """g' = 1 where a > 0, else exp(z) = a + 1."""
    yield smaller(a, constant(0, a), a)
    yield np.add, (a, constant(1, a), a)
    yield np.multiply, (delta, a, delta)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al. 2017, appendix A.1: with them, means of 0 and variances of 1 stay so from layer to layer."""


def selu(z: Array, a: Array, room: Array) -> Calls:
    """1.0507 z where z > 0, else 1.0507 x 1.6733 (exp(z) - 1). Klambauer et al. 2017."""
    yield smaller(z, constant(0, z), room)
    yield np.expm1, (room, room)
    yield np.multiply, (room, constant(SELU_ALPHA, z), room)
    yield larger(z, constant(0, z), a)
    yield np.add, (a, room, a)  # one of the two is zero
    yield np.multiply, (a, constant(SELU_SCALE, z), a)


def _pull_back_selu(a: Array, z: Array, delta: Array) -> Calls:
    """g' = 1.0507 where a > 0, else 1.0507 x 1.6733 exp(z) = a + 1.7581."""
    above = np.empty(a.shape, np.bool_)
    yield np.greater, (a, constant(0, a), above)
    yield np.add, (a, constant(SELU_SCALE * SELU_ALPHA, a), a)
    yield np.putmask, (a, above, constant(SELU_SCALE, a))
    yield np.multiply, (delta, a, delta)


def silu(z: Array, a: Array, room: Array) -> Calls:
    """z / (1 + exp(-z)). Hendrycks and Gimpel 2016; as swish, Ramachandran et al. 2017."""
    yield from sigmoid(z, room, room)
    yield np.multiply, (z, room, a)


def _pull_back_silu(a: Array, z: Array, delta: Array) -> Calls:
    """g' = s (1 + z (1 - s)) = s (1 + z - a), with s = 1 / (1 + exp(-z))."""
    yield np.subtract, (z, a, a)
    yield np.add, (a, constant(1, a), a)
    yield from sigmoid(z, z, z)
    yield np.multiply, (a, z, a)
    yield np.multiply, (delta, a, delta)


GELU_RATE, GELU_CUBE = math.sqrt(8 / math.pi), 0.044715
GELU_FLAT = 9.0
"""Beyond it the slope is 0 or 1, within 1e-26."""


def gelu(z: Array, a: Array, room: Array) -> Calls:
    """z / (1 + exp(-u)), u = sqrt(8 / pi) (z + 0.044715 z^3): the tanh form of z Phi(z), from which it differs by
    0.0005 at most. Hendrycks and Gimpel 2016; `GELU("tanh")` in PyTorch."""
    yield from _gelu_gate(z, room)
    yield np.multiply, (z, room, a)


def _gelu_gate(z: Array, out: Array) -> Calls:
    """1 / (1 + exp(-u))."""
    yield np.square, (z, out)
    yield np.multiply, (out, constant(GELU_RATE * GELU_CUBE, z), out)
    yield np.add, (out, constant(GELU_RATE, z), out)
    yield np.multiply, (out, z, out)
    yield from sigmoid(out, out, out)


def _pull_back_gelu(a: Array, z: Array, delta: Array) -> Calls:
    """g' = s (1 + (z - a) du/dz), with s = 1 / (1 + exp(-u)) and du/dz = sqrt(8 / pi) (1 + 3 x 0.044715 z^2)."""
    gate = np.empty_like(a)
    yield np.subtract, (z, a, a)
    yield smaller(
        z, constant(GELU_FLAT, z), z
    )  # where z^2 would overflow, 0 x infinity is no slope
    yield larger(z, constant(-GELU_FLAT, z), z)
    yield from _gelu_gate(z, gate)
    yield np.square, (z, z)
    yield np.multiply, (z, constant(3 * GELU_RATE * GELU_CUBE, z), z)
    yield np.add, (z, constant(GELU_RATE, z), z)
    yield np.multiply, (a, z, a)
    yield np.add, (a, constant(1, a), a)
    yield np.multiply, (a, gate, a)
    yield np.multiply, (delta, a, delta)


def softplus(z: Array, a: Array, room: Array) -> Calls:
    """log(1 + exp(z)), without overflow."""
    yield np.logaddexp, (z, constant(0, z), a)


def _pull_back_softplus(a: Array, z: Array, delta: Array) -> Calls:
    """g' = 1 / (1 + exp(-z)) = 1 - exp(-a)."""
    yield np.negative, (a, a)
    yield np.expm1, (a, a)
    yield np.negative, (a, a)
    yield np.multiply, (delta, a, delta)


def softmax(z: Array, a: Array, room: Array) -> Calls:
    """exp(z_k) / sum_j exp(z_j) along the last axis, shifted by the largest z so that exp never overflows.

    Two logits further apart than the largest float differ by infinity, and exp(-infinity) is the right 0.
    """
    finding, top = largest(z, room)
    ones, total = np.ones((z.shape[-1], 1), z.dtype), np.empty_like(top)
    yield from finding
    yield np.subtract, (z, top, a)
    yield np.exp, (a, a)
    yield np.matmul, (a, ones, total)
    yield np.divide, (a, total, a)


def identity(z: Array, a: Array, room: Array) -> Calls:
    """z."""
    yield np.positive, (z, a)


def _pull_back_identity(a: Array, z: Array, delta: Array) -> Calls:
    """g' = 1."""
    yield from ()


_HE: dict[str, Any] = {"initializer": "he_normal"}

ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(sigmoid, _pull_back_sigmoid, 0, 1),
    "tanh": Activation(tanh, _pull_back_tanh, -1, 1),
    "relu": Activation(relu, _pull_back_relu, 0, **_HE),
    "leaky_relu": Activation(leaky_relu, _pull_back_leaky_relu, **_HE),
    "elu": Activation(elu, _pull_back_elu, -1, **_HE),
    "selu": Activation(selu, _pull_back_selu, -SELU_SCALE * SELU_ALPHA, initializer="lecun_normal"),
    "gelu": Activation(gelu, _pull_back_gelu, -0.1701, by_sums=True, **_HE),
    "silu": Activation(silu, _pull_back_silu, -0.2785, by_sums=True, **_HE),
    "softplus": Activation(softplus, _pull_back_softplus, 0),
    "softmax": Activation(softmax, None, 0, 1),
    "identity": Activation(identity, _pull_back_identity),
}
