"""What a sweep goes over: each point sets some keys of the spec."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from nncli.errors import UsageError
from nncli.spec.source import BadYamlError, parse

Point = dict[str, Any]
"""Key path -> value: {"eta": 0.1}."""

MANY = 1000
"""Trials beyond which a sweep asks whether that is meant."""


def read_grid(assignments: Iterable[str]) -> dict[str, list[Any]]:
    """`eta=0.1,1` and `seed=0,1` -> {"eta": [0.1, 1], "seed": [0, 1]}. Raises UsageError."""
    grid: dict[str, list[Any]] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise UsageError(
                f"--grid {assignment[:60]}: write it as key=value,value, such as eta=0.1,1,3"
            )
        grid.setdefault(key.strip(), []).extend(_values(key.strip(), text))
    return grid


def _values(key: str, text: str) -> list[Any]:
    try:
        tree = parse(f"[{text}]")
    except BadYamlError as err:
        raise UsageError(f"--grid {key}: {err.message}") from err
    if tree.problems:
        raise UsageError(f"--grid {key}: {tree.problems[0][1].message}")
    if not tree.value:
        raise UsageError(f"--grid {key}: has no values. Write some: {key}=0.1,1,3")
    return list(tree.value)


def points(grid: Mapping[str, Sequence[Any]], max_trials: int = MANY) -> list[Point]:
    """Every combination once, in the order of the grid; a value given twice counts once.

    Raises UsageError for more than `max_trials`.
    """
    count = prod(len(values) for values in grid.values())
    if count > max_trials:
        raise UsageError(
            f"the sweep has {count:,} trials, more than {max_trials:,}. Allow them with --max-trials {count}"
        )
    combinations = (dict(zip(grid, values, strict=True)) for values in product(*grid.values()))
    return list({trial_id(point): point for point in combinations}.values())


def trial_id(point: Point) -> str:
    """12 hex digits that name a point, whatever order its keys stand in."""
    return _digest(point)[:12]


def sweep_id(spec: Mapping[str, Any]) -> str:
    """8 hex digits that name the base spec, which a sweep of the same spec goes on with."""
    return _digest({key: value for key, value in spec.items() if key not in _NOT_IDENTITY})[:8]


_NOT_IDENTITY = {"name", "sweep", "threads", "checkpoint"}


def label(point: Point) -> str:
    """{"eta": 0.1, "seed": 1} -> "eta=0.1 seed=1"."""
    return " ".join(f"{key}={as_text(value)}" for key, value in point.items())


def as_text(value: Any) -> str:
    """A value for people."""
    return value if isinstance(value, str) else json.dumps(value)


def _digest(value: Any) -> str:
    canonical = json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _whole(value: Any) -> Any:
    """1.0 as 1, so that a point is the same however its numbers are written."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value
