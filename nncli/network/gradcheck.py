"""The gradient without the chain rule: central differences of the loss, one parameter at a time.

dLoss/dw = (Loss(w + h) - Loss(w - h)) / 2h, up to h^2. A parameter of layer l leaves the layers below as they are, so
only what it can reach is computed again: z_l changes by h h_{l-1} in one column, and the layers above follow. Many
parameters are moved at once along a leading axis.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 5.3.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nncli.network.activations import activate
from nncli.network.losses import row_losses, row_weights
from nncli.network.params import Architecture, Array, Arrays
from nncli.network.propagation import NO_MASKS, Masks

STEP = 3e-6
"""h in float64: the rounding of a loss near 1 costs 4e-11, and few relus are near enough to 0 to change side."""
STACK_BYTES = 2**20
"""How much of a layer's sums is moved at once: enough to hide the calls, small enough for a cache."""

Picked = Mapping[str, Array]
"""Parameter name -> flat indices of the elements that are moved."""


class Problem(Protocol):
    """A loss as a function of a network's parameters on one batch, layer by layer, in float64."""

    @property
    def params(self) -> Arrays: ...
    @property
    def x(self) -> Array: ...
    def losses(self, number: int, z: Array) -> Array:
        """The loss of each network of a stack whose sums at layer `number` are z, (K, rows, outputs)."""

    def outputs(self, number: int, z: Array) -> Array:
        """What layer `number` passes on."""


@dataclass(frozen=True)
class _Own:
    """The mean loss as training measures it."""

    params: Arrays
    x: Array
    architecture: Architecture
    loss: str
    y: Array
    masks: Masks
    weights: Array | float
    """(rows,) what each row's loss is multiplied by, or 1."""

    def losses(self, number: int, z: Array) -> Array:
        for layer in range(number, len(self.architecture)):
            h = self.outputs(layer, z)
            z = h @ self.params[f"W{layer + 1}"].mT + self.params[f"b{layer + 1}"]
        y = np.broadcast_to(self.y, z.shape)
        each = row_losses(self.loss, self.architecture[-1].activation, z, y)
        return (each * self.weights).mean(axis=-1)

    def outputs(self, number: int, z: Array) -> Array:
        a = activate(self.architecture[number - 1].activation, z)
        return a * self.masks[number] if number in self.masks else a


def central_differences(
    params: Arrays,
    architecture: Architecture,
    loss: str,
    x: Array,
    y: Array,
    masks: Masks = NO_MASKS,
    class_weights: Array | None = None,
) -> Arrays:
    """The numerical gradient of the mean loss on (x, y), in float64, an array like each parameter. With
    `class_weights` each row's loss is multiplied by that of its class."""
    exact = {name: value.astype(np.float64) for name, value in params.items()}
    x, y = x.astype(np.float64), y.astype(np.float64)
    weights = 1.0 if class_weights is None else row_weights(y, class_weights)[:, 0]
    every = {name: np.arange(value.size) for name, value in exact.items()}
    slopes = differences(_Own(exact, x, architecture, loss, y, masks, weights), every)
    return {name: slope.reshape(exact[name].shape) for name, slope in slopes.items()}


@np.errstate(all="ignore")
def differences(problem: Problem, picked: Picked, step: float = STEP) -> Arrays:
    """The slopes of the elements of each parameter that are `picked`."""
    params, h, ones = problem.params, problem.x, np.ones((len(problem.x), 1))
    slopes: Arrays = {}
    for number in range(1, len(params) // 2 + 1):
        z = h @ params[f"W{number}"].mT + params[f"b{number}"]
        for name, inputs in ((f"W{number}", h), (f"b{number}", ones)):
            slopes[name] = _slopes(problem, number, inputs, z, picked[name], step)
        h = problem.outputs(number, z)
    return slopes


def _slopes(
    problem: Problem, number: int, inputs: Array, z: Array, elements: Array, step: float
) -> Array:
    """dLoss by each element of layer `number`: element (i, j) moves column i of z by h inputs[:, j]."""
    units, columns = np.divmod(elements, inputs.shape[1])
    slopes = np.empty(len(elements))
    at_once = max(1, STACK_BYTES // z.nbytes)
    for start in range(0, len(elements), at_once):
        window = slice(start, start + at_once)
        move = step * inputs.T[columns[window]]
        ahead = problem.losses(number, _moved(z, units[window], move))
        behind = problem.losses(number, _moved(z, units[window], -move))
        slopes[window] = (ahead - behind) / (2 * step)
    return slopes


def _moved(z: Array, units: Array, move: Array) -> Array:
    """(K, rows, outputs): z with column units[k] moved by move[k], (K, rows)."""
    stack = np.repeat(z[None], len(units), axis=0)
    stack[np.arange(len(units)), :, units] += move
    return stack
