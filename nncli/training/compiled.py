"""The engine `numba`: what NumPy does in many short calls, compiled into a few long ones. Needs the extra `fast`.

The matrix products of the first layer, and of every layer that is not small, stay NumPy's: BLAS is faster than what is
compiled. Everything works on one network after the other, so that each of a stack gets the bits that it gets alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numba.core import event

from nncli.data import batches
from nncli.network.calls import Calls, product
from nncli.network.losses import CANONICAL
from nncli.network.params import Architecture, Array, Arrays
from nncli.training import kernel_updates, kernels

if TYPE_CHECKING:
    from nncli.training.step import Network

LARGEST_PRODUCTS, LARGEST_OUTPUTS = 2**16, 2**11
"""Multiply-adds above the first layer, and outputs of all layers, up to which a batch is small: one compiled call takes
less time than NumPy's, whose vectors are wider, take to begin (docs/performance.md)."""


@contextmanager
def compiling(say: Callable[[], None]) -> Iterator[None]:
    """Calls `say` once, when something is compiled for the first time."""
    with event.install_listener("numba:compile", _Ear(say)):
        yield


class _Ear(event.Listener):  # type: ignore[misc]
    def __init__(self, say: Callable[[], None]) -> None:
        self._say: list[Callable[[], None]] = [say]

    def on_start(self, event: Any) -> None:
        while self._say:
            self._say.pop()()

    def on_end(self, event: Any) -> None:
        pass


def gather(x: Array, rows: Array, scale: float, out: Array) -> None:
    """`batches.gather`, for bytes in one pass."""
    if type(x) is np.ndarray and x.dtype == np.uint8:
        kernels.gather(unwritable(x), rows, out.dtype.type(1 / scale), out)
    else:
        batches.gather(x, rows, scale, out)


def unwritable(x: Array) -> Array:
    """A view. To numba, what may be written is of another type, and shared memory may not."""
    view = x.view()
    view.flags.writeable = False
    return view


def is_small(layers: Architecture, rows: int) -> bool:
    """Whether one compiled call is faster than NumPy's for all of a step that comes between the first layer's
    products."""
    products = rows * sum(layer.input_dim * layer.output_dim for layer in layers[1:])
    outputs = rows * sum(layer.output_dim for layer in layers)
    return products <= LARGEST_PRODUCTS and outputs <= LARGEST_OUTPUTS


def passes(network: Network, x: Array, y: Array, z: Array, factor: Array) -> Calls | None:
    """The gradient of a batch: the two products of the first layer, and between them a call for each network. None
    where the batch is not small, or its rows have weights."""
    if network.class_weights is None and is_small(network.architecture, x.shape[-2]):
        return _passes(network, x, y, z, factor)
    return None


def _passes(network: Network, x: Array, y: Array, z: Array, factor: Array) -> Calls:
    sums, delta, calls = between(network, y, z, factor)
    yield product(x, network.params["W1"].mT, sums)
    yield from calls
    yield product(delta.mT, x, network.grads["W1"])


def between(network: Network, y: Array, z: Array, factor: Array) -> tuple[Array, Array, Calls]:
    """Where the first layer's sums are expected, and where its delta will be, once the calls are done that lead from
    one to the other; they leave the gradient of everything but the first weights."""
    layers, leading, rows = network.architecture, network.leading, y.shape[-2]
    units, first = sum(layer.output_dim for layer in layers), layers[0].output_dim
    memory, plan = network.memory(rows), _plan(network)
    a, d, s = (
        memory.setdefault(name, np.empty((*leading, rows * units), z.dtype)) for name in "ADS"
    )
    sums, delta = (all_[..., : rows * first].reshape(*leading, rows, first) for all_ in (a, d))

    def calls() -> Calls:
        for k in np.ndindex(leading):
            own = (network.vector[k], network.gradient[k], a[k], d[k], s[k])
            given = (y[k] if y.ndim > 2 else y, z[k], _one(factor, k), plan)
            yield kernels.between, (*own, *given)

    return (z if len(layers) == 1 else sums), delta, calls()


def _one(number: Array, k: tuple[int, ...]) -> Array:
    """One network's number, as an array of one."""
    return number.reshape(*number.shape[: len(k)], 1)[k]


def _plan(network: Network) -> Array:
    """(layers, 6): what comes into a layer and out of it, its activation, where its parameters begin in the vector and
    its activations among all, and whether the delta takes in its slope: in the last layer, not for a canonical pair."""
    rows, begin, units, last = [], 0, 0, len(network.architecture)
    for number, layer in enumerate(network.architecture, 1):
        inputs, outputs = layer.input_dim, layer.output_dim
        sloped = number < last or network.loss not in CANONICAL
        rows.append([inputs, outputs, kernels.KINDS[layer.activation], begin, units, sloped])
        begin, units = begin + (inputs + 1) * outputs, units + outputs
    return np.array(rows)


def update(
    name: str, vector: Array, gradient: Array, state: Arrays, numbers: tuple[Array, ...]
) -> Calls | None:
    """An optimizer's update in one pass over the parameters, for each network."""
    if name not in kernel_updates.UPDATES:
        return None
    return _update(kernel_updates.UPDATES[name], vector, gradient, state, numbers)


def _update(
    kernel: Callable[..., None],
    vector: Array,
    gradient: Array,
    state: Arrays,
    numbers: tuple[Array, ...],
) -> Calls:
    arrays = (vector, gradient, *state.values())
    for k in np.ndindex(vector.shape[:-1]):
        own = (array[k] for array in arrays)
        yield kernel, (*own, *(_one(number, k) for number in numbers))
