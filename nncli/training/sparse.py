"""A first layer that touches only the inputs that are not zero: of MNIST's pixels 19 in 100. For the engine `numba`.

The training rows are kept as the places and the values of what is not zero. While a block of batches is trained the
first layer's weights lie turned, (inputs, units), so that what one input is multiplied by lies together, and plain
gradient descent changes the weights of those inputs alone:

    sums_n = sum over i with x_ni != 0 of x_ni w_i,    w_i <- w_i - x_ni delta_n

Compilers do not keep such sums in registers by themselves, so the two loops work on vectors of sixteen numbers: `load`,
`store` and `plus` below are one instruction each where the processor has AVX-512, and a few elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import float32, intp, types, void
from numba.extending import intrinsic, models, register_model

from nncli.data.dataset import Dataset
from nncli.network.calls import Calls
from nncli.network.params import Array
from nncli.spec.model import Spec
from nncli.training import compiled
from nncli.training.kernels import compiled as kernel

if TYPE_CHECKING:
    from nncli.training.step import Network

LARGEST_SHARE = 0.25
"""Of the inputs that are not zero, up to which this is faster than the products of all."""
LANES = 16
NUMBA_MEMORY = 120 * 2**20
"""Measured: docs/performance.md."""


class Picked(NamedTuple):
    """Rows of bytes without their zeros."""

    starts: Array
    """(rows + 1,): where each row begins among the others."""
    places: Array
    """The number of each input that is not zero, and"""
    values: Array
    """its byte."""
    factor: Array
    """(1,): what the bytes are multiplied by."""

    def layer(self, network: Network) -> FirstLayer:
        """A network's first layer over these rows."""
        return FirstLayer(network, self)


def possible(spec: Spec) -> bool:
    """Whether a step of this training changes the first weights by nothing but x and delta: plain gradient descent in
    float32 on a small network, without distortions, dropout, penalties, limits, averages or weights of classes."""
    batch = spec.batch_size
    return (
        spec.optimizer.name == "sgd"
        and (spec.gradient, spec.dtype) == ("backprop", "float32")
        and not (spec.augment or spec.average or spec.class_weight)
        and not any(spec.regularizer.model_dump().values())
        and not any(layer.dropout for layer in spec.architecture)
        and isinstance(batch, int)
        and compiled.is_small(spec.architecture, batch)
    )


def count(spec: Spec, dataset: Dataset) -> int:
    """How many inputs of all training rows are not zero, where the first layer works on them; otherwise 0. Spec and
    data alone say so."""
    x = dataset.splits["train"].x
    if not (possible(spec) and type(x) is np.ndarray and x.dtype == np.uint8):
        return 0
    found = np.count_nonzero(x)
    few = found <= LARGEST_SHARE * x.size and x.shape[1] <= np.iinfo(np.uint16).max
    return int(found) if few else 0


def pick(spec: Spec, dataset: Dataset) -> Picked | None:
    """The training rows without their zeros, where the first layer works on them."""
    found, x = count(spec, dataset), dataset.splits["train"].x
    if not found:
        return None
    picked = Picked(
        np.empty(len(x) + 1, np.int64),
        np.empty(found, np.uint16),
        np.empty(found, np.uint8),
        np.full(1, 1 / dataset.scale, np.float32),
    )
    _pick(compiled.unwritable(x), *picked[:3])
    return picked


def memory(spec: Spec, dataset: Dataset) -> int:
    """Bytes that numba takes, its compiled code read from its cache, and the rows without zeros."""
    return NUMBA_MEMORY + 3 * count(spec, dataset)


