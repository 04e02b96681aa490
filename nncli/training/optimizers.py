"""Optimizers, one table: name -> three functions over the flat parameter vector.

`init(vector)` makes the state, plain arrays; `numbers(eta, step)` gives what a step multiplies with, plain floats, from
the learning rate and the number of steps before it; `update(vector, gradient, state, *numbers)` takes the step in place
and spends the gradient. g is the gradient of the mean loss, w the parameters. Every line is elementwise, so
a (K, count) vector trains K networks, with (K, 1) arrays for the numbers that differ.

The longer updates go over the vector in blocks that stay in the cache: the same numbers, several times faster on
large networks, and their temporaries are a block long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from nncli.network.params import Array, Arrays

BLOCK = 16384
"""Parameters updated at a time: with a gradient and two moments in float32, a quarter of a megabyte."""


NO_DECAY = 1.0
"""What adamw multiplies the parameters by where they do not decay: then it does not."""


class Optimizer(NamedTuple):
    """How a gradient becomes a step."""

    init: Callable[[Array], Arrays]
    numbers: Callable[[float, int], tuple[float, ...]]
    update: Callable[..., None]


def sgd() -> Optimizer:
    """w <- w - eta g. Cauchy 1847; on mini-batches Robbins and Monro 1951."""

    def update(vector: Array, gradient: Array, state: Arrays, eta: Any) -> None:
        gradient *= eta
        np.subtract(vector, gradient, out=vector)

    return Optimizer(_slots(), lambda eta, step: (eta,), update)


def momentum(mu: float) -> Optimizer:
    """v <- mu v - eta g, w <- w + v. Polyak 1964.

    eta is inside the velocity, as in Keras. PyTorch has v <- mu v + g, w <- w - eta v: the same while eta is constant.
    """

    def update(vector: Array, gradient: Array, state: Arrays, eta: Any, mu: Any) -> None:
        velocity = state["velocity"]
        gradient *= eta
        velocity *= mu
        velocity -= gradient
        vector += velocity

    return Optimizer(_slots("velocity"), lambda eta, step: (eta, mu), update)


def nesterov(mu: float) -> Optimizer:
    """v <- mu v - eta g, w <- w + mu v - eta g. Nesterov 1983, in the form of Sutskever et al. 2013 and of Keras.

    PyTorch keeps eta outside the velocity, as with momentum.
    """

    def update(vector: Array, gradient: Array, state: Arrays, eta: Any, mu: Any) -> None:
        velocity = state["velocity"]
        gradient *= eta
        velocity *= mu
        velocity -= gradient
        vector -= gradient
        np.multiply(velocity, mu, out=gradient)
        vector += gradient

    return Optimizer(_slots("velocity"), lambda eta, step: (eta, mu), update)


def adagrad(initial_accumulator: float, epsilon: float) -> Optimizer:
    """s <- s + g^2, w <- w - eta g / (sqrt(s) + epsilon). Duchi, Hazan and Singer 2011.

    s starts at `initial_accumulator` (0 here and in PyTorch; Keras starts at 0.1 and has epsilon inside the root).
    """

    def update(vector: Array, gradient: Array, state: Arrays, eta: Any, epsilon: Any) -> None:
        for w, g, s in _blocks(vector, gradient, state["square_sum"]):
            s += np.square(g)
            _scaled_step(w, g, s, eta, epsilon)

    return Optimizer(
        lambda vector: {"square_sum": np.full_like(vector, initial_accumulator)},
        lambda eta, step: (eta, epsilon),
        update,
    )


def rmsprop(rho: float, epsilon: float) -> Optimizer:
    """s <- rho s + (1 - rho) g^2, w <- w - eta g / (sqrt(s) + epsilon). Hinton, lecture 6 of 2012.

    epsilon is outside the root, as in early Keras and in PyTorch; Keras 3 has sqrt(s + epsilon).
    """

    def update(
        vector: Array, gradient: Array, state: Arrays, eta: Any, rho: Any, rest: Any, epsilon: Any
    ) -> None:
        for w, g, s in _blocks(vector, gradient, state["mean_square"]):
            _move(s, np.square(g), rho, rest)
            _scaled_step(w, g, s, eta, epsilon)

    return Optimizer(_slots("mean_square"), lambda eta, step: (eta, rho, 1 - rho, epsilon), update)


def adam(beta1: float, beta2: float, epsilon: float) -> Optimizer:
    """m <- beta1 m + (1 - beta1) g, s <- beta2 s + (1 - beta2) g^2, w <- w - eta m' / (sqrt(s') + epsilon), with
    m' = m / (1 - beta1^t) and s' = s / (1 - beta2^t). Kingma and Ba 2015, algorithm 1; as in PyTorch.

    Keras corrects eta instead, which scales epsilon by sqrt(1 - beta2^t).
    """
    return adamw(beta1, beta2, epsilon, weight_decay=0.0)


def adamw(beta1: float, beta2: float, epsilon: float, weight_decay: float) -> Optimizer:
    """w <- w - eta weight_decay w, then a step of adam. Loshchilov and Hutter 2019; as in PyTorch and Keras.

    Every parameter decays, biases included, as in PyTorch.
    """

    def numbers(eta: float, step: int) -> tuple[float, ...]:
        """eta / (1 - beta1^t), sqrt(1 - beta2^t), 1 - eta weight_decay, and what does not change; t = step + 1."""
        rate = eta / (1 - beta1 ** (step + 1))
        correction = math.sqrt(1 - beta2 ** (step + 1))
        keep = 1 - eta * weight_decay if weight_decay else NO_DECAY
        return rate, correction, keep, beta1, 1 - beta1, beta2, 1 - beta2, epsilon

    def update(vector: Array, gradient: Array, state: Arrays, *numbers: Any) -> None:
        rate, correction, keep, beta1, rest1, beta2, rest2, epsilon = numbers
        for w, g, m, s in _blocks(vector, gradient, state["mean"], state["mean_square"]):
            if keep is not NO_DECAY:
                w *= keep
            _move(s, np.square(g), beta2, rest2)
            _move(m, g, beta1, rest1)
            root = np.sqrt(s)
            root /= correction
            root += epsilon
            np.divide(m, root, out=root)
            root *= rate
            w -= root

    return Optimizer(_slots("mean", "mean_square"), numbers, update)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}
"""Name -> a function of the optimizer's settings."""


def _slots(*names: str) -> Callable[[Array], Arrays]:
    """A state of arrays that start at zero."""
    return lambda vector: {name: np.zeros_like(vector) for name in names}


def _blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The same stretch of each array, one after the other."""
    for start in range(0, arrays[0].shape[-1], BLOCK):
        yield tuple(array[..., start : start + BLOCK] for array in arrays)


def _move(mean: Array, value: Array, keep: Any, rest: Any) -> None:
    """mean <- keep mean + rest value; spends `value`."""
    mean *= keep
    value *= rest
    mean += value


def _scaled_step(w: Array, g: Array, s: Array, eta: Any, epsilon: Any) -> None:
    """w <- w - eta g / (sqrt(s) + epsilon); spends `g`."""
    root = np.sqrt(s)
    root += epsilon
    g /= root
    g *= eta
    w -= g
