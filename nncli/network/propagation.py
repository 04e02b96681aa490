"""Forward and backward through dense layers, for one network or for K at once, as calls (calls.py).

Rows are samples. Every formula is written for leading axes: with W1 of shape (K, output_dim, input_dim) the same two
functions train K networks, and each gets the bits that it would get alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nncli.network.activations import ACTIVATIONS, activate
from nncli.network.calls import Calls, product, run, sum_rows
from nncli.network.params import Architecture, Array, Arrays

Masks = Mapping[int, Array]
"""Layer number -> what its outputs are multiplied by in training, (rows, output_dim): dropout."""
NO_MASKS: Masks = {}


def make_memory(
    architecture: Architecture, rows: int, dtype: str, leading: tuple[int, ...] = ()
) -> Arrays:
    """The buffers of passes over `rows` rows: A_l and D_l of every layer, and Z_l of the last and of those whose slope
    is taken from their sums, each (..., rows, output_dim).

    The sums of any other layer are written into A_l and become activations there. H_l, the outputs after a mask, is
    made once there is a mask.
    """
    memory: Arrays = {}
    for number, layer in enumerate(architecture, 1):
        shape = (*leading, rows, layer.output_dim)
        memory[f"A{number}"] = np.empty(shape, dtype)
        memory[f"D{number}"] = np.empty(shape, dtype)
        if number == len(architecture) or ACTIVATIONS[layer.activation].by_sums:
            memory[f"Z{number}"] = np.empty(shape, dtype)
    return memory


def forward(
    params: Arrays,
    architecture: Architecture,
    x: Array,
    z: Array,
    memory: Arrays,
    masks: Masks = NO_MASKS,
) -> Calls:
    """z_l = h_{l-1} W_l^T + b_l, a_l = g_l(z_l), h_l = a_l m_l, h_0 = x; m_l is layer l's mask, if it has one.

    The logits z_L go into `z`, the activations a_l stay in memory.
    """
    h = x
    for number, layer in enumerate(architecture, 1):
        a = memory[f"A{number}"]
        sums = z if number == len(architecture) else memory.get(f"Z{number}", a)
        yield product(h, params[f"W{number}"].mT, sums)
        yield np.add, (sums, params[f"b{number}"][..., None, :], sums)
        yield from ACTIVATIONS[layer.activation].value(sums, a, memory[f"D{number}"])
        h = a
        if number in masks:
            h = memory.setdefault(f"H{number}", np.empty_like(a))
            yield np.multiply, (a, masks[number], h)


def backward(
    params: Arrays,
    architecture: Architecture,
    x: Array,
    memory: Arrays,
    grads: Arrays,
    masks: Masks = NO_MASKS,
) -> Calls:
    """dLoss/dW_l = delta_l^T h_{l-1}, dLoss/db_l = sum over rows of delta_l,
    delta_{l-1} = (delta_l W_l) m_{l-1} g'(z_{l-1}), the slope taken from a_{l-1} or z_{l-1}, which is spent.

    It begins with delta_L = dLoss/dz_L in D_L of memory, and writes every gradient into `grads`.
    """
    for number in range(len(architecture), 0, -1):
        delta, below = memory[f"D{number}"], number - 1
        h = x if number == 1 else memory[f"H{below}" if below in masks else f"A{below}"]
        yield product(delta.mT, h, grads[f"W{number}"])
        yield from sum_rows(delta, grads[f"b{number}"])
        if number == 1:
            return
        yield product(delta, params[f"W{number}"], memory[f"D{below}"])
        if below in masks:
            yield np.multiply, (memory[f"D{below}"], masks[below], memory[f"D{below}"])
        pull_back = ACTIVATIONS[architecture[below - 1].activation].pull_back
        assert pull_back is not None, "the spec admits softmax only last"
        a = memory[f"A{below}"]
        yield from pull_back(a, memory.get(f"Z{below}", a), memory[f"D{below}"])


@np.errstate(all="ignore")
def logits(
    params: Arrays, architecture: Architecture, x: Array, memory: Arrays, masks: Masks = NO_MASKS
) -> Array:
    """One forward pass: the logits z_L, in memory as the activations are."""
    z = memory[f"Z{len(architecture)}"]
    run(forward(params, architecture, x, z, memory, masks))
    return z


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
        h = activate(layer.activation, z)
        if number in masks:
            h = h * masks[number]
    return None
