"""What a page is told: its network, how rows become inputs, how outputs become answers, what rows are usually like."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nncli.data.cells import holes
from nncli.data.dataset import Dataset
from nncli.data.encoding import NumberColumn, TableEncoding, TextColumn
from nncli.export.browser.packing import Packed
from nncli.export.subject import Subject
from nncli.network.activations import ACTIVATIONS
from nncli.network.params import Array
from nncli.predictions import PROBABILITIES

Facts = dict[str, Any]
MOST_ROWS = 100_000
"""Training rows that are looked at."""
MOST_POINTS = 400
"""Training points that are drawn, of those that were generated."""


def kind_of(subject: Subject) -> str:
    """How rows are given: drawing, table, plane or row."""
    if subject.table:
        return "table"
    if subject.is_mnist_like:
        return "drawing"
    return "plane" if subject.features == 2 else "row"


def facts(subject: Subject, packed: Packed, dataset: Dataset | None) -> Facts:
    """All of it, as JSON holds it; `dataset` is None where the data are gone."""
    layers = [
        {
            "inputs": layer.input_dim,
            "outputs": layer.output_dim,
            "activation": layer.activation,
            "bounded": math.isfinite(ACTIVATIONS[layer.activation].high),
            "signed": ACTIVATIONS[layer.activation].low < 0,
            **texts,
        }
        for layer, texts in zip(subject.meta.architecture, packed.layers, strict=True)
    ]
    inputs = {"kind": kind_of(subject), **INPUTS[kind_of(subject)](subject, dataset)}
    return {
        "numbers": packed.kind,
        "dtype": subject.dtype,
        "layers": layers,
        "inputs": inputs,
        "answer": _answer(subject, dataset),
    }


def _answer(subject: Subject, dataset: Dataset | None) -> Facts:
    """How the last layer is read, and what its numbers are called."""
    meta = subject.meta
    last = meta.architecture[-1]
    chances = last.activation in PROBABILITIES
    if meta.classes is not None:
        shared = "two" if chances else "score"
        kind = "classes" if last.output_dim > 1 else shared
        target = subject.table.target[0] if subject.table else None
        return {"kind": kind, "names": meta.classes, "chances": chances, "target": target}
    if meta.labels is not None:
        return {"kind": "labels", "names": meta.labels, "chances": chances}
    table, outputs = subject.table, last.output_dim
    centers = np.array((table and table.centers) or (0.0,) * outputs)
    spreads = np.array((table and table.spreads) or (1.0,) * outputs)
    ends: Facts = {}
    if dataset is not None:
        y = dataset.splits["train"].y.reshape(-1, outputs) * spreads + centers
        ends = {"low": _short(y.min(axis=0)), "high": _short(y.max(axis=0))}
    names = subject.form.names[-outputs:]
    units = {"centers": centers.tolist(), "spreads": spreads.tolist()}
    return {"kind": "numbers", "names": names, "chances": False, **units, **ends}


def _drawing(subject: Subject, dataset: Dataset | None) -> Facts:
    assert subject.look
    return {"white": subject.look.white, "scale": subject.meta.preprocessing.scale}


def _plane(subject: Subject, dataset: Dataset | None) -> Facts:
    told: Facts = {"scale": subject.meta.preprocessing.scale, "low": [-3, -3], "high": [3, 3]}
    if dataset is None:
        return told
    rows = dataset.splits["train"]
    x = np.asarray(rows.x[:MOST_ROWS], np.float64)
    told |= {"low": _short(x.min(axis=0)), "high": _short(x.max(axis=0))}
    if dataset.origin == "generated":  # points of people's own stay where they are
        pairs = zip(x[:MOST_POINTS].tolist(), rows.y[:MOST_POINTS].tolist(), strict=True)
        told["points"] = [[*map(_digits, point), answer] for point, answer in pairs]
    return told


def _row(subject: Subject, dataset: Dataset | None) -> Facts:
    return {"scale": subject.meta.preprocessing.scale, "features": subject.features}


def _table(subject: Subject, dataset: Dataset | None) -> Facts:
    table = subject.table
    assert table
    x = None if dataset is None else np.asarray(dataset.splits["train"].x[:MOST_ROWS])
    return {"missing": sorted(holes(table.missing)), "columns": _columns(table, x)}


def _columns(table: TableEncoding, x: Array | None) -> list[Facts]:
    told, place = [], 0
    for column in table.columns:
        width = 1 + column.flag if isinstance(column, NumberColumn) else len(column.categories)
        part = None if x is None else x[:, place : place + width]
        told.append(
            _number(column, part) if isinstance(column, NumberColumn) else _text(column, part)
        )
        place += width
    return told


def _number(column: NumberColumn, part: Array | None) -> Facts:
    """A field for a number: its median, and between which numbers training had it."""
    told = column.model_dump(exclude={"kind"})
    if part is None:
        return told
    known = part[part[:, -1] < 0.5, 0] if column.flag else part[:, 0]
    if not len(known):
        return told
    values = known.astype(np.float64) * column.spread + column.center
    most = np.abs(values).max()
    whole = bool(most <= 1e4 and np.abs(values - np.rint(values)).max() <= 1e-6 * max(1, most))
    values = np.rint(values) if whole else np.where(np.abs(values) > 1e-6 * most, values, 0)
    low, high = _short([values.min(), values.max()])
    return told | {"low": low, "high": high, "whole": whole}


def _text(column: TextColumn, part: Array | None) -> Facts:
    """A field for a text: its categories, and the most frequent."""
    usual = 0 if part is None else int(part.sum(axis=0).argmax())
    return {"name": column.name, "categories": column.categories, "usual": usual}


def _short(values: Any) -> list[float]:
    return [_digits(value) for value in values]


def _digits(value: float) -> float:
    """Five digits are enough to look at."""
    return float(f"{value:.5g}")


INPUTS = {"drawing": _drawing, "table": _table, "plane": _plane, "row": _row}
