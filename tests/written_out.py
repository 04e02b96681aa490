"""A training written out from its formulas, in float64 and plain NumPy: nothing of it is the package's.

Sources: Rumelhart, Hinton and Williams 1986 (backprop); Polyak 1964; Sutskever et al. 2013; Duchi, Hazan and Singer
2011; Hinton 2012, lecture 6; Kingma and Ba 2015; Loshchilov and Hutter 2019; Srivastava et al. 2014 (dropout and
max-norm).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray
Params = dict[str, Array]


def logistic(z: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def bent(z: Array) -> Array:
    """What gelu takes the tanh of."""
    return np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)


def gelu_slope(z: Array) -> Array:
    t, inner = np.tanh(bent(z)), np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * z**2)
    return (1 + t) / 2 + z / 2 * (1 - t**2) * inner


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array] | None]] = {
    "sigmoid": (logistic, lambda z: logistic(z) * logistic(-z)),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, z / 100), lambda z: np.where(z > 0, 1, 0.01)),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
    ),
    "selu": (
        lambda z: (
            1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))
        ),
        lambda z: (
            1.0507009873554805 * np.where(z > 0, 1, 1.6732632423543772 * np.exp(np.minimum(z, 0)))
        ),
    ),
    "gelu": (lambda z: z / 2 * (1 + np.tanh(bent(z))), gelu_slope),
    "silu": (lambda z: z * logistic(z), lambda z: logistic(z) * (1 + z * logistic(-z))),
    "softplus": (lambda z: np.logaddexp(z, 0), logistic),
    "softmax": (softmax, None),
    "identity": (lambda z: z, np.ones_like),
}
"""Activation -> g and g', both of z."""

DELTAS: dict[str, Callable[[Array, Array, Callable[[Array], Array] | None, Array], Array]] = {
    "quadratic": lambda a, y, slope, z: (a - y) * slope(z),
    "mse": lambda a, y, slope, z: 2 / y.shape[1] * (a - y) * slope(z),
    "cross_entropy": lambda a, y, slope, z: a - y,
    "binary_cross_entropy": lambda a, y, slope, z: a - y,
}
"""Loss -> dL/dz of each row at the last layer."""

LOSSES: dict[str, Callable[[Array, Array], float]] = {
    "quadratic": lambda a, y: ((a - y) ** 2).sum(axis=1).mean() / 2,
    "mse": lambda a, y: ((a - y) ** 2).mean(),
    "cross_entropy": lambda a, y: -(y * np.log(a)).sum(axis=1).mean(),
    "binary_cross_entropy": lambda a, y: (
        -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(axis=1).mean()
    ),
}


def sgd(w: Array, g: Array, s: Params, t: int, eta: float) -> Array:
    return w - eta * g


def momentum(w: Array, g: Array, s: Params, t: int, eta: float, mu: float) -> Array:
    s["v"] = mu * s.get("v", 0) - eta * g
    return w + s["v"]


def nesterov(w: Array, g: Array, s: Params, t: int, eta: float, mu: float) -> Array:
    s["v"] = mu * s.get("v", 0) - eta * g
    return w + mu * s["v"] - eta * g


def adagrad(
    w: Array, g: Array, s: Params, t: int, eta: float, initial_accumulator: float, epsilon: float
) -> Array:
    s["s"] = s.get("s", initial_accumulator) + g * g
    return w - eta * g / (np.sqrt(s["s"]) + epsilon)


def rmsprop(w: Array, g: Array, s: Params, t: int, eta: float, rho: float, epsilon: float) -> Array:
    s["s"] = rho * s.get("s", 0) + (1 - rho) * g * g
    return w - eta * g / (np.sqrt(s["s"]) + epsilon)


def adam(
    w: Array, g: Array, s: Params, t: int, eta: float, beta1: float, beta2: float, epsilon: float
) -> Array:
    s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * g
    s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * g * g
    m, v = s["m"] / (1 - beta1 ** (t + 1)), s["v"] / (1 - beta2 ** (t + 1))
    return w - eta * m / (np.sqrt(v) + epsilon)


def adamw(
    w: Array, g: Array, s: Params, t: int, eta: float, weight_decay: float, **settings: float
) -> Array:
    return adam(w, g, s, t, eta, **settings) - eta * weight_decay * w


def lion(
    w: Array,
    g: Array,
    s: Params,
    t: int,
    eta: float,
    beta1: float,
    beta2: float,
    weight_decay: float,
) -> Array:
    m = s.get("m", 0)
    s["m"] = beta2 * m + (1 - beta2) * g
    return w - eta * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * w)


OPTIMIZERS: dict[str, Callable[..., Array]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
    "lion": lion,
}
"""Optimizer -> the parameters after step t, counted from 0; it keeps what it needs in `s`."""

