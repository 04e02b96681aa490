"""Random sweeps on one worker, of anything a spec may say: every trial ends with the bytes of the training alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stacked import alone, beside_each_other, differences, groups_of, write_pictures

from nncli.network.activations import ACTIVATIONS
from nncli.spec.load import parse_spec
from nncli.spec.model import Spec
from nncli.training.kinds import kind
from nncli.training.optimizers import OPTIMIZERS

Draw = Callable[[random.Random], Any]
ELEMENTWISE = [name for name, activation in ACTIVATIONS.items() if activation.pull_back]
PICTURES, NUMBERS, MOONS = "pictures.npz", "numbers.npz", "moons"
DATA = {
    PICTURES: {"source": "npz", "path": PICTURES, "scale": 255.0, "validation": 8},
    NUMBERS: {"source": "npz", "path": NUMBERS, "validation": 8, "validation_from": "random"},
    MOONS: {"source": "moons", "samples": 60, "validation": 0.2},
}
SIZES = {PICTURES: (36, 3), NUMBERS: (5, 2), MOONS: (2, 2)}


def maybe(share: float, draw: Draw, other: Any = None) -> Draw:
    """A value in some of the cases, otherwise another."""
    return lambda rng: draw(rng) if rng.random() < share else other


def power(low: float, high: float) -> Draw:
    """10 to a power between these."""
    return lambda rng: 10 ** rng.uniform(low, high)


def optimizer(rng: random.Random) -> dict[str, Any]:
    share, epsilon = (lambda: rng.choice((0.0, 0.5, 0.9, 0.99))), 10 ** rng.uniform(-8, -2)
    settings: dict[str, dict[str, Any]] = {
        "sgd": {},
        "momentum": {"mu": share()},
        "nesterov": {"mu": share()},
        "adagrad": {"initial_accumulator": rng.choice((0.0, 0.1)), "epsilon": epsilon},
        "rmsprop": {"rho": share(), "epsilon": epsilon},
        "adam": {"beta1": share(), "beta2": share(), "epsilon": epsilon},
        "adamw": {"beta1": share(), "weight_decay": rng.choice((0.0, 0.01, 0.5))},
        "lion": {"beta1": share(), "weight_decay": rng.choice((0.0, 0.01, 0.5))},
    }
    assert set(settings) == set(OPTIMIZERS)
    name = rng.choice((*settings, "sgd", "adamw"))
    return {"name": name} | settings[name]


SCHEDULES: tuple[dict[str, Any], ...] = (
    {"name": "constant"},
    {"name": "step", "every": 1},
    {"name": "exponential", "factor": 0.7},
    {"name": "cosine"},
    {"name": "linear", "final": 0.1},
    {"name": "plateau", "patience": 1, "min_delta": 0.1},
)
REGULARIZER: dict[str, Draw] = {
    "l1": maybe(0.3, power(-5, -1), 0.0),
    "l2": maybe(0.5, power(-5, 0), 0.0),
    "max_norm": maybe(0.3, lambda rng: rng.uniform(0.2, 3)),
}
STOPPING: Draw = lambda rng: {"patience": rng.choice((1, 2)), "min_delta": rng.choice((0.0, 0.1))}  # noqa: E731
KEYS: dict[str, Draw] = {
    "seed": lambda rng: rng.randrange(3),
    "eta": maybe(0.9, power(-3, 0.5), 1e6),
    "optimizer": optimizer,
    "regularizer": lambda rng: {key: draw(rng) for key, draw in REGULARIZER.items()},
    "schedule": lambda rng: rng.choice(SCHEDULES),
    "warmup": lambda rng: rng.choice((0, 0, 1, 0.4)),
    "average": maybe(0.5, lambda rng: {"decay": rng.uniform(0, 1), "every": rng.choice((1, 3, 50))}),
    "early_stopping": maybe(0.3, STOPPING),
    "keep": lambda rng: rng.choice(("last", "best")),
    "initializer": lambda rng: rng.choice(("auto", "zeros", "he_normal", {"weights": "normal", "std": 0.3})),
    "architecture": lambda rng: rng.choice((0.0, 0.0, 0.2, 0.5)),
    "class_weight": maybe(0.3, lambda rng: "balanced"),
    "augment": maybe(0.2, lambda rng: {"shift": rng.choice((1.0, 2.0)), "rotate": 10.0}),
    "batch_size": lambda rng: rng.choice((4, 4, 7, "full")),
    "sampling": lambda rng: rng.choice((None, None, "sequential", "with_replacement")),
    "record_every": lambda rng: rng.choice((1, 1, 2)),
    "dtype": lambda rng: rng.choice(("float32", "float32", "float64")),
    "engine": lambda rng: rng.choice(("numpy", "numba")),
}  # fmt: skip
"""What is drawn of a spec, and for the trials of a sweep again."""
OFTEN = ("seed", "eta", "optimizer", "regularizer", "average", "schedule", "keep", "initializer")


def as_spec(drawn: dict[str, Any], data: str, shape: dict[str, Any], folder: Path) -> Spec:
    """The spec of what was drawn, less what its data or its other keys do not allow."""
    inputs, outputs = SIZES[data]
    last = "identity" if data == NUMBERS else shape["last"]
    hidden = {
        "output_dim": shape["units"],
        "activation": shape["hidden"],
        "dropout": drawn["architecture"],
    }
    layers = [
        {"input_dim": inputs, **hidden},
        *([{"input_dim": shape["units"], **hidden}] if shape["deep"] else []),
        {"input_dim": shape["units"], "output_dim": outputs, "activation": last},
    ]  # fmt: skip
    keys = drawn | {"data": DATA[data], "architecture": layers, "epochs": 3, "threads": 1}
    if last == "sigmoid":
        keys["loss"] = shape["loss"]
    left_out = {
        "keep": drawn["early_stopping"],
        "class_weight": data == NUMBERS,
        "augment": data != PICTURES,
    }
    kept = {
        key: value for key, value in keys.items() if value is not None and not left_out.get(key)
    }
    return parse_spec(kept, folder)  # fmt: skip


def draw_sweep(rng: random.Random, folder: Path) -> list[Spec]:
    """Two to six trials that differ in up to three keys, on any data."""
    data = rng.choice((PICTURES, PICTURES, NUMBERS, MOONS))
    shape = {
        "units": rng.choice((1, 4, 9)),
        "deep": rng.random() < 0.4,
        "hidden": rng.choice(ELEMENTWISE),
        "last": rng.choice(("softmax", "sigmoid")),
        "loss": rng.choice(("binary_cross_entropy", "quadratic")),
    }
    base = {key: draw(rng) for key, draw in KEYS.items()}
    swept = {rng.choice(OFTEN), *rng.sample(list(KEYS), rng.choice((0, 0, 1, 2)))}
    first, specs = as_spec(base, data, shape, folder), []
    for _ in range(rng.randint(2, 6)):
        for _ in range(rng.choice((1, 20))):  # more than once: in search of one to be stacked with
            trial = base | {key: KEYS[key](rng) for key in swept}
            spec = as_spec(trial, data, shape, folder)
            if kind(spec) == kind(first):
                break
        specs.append(spec)
    return specs


@pytest.mark.campaign(short=6, long=100, torture=400)
def test_trials_of_random_sweeps_end_as_they_do_alone(campaign, tmp_path):
    rng, numbers = campaign.rng, np.random.default_rng(0)
    write_pictures(tmp_path / PICTURES, numbers)
    np.savez(tmp_path / NUMBERS, x=numbers.normal(size=(40, 5)), y=numbers.normal(size=(40, 2)))
    trials = groups = 0
    for number in campaign.numbers:
        specs = draw_sweep(rng, tmp_path)
        trials, groups = trials + len(specs), groups + len(groups_of(specs))
        together = beside_each_other(specs, tmp_path / f"sweep{number}")
        for place, (spec, found) in enumerate(zip(specs, together, strict=True)):
            own = alone(spec, tmp_path / f"alone{number}.{place}")
            assert not differences(found, own), (number, place, specs)
    assert groups < trials, "no trials were beside each other: this proves nothing"
