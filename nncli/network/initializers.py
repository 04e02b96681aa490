"""First parameters, one table: name -> a draw of one weight matrix.

Each takes the generator, the matrix's shape (output_dim, input_dim) = (fan_out, fan_in), and `std`. Draws are made in
float64 whatever the network's type, layer by layer, weights before biases.

Sources: LeCun et al. 1998 (lecun), Glorot and Bengio 2010 (glorot), He et al. 2015 (he); Nielsen 2015 draws N(0, 1) for
everything in chapter 1, and weights with standard deviation 1 / sqrt(fan_in) in chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from nncli.network.activations import ACTIVATIONS
from nncli.network.params import Architecture, Array, Arrays

Shape = tuple[int, int]
Draw = Callable[[np.random.Generator, Shape, float], Array]


def _normal_with(variance: Callable[[int, int], float]) -> Draw:
    """N(0, variance(fan_in, fan_out))."""

    def draw(rng: np.random.Generator, shape: Shape, std: float) -> Array:
        fan_out, fan_in = shape
        return np.sqrt(variance(fan_in, fan_out)) * rng.standard_normal(shape)

    return draw


def _uniform_with(variance: Callable[[int, int], float]) -> Draw:
    """U(-limit, limit) with limit = sqrt(3 variance), which has that variance."""

    def draw(rng: np.random.Generator, shape: Shape, std: float) -> Array:
        fan_out, fan_in = shape
        limit = np.sqrt(3 * variance(fan_in, fan_out))
        return rng.uniform(-limit, limit, shape)

    return draw


def _glorot(fan_in: int, fan_out: int) -> float:
    return 2 / (fan_in + fan_out)


def _lecun(fan_in: int, fan_out: int) -> float:
    return 1 / fan_in


def _he(fan_in: int, fan_out: int) -> float:
    return 2 / fan_in


INITIALIZERS: dict[str, Draw] = {
    "normal": lambda rng, shape, std: std * rng.standard_normal(shape),
    "lecun_normal": _normal_with(_lecun),
    "glorot_uniform": _uniform_with(_glorot),
    "glorot_normal": _normal_with(_glorot),
    "he_uniform": _uniform_with(_he),
    "he_normal": _normal_with(_he),
    "zeros": lambda rng, shape, std: np.zeros(shape),
}


def init_params(
    architecture: Architecture,
    *,
    weights: str,
    biases: str,
    std: float | Literal["fan_in"],
    rng: np.random.Generator,
) -> Arrays:
    """W1, b1, W2, ... in float64. `weights` is a name in INITIALIZERS or `auto`, which takes what suits each layer's
    activation; `biases` is `zeros` or `normal`.

    `std` is the standard deviation of what is normal; `fan_in` means 1 / sqrt(fan_in) for weights and 1 for biases.
    """
    params: Arrays = {}
    for number, layer in enumerate(architecture, 1):
        name = ACTIVATIONS[layer.activation].initializer if weights == "auto" else weights
        shape = (layer.output_dim, layer.input_dim)
        of_weights, of_biases = (shape[1] ** -0.5, 1.0) if std == "fan_in" else (std, std)
        params[f"W{number}"] = INITIALIZERS[name](rng, shape, of_weights)
        params[f"b{number}"] = INITIALIZERS[biases](rng, (layer.output_dim, 1), of_biases)[:, 0]
    return params
