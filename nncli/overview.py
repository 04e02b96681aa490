"""What data look like: splits, columns, classes and first rows, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nncli.data.columns import Look, Portrait, look
from nncli.data.dataset import Dataset, Split, Task
from nncli.data.encode import input_names
from nncli.network.params import Array
from nncli.spec.sources import AnySource, Csv, drawn

MOST_INPUTS = 20
"""Inputs of points or arrays that are described one by one."""
COMMON = 5
"""Cells of a column that are named."""


@dataclass(frozen=True)
class Range:
    """How far numbers go."""

    name: str
    low: float
    mean: float
    high: float
    std: float


@dataclass(frozen=True)
class Column:
    """A column of a table, and what becomes of it."""

    name: str
    kind: str
    missing: int
    distinct: int | None
    """None where they were too many to count."""
    low: float | None
    mean: float | None
    high: float | None
    common: dict[str, int]
    """Its commonest cells, where they are texts or classes."""
    role: str
    """target, inputs, key, dropped, not used, or constant."""
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """Data as a spec has them read."""

    source: str
    origin: str
    task: Task
    splits: dict[str, int]
    """Rows of each."""
    drawn: str
    """Which of them are drawn at random, and by what; "" where none are."""
    inputs: int
    image: tuple[int, int, int] | None
    """Height, width and numbers per pixel, where rows are pictures."""
    classes: dict[str, dict[str, int]]
    """Class, or label -> rows of each split that have it."""
    targets: tuple[Range, ...]
    """Numbers to predict, over the training rows in their own units."""
    ranges: tuple[Range, ...]
    """Inputs of the training rows, where they are few or all alike."""
    columns: tuple[Column, ...]
    head: tuple[dict[str, str], ...]
    """First rows of a table."""
    notes: tuple[str, ...]
    sha256: str


def overview(source: AnySource, dataset: Dataset) -> Overview:
    """What there is to say of a source and of the dataset that was read from it."""
    seen = look(Path(source.path), source.missing) if isinstance(source, Csv) else None
    image = (*dataset.image_shape, dataset.channels) if dataset.image_shape else None
    return Overview(
        source=source.source,
        origin=dataset.origin,
        task=dataset.task,
        splits={name: len(split) for name, split in dataset.splits.items()},
        drawn=drawn(source),
        inputs=dataset.input_dim,
        image=image,
        classes=_classes(dataset),
        targets=_targets(source, dataset),
        ranges=() if seen else _ranges(dataset),
        columns=_columns(source, dataset, seen) if seen and isinstance(source, Csv) else (),
        head=seen.head if seen else (),
        notes=dataset.notes,
        sha256=dataset.fingerprint.sha256,
    )


def _classes(dataset: Dataset) -> dict[str, dict[str, int]]:
    names = dataset.classes or dataset.labels
    if names is None:
        return {}
    counts = {name: _count(split, len(names)) for name, split in dataset.splits.items()}
    return {
        name: {split: int(rows[number]) for split, rows in counts.items()}
        for number, name in enumerate(names)
    }


def _count(split: Split, classes: int) -> Array:
    """Rows of each class, or of each label."""
    if split.y.ndim == 1:
        return np.bincount(split.y, minlength=classes)
    return (split.y > 0).sum(axis=0)


def _targets(source: AnySource, dataset: Dataset) -> tuple[Range, ...]:
    if dataset.task != "regression":
        return ()
    y = dataset.splits["train"].y.astype(np.float64)
    names = [f"y{number}" for number in range(y.shape[1])]
    if isinstance(source, Csv):
        names = list(source.target)
    table = dataset.table
    if table and table.centers is not None and table.spreads is not None:
        y = y * np.array(table.spreads) + np.array(table.centers)
    return tuple(_range(name, y[:, number]) for number, name in enumerate(names))


def _range(name: str, values: Array) -> Range:
    with np.errstate(over="ignore", invalid="ignore"):
        return Range(
            name,
            low=float(values.min()),
            mean=float(values.mean(dtype=np.float64)),
            high=float(values.max()),
            std=float(values.std(dtype=np.float64)),
        )


def _ranges(dataset: Dataset) -> tuple[Range, ...]:
    """Each input, or where there are many or they are pixels all of them together."""
    x = dataset.splits["train"].x
    if dataset.image_shape or x.shape[1] > MOST_INPUTS:
        return (_range("pixels" if dataset.image_shape else "all inputs", x.reshape(-1)),)
    return tuple(_range(f"x{number}", x[:, number]) for number in range(x.shape[1]))


def _columns(source: Csv, dataset: Dataset, seen: Look) -> tuple[Column, ...]:
    inputs = _inputs(dataset)
    roles = _roles(source, seen, inputs)
    return tuple(
        Column(
            name=column.name,
            kind=column.kind,
            missing=column.missing,
            distinct=column.distinct if column.counted else None,
            low=column.low,
            mean=column.mean,
            high=column.high,
            common=dict(list(column.counts.items())[:COMMON]) if _has_texts(column) else {},
            role=roles.get(column.name, "constant"),
            inputs=inputs.get(column.name, ()),
        )
        for column in seen.columns
    )


def _has_texts(column: Portrait) -> bool:
    return column.kind in ("text", "boolean")


def _inputs(dataset: Dataset) -> Mapping[str, tuple[str, ...]]:
    """Column -> the names of its inputs."""
    if dataset.table is None:
        return {}
    parts: dict[str, Any] = {}
    for column in dataset.table.columns:
        alone = dataset.table.model_copy(update={"columns": (column,)})
        parts[column.name] = tuple(input_names(alone))
    return parts


def _roles(source: Csv, seen: Look, inputs: Iterable[str]) -> dict[str, str]:
    """Column -> what it is; those that are missing here should have been inputs, but hold the same everywhere."""
    if source.features is None:
        others: Iterable[str] = ()
    else:
        others = {column.name for column in seen.columns} - set(source.features)
    named = {
        "not used": others,
        "inputs": inputs,
        "dropped": source.drop,
        "key": source.key,
        "target": source.target,
    }
    return {name: role for role, names in named.items() for name in names}


def pictures(dataset: Dataset, lines: int, columns: int) -> dict[str, Array]:
    """Class -> its first training pictures, of at most so many classes; without classes lines of any."""
    train = dataset.splits["train"]
    height, width = dataset.image_shape or (1, dataset.input_dim)
    shape = (height, width) if dataset.channels == 1 else (height, width, dataset.channels)
    if dataset.classes is None:
        rows = {"": np.arange(min(len(train), columns))}
    else:
        rows = {
            name: np.flatnonzero(train.y == number)[:columns]
            for number, name in enumerate(dataset.classes)
        }
    there = {name: at for name, at in rows.items() if len(at)}
    return {name: train.x[at].reshape(-1, *shape) for name, at in list(there.items())[:lines]}
