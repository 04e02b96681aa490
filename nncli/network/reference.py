"""The loss that a training minimizes, written out a second time in float64: what `nncli gradcheck` differentiates.

    Loss = 1/n sum_n c_n L(f(x_n), y_n) + l1 sum |w| + l2/2 sum w^2

c_n is the weight of row n's class, f the network with its dropout; the last two sums go over the weights, not the
biases. Nothing here is shared with what trains (a test reads the imports), so that a mistake there is not made here
too; it is written to be read, not to be fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def _softmax(z: Numbers) -> Numbers:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "sigmoid": lambda z: (1 + np.tanh(z / 2)) / 2,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "selu": lambda z: (
        1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))
    ),
    "gelu": lambda z: z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z * (1 + np.tanh(z / 2)) / 2,
    "softplus": lambda z: np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z))),
    "softmax": _softmax,
    "identity": lambda z: z,
}
"""Activation -> g(z)."""


def _log_softmax(z: Numbers) -> Numbers:
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def _log_sigmoid(z: Numbers) -> Numbers:
    """log(1 / (1 + exp(-z))), which is finite for any finite z."""
    return np.minimum(z, 0) - np.log(1 + np.exp(-np.abs(z)))


LOSSES: dict[str, Callable[[Numbers, Numbers, Numbers], Numbers]] = {
    "quadratic": lambda z, a, y: ((y - a) ** 2).sum(axis=-1) / 2,
    "mse": lambda z, a, y: ((y - a) ** 2).mean(axis=-1),
    "cross_entropy": lambda z, a, y: -(y * _log_softmax(z)).sum(axis=-1),
    "binary_cross_entropy": lambda z, a, y: (
        -(y * _log_sigmoid(z) + (1 - y) * _log_sigmoid(-z)).sum(axis=-1)
    ),
}
"""Loss -> L of each row, from the logits z, the outputs a = g(z) and the targets y. log a is taken from z: for a
canonical pair, a may be rounded to 0."""


@dataclass(frozen=True)
class Reference:
    """A network and a batch, without penalties: what `network.gradcheck.differences` takes."""

    params: dict[str, Numbers]
    x: Numbers
    y: Numbers
    activations: Sequence[str]
    loss: str
    masks: Mapping[int, Numbers]
    """Layer number -> what its outputs are multiplied by: `dropout`."""
    weights: Numbers
    """(rows,): c_n."""

    def losses(self, number: int, z: Numbers) -> Numbers:
        """(K,): the loss of each network of a stack whose sums at layer `number` are z, (K, rows, outputs)."""
        last = len(self.activations)
        while number < last:
            h = self.outputs(number, z)
            number += 1
            w, b = self.params[f"W{number}"], self.params[f"b{number}"]
            z = h @ w.T + b
        each = LOSSES[self.loss](z, ACTIVATIONS[self.activations[-1]](z), self.y)
        return (each * self.weights).sum(axis=-1) / len(self.x)

    def outputs(self, number: int, z: Numbers) -> Numbers:
        """What layer `number` passes on: g(z), after dropout."""
        a = ACTIVATIONS[self.activations[number - 1]](z)
        return a * self.masks[number] if number in self.masks else a

    def loss_now(self) -> float:
        """The loss at the parameters themselves."""
        z = self.x @ self.params["W1"].T + self.params["b1"]
        return float(self.losses(1, z[None])[0])


def dropout(kept: NDArray[np.bool_], p: float) -> Numbers:
    """Inverted dropout: 1 / (1 - p) for an output that is kept, 0 for one that is not. Srivastava et al. 2014."""
    return np.where(kept, 1 / (1 - p), 0)


def balanced(labels: NDArray[np.int64]) -> dict[int, float]:
    """Class number -> rows / (classes x rows of the class), for the classes that the training rows have."""
    numbers, counts = np.unique(labels, return_counts=True)
    return {int(c): len(labels) / (len(numbers) * n) for c, n in zip(numbers, counts, strict=True)}


def penalty(weights: Numbers, l1: float, l2: float) -> Numbers:
    """What each weight adds to the loss: l1 |w| + l2/2 w^2."""
    return l1 * np.abs(weights) + l2 / 2 * weights**2


def penalty_slopes(weights: Numbers, l1: float, l2: float) -> Numbers:
    """Central differences of `penalty`, over half of each weight: for a line and a parabola they are exact, and never
    reach over the kink of |w| at 0."""
    h = np.where(weights == 0, 1, np.abs(weights) / 2)
    return (penalty(weights + h, l1, l2) - penalty(weights - h, l1, l2)) / (2 * h)
