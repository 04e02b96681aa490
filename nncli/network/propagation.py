"""Forward and backward through dense layers, for one network or for K at once.

Rows are samples. Every formula is written for leading axes: with W1 of shape (K, output_dim, input_dim) the same two
functions train K networks, and each gets the bits that it would get alone.

`bind` looks up views, buffers and functions once for many steps; on small networks that is a quarter of the time.
`forward` and `backward` are the same for a single pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from nncli.network.activations import ACTIVATIONS
from nncli.network.params import Architecture, Array, Arrays

Masks = Mapping[int, Array]
"""Layer number -> what its outputs are multiplied by in training, (rows, output_dim): dropout."""
NO_MASKS: Masks = {}


def make_memory(
    architecture: Architecture, rows: int, dtype: str, leading: tuple[int, ...] = ()
) -> Arrays:
    """The buffers of passes over `rows` rows: A_l, H_l and D_l of every layer and Z of the last, each
    (..., rows, output_dim).

    The sums of a hidden layer are written into A_l and become activations there. H_l, the outputs after a mask, is a
    buffer of its own only once there is a mask.
    """
    memory: Arrays = {}
    for number, layer in enumerate(architecture, 1):
        shape = (*leading, rows, layer.output_dim)
        memory[f"A{number}"] = np.empty(shape, dtype)
        memory[f"D{number}"] = np.empty(shape, dtype)
    memory[f"Z{len(architecture)}"] = np.empty(shape, dtype)
    return memory


def bind_forward(
    params: Arrays, architecture: Architecture, memory: Arrays
) -> Callable[[Array, Array, Masks], Array]:
    """(x, z, masks) -> the logits, written into z, with everything that stays the same looked up."""
    stages = [
        (
            number,
            params[f"W{number}"].mT,
            params[f"b{number}"][..., None, :],
            memory[f"A{number}"],
            ACTIVATIONS[layer.activation].value,
        )
        for number, layer in enumerate(architecture, 1)
    ]
    *hidden, (_, last_weights, last_biases, answer, last_value) = stages

    def forward(x: Array, z: Array, masks: Masks) -> Array:
        """z_l = h_{l-1} W_l^T + b_l, a_l = g_l(z_l), h_l = a_l m_l, h_0 = x; m_l is layer l's mask, if it has one."""
        h = x
        for number, weights, biases, a, value in hidden:
            np.matmul(h, weights, a)
            np.add(a, biases, a)
            h = value(a, a)
            if number in masks:
                h = memory[f"H{number}"] = np.multiply(a, masks[number], memory.get(f"H{number}"))
        np.matmul(h, last_weights, z)
        np.add(z, last_biases, z)
        last_value(z, answer)
        return z

    return forward


def bind_backward(
    params: Arrays, architecture: Architecture, memory: Arrays, grads: Arrays
) -> Callable[[Array, Masks], None]:
    """(x, masks) -> every gradient, written into `grads`, from delta = dLoss/dz_L in D_L of memory."""
    stages = [
        (
            number - 1,
            params[f"W{number}"],
            grads[f"W{number}"],
            grads[f"b{number}"],
            memory[f"D{number}"],
            memory[f"D{number}"].mT,
            memory[f"A{number - 1}"],
            memory[f"D{number - 1}"],
            ACTIVATIONS[architecture[number - 2].activation].pull_back,
        )
        for number in range(len(architecture), 1, -1)
    ]
    dw1, db1, d1 = grads["W1"], grads["b1"], memory["D1"]
    d1_transposed, sum_rows = d1.mT, np.add.reduce

    def backward(x: Array, masks: Masks) -> None:
        """dLoss/dW_l = delta_l^T h_{l-1}, dLoss/db_l = sum over rows of delta_l,
        delta_{l-1} = (delta_l W_l) m_{l-1} g'(z_{l-1}), the slope taken from a_{l-1}, which is spent."""
        for below, weights, dw, db, delta, delta_transposed, a, next_delta, pull_back in stages:
            np.matmul(delta_transposed, memory[f"H{below}"] if below in masks else a, dw)
            sum_rows(delta, axis=-2, out=db)
            np.matmul(delta, weights, next_delta)
            if below in masks:
                np.multiply(next_delta, masks[below], next_delta)
            pull_back(a, next_delta)  # type: ignore[misc]  # the spec admits softmax only last
        np.matmul(d1_transposed, x, dw1)
        sum_rows(d1, axis=-2, out=db1)

    return backward


@np.errstate(all="ignore")
def forward(
    params: Arrays, architecture: Architecture, x: Array, memory: Arrays, masks: Masks = NO_MASKS
) -> Array:
    """One forward pass: the logits z_L; the activations stay in memory."""
    run = bind_forward(params, architecture, memory)
    return run(x, memory[f"Z{len(architecture)}"], masks)


def backward(
    params: Arrays,
    architecture: Architecture,
    x: Array,
    memory: Arrays,
    grads: Arrays,
    masks: Masks = NO_MASKS,
) -> None:
    """One backward pass from dLoss/dz_L, which stands in D_L of memory; spends the activations."""
    bind_backward(params, architecture, memory, grads)(x, masks)


class Passes(NamedTuple):
    """Both passes, bound to one network and one set of buffers."""

    forward: Callable[[Array, Array, Masks], Array]
    backward: Callable[[Array, Masks], None]
    answer: Array
    """A_L: the activations of the last layer."""
    delta: Array
    """D_L: where backward looks for dLoss/dz_L."""


def bind(params: Arrays, grads: Arrays, architecture: Architecture, memory: Arrays) -> Passes:
    """Forward and backward for many steps with these parameters and buffers."""
    last = len(architecture)
    return Passes(
        bind_forward(params, architecture, memory),
        bind_backward(params, architecture, memory, grads),
        memory[f"A{last}"],
        memory[f"D{last}"],
    )


@np.errstate(all="ignore")
def first_not_finite(
    params: Arrays, architecture: Architecture, x: Array, masks: Masks = NO_MASKS
) -> int | None:
    """The number of the first layer whose sums z are not all finite; None where every layer's are."""
    h = x
    for number, layer in enumerate(architecture, 1):
        z = np.matmul(h, params[f"W{number}"].mT) + params[f"b{number}"][..., None, :]
        if not np.isfinite(z).all():
            return number
        h = ACTIVATIONS[layer.activation].value(z)
        if number in masks:
            h = h * masks[number]
    return None
