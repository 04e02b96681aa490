"""The parameter dictionary: W1, b1, W2, ... as views into one contiguous vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]


class Layer(Protocol):
    """What the mathematics needs to know of a dense layer."""

    @property
    def input_dim(self) -> int: ...
    @property
    def output_dim(self) -> int: ...
    @property
    def activation(self) -> str: ...


Architecture = Sequence[Layer]


def shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """W_l is (output_dim, input_dim) and b_l is (output_dim,), layers numbered from 1."""
    named: dict[str, tuple[int, ...]] = {}
    for number, layer in enumerate(architecture, 1):
        named[f"W{number}"] = (layer.output_dim, layer.input_dim)
        named[f"b{number}"] = (layer.output_dim,)
    return named


def count(architecture: Architecture) -> int:
    """How many numbers a network of this architecture learns."""
    return sum(layer.output_dim * (layer.input_dim + 1) for layer in architecture)


def views(vector: Array, architecture: Architecture) -> Arrays:
    """The parameters (or their gradients) as views into `vector` of shape (..., count).

    Leading axes stay in front: a (K, count) vector gives W1 of shape (K, output_dim, input_dim).
    """
    named: Arrays = {}
    start = 0
    for name, shape in shapes(architecture).items():
        stop = start + int(np.prod(shape))
        named[name] = vector[..., start:stop].reshape(*vector.shape[:-1], *shape)
        start = stop
    if start != vector.shape[-1]:
        raise ValueError(f"the architecture has {start} parameters, the vector {vector.shape[-1]}")
    return named


def flatten(params: Arrays, architecture: Architecture, dtype: str) -> Array:
    """A new vector that holds copies of `params`, in the order of `shapes`."""
    parts = [np.asarray(params[name], dtype=dtype).reshape(-1) for name in shapes(architecture)]
    return np.concatenate(parts)


def norms(weights: Array, axis: int) -> Array:
    """Euclidean norms along an axis, divided by the largest weight: those of a run that diverged have no square."""
    largest = float(np.abs(weights).max(initial=0.0)) or 1.0
    return np.asarray(np.linalg.norm(weights / largest, axis=axis))
