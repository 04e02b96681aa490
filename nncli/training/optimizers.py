"""Optimizers, one table: name -> a pair of functions over the flat parameter vector.

`init(vector)` makes the state, plain arrays of the vector's shape; `update(vector, gradient, state, eta)` takes one
step in place and spends the gradient, so that nothing is allocated in the step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nncli.network.params import Array, Arrays


class Optimizer(NamedTuple):
    """How a gradient becomes a step."""

    init: Callable[[Array], Arrays]
    update: Callable[[Array, Array, Arrays, float], None]


def sgd() -> Optimizer:
    """Gradient descent: w <- w - eta g."""

    def update(vector: Array, gradient: Array, state: Arrays, eta: float) -> None:
        gradient *= eta
        np.subtract(vector, gradient, out=vector)

    return Optimizer(lambda vector: {}, update)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": sgd}
"""Name -> a function of the optimizer's settings."""
