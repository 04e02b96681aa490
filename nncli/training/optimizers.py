"""Optimizers, one table: name -> three functions over the flat parameter vector.

`init(vector)` makes the state, plain arrays; `numbers(eta, step)` gives what a step multiplies with, plain floats, from
the learning rate and the number of steps before it, the pace first: what the gradient is multiplied by as it is made;
`update(vector, gradient, state, *numbers)` takes the step in place, as calls (calls.py) on arrays that hold those
numbers, and spends the gradient. g is the gradient of the mean loss, w the parameters. Every line is elementwise, so
a (K, count) vector trains K networks, with (K, 1) arrays for the numbers.

With a pace of eta, `gradient` holds eta g: the small delta of the output layer is multiplied once, and a pass over all
parameters is saved. The longer updates go over the vector in blocks that stay in the cache: the same numbers, several
times faster on large networks, and their temporaries are a block long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from nncli.network.calls import Calls
from nncli.network.params import Array, Arrays

BLOCK = 16384
"""Parameters updated at a time: with a gradient and two moments in float32, a quarter of a megabyte."""


CLEAR_EVERY = 64
"""Steps after which the state's smallest numbers are cleared."""


class Optimizer(NamedTuple):
    """How a gradient becomes a step."""

    init: Callable[[Array], Arrays]
    numbers: Callable[[float, int], tuple[float, ...]]
    update: Callable[..., Calls]


def sgd() -> Optimizer:
    """w <- w - eta g. Cauchy 1847; on mini-batches Robbins and Monro 1951."""

    def update(vector: Array, gradient: Array, state: Arrays) -> Calls:
        yield np.subtract, (vector, gradient, vector)

    return Optimizer(_slots(), lambda eta, step: (eta,), update)


def momentum(mu: float) -> Optimizer:
    """v <- mu v - eta g, w <- w + v. Polyak 1964.

    eta is inside the velocity, as in Keras. PyTorch has v <- mu v + g, w <- w - eta v: the same while eta is constant.
    """

    def update(vector: Array, gradient: Array, state: Arrays, mu: Array) -> Calls:
        for w, g, v, _ in _blocks(vector, gradient, state["velocity"]):
            yield np.multiply, (v, mu, v)
            yield np.subtract, (v, g, v)
            yield np.add, (w, v, w)

    return Optimizer(_slots("velocity"), lambda eta, step: (eta, mu), update)


def nesterov(mu: float) -> Optimizer:
    """v <- mu v - eta g, w <- w + mu v - eta g. Nesterov 1983, in the form of Sutskever et al. 2013 and of Keras.

    PyTorch keeps eta outside the velocity, as with momentum.
    """

    def update(vector: Array, gradient: Array, state: Arrays, mu: Array) -> Calls:
        for w, g, v, _ in _blocks(vector, gradient, state["velocity"]):
            yield np.multiply, (v, mu, v)
            yield np.subtract, (v, g, v)
            yield np.subtract, (w, g, w)
            yield np.multiply, (v, mu, g)
            yield np.add, (w, g, w)

    return Optimizer(_slots("velocity"), lambda eta, step: (eta, mu), update)


def adagrad(initial_accumulator: float, epsilon: float) -> Optimizer:
    """s <- s + g^2, w <- w - eta g / (sqrt(s) + epsilon). Duchi, Hazan and Singer 2011.

    s starts at `initial_accumulator` (0 here and in PyTorch; Keras starts at 0.1 and has epsilon inside the root).
    """

    def update(vector: Array, gradient: Array, state: Arrays, eta: Array, epsilon: Array) -> Calls:
        for w, g, s, room in _blocks(vector, gradient, state["square_sum"]):
            yield np.square, (g, room)
            yield np.add, (s, room, s)
            yield from _scaled_step(w, g, s, room, eta, epsilon, step=g)

    return Optimizer(
        lambda vector: {"square_sum": np.full_like(vector, initial_accumulator)},
        lambda eta, step: (1, eta, epsilon),
        update,
    )


def rmsprop(rho: float, epsilon: float) -> Optimizer:
    """s <- rho s + (1 - rho) g^2, w <- w - eta g / (sqrt(s) + epsilon). Hinton, lecture 6 of 2012.

    epsilon is outside the root, as in early Keras and in PyTorch; Keras 3 has sqrt(s + epsilon). The gradient comes as
    sqrt(1 - rho) g, whose square is what s takes in.
    """
    pace = math.sqrt(1 - rho)

    def update(
        vector: Array, gradient: Array, state: Arrays, rate: Array, rho: Array, epsilon: Array
    ) -> Calls:
        for w, g, s, room in _blocks(vector, gradient, state["mean_square"]):
            yield np.square, (g, room)
            yield np.multiply, (s, rho, s)
            yield np.add, (s, room, s)
            yield from _scaled_step(w, g, s, room, rate, epsilon, step=g)

    return Optimizer(
        _slots("mean_square"), lambda eta, step: (pace, eta / pace, rho, epsilon), update
    )


