"""Which trials train in lockstep: those of one kind (training/kinds.py) on the same rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from nncli.network.params import count
from nncli.spec.model import Spec
from nncli.training.kinds import kind
from nncli.training.step import make_optimizer

LARGEST_STACK = 64
"""Members at most: what a killed worker costs."""
CACHE = 3 * 2**19
"""Bytes that the members of a stack may take in a step: with more than stays in a core's cache, each is slower than
alone (docs/performance.md)."""
FULL = 1000
"""Rows that a full batch is taken for, before the data is read."""


def plan(specs: Sequence[Spec], workers: int) -> list[list[int]]:
    """The numbers of the specs, in groups that train in lockstep: few large ones, yet one for each worker."""
    kinds: dict[str, list[int]] = {}
    for number, spec in enumerate(specs):
        kinds.setdefault(_kind(number, spec), []).append(number)
    return [
        group
        for numbers in kinds.values()
        for group in _groups(numbers, specs[numbers[0]], workers)
    ]


def _kind(number: int, spec: Spec) -> str:
    """The same text for specs that can be stacked."""
    if spec.gradient != "backprop":
        return str(number)
    return kind(spec)


def _groups(numbers: list[int], spec: Spec, workers: int) -> Iterable[list[int]]:
    size = min(fits(spec), LARGEST_STACK, math.ceil(len(numbers) / max(1, workers)))
    # the sizes differ by one at most: the workers end together
    groups = math.ceil(len(numbers) / size)
    return [numbers[first::groups] for first in range(groups)]


def fits(spec: Spec) -> int:
    """How many networks of a spec may be in a stack, by what stays in the cache."""
    return max(1, CACHE // _bytes(spec))


def _bytes(spec: Spec) -> int:
    """What a step of one network goes over: parameters, gradients and slots, activations and deltas."""
    slots = make_optimizer(spec).init(np.zeros(1))
    rows = FULL if spec.batch_size == "full" else spec.batch_size
    units = sum(layer.output_dim for layer in spec.architecture)
    numbers = (2 + len(slots)) * count(spec.architecture) + 2 * rows * units
    return numbers * np.dtype(spec.dtype).itemsize
