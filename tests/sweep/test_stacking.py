"""Every key of the spec, varied between the trials of a sweep on one worker: each trial ends with the bytes that it
comes to alone.

The keys are the models' own: a new key without a case fails here, and so does a case without a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from stacked import Left, alone, beside_each_other, differences, groups_of, write_pictures

from nncli.data.sources import load
from nncli.spec.base import Model
from nncli.spec.load import parse_spec
from nncli.spec.model import Spec
from nncli.spec.shape import models_in, names_in
from nncli.training import engines
from nncli.training.kinds import AGREED
from nncli.training.optimizers import OPTIMIZERS

WHOLE = ("data", "sweep")
"""Sections that are varied as one: a source is the members' all, and a trial has no sweep of its own."""
SILENT = {"name", "architecture.input_dim", "threads", "sweep", "checkpoint.every", "checkpoint.epochs",
          "checkpoint.batches"}  # fmt: skip
"""Keys whose values change nothing of what a training leaves behind."""


def layers(last: str = "softmax", **first: Any) -> list[dict[str, Any]]:
    """36-6-3, with some settings of the first layer."""
    below = {"input_dim": 36, "output_dim": 6, "activation": "sigmoid"} | first
    return [below, {"input_dim": below["output_dim"], "output_dim": 3, "activation": last}]


PICTURES = {"source": "npz", "path": "pictures.npz", "scale": 255.0, "validation": 8}
BASE = {
    "data": PICTURES,
    "architecture": layers(),
    "epochs": 2,
    "batch_size": 5,
    "eta": 0.2,
    "threads": 1,
}
"""Plain descent on bytes of which few are not 0: with `engine: numba` the first layer skips zeros."""


class Case(NamedTuple):
    """Values of a key, and what else the spec has to say for them to matter."""

    values: Sequence[Any]
    others: dict[str, Any]


def case(*values: Any, **others: Any) -> Case:
    return Case(values, others)


SLOW = {"epochs": 4, "eta": 1e-6}
"""Nothing improves by much."""
WILD = {"epochs": 4, "eta": 30.0}
STOPPING = {"monitor": "validation_loss", "patience": 2, "min_delta": 1.0}
CUTTING = {"name": "plateau", "patience": 1, "min_delta": 1.0}
ANY = CUTTING | {"min_delta": 0.0}
SMOOTH = {"elastic": {"alpha": 30.0, "sigma": 2.0}}

