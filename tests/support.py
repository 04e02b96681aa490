"""What several tests share: small layers, specs and datasets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from nncli import experiment, preparation
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.spec.load import load_spec, parse_spec
from nncli.spec.model import Spec


class Layer(NamedTuple):
    """A layer as the mathematics sees it."""

    input_dim: int
    output_dim: int
    activation: str


def spec_of(shape: str, **keys: Any) -> Spec:
    """A spec from a shape such as "2-3-1 tanh sigmoid"."""
    sizes, *activations = shape.split()
    dims = [int(size) for size in sizes.split("-")]
    layers = [
        {"input_dim": dims[i], "output_dim": dims[i + 1], "activation": activation}
        for i, activation in enumerate(activations)
    ]
    value = {"data": "moons", "architecture": layers, "epochs": 1, "batch_size": 10, "eta": 0.1}
    value |= keys
    return parse_spec({key: item for key, item in value.items() if item is not None}, Path())


def blobs(
    rows: int = 0, validation: int = 0, test: int = 0, x: Any = None, y: Any = None
) -> Dataset:
    """Three clouds in the plane, or the given rows."""
    if x is not None:
        y = np.asarray(y)
        splits = {"train": Split(np.asarray(x), y)}
        classes = None if y.ndim == 2 else tuple(map(str, range(int(y.max()) + 1)))
        return Dataset(splits, classes, Fingerprint("0" * 64))
    rng = np.random.default_rng(5)
    splits = {}
    for name, count in {"train": rows, "validation": validation, "test": test}.items():
        labels = np.arange(count) % 3
        centers = np.array([[0, 1], [1, -1], [-1, -1]])[labels]
        if count:
            splits[name] = Split(centers + 0.3 * rng.standard_normal((count, 2)), labels)
    return Dataset(splits, ("a", "b", "c"), Fingerprint("0" * 64))


SPEC = """\
seed: 2
data: {source: moons, samples: 120, noise: 0.2, test: 0.25}
architecture:
  - {input_dim: 2, output_dim: 8, activation: tanh}
  - {input_dim: 8, output_dim: 2, activation: softmax}
epochs: 3
batch_size: 10
eta: 0.5
track: [test]
sweep: {eta: [0.001, 0.5]}
"""
"""A small experiment that trains in milliseconds."""

TIMES = ("seconds", "samples_per_second")
"""What may differ between two runs of the same spec."""


def same_bytes(run: Path, other: Path) -> None:
    """Fail unless two runs have left the same weights, checkpoint, and (times aside) records."""
    for name in ("weights.npz", "average.npz", "checkpoint.npz"):
        assert bytes_of(run / name) == bytes_of(other / name), f"{name} differs"
    assert records_of(run) == records_of(other)
    assert records_of(run), "there are no records to compare"


def bytes_of(path: Path) -> bytes:
    """The content of a file; nothing where there is none."""
    return path.read_bytes() if path.is_file() else b""


def records_of(run: Path) -> list[dict[str, Any]]:
    """The records of a run, without times. Fails on a line that is not strict JSON."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line, parse_constant=lambda name: pytest.fail(name)) for line in lines]
    return [{key: value for key, value in record.items() if key not in TIMES} for record in records]


def training_in(folder: Path) -> Callable[..., Path]:
    """Trains a spec of a folder, by its name, and gives its run."""

    def train(name: str, *overrides: str, **options: Any) -> Path:
        spec = load_spec(folder / f"{name}.yaml", overrides).spec
        return experiment.train(preparation.prepare(spec), folder / "runs", **options).path

    return train
