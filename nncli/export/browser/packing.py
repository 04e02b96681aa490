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
"""By how much rounded weights may change an answer: a tenth of a percent."""
LEVELS = {"int8": 127, "int16": 32767}
"""The largest whole number of each kind."""


class Packed(NamedTuple):
    """Parameters on a page."""

    kind: str
    """A key of `PACKERS`."""
    layers: list[dict[str, str]]
    """Of each layer the texts W and b, and `scales` where W holds whole numbers."""
    params: Arrays
    """W1, b1, ... as the page unpacks them."""
    change: float | None
    """The largest change of an answer to a test row, as a part of 1; None where there are none."""


def pack(weights: Weights, x: Array | None) -> Packed:
    """As short as answers to the rows `x` (rows, inputs) allow: the first of `PACKERS` that changes none by more than
    `MOST`. Without rows nobody can tell: float16, or wider where that does not hold the largest weight."""
    *kinds, widest = PACKERS
    for kind in kinds:
        packed = packed_as(kind, weights.params)
        if not all(np.isfinite(array).all() for array in packed.params.values()):
            continue
        if x is None and kind in LEVELS:
            continue
        change = 0.0 if x is None else _change(weights, packed.params, x)
        if change <= MOST:
            return packed._replace(change=None if x is None else change)
    return packed_as(widest, weights.params)


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


def _whole(kind: str) -> Packer:
    """W = scale times a whole number, with a scale for each row of W."""

    def packer(w: Array, b: Array) -> tuple[Mapping[str, Array], Arrays]:
        largest = np.abs(w).max(axis=1, keepdims=True)
        scales = np.where(largest > 0, largest / LEVELS[kind], 1).astype(np.float32)
        whole = np.rint(w / scales).clip(-LEVELS[kind], LEVELS[kind]).astype(kind)
        bias = b.astype(np.float32)
        read = {"W": whole.astype(np.float32) * scales, "b": bias}
        return {"W": whole, "scales": scales, "b": bias}, read

    return packer


def _floats(kind: str) -> Packer:
    wide = "float64" if kind == "float64" else "float32"

    def packer(w: Array, b: Array) -> tuple[Mapping[str, Array], Arrays]:
        short = {"W": w.astype(kind), "b": b.astype(kind)}
        return short, {name: array.astype(wide) for name, array in short.items()}

    return packer


PACKERS: dict[str, Packer] = {
    "int8": _whole("int8"),
    "float16": _floats("float16"),
    "int16": _whole("int16"),
    "float32": _floats("float32"),
    "float64": _floats("float64"),
}
"""From short to exact; of the two that are of one length, whole numbers keep large weights better."""


def _text(array: Array) -> str:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return b64encode(little.tobytes()).decode()


def _change(before: Weights, params: Arrays, x: Array) -> float:
    """The largest change of an answer: of probabilities as it is, of other numbers relative to them."""
    largest = 0.0
    after = replace(before, params=params)
    tells_chances = before.meta.architecture[-1].activation in PROBABILITIES
    for chunk in chunks(len(x), CHUNK):
        ours, theirs = (predict_rows(weights, x[chunk]).outputs for weights in (before, after))
        with np.errstate(invalid="ignore"):  # of a run that diverged both may be infinite
            changes: Any = np.abs(theirs.astype(np.float64) - ours)
        if not tells_chances:
            changes = changes / np.maximum(np.abs(ours), np.finfo(np.float32).tiny)
        found = float(changes.max(initial=0.0))
        largest = max(largest, found) if np.isfinite(found) else np.inf
    return largest
