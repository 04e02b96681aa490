"""What the engine `numba` compiles: a step between the first layer's products, and the gathering of bytes.

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

from nncli.network.activations import (
    GELU_CUBE,
    GELU_FLAT,
    GELU_RATE,
    LEAK,
    SELU_ALPHA,
    SELU_SCALE,
)
from nncli.network.params import Array
from nncli.training.kept_code import KeptCode

SIGMOID, TANH, RELU, LEAKY_RELU, ELU, SELU, GELU, SILU, SOFTPLUS, SOFTMAX, IDENTITY = range(11)
KINDS = {
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SILU,
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
    s: Array,
    y: Array,
    z: Array,
    factor: Array,
    plan: Array,
) -> None:
    """All of a step between the first layer's products: from its sums, in `a`, to its delta, in `d`. `s` holds slopes
    that cannot be told from the activations."""
    rows, last = len(y), len(plan) - 1
    for number in range(last + 1):
        answer = _part(a, plan, number, rows)
        sums = z if number == last else answer
        if number:
            _product(_part(a, plan, number - 1, rows), _weights(vector, plan, number), sums)
        slopes = _part(s, plan, number, rows)
        _activate(plan[number, 2], sums, _biases(vector, plan, number), slopes, answer)
        _clear_smallest(answer.reshape(-1))
    answer, delta = _part(a, plan, last, rows), _part(d, plan, last, rows)
    _differ(answer, y, factor[0], delta)
    for number in range(last, -1, -1):
        a_l, d_l = _part(a, plan, number, rows), _part(d, plan, number, rows)
        if plan[number, 5]:
            slopes = _part(s, plan, number, rows).reshape(-1)
            _pull_back(plan[number, 2], a_l.reshape(-1), slopes, d_l.reshape(-1))
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
def _activate(kind: int, z: Array, biases: Array, slopes: Array, a: Array) -> None:
    """z + b into `z`, g(z) into `a`: the formulas of network/activations.py. Of gelu and silu also g'(z)."""
    for n in range(len(z)):
        row = z[n]
        for k in range(len(biases)):
            row[k] += biases[k]
    if kind == SOFTMAX:
        for n in range(len(z)):
            _softmax(z[n], a[n])
    else:
        _each_activated(kind, z.reshape(-1), slopes.reshape(-1), a.reshape(-1))


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
def _each_activated(kind: int, z: Array, slopes: Array, a: Array) -> None:
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
    elif kind == SELU:
        scale, alpha = a.dtype.type(SELU_SCALE), a.dtype.type(SELU_ALPHA)
        for i in range(len(z)):
            a[i] = scale * (z[i] if z[i] > zero else alpha * math.expm1(z[i]))
    elif kind == GELU:
        _gelu(z, slopes, a)
    elif kind == SILU:
        _silu(z, slopes, a)
    elif kind == SOFTPLUS:
        for i in range(len(z)):
            a[i] = max(z[i], zero) + math.log1p(math.exp(-abs(z[i])))
    else:
        for i in range(len(z)):
            a[i] = z[i]


@compiled
def _gelu(z: Array, slopes: Array, a: Array) -> None:
    zero, one, three, flat = (
        a.dtype.type(0),
        a.dtype.type(1),
        a.dtype.type(3),
        a.dtype.type(GELU_FLAT),
    )
    rate, cubic = a.dtype.type(GELU_RATE), a.dtype.type(GELU_RATE * GELU_CUBE)
    for i in range(len(z)):
        v = z[i]  # `a` may be `z`
        near = min(max(v, -flat), flat)
        gate = one / (one + math.exp(-(rate + cubic * near * near) * near))
        a[i] = v * gate if abs(v) <= flat else max(v, zero)
        slopes[i] = gate * (one + (near - near * gate) * (rate + three * cubic * near * near))


@compiled
def _silu(z: Array, slopes: Array, a: Array) -> None:
    one = a.dtype.type(1)
    for i in range(len(z)):
        v = z[i]  # `a` may be `z`
        gate = one / (one + math.exp(-v))
        a[i] = v * gate
        slopes[i] = gate * (one + v - v * gate)


@compiled
def _pull_back(kind: int, a: Array, slopes: Array, delta: Array) -> None:
    """delta g'(z), from a = g(z), or from slopes."""
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
    elif kind == SELU:
        scale, low = a.dtype.type(SELU_SCALE), a.dtype.type(SELU_SCALE * SELU_ALPHA)
        for i in range(len(a)):
            delta[i] *= scale if a[i] > zero else a[i] + low
    elif kind in (GELU, SILU):
        for i in range(len(a)):
            delta[i] *= slopes[i]
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