class FirstLayer:
    """The first layer of K networks, or of one."""

    def __init__(self, network: Network, picked: Picked) -> None:
        first = network.architecture[0]
        width = -(-first.output_dim // (2 * LANES)) * 2 * LANES
        self._network, self._picked, self._units = network, picked, first.output_dim
        self._turned = np.zeros((*network.leading, first.input_dim, width), np.float32)
        self._room = np.zeros(width, np.float32)
        self.parameters = first.input_dim * first.output_dim
        """How many at the beginning of the vector are its weights, which `passes` changes."""

    @contextmanager
    def turned(self) -> Iterator[None]:
        """Meanwhile the weights are here, and those in the network are old."""
        weights, own = self._network.params["W1"], self._turned[..., : self._units]
        own[...] = weights.mT
        try:
            yield
        finally:
            weights[...] = own.mT

    def passes(self, rows: Array, y: Array, z: Array, factor: Array) -> Calls:
        """The gradient of a batch, given by the numbers of its rows; but the first weights take their step at once."""
        sums, delta, between = compiled.between(self._network, y, z, factor)
        for k in np.ndindex(self._network.leading):
            yield _forward, (*self._arguments(rows, k), sums[k])
        yield from between
        for k in np.ndindex(self._network.leading):
            yield _backward, (*self._arguments(rows, k), delta[k])

    def _arguments(self, rows: Array, k: tuple[int, ...]) -> tuple[Array, ...]:
        own = rows[k] if rows.ndim > 1 else rows
        return (own, *self._picked, self._turned[k], self._room)


@kernel
def _pick(x: Array, starts: Array, places: Array, values: Array) -> None:
    count = 0
    for n in range(len(x)):
        starts[n], row = count, x[n]
        for i in range(len(row)):
            if row[i]:
                places[count], values[count] = i, row[i]
                count += 1
    starts[len(x)] = count


Vector = ir.VectorType(ir.FloatType(), LANES)


class _Lanes(types.Type):  # type: ignore[misc]
    """Sixteen float32 in a register."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, Vector)


def _instruction(function: Callable[..., Any]) -> Any:
    """Makes the LLVM instructions that `function` describes a function of compiled code."""
    return intrinsic(function)


def _address(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.bitcast(builder.gep(array.data, [arguments[1]]), Vector.as_pointer())


@_instruction
def load(typing: Any, array: Any, start: Any) -> Any:
    """array[start : start + 16]."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_address(context, builder, signature, arguments), align=4)

    return lanes(array, intp), make


@_instruction
def store(typing: Any, array: Any, start: Any, values: Any) -> Any:
    """array[start : start + 16] = values."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _address(context, builder, signature, arguments), align=4)
        return context.get_dummy_value()

    return void(array, intp, lanes), make


@_instruction
def plus(typing: Any, sums: Any, factor: Any, values: Any) -> Any:
    """sums + factor * values."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = ir.IntType(32)
        one = builder.insert_element(ir.Constant(Vector, ir.Undefined), arguments[1], index(0))
        all_ = builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(index, LANES), None))
        product = builder.fmul(all_, arguments[2], flags=["contract"])
        return builder.fadd(arguments[0], product, flags=["contract"])

    return lanes(lanes, float32, lanes), make


@kernel
def _touch(rows: Array, starts: Array, places: Array, values: Array) -> int:
    """Reads from each piece of memory that the rows lie in. They lie anywhere: asked for all at once, they come
    together, and not each when the sums before it are done."""
    total = 0
    for n in range(len(rows)):
        for k in range(starts[rows[n]], starts[rows[n] + 1], 32):
            total += places[k] + values[k]
    return total


@kernel
def _forward(
    rows: Array,
    starts: Array,
    places: Array,
    values: Array,
    factor: Array,
    w: Array,
    room: Array,
    sums: Array,
) -> None:
    """sums_n = sum over i of x_ni w_i, four vectors at a time: two of units, for two inputs."""
    width, w, scale = w.shape[1], w.reshape(-1), factor[0]
    sums[0, 0] = _touch(rows, starts, places, values)  # used for something, or it is left out
    for n in range(len(rows)):
        begin, end = starts[rows[n]], starts[rows[n] + 1]
        room[:] = 0
        for unit in range(0, width, 2 * LANES):
            a = c = b = d = load(room, unit)
            for k in range(begin, end - 1, 2):
                x, at = float32(values[k]) * scale, places[k] * width + unit
                a, c = plus(a, x, load(w, at)), plus(c, x, load(w, at + LANES))
                x, at = float32(values[k + 1]) * scale, places[k + 1] * width + unit
                b, d = plus(b, x, load(w, at)), plus(d, x, load(w, at + LANES))
            if (end - begin) % 2:
                x, at = float32(values[end - 1]) * scale, places[end - 1] * width + unit
                a, c = plus(a, x, load(w, at)), plus(c, x, load(w, at + LANES))
            one = float32(1)
            store(room, unit, plus(a, one, b))
            store(room, unit + LANES, plus(c, one, d))
        for unit in range(sums.shape[1]):
            sums[n, unit] = room[unit]


@kernel
def _backward(
    rows: Array,
    starts: Array,
    places: Array,
    values: Array,
    factor: Array,
    w: Array,
    room: Array,
    delta: Array,
) -> None:
    """w_i <- w_i - x_ni delta_n, row by row."""
    width, w, scale = w.shape[1], w.reshape(-1), factor[0]
    for n in range(len(rows)):
        begin, end = starts[rows[n]], starts[rows[n] + 1]
        room[:] = 0
        for unit in range(delta.shape[1]):
            room[unit] = -delta[n, unit]
        for unit in range(0, width, 2 * LANES):
            a, b = load(room, unit), load(room, unit + LANES)
            for k in range(begin, end):
                x, at = float32(values[k]) * scale, places[k] * width + unit
                store(w, at, plus(load(w, at), x, a))
                store(w, at + LANES, plus(load(w, at + LANES), x, b))
