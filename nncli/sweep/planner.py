"""Which trials train in lockstep: those whose specs differ only in what the members of a stack may differ in."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from nncli.network.params import count
from nncli.spec.dump import plain_spec
from nncli.spec.model import Spec

FREE = [
    "name",
    "eta",
    "initializer",
    "init_from",
    "regularizer",
    "schedule",
    "warmup",
    "early_stopping",
    "average",
    "keep",
]
"""Keys in which members may differ beside `seed` and the numbers of their optimizer."""
LARGEST_STACK = 64
"""Members at most: what a killed worker costs."""
LARGEST_PARAMETERS = 2**20
"""Parameters of a stack at most: beyond, products take all the time and a stack saves none (docs/performance.md)."""


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
    plain: dict[str, Any] = plain_spec(spec)
    kept = {key: value for key, value in plain.items() if key not in FREE}
    kept["optimizer"] = spec.optimizer.name
    if not _splits_by_seed(plain["data"]):
        del kept["seed"]
    return json.dumps(kept, sort_keys=True)


def _splits_by_seed(data: dict[str, Any]) -> bool:
    """Whether another seed means other rows in the splits."""
    return any(
        data.get(split) and data.get(f"{split}_from") != "last" for split in ("validation", "test")
    )


def _groups(numbers: list[int], spec: Spec, workers: int) -> Iterable[list[int]]:
    fits = max(1, LARGEST_PARAMETERS // count(spec.architecture))
    size = min(fits, LARGEST_STACK, math.ceil(len(numbers) / workers))
    # the sizes differ by one at most: the workers end together
    groups = math.ceil(len(numbers) / size)
    return [numbers[first::groups] for first in range(groups)]
