"""The updates of training/optimizers.py as the engine `numba` compiles them: one pass over all arrays of a network."""

from __future__ import annotations

import math
from collections.abc import Callable

from nncli.network.params import Array
from nncli.training.kernels import compiled


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


@compiled
def _lion(
    w: Array, g: Array, m: Array, eta: Array, keep: Array, beta1: Array, beta2: Array, rest: Array
) -> None:
    rate, kept, b1, b2, share = eta[0], keep[0], beta1[0], beta2[0], rest[0]
    for i in range(len(w)):
        way = b1 * m[i] + g[i]
        step = rate if way > 0 else -rate if way < 0 else way
        w[i] = kept * w[i] - step
        m[i] = b2 * m[i] + share * g[i]


UPDATES: dict[str, Callable[..., None]] = {
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adam,
    "lion": _lion,
}
"""Optimizer -> its formula (training/optimizers.py), in one pass; NumPy needs no more for sgd."""
