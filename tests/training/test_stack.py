"""Trainings in lockstep: each ends with the bytes that it comes to alone."""

from itertools import product

import numpy as np
import pytest
from support import TIMES, blobs, spec_of

from nncli.errors import DivergedError
from nncli.network.initializers import init_params
from nncli.network.params import flatten
from nncli.streams import Purpose, stream
from nncli.training import loop
from nncli.training.optimizers import OPTIMIZERS
from nncli.training.stack import Member, Stack, train_stack
from nncli.training.trainer import Trainer

ETAS = (0.01, 0.1, 0.5, 2.0)


def begin(spec, dataset):
    settings = spec.initializer.model_dump()
    params = init_params(
        spec.architecture, **settings, rng=stream(spec.seed, Purpose.INITIAL_WEIGHTS)
    )
    return loop.start(spec, dataset, flatten(params, spec.architecture, spec.dtype))


def without_times(record):
    return {key: value for key, value in record.items() if key not in TIMES}


def alone(spec, dataset):
    """The state and the records of a training by itself, and its divergence if it ends so."""
    state, seen = begin(spec, dataset), []
    try:
        seen += map(without_times, loop.train(Trainer.of(spec, dataset, state)))
    except DivergedError as err:
        seen.append(str(err))
    return state, seen


def together(specs, dataset, pauses=()):
    members = [Member(spec, begin(spec, dataset)) for spec in specs]
    seen = {id(member.state): [] for member in members}
    stack = Stack(members, dataset)
    for pause in (*pauses, 10**9):
        questions = iter(range(pause))
        for event in train_stack(stack, pause=lambda q=questions: next(q, None) is None):
            diverged = isinstance(event.outcome, DivergedError)
            outcome = str(event.outcome) if diverged else without_times(event.outcome)
            seen[id(event.state)].append(outcome)
    return [(member.state, seen[id(member.state)]) for member in members]


def same(specs, dataset, **kwargs):
    for spec, (state, seen) in zip(specs, together(specs, dataset, **kwargs), strict=True):
        own, expected = alone(spec, dataset)
        assert seen == expected
        assert state.vector.tobytes() == own.vector.tobytes()
        assert {name: slot.tobytes() for name, slot in state.optimizer.items()} == {
            name: slot.tobytes() for name, slot in own.optimizer.items()
        }
        assert (state.epoch, state.batch, state.stopped) == (own.epoch, own.batch, own.stopped)
        for name in ("best", "average"):
            one, other = getattr(state, name), getattr(own, name)
            assert (one is None) == (other is None)
            if name == "average" and one is not None:
                assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize(("optimizer", "dtype"), list(product(OPTIMIZERS, ["float32", "float64"])))
def test_etas_beside_each_other(optimizer, dtype):
    dataset = blobs(rows=150, validation=30)
    keys = {"optimizer": optimizer, "dtype": dtype, "epochs": 4, "batch_size": 8}
    same([spec_of("2-9-3 tanh softmax", eta=eta, **keys) for eta in ETAS], dataset)


@pytest.mark.parametrize(
    "shape",
    [
        "2-7-1 sigmoid sigmoid",
        "2-33-17-3 relu elu softmax",
        "2-5-3 softplus softmax",
        "2-5-3 leaky_relu softmax",
    ],
)
def test_seeds_beside_each_other(shape):
    """Other first weights, other orders of rows: the inputs have the leading axis too."""
    dataset = blobs(rows=150, validation=30)
    if shape.split()[0].endswith("-1"):
        dataset = two_classes(dataset)
    specs = [spec_of(shape, seed=seed, epochs=3, batch_size=7, eta=0.3) for seed in range(3)]
    same(specs, dataset)


def two_classes(dataset):
    for split in dataset.splits.values():
        split.y[...] %= 2
    return dataset


@pytest.mark.parametrize("seeds", [(1, 1, 1), (1, 2, 3)])
def test_with_everything_on(seeds):
    """Dropout, penalties, a norm, a schedule with warm-up, an average, the best: all that a member does alone."""
    dataset = blobs(rows=150, validation=40)
    layers = [
        {"input_dim": 2, "output_dim": 9, "activation": "relu", "dropout": 0.3},
        {"input_dim": 9, "output_dim": 3, "activation": "softmax"},
    ]
    keys = {
        "architecture": layers,
        "epochs": 6,
        "batch_size": 8,
        "regularizer": {"l1": 0.001, "l2": 0.01, "max_norm": 2.0},
        "schedule": "cosine",
        "warmup": 2,
        "average": {"every": 3},
        "keep": "best",
        "optimizer": "momentum",
    }
    pairs = zip(ETAS, seeds, strict=False)
    same(
        [spec_of("2-9-3 relu softmax", eta=eta, seed=seed, **keys) for eta, seed in pairs], dataset
    )


