"""Whole trainings in float64 end where their formulas, written out a second time, do: within 1e-12."""

from __future__ import annotations

import random
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import written_out
from support import spec_of

from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.network.activations import ACTIVATIONS
from nncli.network.losses import CANONICAL, LOSSES
from nncli.network.params import flatten, views
from nncli.preparation import initial_vector
from nncli.spec.model import Spec
from nncli.training import engines, loop
from nncli.training.dropout import draw_masks
from nncli.training.length import Block
from nncli.training.optimizers import OPTIMIZERS
from nncli.training.schedules import SHAPES
from nncli.training.trainer import Trainer

CLOSE = 1e-12
ELEMENTWISE = [name for name, activation in ACTIVATIONS.items() if activation.pull_back]
INSTALLED = [name for name in engines.ENGINES if name == "numpy" or find_spec(name)]
SETTINGS: dict[str, Any] = {
    "mu": lambda rng: rng.uniform(0, 0.99),
    "rho": lambda rng: rng.uniform(0.5, 0.99),
    "beta1": lambda rng: rng.uniform(0, 0.95),
    "beta2": lambda rng: rng.uniform(0.9, 0.9999),
    "epsilon": lambda rng: 10 ** rng.uniform(-8, -3),
    "initial_accumulator": lambda rng: rng.choice([0, 0.1]),
    "weight_decay": lambda rng: rng.choice([0, 0.01, 0.3]),
    "every": lambda rng: rng.randint(1, 3),
    "factor": lambda rng: rng.uniform(0.3, 0.9),
    "final": lambda rng: rng.choice([0, 0.2]),
    "patience": lambda rng: rng.randint(1, 2),
    "min_delta": lambda rng: rng.choice([0, 0.05]),
    "monitor": lambda rng: "validation_loss",
}
"""Setting of an optimizer or a schedule -> a value of it."""


def drawn(rng: random.Random, name: str, key: str) -> dict[str, Any]:
    """An optimizer or a schedule, with its own settings or others."""
    fields = getattr(spec_of("1-1 identity", **{key: full(name)}), key).model_dump()
    del fields["name"]
    defaults = rng.random() < 0.3
    return full(name) | {k: v if defaults else SETTINGS[k](rng) for k, v in fields.items()}


def full(name: str) -> dict[str, Any]:
    """With what has no default."""
    return {"name": name} | ({"every": 2} if name == "step" else {})


def layers_of(rng: random.Random, inputs: int, outputs: int, last: str) -> list[dict[str, Any]]:
    dims = [inputs, *(rng.randint(1, 6) for _ in range(rng.randint(0, 2))), outputs]
    names = [*(rng.choice(ELEMENTWISE) for _ in dims[2:]), last]
    rates = [rng.choice([0, 0, rng.uniform(0.1, 0.6)]) for _ in names[1:]] + [0]
    return [
        {"input_dim": i, "output_dim": o, "activation": name, "dropout": p}
        for i, o, name, p in zip(dims, dims[1:], names, rates, strict=False)
    ]


def case(rng: random.Random, number: int) -> tuple[Spec, Dataset]:
    """A random training; every optimizer in turn."""
    optimizer = [*OPTIMIZERS][number % len(OPTIMIZERS)]
    loss = rng.choice([*LOSSES])
    last = CANONICAL.get(loss) or rng.choice(ELEMENTWISE)
    outputs = rng.randint(2 if last == "softmax" else 1, 4)
    dataset = data(rng, loss in CANONICAL, outputs)
    small = optimizer in ("adagrad", "rmsprop", "adam", "adamw", "lion")
    keys: dict[str, Any] = {
        "dtype": "float64",
        "seed": rng.randrange(1000),
        "engine": rng.choice(INSTALLED),
        "architecture": layers_of(rng, dataset.input_dim, outputs, last),
        "initializer": {"weights": "auto", "biases": rng.choice(["zeros", "normal"])},
        "loss": loss,
        "optimizer": drawn(rng, optimizer, "optimizer"),
        "schedule": drawn(rng, rng.choice([*SHAPES]), "schedule"),
        "warmup": rng.choice([0, 1, 0.3]),
        "batch_size": rng.choice([1, 7, 10, 16, "full"]),
        "eta": 10 ** rng.uniform(-3, -1.5 if small else -0.7),
        "regularizer": {k: rng.choice([0, 10 ** rng.uniform(-4, -1)]) for k in ("l1", "l2")},
        "class_weight": class_weight(rng, dataset.classes),
        "sampling": rng.choice(["shuffled", "sequential", "with_replacement", "blocks"]),
    }
    keys["regularizer"]["max_norm"] = rng.choice([None, rng.uniform(0.3, 2)])
    lengths = [{"epochs": rng.randint(1, 4)}, {"iterations": rng.randint(1, 60), "epochs": None}]
    return spec_of("1-1 identity", **keys | rng.choice(lengths)), dataset