CASES: dict[str, Case] = {
    "name": case("one", "other"),
    "seed": case(0, 1, 0),
    "data": case(PICTURES, PICTURES | {"validation": 9}, PICTURES | {"validation_from": "random"}),
    "architecture.input_dim": case(36, "auto"),
    "architecture.output_dim": case(6, 7),
    "architecture.activation": case("sigmoid", "tanh"),
    "architecture.dropout": case(0.0, 0.3, 0.5),
    "initializer.weights": case("auto", "he_normal", "zeros"),
    "initializer.std": case(1.0, "fan_in", 0.5, initializer={"weights": "normal"}),
    "initializer.biases": case("zeros", "normal"),
    "init_from": case(None, "first.npz", "second.npz"),
    "loss": case("quadratic", "mse", "binary_cross_entropy", architecture=layers("sigmoid")),
    "optimizer.name": case(*OPTIMIZERS, eta=0.01),
    "optimizer.momentum.mu": case(0.0, 0.5, 0.9),
    "optimizer.nesterov.mu": case(0.0, 0.5, 0.9),
    "optimizer.adagrad.initial_accumulator": case(0.0, 0.1),
    "optimizer.adagrad.epsilon": case(1e-7, 0.1),
    "optimizer.rmsprop.rho": case(0.0, 0.9, eta=0.01),
    "optimizer.rmsprop.epsilon": case(1e-7, 0.1, eta=0.01),
    "optimizer.adam.beta1": case(0.0, 0.5, 0.9, eta=0.01),
    "optimizer.adam.beta2": case(0.0, 0.999, eta=0.01),
    "optimizer.adam.epsilon": case(1e-8, 0.1, eta=0.01),
    "optimizer.adamw.beta1": case(0.0, 0.5, 0.9, eta=0.01),
    "optimizer.adamw.beta2": case(0.0, 0.999, eta=0.01),
    "optimizer.adamw.epsilon": case(1e-8, 0.1, eta=0.01),
    "optimizer.adamw.weight_decay": case(0.0, 0.1, 3.0, eta=0.01),
    "optimizer.lion.beta1": case(0.0, 0.5, 0.9, eta=0.01),
    "optimizer.lion.beta2": case(0.0, 0.99, eta=0.01),
    "optimizer.lion.weight_decay": case(0.0, 0.1, 3.0, eta=0.01),
    "epochs": case(2, 3),
    "iterations": case(7, 9, epochs=None),
    "record_every": case(1, 2),
    "batch_size": case(5, 8, "full"),
    "sampling": case("shuffled", "blocks", "sequential", "with_replacement"),
    "eta": case(0.2, 0.5),
    "schedule.name": case("constant", "exponential", "cosine", "linear", "plateau"),
    "schedule.step.every": case(1, 2, epochs=3),
    "schedule.step.factor": case(0.5, 0.1, schedule={"every": 1}),
    "schedule.exponential.factor": case(0.95, 0.5),
    "schedule.cosine.final": case(0.0, 0.5),
    "schedule.linear.final": case(0.0, 0.5),
    "schedule.plateau.factor": case(0.5, 0.1, schedule=CUTTING, epochs=4),
    "schedule.plateau.patience": case(1, 2, schedule=CUTTING, epochs=4),
    "schedule.plateau.monitor": case("validation_loss", "validation_accuracy", schedule=ANY, **SLOW),
    "schedule.plateau.min_delta": case(0.0, 1.0, schedule=CUTTING, epochs=4),
    "warmup": case(0, 1, 0.5),
    "regularizer.l1": case(0.0, 0.001, 0.3),
    "regularizer.l2": case(0.0, 0.001, 0.3),
    "regularizer.max_norm": case(None, 0.5, 1.0),
    "early_stopping": case(None, STOPPING, epochs=4),
    "early_stopping.monitor": case("validation_loss", "validation_accuracy", early_stopping={"patience": 1}, **SLOW),
    "early_stopping.patience": case(1, 2, early_stopping=STOPPING, epochs=4),
    "early_stopping.min_delta": case(0.0, 1.0, early_stopping=STOPPING, epochs=4),
    "early_stopping.restore_best": case(True, False, early_stopping=STOPPING, epochs=6, eta=20.0),
    "augment": case(None, {"shift": 1.0}),
    "augment.shift": case(1.0, 2.0),
    "augment.rotate": case(5.0, 20.0),
    "augment.scale": case(0.1, 0.4),
    "augment.shear": case(5.0, 20.0),
    "augment.elastic": case(None, SMOOTH["elastic"], augment={"shift": 1.0}),
    "augment.elastic.alpha": case(20.0, 40.0, augment=SMOOTH),
    "augment.elastic.sigma": case(2.0, 4.0, augment=SMOOTH),
    "average": case(None, {"decay": 0.5, "every": 2}),
    "average.decay": case(0.0, 0.5, 0.9, average={"every": 2}),
    "average.every": case(2, 3, 100),
    "keep": case("last", "best", **WILD),
    "class_weight": case(None, "balanced", {"0": 1.0, "1": 2.0, "2": 3.0}),
    "gradient": case("backprop", "numerical", epochs=1),
    "track": case(None, ["validation", "test"], ["train", "validation"]),
    "dtype": case("float32", "float64"),
    "engine": case(*engines.ENGINES),
    "threads": case(1, 2),
    "checkpoint.every": case("10s", "1m"),
    "checkpoint.epochs": case(1, 2),
    "checkpoint.batches": case(2, 3),
    "sweep": case(None, {"eta": [0.1, 0.2]}),
}  # fmt: skip


