"""Forward and backward through dense layers, for one network or for K at once.

Rows are samples. Every formula is written for leading axes: with W1 of shape (K, output_dim, input_dim) the same two
functions train K networks, and each gets the bits that it would get alone.
"""

from __future__ import annotations

import numpy as np

from nncli.network.activations import ACTIVATIONS
from nncli.network.params import Architecture, Array, Arrays


def make_memory(
    architecture: Architecture, rows: int, dtype: str, leading: tuple[int, ...] = ()
) -> Arrays:
    """The buffers of one pass over `rows` rows: Z_l, A_l and D_l of every layer, each (..., rows, output_dim).

    Z and A of a hidden layer are one buffer: only the logits are looked at after the activation.
    """
    memory: Arrays = {}
    for number, layer in enumerate(architecture, 1):
        shape = (*leading, rows, layer.output_dim)
        memory[f"A{number}"] = np.empty(shape, dtype)
        memory[f"D{number}"] = np.empty(shape, dtype)
        hidden = number < len(architecture)
        memory[f"Z{number}"] = memory[f"A{number}"] if hidden else np.empty(shape, dtype)
    return memory


def forward(params: Arrays, architecture: Architecture, x: Array, memory: Arrays) -> Array:
    """z_l = a_{l-1} W_l^T + b_l, a_l = g_l(z_l), a_0 = x; leaves them in memory and returns the logits z_L."""
    a = x
    for number, layer in enumerate(architecture, 1):
        z = np.matmul(a, params[f"W{number}"].mT, out=memory[f"Z{number}"])
        z += params[f"b{number}"][..., None, :]
        a = ACTIVATIONS[layer.activation].value(z, out=memory[f"A{number}"])
    return z


def backward(
    params: Arrays,
    architecture: Architecture,
    x: Array,
    memory: Arrays,
    delta: Array,
    grads: Arrays,
) -> None:
    """From delta = dLoss/dz_L to every gradient, by the chain rule; spends the activations in memory.

    dLoss/dW_l = delta_l^T a_{l-1}, dLoss/db_l = sum over rows of delta_l, delta_{l-1} = (delta_l W_l) g'(z_{l-1}).
    """
    for number in range(len(architecture), 0, -1):
        below = memory[f"A{number - 1}"] if number > 1 else x
        np.matmul(delta.mT, below, out=grads[f"W{number}"])
        np.add.reduce(delta, axis=-2, out=grads[f"b{number}"])
        if number > 1:
            delta = np.matmul(delta, params[f"W{number}"], out=memory[f"D{number - 1}"])
            pull_back = ACTIVATIONS[architecture[number - 2].activation].pull_back
            assert pull_back is not None, "softmax below the last layer"
            pull_back(below, delta)


def first_not_finite(params: Arrays, architecture: Architecture, x: Array) -> int | None:
    """The number of the first layer whose sums z are not all finite; None where every layer's are."""
    a = x
    for number, layer in enumerate(architecture, 1):
        z = np.matmul(a, params[f"W{number}"].mT) + params[f"b{number}"][..., None, :]
        if not np.isfinite(z).all():
            return number
        a = ACTIVATIONS[layer.activation].value(z)
    return None