def adam(beta1: float, beta2: float, epsilon: float) -> Optimizer:
    """m <- beta1 m + (1 - beta1) g, s <- beta2 s + (1 - beta2) g^2, w <- w - eta m' / (sqrt(s') + epsilon), with
    m' = m / (1 - beta1^t) and s' = s / (1 - beta2^t). Kingma and Ba 2015, algorithm 1; as in PyTorch.

    Keras corrects eta instead, which scales epsilon by sqrt(1 - beta2^t).
    """
    return adamw(beta1, beta2, epsilon, weight_decay=0.0)


def adamw(beta1: float, beta2: float, epsilon: float, weight_decay: float) -> Optimizer:
    """w <- w - eta weight_decay w, then a step of adam. Loshchilov and Hutter 2019; as in PyTorch and Keras.

    Every parameter decays, biases included, as in PyTorch. The gradient comes as (1 - beta1) g, which is what m takes
    in; with c = sqrt(1 - beta2^t), adam's step is eta c / (1 - beta1^t) m / (sqrt(s) + epsilon c).
    """
    pace = 1 - beta1
    rest = (1 - beta2) / pace**2

    def numbers(eta: float, step: int) -> tuple[float, ...]:
        correction = math.sqrt(1 - beta2 ** (step + 1))
        rate = eta * correction / (1 - beta1 ** (step + 1))
        keep = 1 - eta * weight_decay
        return pace, rate, epsilon * correction, keep, beta1, beta2, rest

    def update(vector: Array, gradient: Array, state: Arrays, *numbers: Array) -> Calls:
        rate, epsilon, keep, beta1, beta2, rest = numbers
        for w, g, m, s, room in _blocks(vector, gradient, state["mean"], state["mean_square"]):
            if weight_decay:
                yield np.multiply, (w, keep, w)
            yield np.multiply, (m, beta1, m)
            yield np.add, (m, g, m)
            yield np.square, (g, g)
            yield np.multiply, (g, rest, g)
            yield np.multiply, (s, beta2, s)
            yield np.add, (s, g, s)
            yield from _scaled_step(w, m, s, room, rate, epsilon, step=g)

    return Optimizer(_slots("mean", "mean_square"), numbers, update)


def lion(beta1: float, beta2: float, weight_decay: float) -> Optimizer:
    """w <- w - eta weight_decay w - eta sign(beta1 m + (1 - beta1) g), then m <- beta2 m + (1 - beta2) g. Chen et al.
    2023, algorithm 2; as in Keras.

    Every parameter decays, as with adamw. The gradient comes as (1 - beta1) g.
    """
    pace = 1 - beta1
    rest = (1 - beta2) / pace

    def numbers(eta: float, step: int) -> tuple[float, ...]:
        return pace, eta, 1 - eta * weight_decay, beta1, beta2, rest

    def update(vector: Array, gradient: Array, state: Arrays, *numbers: Array) -> Calls:
        eta, keep, beta1, beta2, rest = numbers
        for w, g, m, room in _blocks(vector, gradient, state["mean"]):
            if weight_decay:
                yield np.multiply, (w, keep, w)
            yield np.multiply, (m, beta1, room)
            yield np.add, (room, g, room)
            yield np.sign, (room, room)
            yield np.multiply, (room, eta, room)
            yield np.subtract, (w, room, w)
            yield np.multiply, (m, beta2, m)
            yield np.multiply, (g, rest, g)
            yield np.add, (m, g, m)

    return Optimizer(_slots("mean"), numbers, update)


def clear_smallest(state: Arrays) -> None:
    """Set what is within 10,000 times of the smallest normal number to 0.

    A mean that takes in nothing but zeros, as of a pixel that is black in most batches, decays into denormal numbers,
    with which processors work many times more slowly; beside epsilon or a parameter they are nothing.
    """
    for mean in state.values():
        mean[np.abs(mean) < 1e4 * np.finfo(mean.dtype).tiny] = 0


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
    "lion": lion,
}
"""Name -> a function of the optimizer's settings."""


def _slots(*names: str) -> Callable[[Array], Arrays]:
    """A state of arrays that start at zero."""
    return lambda vector: {name: np.zeros_like(vector) for name in names}


def _blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The same stretch of each array, one after the other, each time with room for temporaries: the same for all."""
    room = np.empty_like(arrays[0][..., :BLOCK])
    for start in range(0, arrays[0].shape[-1], BLOCK):
        block = tuple(array[..., start : start + BLOCK] for array in arrays)
        yield *block, room[..., : block[0].shape[-1]]


def _scaled_step(
    w: Array, g: Array, s: Array, room: Array, rate: Array, epsilon: Array, step: Array
) -> Calls:
    """w <- w - rate g / (sqrt(s) + epsilon); `step` is room for what is taken away, and may be g."""
    yield np.sqrt, (s, room)
    yield np.add, (room, epsilon, room)
    yield np.divide, (g, room, step)
    yield np.multiply, (step, rate, step)
    yield np.subtract, (w, step, w)
