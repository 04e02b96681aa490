"""What the engine `numba` compiles: a step between the first layer's products, the updates, the gathering of bytes.

Each works on one network. A layer's parameters and activations are found by its row of a plan (`compiled.plan`).
Compiled code is kept on disk: beside this file, in NUMBA_CACHE_DIR, or in the user's cache. It is looked up by this
file's date and size, so that whatever one kernel calls has to stand here too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import numba

from nncli.network.activations import LEAK
from nncli.network.params import Array
from nncli.training.kept_code import KeptCode

SIGMOID, TANH, RELU, LEAKY_RELU, ELU, SOFTPLUS, SOFTMAX, IDENTITY = range(8)
KINDS = {
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "elu": ELU,
    "softplus": SOFTPLUS,
    "softmax": SOFTMAX,
    "identity": IDENTITY,
}
"""Activations as compiled code knows them."""
SMALLEST = 1e-34
"""Within 10,000 times of float32's smallest normal number."""

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Sums may be taken in another order and products fused with them, but nothing is assumed to be finite."""
    options = {"fastmath": {"reassoc", "contract", "nsz"}, "error_model": "numpy"}
    kernel = numba.njit(**options)(function)
    with suppress(RuntimeError):  # nowhere to keep it: compiled in every process
        kernel._cache = KeptCode(function)
    return kernel


@compiled
def gather(x: Array, rows: Array, factor: float, out: Array) -> None:
    for n in range(len(rows)):
        source, row = x[rows[n]], out[n]
        for i in range(len(row)):
            row[i] = out.dtype.type(source[i]) * factor


@compiled
def between(
    vector: Array,
    gradient: Array,
    a: Array,
    d: Array,
    y: Array,
    z: Array,
    factor: Array,
    plan: Array,
) -> None:
    """All of a step between the first layer's products: from its sums, in `a`, to its delta, in `d`."""
    rows, last = len(y), len(plan) - 1
    for number in range(last + 1):
        answer = _part(a, plan, number, rows)
        sums = z if number == last else answer
        if number:
            _product(_part(a, plan, number - 1, rows), _weights(vector, plan, number), sums)
        _activate(plan[number, 2], sums, _biases(vector, plan, number), answer)
        _clear_smallest(answer.reshape(-1))
    answer, delta = _part(a, plan, last, rows), _part(d, plan, last, rows)
    _differ(answer, y, factor[0], delta)
    for number in range(last, -1, -1):
        a_l, d_l = _part(a, plan, number, rows), _part(d, plan, number, rows)
        if plan[number, 5]:
            _pull_back(plan[number, 2], a_l.reshape(-1), d_l.reshape(-1))
        _clear_smallest(d_l.reshape(-1))
        _sum_rows(d_l, _biases(gradient, plan, number))
        if number:
            below = number - 1
            _product_of_turned(d_l, _part(a, plan, below, rows), _weights(gradient, plan, number))
            _product_down(d_l, _weights(vector, plan, number), _part(d, plan, below, rows))


@compiled
def _part(array: Array, plan: Array, number: int, rows: int) -> Array:
    """A layer's (rows, units)."""
    units, begin = plan[number, 1], plan[number, 4] * rows
    return array[begin : begin + rows * units].reshape(rows, units)


@compiled
def _weights(vector: Array, plan: Array, number: int) -> Array:
    """A layer's (units, inputs)."""
    inputs, units, begin = plan[number, 0], plan[number, 1], plan[number, 3]
    return vector[begin : begin + inputs * units].reshape(units, inputs)


@compiled
def _biases(vector: Array, plan: Array, number: int) -> Array:
    """A layer's (units,)."""
    inputs, units, begin = plan[number, 0], plan[number, 1], plan[number, 3]
    return vector[begin + inputs * units : begin + inputs * units + units]


@compiled
def _product(h: Array, w: Array, out: Array) -> None:
    """h w^T."""
    for n in range(len(h)):
        row = h[n]
        for k in range(len(w)):
            weights, total = w[k], out.dtype.type(0)
            for i in range(len(row)):
                total += row[i] * weights[i]
            out[n, k] = total


@compiled
def _product_of_turned(delta: Array, h: Array, out: Array) -> None:
    """delta^T h."""
    out[:] = 0
    for k in range(len(out)):
        sums = out[k]
        for n in range(len(h)):
            value, row = delta[n, k], h[n]
            for i in range(len(row)):
                sums[i] += value * row[i]


@compiled
def _product_down(delta: Array, w: Array, out: Array) -> None:
    """delta w."""
    out[:] = 0
    for n in range(len(out)):
        sums = out[n]
        for k in range(len(w)):
            value, weights = delta[n, k], w[k]
            for i in range(len(weights)):
                sums[i] += value * weights[i]


@compiled
def _sum_rows(delta: Array, out: Array) -> None:
    out[:] = 0
    for n in range(len(delta)):
        row = delta[n]
        for k in range(len(out)):
            out[k] += row[k]


@compiled
def _differ(answer: Array, y: Array, factor: float, delta: Array) -> None:
    """factor (a - y)."""
    for n in range(len(y)):
        for k in range(y.shape[1]):
            delta[n, k] = (answer[n, k] - y[n, k]) * factor