def keys_of(model: type[Model], above: str = "") -> Iterator[str]:
    """Every key with a value of its own; of sections that have a name, the name and then the settings of each."""
    for key, field in model.model_fields.items():
        place, inner = f"{above}{key}", models_in(field.annotation)
        if not inner or place in WHOLE:
            yield place
            continue
        if field.default is None:
            yield place
        for one in inner:
            if len(inner) == 1:
                yield from keys_of(one, f"{place}.")
            else:
                (name,) = names_in(one.model_fields["name"].annotation)
                own = keys_of(one, f"{place}.{name}.")
                yield from (f"{place}.name" if each.endswith(".name") else each for each in own)


KEYS = list(dict.fromkeys(keys_of(Spec)))


def test_every_key_has_a_case_and_every_case_a_key():
    assert set(KEYS) == set(CASES)
    assert set(SILENT) <= set(KEYS)
    assert {"optimizer.adamw.weight_decay", "regularizer.l2", "architecture.dropout"} < set(KEYS)


def test_what_may_differ_are_keys_of_the_spec():
    sections = {key.split(".")[0] for key in KEYS}
    without_names = {".".join((key.split(".")[0], key.split(".")[-1])) for key in KEYS}
    assert set(AGREED) <= sections | without_names


def changed(section: dict[str, Any], parts: Sequence[str], value: Any) -> dict[str, Any]:
    """The section with one value put into it."""
    first, *rest = parts
    if not rest:
        return section | {first: value}
    if first == "architecture":
        return section | {first: layers(**{rest[0]: value})}
    inner = section.get(first) or {}
    if len(rest) == 2 and first in ("optimizer", "schedule"):
        inner, rest = inner | {"name": rest[0]}, rest[1:]
    return section | {first: changed(inner, rest, value)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the data are, and first parameters."""
    path, rng = tmp_path_factory.mktemp("stacking"), np.random.default_rng(0)
    write_pictures(path / "pictures.npz", rng)
    for name in ("first", "second"):
        shapes = {"W1": (6, 36), "b1": (6,), "W2": (3, 6), "b2": (3,)}
        np.savez(path / f"{name}.npz", **{key: rng.normal(size=s) for key, s in shapes.items()})
    return path


@pytest.fixture(scope="module")
def singles() -> dict[str, Left]:
    """What single trainings left behind: many cases share one."""
    return {}


def test_the_first_layer_skips_zeros_where_the_engine_can(folder):
    spec = parse_spec(BASE | {"engine": "numba"}, folder)
    assert engines.load("numba").pick(spec, load(spec.data)) is not None


@pytest.mark.parametrize("engine", engines.ENGINES)
@pytest.mark.parametrize("key", KEYS)
def test_a_trial_beside_others_ends_with_the_bytes_of_a_training_alone(
    key, engine, folder, singles, tmp_path
):
    values, others = CASES[key]
    base = BASE | {"engine": engine} | others
    specs = [parse_spec(changed(base, key.split("."), value), folder) for value in values]
    stacked = len(groups_of(specs)) < len(specs)
    if engine != "numpy" and not stacked:
        return  # each by itself, as with NumPy
    for spec in specs:
        if (text := str(spec)) not in singles:
            singles[text] = alone(spec, tmp_path / f"alone{len(singles)}")
    expected = [singles[str(spec)] for spec in specs]
    assert key in SILENT or any(differences(expected[0], one) for one in expected[1:]), (
        "its values change nothing: the case proves nothing"
    )
    for turn in (1, -1) if stacked else (1,):
        found = beside_each_other(specs[::turn], tmp_path / f"sweep{turn}")
        for one, other, value in zip(found, expected[::turn], values[::turn], strict=True):
            assert not differences(one, other), f"{key}={value}"
