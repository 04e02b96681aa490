"""Parameters as short texts: how they are rounded for a page, and how much that changes the answers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from nncli.data.batches import chunks
from nncli.network.params import Array, Arrays
from nncli.predict import predict_rows
from nncli.predictions import PROBABILITIES
from nncli.runs.weights import Weights
from nncli.training.evaluation import CHUNK

MOST = 0.001
"""By how much 8 bits a weight may change an answer: a tenth of a percent."""
LEVELS = 127


class Packed(NamedTuple):
    """Parameters on a page."""

    kind: str
    """A key of `PACKERS`."""
    layers: list[dict[str, str]]
    """Of each layer the texts W and b, and `scales` where W has 8 bits."""
    params: Arrays
    """W1, b1, ... as the page unpacks them."""
    change: float | None
    """The largest change of an answer to a test row, as a part of 1; None where there are none."""


def pack(weights: Weights, x: Array | None) -> Packed:
    """As short as answers to the rows `x` (rows, inputs) allow: 8 bits a weight if none changes by more than `MOST`,
    otherwise 16, otherwise what holds the largest weight."""
    for kind in PACKERS:
        if kind == "int8" and x is None:
            continue
        packed = packed_as(kind, weights.params)
        if not all(np.isfinite(array).all() for array in packed.params.values()):
            continue
        change = None if x is None else _change(weights, replace(weights, params=packed.params), x)
        if kind == "int8" and (change is None or not change <= MOST):
            continue
        return packed._replace(change=change)
    raise AssertionError("float64 holds every number")


def packed_as(kind: str, params: Arrays) -> Packed:
    """Rounded to numbers of a kind, whatever that does to them."""
    layers: list[dict[str, str]] = []
    seen: Arrays = {}
    for number in range(1, len(params) // 2 + 1):
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is not taken
            texts, arrays = PACKERS[kind](params[f"W{number}"], params[f"b{number}"])
        layers.append({key: _text(array) for key, array in texts.items()})
        seen |= {f"{name}{number}": array for name, array in arrays.items()}
    return Packed(kind, layers, seen, None)


Packer = Callable[[Array, Array], tuple[Mapping[str, Array], Arrays]]
"""From W and b to what is written and to what is read from it."""


def _bytes(w: Array, b: Array) -> tuple[Mapping[str, Array], Arrays]:
    """W = scale times a whole number from -127 to 127, with a scale for each row of W."""
    largest = np.abs(w).max(axis=1, keepdims=True)
    scales = np.where(largest > 0, largest / LEVELS, 1).astype(np.float32)
    whole = np.rint(w / scales).clip(-LEVELS, LEVELS).astype(np.int8)
    bias = b.astype(np.float32)
    return {"W": whole, "scales": scales, "b": bias}, {"W": whole * scales, "b": bias}


def _floats(kind: str) -> Packer:
    wide = "float64" if kind == "float64" else "float32"

    def packer(w: Array, b: Array) -> tuple[Mapping[str, Array], Arrays]:
        short = {"W": w.astype(kind), "b": b.astype(kind)}
        return short, {name: array.astype(wide) for name, array in short.items()}

    return packer


PACKERS: dict[str, Packer] = {
    "int8": _bytes,
    **{kind: _floats(kind) for kind in ("float16", "float32", "float64")},
}


def _text(array: Array) -> str:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return b64encode(little.tobytes()).decode()


def _change(before: Weights, after: Weights, x: Array) -> float:
    """The largest change of an answer: of probabilities as it is, of other numbers relative to them."""
    largest = 0.0
    tells_chances = before.meta.architecture[-1].activation in PROBABILITIES
    for chunk in chunks(len(x), CHUNK):
        ours, theirs = (predict_rows(weights, x[chunk]).outputs for weights in (before, after))
        changes: Any = np.abs(theirs.astype(np.float64) - ours)
        if not tells_chances:
            changes = changes / np.maximum(np.abs(ours), np.finfo(np.float32).tiny)
        found = float(changes.max(initial=0.0))
        largest = max(largest, found) if np.isfinite(found) else np.inf
    return largest