def data(rng: random.Random, classes: bool, outputs: int) -> Dataset:
    draw = np.random.default_rng(rng.randrange(10**6))
    inputs, parts = rng.randint(1, 5), {"train": rng.randint(8, 40), "validation": 11}
    kinds = max(outputs, 2)
    splits = {}
    for name, rows in parts.items():
        y = draw.integers(0, kinds, rows) if classes else draw.standard_normal((rows, outputs))
        splits[name] = Split(draw.standard_normal((rows, inputs)), y)
    names = tuple("abcd"[:kinds]) if classes else None
    return Dataset(splits, names, Fingerprint("0" * 64))


def class_weight(rng: random.Random, names: tuple[str, ...] | None) -> Any:
    if names is None:
        return None
    return rng.choice([None, "balanced", {name: rng.uniform(0.2, 5) for name in names}])


def written(spec: Spec, dataset: Dataset, trainer: Trainer) -> written_out.Problem:
    """The same training for the rules that are written out: the order of the rows and which units are dropped are the
    package's draws."""
    epochs, length, size = [], trainer.length, trainer.length.batch_size
    assert length.batches <= 64, "one block an epoch"
    for epoch in range(1, length.epochs + 1):
        block = Block.of(length, trainer.order(epoch), epoch, 0)
        batches = [block.rows[k : k + size] for k in range(0, len(block.rows), size)]
        kept = {n: mask > 0 for n, mask in draw_masks(spec, block, "float64").items()}
        epochs.append((batches, kept))
    params = {n: v.copy() for n, v in views(trainer.state.vector, spec.architecture).items()}
    train, validation = (dataset.splits[name] for name in ("train", "validation"))
    outputs = spec.architecture[-1].output_dim
    return written_out.Problem(
        spec.model_dump(mode="json"), params, train.x, targets(train.y, outputs),
        row_weights(spec, dataset), (validation.x, targets(validation.y, outputs)), epochs,
        length.batches,
    )  # fmt: skip


def targets(y: np.ndarray, outputs: int) -> np.ndarray:
    if y.ndim == 2:
        return y
    return np.eye(outputs)[y] if outputs > 1 else y[:, None].astype(float)


def row_weights(spec: Spec, dataset: Dataset) -> np.ndarray:
    y = dataset.splits["train"].y
    if spec.class_weight is None:
        return np.ones(len(y))
    if spec.class_weight == "balanced":
        return np.array([len(y) / (len(set(y.tolist())) * (y == c).sum()) for c in y])
    return np.array([spec.class_weight[dataset.classes[c]] for c in y])


@np.errstate(all="ignore")
def difference(spec: Spec, dataset: Dataset) -> float:
    """The largest |a - b| / max(1, |b|) of the parameters at the end."""
    state = loop.start(spec, dataset, initial_vector(spec))
    trainer = Trainer.of(spec, dataset, state)
    problem = written(spec, dataset, trainer)
    list(loop.train(trainer))
    expected = flatten(written_out.trained(problem), spec.architecture, "float64")
    start = flatten(problem.params, spec.architecture, "float64")
    assert np.abs(expected - start).max() > 1e-6, "nothing was trained"
    return float((np.abs(state.vector - expected) / np.maximum(1, np.abs(expected))).max())


@pytest.mark.campaign(short=14, long=140, torture=1400)
def test_a_training_ends_where_its_formulas_do(campaign):
    for number in campaign.numbers:
        spec, dataset = case(campaign.rng, number)
        assert difference(spec, dataset) < CLOSE, spec


def test_every_rule_is_written_out():
    tables = {
        "ACTIVATIONS": ACTIVATIONS,
        "DELTAS": LOSSES,
        "LOSSES": LOSSES,
        "OPTIMIZERS": OPTIMIZERS,
        "SCHEDULES": SHAPES,
    }
    for name, table in tables.items():
        assert set(getattr(written_out, name)) == set(table), name


@pytest.mark.parametrize("engine", INSTALLED)
@pytest.mark.parametrize("number", range(len(OPTIMIZERS)), ids=[*OPTIMIZERS])
def test_a_rate_that_is_a_millionth_too_large_is_seen(number, engine, monkeypatch):
    spec, dataset = case(random.Random(number), number)
    spec = spec.model_copy(update={"engine": engine})
    assert difference(spec, dataset) < CLOSE
    eta = Trainer.eta
    monkeypatch.setattr(Trainer, "eta", lambda self, step: (1 + 1e-6) * eta(self, step))
    assert difference(spec, dataset) > CLOSE
