"""Mathematics as calls: a NumPy function each, with the arrays that it reads and, last, the one that it writes.

A formula is written once, as a generator of calls, and `run` works it out. Training binds the calls of a step to their
arrays once, as a list, and runs that list thousands of times: to look functions, views and buffers up at every step
costs a small network as much as its arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from nncli.network.params import Array

Call = tuple[Callable[..., Any], tuple[Any, ...]]
Calls = Iterator[Call]


def run(calls: Iterable[Call]) -> None:
    """One call after the other."""
    for function, arguments in calls:
        function(*arguments)


def constant(value: float, like: Array) -> Array:
    """A number in the type of an array: a Python number takes NumPy as long as the arithmetic of a small layer."""
    return np.array(value, like.dtype)


def larger(x: Array, y: Array, out: Array) -> Call:
    """max(x, y). NumPy takes `out` of np.maximum by name only."""
    return partial(np.maximum, out=out), (x, y)


def smaller(x: Array, y: Array, out: Array) -> Call:
    """min(x, y)."""
    return partial(np.minimum, out=out), (x, y)


def product(x: Array, y: Array, out: Array) -> Call:
    """The matrix product x y; where only one number is multiplied for each of its elements, without BLAS, which takes
    several times as long for the same bits."""
    return (np.multiply if x.shape[-1] == 1 else np.matmul), (x, y, out)


def largest(values: Array, room: Array) -> tuple[Calls, Array]:
    """Calls for the largest of each row of (..., n, units), and the (..., n, 1) array that they leave it in. Over the
    columns of a turned copy, in `room`, NumPy finds it ten times as fast as over a few numbers of each row."""
    *leading, rows, units = values.shape
    turned = room.reshape(*leading, units, rows)
    top = np.empty((*leading, rows), values.dtype)

    def calls() -> Calls:
        yield np.copyto, (turned, values.mT)
        yield np.maximum.reduce, (turned, -2, None, top)

    return calls(), top[..., None]


def sum_rows(values: Array, out: Array) -> Calls:
    """The sum over the rows of (..., n, units), into (..., units): a product with ones, which is several times as fast
    as np.sum over this axis."""
    ones = np.ones((1, values.shape[-2]), values.dtype)
    yield np.matmul, (ones, values, out[..., None, :])
