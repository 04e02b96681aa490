"""JSON as the standard has it, without NaN: what is written and what is printed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character: what Python makes of a byte of a path that is not UTF-8."""


def to_json(value: Mapping[str, Any], indent: int | None = None) -> str:
    """Strict JSON: a number that is not finite becomes null. Always text that UTF-8 can hold: of a path that is not,
    the bytes are escaped, and whoever reads it gets the same path."""
    text = json.dumps(finite(value), allow_nan=False, ensure_ascii=False, indent=indent)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def finite(value: Any) -> Any:
    """The value with null in the place of every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
