"""First parameters, one table: name -> a draw of one weight matrix.

Each takes the generator, the matrix's shape (output_dim, input_dim) = (fan_out, fan_in), and `std`. Draws are made in
float64 whatever the network's type, layer by layer, weights before biases.

Sources: Glorot and Bengio 2010 (glorot), He et al. 2015 (he); Nielsen 2015, chapter 1, draws N(0, 1) for everything.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

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


def _he(fan_in: int, fan_out: int) -> float:
    return 2 / fan_in


INITIALIZERS: dict[str, Draw] = {
    "normal": lambda rng, shape, std: std * rng.standard_normal(shape),
    "glorot_uniform": _uniform_with(_glorot),
    "glorot_normal": _normal_with(_glorot),
    "he_uniform": _uniform_with(_he),
    "he_normal": _normal_with(_he),
    "zeros": lambda rng, shape, std: np.zeros(shape),
}

AUTO = {"relu": "he_normal"}
"""What `auto` takes for a layer's activation; glorot_uniform for the others."""


def init_params(
    architecture: Architecture,
    *,
    weights: str,
    biases: str,
    std: float,
    rng: np.random.Generator,
) -> Arrays:
    """W1, b1, W2, ... in float64. `weights` is a name in INITIALIZERS or `auto`; `biases` is `zeros` or `normal`."""
    params: Arrays = {}
    for number, layer in enumerate(architecture, 1):
        name = AUTO.get(layer.activation, "glorot_uniform") if weights == "auto" else weights
        shape = (layer.output_dim, layer.input_dim)
        params[f"W{number}"] = INITIALIZERS[name](rng, shape, std)
        params[f"b{number}"] = INITIALIZERS[biases](rng, (layer.output_dim, 1), std)[:, 0]
    return params
