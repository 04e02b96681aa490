"""JSON as the standard has it, without NaN: what is read, what is written and what is printed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from nncli.errors import DamagedError
from nncli.words import UNSAFE

MOST_LEVELS = 50
"""Lists and mappings inside each other: as many as in a spec."""
LARGEST = 2**64
"""Whole numbers are smaller: no seed and no count is larger."""


def parse(data: bytes, where: str) -> object:
    """The value that a document holds, some 200 levels deep at most. Raises DamagedError where it is no JSON."""
    try:
        return from_json(data, allow_inf_nan=False, cache_strings="keys")
    except ValueError as err:
        raise DamagedError(f"{where}: is damaged: not JSON ({err})") from err


def parse_object(data: bytes, where: str) -> dict[str, Any]:
    """The same, where it has to be an object."""
    value = parse(data, where)
    if not isinstance(value, dict):
        raise DamagedError(f"{where}: is damaged: it is no JSON object")
    return value


def bounded(value: dict[str, Any]) -> dict[str, Any]:
    """The value. Raises ValueError where it is nested too deep, or holds numbers beyond all bounds."""
    level: list[Any] = [value]
    for _ in range(MOST_LEVELS + 1):
        if not all(map(_is_bounded, level)):
            raise ValueError("holds a number beyond all bounds")
        nested = [
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        ]
        if not nested:
            return value
        level = [item for each in nested for item in each]
    raise ValueError(f"is nested more than {MOST_LEVELS} levels deep")


def _is_bounded(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -LARGEST < value < LARGEST


def to_json(value: Mapping[str, Any], indent: int | None = None) -> str:
    """Strict JSON: a number that is not finite becomes null; what is no text, and what a terminal would obey, is
    escaped."""
    text = json.dumps(finite(value), allow_nan=False, ensure_ascii=False, indent=indent)
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def finite(value: Any) -> Any:
    """The value with null in the place of every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
