"""A point of a sweep sets some keys of the spec: how it is written on the command line, named and shown."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nncli.errors import UsageError
from nncli.spec.source import BadYamlError, parse

Point = dict[str, Any]
"""Key path -> value: {"eta": 0.1}."""

_RANGE = re.compile(r"\s*(log|linear):(.*)", re.DOTALL)


def read_grid(assignments: Iterable[str]) -> dict[str, Any]:
    """`eta=0.1,1` and `seed=0,1` -> {"eta": [0.1, 1], "seed": [0, 1]}; `eta=log:0.001:10:9` -> the range as the spec
    writes it. Raises UsageError."""
    grid: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UsageError(
                f"--grid {assignment[:60]}: write it as key=value,value, such as eta=0.1,1,3"
            )
        values = _range(key, text) or _values(key, text)
        if key not in grid:
            grid[key] = values
        elif isinstance(values, list) and isinstance(grid[key], list):
            grid[key] += values
        else:
            raise UsageError(f"--grid {key}: has a range and more. Keep one of them.")
    return grid


def _range(key: str, text: str) -> dict[str, Any] | None:
    """`log:0.001:10:9`, or `log:0.001:10` for samples; None where it is no range."""
    if not (found := _RANGE.fullmatch(text)):
        return None
    kind, parts = found[1], found[2].split(":")
    if len(parts) not in (2, 3):
        raise UsageError(
            f"--grid {key}: write a range as {key}={kind}:0.001:10:9 (first, last, how many), "
            f"or {key}={kind}:0.001:10 with --samples"
        )
    first, last, *steps = (next(iter(_values(key, part))) for part in parts)
    return {kind: [first, last], **({"steps": steps[0]} if steps else {})}


def _values(key: str, text: str) -> list[Any] | dict[str, Any]:
    try:
        tree = parse(f"[{text}]")
    except BadYamlError as err:
        raise UsageError(f"--grid {key}: {err.message}") from err
    if tree.problems:
        raise UsageError(f"--grid {key}: {tree.problems[0][1].message}")
    if not tree.value:
        raise UsageError(f"--grid {key}: has no values. Write some: {key}=0.1,1,3")
    values = list(tree.value)
    inner = values[0]
    if len(values) == 1 and isinstance(inner, dict) and inner.keys() & {"log", "linear"}:
        return inner  # a range as the spec writes it
    # no key takes a list of lists: it is a list of values as the spec writes it
    if len(values) == 1 and isinstance(inner, list) and all(isinstance(v, list) for v in inner):
        return inner or values
    return values


def trial_id(point: Point) -> str:
    """12 hex digits that name a point, whatever order its keys stand in."""
    return digest(point)[:12]


def sweep_id(spec: Mapping[str, Any]) -> str:
    """8 hex digits that name the base spec, which a sweep of the same spec goes on with."""
    return digest({key: value for key, value in spec.items() if key not in _NOT_IDENTITY})[:8]


_NOT_IDENTITY = {"name", "sweep", "threads", "checkpoint"}


def digest(value: Any) -> str:
    """SHA-256 of a plain value, the same for equal values however they are written."""
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
