"""Activation functions, one table: name -> value and slope, each as calls (calls.py).

`value(z, a, room)` writes g(z) into `a`, which may be `z` itself; `room` is an array of the same shape for what lies
between. `pull_back(a, delta)` turns dLoss/da into dLoss/dz
in place, delta *= g'(z), with the slope taken from a = g(z) alone. It spends `a`: backward has no more use for it, and
no second buffer is needed. Everything works on any shape; softmax runs along the last axis.

Where exp overflows, infinity leads to the right answer, and NumPy would warn of it: callers wrap whole blocks of work
in `np.errstate(over="ignore")`, because doing so here would cost more than the arithmetic of a small layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nncli.network.calls import Calls, constant, larger, largest, run, smaller
from nncli.network.params import Array


class Activation(NamedTuple):
    """A function and its derivative, both in place."""

    value: Callable[[Array, Array, Array], Calls]
    pull_back: Callable[[Array, Array], Calls] | None
    """None where one output depends on several inputs: such a function can only stand last."""


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


def _pull_back_sigmoid(a: Array, delta: Array) -> Calls:
    """g' = a (1 - a)."""
    yield np.multiply, (delta, a, delta)
    yield np.subtract, (constant(1, a), a, a)
    yield np.multiply, (delta, a, delta)


def tanh(z: Array, a: Array, room: Array) -> Calls:
    """(exp(z) - exp(-z)) / (exp(z) + exp(-z))."""
    yield np.tanh, (z, a)


def _pull_back_tanh(a: Array, delta: Array) -> Calls:
    """g' = 1 - a^2."""
    yield np.square, (a, a)
    yield np.subtract, (constant(1, a), a, a)
    yield np.multiply, (delta, a, delta)


def relu(z: Array, a: Array, room: Array) -> Calls:
    """max(z, 0)."""
    yield larger(z, constant(0, a), a)


def _pull_back_relu(a: Array, delta: Array) -> Calls:
    """g' = 1 where a > 0, else 0."""
    yield np.greater, (a, constant(0, a), a)
    yield np.multiply, (delta, a, delta)


LEAK = 0.01
"""The slope of leaky_relu below zero (Maas et al. 2013; PyTorch's default, where Keras has 0.3)."""


def leaky_relu(z: Array, a: Array, room: Array) -> Calls:
    """z where z > 0, else 0.01 z."""
    yield np.multiply, (constant(LEAK, z), z, room)
    yield larger(z, room, a)


def _pull_back_leaky_relu(a: Array, delta: Array) -> Calls:
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


def _pull_back_elu(a: Array, delta: Array) -> Calls:
    """g' = 1 where a > 0, else exp(z) = a + 1."""
    yield smaller(a, constant(0, a), a)
    yield np.add, (a, constant(1, a), a)
    yield np.multiply, (delta, a, delta)


def softplus(z: Array, a: Array, room: Array) -> Calls:
    """log(1 + exp(z)), without overflow."""
    yield np.logaddexp, (z, constant(0, z), a)


def _pull_back_softplus(a: Array, delta: Array) -> Calls:
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


def _pull_back_identity(a: Array, delta: Array) -> Calls:
    """g' = 1."""
    yield from ()


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(sigmoid, _pull_back_sigmoid),
    "tanh": Activation(tanh, _pull_back_tanh),
    "relu": Activation(relu, _pull_back_relu),
    "leaky_relu": Activation(leaky_relu, _pull_back_leaky_relu),
    "elu": Activation(elu, _pull_back_elu),
    "softplus": Activation(softplus, _pull_back_softplus),
    "softmax": Activation(softmax, None),
    "identity": Activation(identity, _pull_back_identity),
}
