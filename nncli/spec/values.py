"""Values of a spec as Python programs hold them, in plain values that YAML can say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from nncli.errors import KeyPath, Problem, SpecError


def plain_value(value: Any, path: KeyPath = ()) -> Any:
    """NumPy's numbers and arrays, paths and tuples as what they stand for.

    Raises SpecError, naming the key, for what no spec can hold.
    """
    if isinstance(value, Mapping):
        return {str(key): plain_value(inner, (*path, str(key))) for key, inner in value.items()}
    if isinstance(value, np.generic | np.ndarray):
        return plain_value(value.tolist(), path)
    if isinstance(value, list | tuple | range):
        return [plain_value(inner, (*path, number)) for number, inner in enumerate(value)]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise SpecError([Problem(path, f"is of {type(value).__name__}, which no spec can hold")])
