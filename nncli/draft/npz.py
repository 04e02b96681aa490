"""A spec for an `.npz` file: which array holds inputs, which targets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nncli.data.arrays import Targets, targets
from nncli.data.files import shown
from nncli.data.npz import read_array, shapes
from nncli.draft.found import Found
from nncli.draft.page import Line, pair, remark
from nncli.draft.recipe import Answer, keep_back
from nncli.errors import DataError, UsageError
from nncli.network.params import Array
from nncli.words import plural

INPUTS = ("x", "inputs", "input", "images", "features", "data", "samples", "pixels", "points")
TARGETS = ("y", "targets", "target", "labels", "label", "outputs", "output", "classes", "t")
TRAIN = ("", "train", "training", "tr")
TEST = ("test", "testing", "te", "val", "valid", "validation")
LARGE = 5.0
"""Inputs beyond this are divided by their largest."""
FAR = 10.0
"""Numbers to predict beyond this are learnt slowly, for nothing scales them."""


def found_in_npz(path: Path, written: str, asked: Sequence[str]) -> Found:
    """What the arrays ask for; `asked` names the targets. DataError or UsageError where nothing can be learnt."""
    there = shapes(path)
    names = _names(path, there, asked)
    x, y = read_array(path, names["x"]), read_array(path, names["y"])
    where = f"{shown(path)}: {shown(names['y'], 60)}"
    wanted = targets(y, where)
    answer, counts, meaning = _meaning(wanted)
    kept = keep_back(len(y), counts or None, test="x_test" not in names, implied=False)
    shape = " x ".join(map(str, x.shape[1:])) or "1"
    lines = [
        pair("source", "npz"),
        pair("path", written),
        pair("x", names["x"], f"{plural(len(x), 'row')} of {shape} {x.dtype}"),
        pair("y", names["y"], meaning),
        *(pair(key, names[key]) for key in ("x_test", "y_test") if key in names),
        *_scale(x),
        *kept.lines,
        *_advice(wanted),
    ]
    what = f"{plural(len(x), 'row')} of {shape} numbers; {meaning}"
    facts = {"arrays": _listed(there), "inputs": names["x"], "target": f"{names['y']}: {meaning}"}
    inputs = math.prod(x.shape[1:])
    return Found(what, tuple(lines), kept, inputs, answer, counts, len(wanted.classes or ()), facts)


def _names(
    path: Path, there: Mapping[str, tuple[int, ...]], asked: Sequence[str]
) -> dict[str, str]:
    """Key of the spec -> name of the array."""
    if len(asked) > 1:
        raise UsageError("--target: name one array of an .npz file")
    for name in asked:
        if name not in there:
            raise UsageError(
                f"--target: {shown(path)} has no array `{shown(name, 60)}`, only {_listed(there)}"
            )
    y = asked[0] if asked else _named(there, TARGETS, TRAIN)
    x = _named({name: shape for name, shape in there.items() if name != y}, INPUTS, TRAIN)
    x, y = x or _other(there, y, wide=True), y or _other(there, x, wide=False)
    if not (x and y) or there[x][:1] != there[y][:1]:
        raise DataError(
            f"{shown(path)}: no pair of arrays looks like inputs and targets: {_listed(there)}. "
            "Call them x and y, or name the targets with --target NAME"
        )
    found = {"x": x, "y": y}
    tests = {"x_test": _named(there, INPUTS, TEST), "y_test": _named(there, TARGETS, TEST)}
    both = {key: name for key, name in tests.items() if name and name not in (x, y)}
    return found | (both if len(both) == 2 else {})


def _named(
    there: Mapping[str, tuple[int, ...]], words: Sequence[str], parts: Sequence[str]
) -> str | None:
    """The array that is called by one of the words and one of the parts: `X_train`, `trainX`, `train_images`."""
    plain = {name: name.lower().replace("-", "_").replace("_", "") for name in there}
    for part in parts:
        for word in words:
            for name, text in plain.items():
                if text in (word + part, part + word):
                    return name
    return None


def _other(there: Mapping[str, tuple[int, ...]], known: str | None, *, wide: bool) -> str | None:
    """The only other array of as many rows as the known one; of two unknown ones the wider are the inputs."""
    rows = {name: shape for name, shape in there.items() if shape and name != known}
    if known is not None:
        rows = {name: shape for name, shape in rows.items() if shape[0] == there[known][0]}
        return next(iter(rows)) if len(rows) == 1 else None
    if len(rows) != 2:
        return None
    return sorted(rows, key=lambda name: math.prod(rows[name]), reverse=wide)[0]


def _meaning(wanted: Targets) -> tuple[Answer, dict[str, int], str]:
    """What is wanted, the rows of each class, and both in words."""
    if wanted.classes is None:
        low, high = float(wanted.y.min()), float(wanted.y.max())
        many = f"{wanted.y.shape[1]} numbers" if wanted.y.shape[1] > 1 else "a number"
        return "numbers", {}, f"{many} from {low:g} to {high:g}"
    rows = np.bincount(wanted.y, minlength=len(wanted.classes))
    counts = {
        str(name): int(count) for name, count in zip(wanted.classes, rows, strict=True) if count
    }
    few, most = min(counts.values()), max(counts.values())
    return "classes", counts, f"{_classes(wanted.classes)} of {few:,} to {most:,} rows"


def _classes(numbers: Sequence[int]) -> str:
    """How many, and where they do not count up from 0, which."""
    if list(numbers) == list(range(len(numbers))):
        return f"{len(numbers)} classes"
    few = ", ".join(map(str, numbers[:5]))
    return f"{len(numbers)} classes ({few}{', ...' * (len(numbers) > 5)})"


def _scale(x: Array) -> list[Line]:
    """Inputs of a size that a network learns from."""
    with np.errstate(over="ignore", invalid="ignore"):
        largest = float(np.abs(x.astype(np.float64, copy=False)).max()) if x.size else 0.0
    if not LARGE < largest < float("inf"):
        return []
    if x.dtype == np.uint8:
        return [pair("scale", 255, "inputs are divided by it")]
    rounded = float(f"{largest:.2g}")
    number = int(rounded) if rounded < 1e6 and rounded.is_integer() else rounded
    return [pair("scale", number, "inputs are divided by it: about their largest number")]


def _advice(wanted: Targets) -> list[Line]:
    if wanted.classes is not None or float(np.abs(wanted.y).max()) <= FAR:
        return []
    return [remark("targets this large are learnt slowly: numbers near 1 are best")]


def _listed(there: Mapping[str, tuple[int, ...]]) -> str:
    few = [f"{shown(name, 40)} {list(shape)}" for name, shape in list(there.items())[:8]]
    return ", ".join(few) + (f" and {len(there) - 8} more" if len(there) > 8 else "") or "none"