@pytest.mark.parametrize("pauses", [(1,), (5, 1, 30), (19, 19, 19)])
def test_paused_anywhere(pauses):
    dataset = blobs(rows=150, validation=30)
    keys = {"epochs": 3, "batch_size": 8, "optimizer": "adam"}
    specs = [spec_of("2-9-3 tanh softmax", eta=eta, **keys) for eta in ETAS]
    same(specs, dataset, pauses=pauses)


def test_one_that_diverges_leaves_and_the_others_go_on():
    dataset = blobs(rows=150, validation=30)
    keys = {"epochs": 3, "batch_size": 2}
    specs = [
        spec_of("2-9-3 identity identity", eta=eta, **keys) for eta in (0.01, 1e12, 0.02, 30.0)
    ]
    same(specs, dataset)
    _, seen = alone(specs[1], dataset)
    assert "diverged in epoch 1" in seen[-1]


def test_each_stops_early_by_itself():
    dataset = blobs(rows=150, validation=30)
    stopping = {"patience": 2, "min_delta": 0.02}
    keys = {"epochs": 30, "batch_size": 8, "early_stopping": stopping}
    specs = [spec_of("2-9-3 tanh softmax", eta=eta, **keys) for eta in ETAS]
    same(specs, dataset)
    assert len({alone(spec, dataset)[0].epoch for spec in specs}) > 1


def test_numbers_of_the_optimizer_beside_each_other():
    dataset = blobs(rows=150, validation=30)
    numbers = [
        {"name": "adamw", "beta1": beta1, "beta2": beta2, "weight_decay": decay}
        for beta1, beta2, decay in [(0.9, 0.999, 0.01), (0.8, 0.99, 0.5), (0.9, 0.9, 0.1)]
    ]
    keys = {"epochs": 3, "batch_size": 8, "eta": 0.01}
    same([spec_of("2-9-3 tanh softmax", optimizer=one, **keys) for one in numbers], dataset)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_penalties_beside_each_other(dtype):
    """Each member has its own numbers; 1e39 is more than float32 holds, alone too."""
    dataset = blobs(rows=60, validation=20)
    numbers = [(0.01, 1e-3, 0.5), (0.3, 1e-2, 3.0), (1e39, 1e-46, 1e-3)]
    keys = {"epochs": 2, "batch_size": 8, "dtype": dtype}
    settings = [{"l2": l2, "l1": l1, "max_norm": norm} for l2, l1, norm in numbers]
    same([spec_of("2-9-3 tanh softmax", regularizer=one, **keys) for one in settings], dataset)


@pytest.mark.parametrize("key", ["regularizer", "optimizer", "average", "batch_size"])
def test_what_is_not_of_one_kind_is_refused(key):
    """No member's settings ever count for another, whoever makes the stack."""
    values = {
        "regularizer": ({"l2": 0.0}, {"l2": 0.1}),
        "optimizer": ("sgd", "momentum"),
        "average": (None, {}),
        "batch_size": (5, 10),
    }[key]
    dataset = blobs(rows=20)
    specs = [spec_of("2-3 softmax", **{key: value}) for value in values]
    with pytest.raises(ValueError, match="of one kind"):
        Stack([Member(spec, begin(spec, dataset)) for spec in specs], dataset)


def test_a_numerical_gradient_is_alone_and_stays_numerical():
    dataset = blobs(rows=20, validation=10)
    spec = spec_of("2-2-3 tanh softmax", epochs=1, batch_size=10, gradient="numerical")
    same([spec], dataset)
    assert (
        alone(spec, dataset)[1]
        != alone(spec.model_copy(update={"gradient": "backprop"}), dataset)[1]
    )


def test_a_regression_with_a_short_last_batch_and_iterations():
    rng = np.random.default_rng(0)
    dataset = blobs(x=rng.standard_normal((45, 4)), y=rng.standard_normal((45, 2)))
    keys = {"epochs": None, "iterations": 13, "batch_size": 10, "track": ["train"]}
    same([spec_of("4-6-2 tanh identity", eta=eta, **keys) for eta in (0.01, 0.1)], dataset)