@compiled
def _activate(kind: int, z: Array, biases: Array, a: Array) -> None:
    """z + b into `z`, g(z) into `a`: the formulas of network/activations.py."""
    for n in range(len(z)):
        row = z[n]
        for k in range(len(biases)):
            row[k] += biases[k]
    if kind == SOFTMAX:
        for n in range(len(z)):
            _softmax(z[n], a[n])
    else:
        _each_activated(kind, z.reshape(-1), a.reshape(-1))


@compiled
def _softmax(z: Array, a: Array) -> None:
    top, total = z[0], a.dtype.type(0)
    for k in range(len(z)):
        top = max(top, z[k])
    for k in range(len(z)):
        a[k] = math.exp(z[k] - top)
        total += a[k]
    for k in range(len(z)):
        a[k] /= total


@compiled
def _each_activated(kind: int, z: Array, a: Array) -> None:
    zero, one, leak = a.dtype.type(0), a.dtype.type(1), a.dtype.type(LEAK)
    if kind == SIGMOID:
        for i in range(len(z)):
            a[i] = one / (one + math.exp(-z[i]))
    elif kind == TANH:
        for i in range(len(z)):
            a[i] = math.tanh(z[i])
    elif kind == RELU:
        for i in range(len(z)):
            a[i] = z[i] if not z[i] <= zero else zero
    elif kind == LEAKY_RELU:
        for i in range(len(z)):
            a[i] = z[i] if not z[i] <= zero else leak * z[i]
    elif kind == ELU:
        for i in range(len(z)):
            a[i] = z[i] if z[i] > zero else math.expm1(z[i])
    elif kind == SOFTPLUS:
        for i in range(len(z)):
            a[i] = max(z[i], zero) + math.log1p(math.exp(-abs(z[i])))
    else:
        for i in range(len(z)):
            a[i] = z[i]


@compiled
def _pull_back(kind: int, a: Array, delta: Array) -> None:
    """delta g'(z), from a = g(z)."""
    zero, one, leak = a.dtype.type(0), a.dtype.type(1), a.dtype.type(LEAK)
    if kind == SIGMOID:
        for i in range(len(a)):
            delta[i] *= a[i] * (one - a[i])
    elif kind == TANH:
        for i in range(len(a)):
            delta[i] *= one - a[i] * a[i]
    elif kind == RELU:
        for i in range(len(a)):
            delta[i] *= one if a[i] > zero else zero
    elif kind == LEAKY_RELU:
        for i in range(len(a)):
            delta[i] *= one if a[i] > zero else leak
    elif kind == ELU:
        for i in range(len(a)):
            delta[i] *= one if a[i] > zero else a[i] + one
    elif kind == SOFTPLUS:
        for i in range(len(a)):
            delta[i] *= -math.expm1(-a[i])


@compiled
def _clear_smallest(values: Array) -> None:
    """Set what is nothing beside any weight to 0. Where sigmoids are saturated, activations and deltas fade into
    denormal numbers, with which processors work many times more slowly."""
    zero, smallest = values.dtype.type(0), values.dtype.type(SMALLEST)
    for i in range(len(values)):
        values[i] = zero if abs(values[i]) < smallest else values[i]


@compiled
def _momentum(w: Array, g: Array, v: Array, mu: Array) -> None:
    keep = mu[0]
    for i in range(len(w)):
        v[i] = keep * v[i] - g[i]
        w[i] += v[i]


@compiled
def _nesterov(w: Array, g: Array, v: Array, mu: Array) -> None:
    keep = mu[0]
    for i in range(len(w)):
        v[i] = keep * v[i] - g[i]
        w[i] += keep * v[i] - g[i]


@compiled
def _adagrad(w: Array, g: Array, s: Array, eta: Array, epsilon: Array) -> None:
    rate, least = eta[0], epsilon[0]
    for i in range(len(w)):
        s[i] += g[i] * g[i]
        w[i] -= rate * g[i] / (math.sqrt(s[i]) + least)


@compiled
def _rmsprop(w: Array, g: Array, s: Array, rate: Array, rho: Array, epsilon: Array) -> None:
    pace, keep, least = rate[0], rho[0], epsilon[0]
    for i in range(len(w)):
        s[i] = keep * s[i] + g[i] * g[i]
        w[i] -= pace * g[i] / (math.sqrt(s[i]) + least)


@compiled
def _adam(
    w: Array,
    g: Array,
    m: Array,
    s: Array,
    rate: Array,
    epsilon: Array,
    keep: Array,
    beta1: Array,
    beta2: Array,
    rest: Array,
) -> None:
    pace, least, kept, b1, b2, share = rate[0], epsilon[0], keep[0], beta1[0], beta2[0], rest[0]
    for i in range(len(w)):
        m[i] = b1 * m[i] + g[i]
        s[i] = b2 * s[i] + share * (g[i] * g[i])
        w[i] = kept * w[i] - pace * m[i] / (math.sqrt(s[i]) + least)


UPDATES: dict[str, Callable[..., None]] = {
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adam,
}
"""Optimizer -> its formula (training/optimizers.py), in one pass; NumPy needs no more for sgd."""