SCHEDULES: dict[str, Callable[..., float]] = {
    "constant": lambda epochs, share: 1,
    "step": lambda epochs, share, every, factor: factor ** math.floor(epochs / every),
    "exponential": lambda epochs, share, factor: factor**epochs,
    "cosine": lambda epochs, share, final: (
        final + (1 - final) * (1 + math.cos(math.pi * share)) / 2
    ),
    "linear": lambda epochs, share, final: 1 + (final - 1) * share,
    "plateau": lambda epochs, share, **settings: 1,
}
"""Schedule -> what eta is multiplied by, from the epochs and the share of the training that are done; for `plateau` see
`trained`."""


class Problem(NamedTuple):
    """What a training starts from, and the random draws that the package makes."""

    settings: Mapping[str, Any]
    """The spec, as plain values."""
    params: Params
    x: Array
    y: Array
    """(rows, outputs)."""
    weights: Array
    """(rows,): of each row's class."""
    validation: tuple[Array, Array]
    epochs: Sequence[tuple[Sequence[Array], Mapping[int, Array]]]
    """For each epoch the rows of its batches, and for each layer with dropout which outputs of all those rows are
    kept, one row after the other."""
    batches: int
    """Of a whole epoch."""


def trained(problem: Problem) -> Params:
    """The parameters at the end."""
    spec, w = problem.settings, dict(problem.params)
    states: dict[str, Params] = {name: {} for name in w}
    schedule, optimizer = dict(spec["schedule"]), dict(spec["optimizer"])
    shape, rule = SCHEDULES[schedule.pop("name")], OPTIMIZERS[optimizer.pop("name")]
    steps = sum(len(batches) for batches, _ in problem.epochs)
    warmup = spec["warmup"] * (steps if spec["warmup"] < 1 else problem.batches)
    height, best, since, t = 1.0, math.inf, 0, 0
    for epoch, (batches, kept) in enumerate(problem.epochs, 1):
        done = 0
        for rows in batches:
            masks = {n: mask[done : done + len(rows)] for n, mask in kept.items()}
            done += len(rows)
            g = gradient(problem, w, rows, masks)
            eta = spec["eta"] * height * shape(t / problem.batches, t / steps, **schedule)
            eta *= min(1, (t + 1) / max(1, round(warmup)))
            w = {n: rule(w[n], g[n], states[n], t, eta, **optimizer) for n in w}
            w = limited(w, spec["regularizer"]["max_norm"])
            t += 1
        if spec["schedule"]["name"] == "plateau":
            loss = validation_loss(problem, w)
            if loss < best - schedule["min_delta"]:
                best, since = loss, epoch
            elif epoch - since >= schedule["patience"]:
                height, since = height * schedule["factor"], epoch
    return w


def gradient(problem: Problem, w: Params, rows: Array, kept: Mapping[int, Array]) -> Params:
    """dLoss/dw of a batch, with the penalties."""
    spec, x, y = problem.settings, problem.x[rows], problem.y[rows]
    layers, last = spec["architecture"], len(spec["architecture"])
    masks = {n: mask / (1 - layers[n - 1]["dropout"]) for n, mask in kept.items()}
    z, h = forward(layers, w, x, masks)
    slope = ACTIVATIONS[layers[-1]["activation"]][1]
    delta = DELTAS[spec["loss"]](h[last], y, slope, z[last])
    delta = problem.weights[rows][:, None] * delta / len(rows)
    g = {}
    for n in range(last, 0, -1):
        g[f"W{n}"] = sum(np.outer(d, below) for d, below in zip(delta, h[n - 1], strict=True))
        g[f"b{n}"] = sum(delta)
        if n > 1:
            delta = delta @ w[f"W{n}"] * masks.get(n - 1, 1)
            delta = delta * ACTIVATIONS[layers[n - 2]["activation"]][1](z[n - 1])
    l1, l2 = spec["regularizer"]["l1"], spec["regularizer"]["l2"]
    return {n: g[n] + (l1 * np.sign(w[n]) + l2 * w[n] if n.startswith("W") else 0) for n in w}


def forward(
    layers: Sequence[Mapping[str, Any]], w: Params, x: Array, masks: Mapping[int, Array]
) -> tuple[dict[int, Array], dict[int, Array]]:
    """The sums of each layer, and its outputs after dropout."""
    z, h = {}, {0: x}
    for n, layer in enumerate(layers, 1):
        z[n] = h[n - 1] @ w[f"W{n}"].T + w[f"b{n}"]
        h[n] = ACTIVATIONS[layer["activation"]][0](z[n]) * masks.get(n, 1)
    return z, h


def limited(w: Params, max_norm: float | None) -> Params:
    """Rows of weights no longer than `max_norm`."""
    if max_norm is None:
        return w
    norms = {n: np.linalg.norm(v, axis=1, keepdims=True) for n, v in w.items() if v.ndim == 2}
    return {
        n: np.where(norms[n] > max_norm, v * max_norm / norms[n], v) if n in norms else v
        for n, v in w.items()
    }


def validation_loss(problem: Problem, w: Params) -> float:
    x, y = problem.validation
    layers = problem.settings["architecture"]
    return LOSSES[problem.settings["loss"]](forward(layers, w, x, {})[1][len(layers)], y)
