"""eta as a function of the step, and the figures that are watched."""

import math

import numpy as np
import pytest
from support import blobs, spec_of

from nncli.network.initializers import init_params
from nncli.network.params import flatten
from nncli.spec.model import Spec
from nncli.spec.schedules import AverageSpec
from nncli.streams import Purpose, stream
from nncli.training import averaging, loop
from nncli.training.evaluation import figure_names
from nncli.training.monitor import best_epochs, best_figure, improves, keeps_best
from nncli.training.schedules import SHAPES, make_schedule
from nncli.training.trainer import Trainer


def etas(schedule, warmup=0, *, batches=10, steps=100, at=(0, 9, 10, 50, 99)):
    spec = spec_of("2-3 softmax", schedule=schedule, warmup=warmup, eta=2.0)
    made = make_schedule(spec.eta, spec.schedule, spec.warmup, batches=batches, steps=steps)
    return [made(step) for step in at]


def test_shapes():
    assert etas("constant") == [2] * 5
    assert etas({"name": "step", "every": 1, "factor": 0.5}) == [2, 2, 1, 2 * 0.5**5, 2 * 0.5**9]
    assert etas({"name": "exponential", "factor": 0.5}) == pytest.approx(
        [2 * 0.5 ** (step / 10) for step in (0, 9, 10, 50, 99)]
    )
    assert etas("cosine", at=(0, 50, 25)) == pytest.approx([2, 1, 1 + math.cos(math.pi / 4)])
    assert etas({"name": "cosine", "final": 0.5}, at=(0, 50)) == pytest.approx([2, 1.5])
    assert etas("linear", at=(0, 50, 75)) == pytest.approx([2, 1, 0.5])
    assert etas({"name": "linear", "final": 0.1}, at=(0, 50)) == pytest.approx([2, 1.1])


def test_every_schedule_of_the_spec_has_a_shape():
    annotation = Spec.model_fields["schedule"].annotation
    names = {model.model_fields["name"].annotation.__args__[0] for model in annotation.__args__}
    assert names == set(SHAPES)


def test_warmup_in_epochs_and_as_a_share():
    rising = [2 * (step + 1) / 20 for step in range(20)]
    assert etas("constant", 2, at=range(20)) == pytest.approx(rising)
    assert etas("constant", 0.2, at=range(20)) == pytest.approx(rising)
    assert etas("constant", 2, at=(19, 20, 99)) == [2, 2, 2]
    assert etas("linear", 2, at=(9,)) == pytest.approx([2 * 0.91 * 0.5])


def test_what_counts_as_better():
    assert improves("test_accuracy", 0.5, None)
    assert improves("test_accuracy", 0.6, 0.5)
    assert not improves("test_accuracy", 0.6, 0.5, min_delta=0.1000001)
    assert improves("test_loss", 0.4, 0.5)
    assert not improves("test_loss", 0.5, 0.5)
    assert not improves("test_loss", float("nan"), 0.5)
    assert not improves("test_loss", None, None)
    assert improves("test_rmse", 1.0, 2.0)
    assert improves("test_r2", 2.0, 1.0)


def trained(spec, dataset):
    rng = stream(spec.seed, Purpose.INITIAL_WEIGHTS)
    params = init_params(spec.architecture, **spec.initializer.model_dump(), rng=rng)
    state = loop.start(spec, dataset, flatten(params, spec.architecture, spec.dtype))
    return state, list(loop.train(Trainer.of(spec, dataset, state)))


@pytest.mark.parametrize("min_delta", [0.0, 0.05, 100.0])
def test_early_stopping_stops_and_keeps_the_best(min_delta):
    """Two epochs without an improvement of min_delta end it; the best of all, by however little, is kept."""
    dataset = blobs(rows=60, validation=30)
    stopping = {"monitor": "validation_loss", "patience": 2, "min_delta": min_delta}
    spec = spec_of("2-3 softmax", epochs=40, eta=0.5, early_stopping=stopping)
    state, records = trained(spec, dataset)
    best, since = float("inf"), 0
    for record in records:
        if record["validation_loss"] < best - min_delta:
            best, since = record["validation_loss"], record["epoch"]
    assert len(records) == min(since + 2, 40)
    assert (state.patience.since, state.patience.best) == (since, best)
    losses = [record["validation_loss"] for record in records]
    lowest = losses.index(min(losses)) + 1
    assert (state.best.epoch, state.best.value) == (lowest, min(losses))
    assert (lowest > since) == (min_delta > 0), "some epoch was better by less than min_delta"
    assert state.stopped == (min_delta > 0)
    again, _ = trained(spec_of("2-3 softmax", epochs=lowest, eta=0.5), dataset)
    assert again.vector.tobytes() == state.best.vector.tobytes()
    assert (len(records) < 40) == (min_delta > 0)


def test_plateau_cuts_eta_after_the_patience():
    dataset = blobs(rows=60, validation=30)
    schedule = {"name": "plateau", "patience": 2, "factor": 0.1, "min_delta": 100.0}
    _, records = trained(spec_of("2-3 softmax", epochs=7, eta=1.0, schedule=schedule), dataset)
    # Nothing improves by 100 after the first record: cuts follow epochs 3 and 5.
    expected = [1, 1, 1, 0.1, 0.1, 0.01, 0.01]
    assert [record["eta"] for record in records] == pytest.approx(expected)


def test_the_record_says_the_eta_of_its_last_step():
    spec = spec_of("2-3 softmax", epochs=2, batch_size=10, eta=1.0, schedule="linear")
    _, records = trained(spec, blobs(rows=50))  # ten steps in all
    assert [record["eta"] for record in records] == pytest.approx([0.6, 0.1])


def test_the_average_is_a_moving_average_of_the_parameters():
    """Updates at steps 2, 4, 6 and 8, whose weights are 1, 2, 4 and 8 of 15: the first parameters are not in it."""
    dataset = blobs(rows=20, validation=10)
    average = {"decay": 0.5, "every": 2}
    spec = spec_of("2-3 softmax", epochs=2, batch_size=5, dtype="float64", average=average)
    state, records = trained(spec, dataset)
    vectors = [parameters_after(steps) for steps in (2, 4, 6, 8)]
    expected = np.average(vectors, axis=0, weights=[1, 2, 4, 8])
    np.testing.assert_allclose(state.average, expected, rtol=1e-12)
    assert {"average_validation_loss", "average_validation_accuracy"} <= set(records[0])


def parameters_after(steps):
    keys = {"epochs": None, "iterations": steps, "batch_size": 5, "dtype": "float64"}
    return trained(spec_of("2-3 softmax", **keys), blobs(rows=20, validation=10))[0].vector


@pytest.mark.parametrize(("every", "steps"), [(1, 1), (7, 7), (7, 3), (100, 8)])
def test_until_there_is_a_second_update_the_average_is_parameters_of_training(every, steps):
    """Never the first ones; where the training is too short for an update, the last."""
    average = {"decay": 0.99, "every": every}
    keys = {"epochs": None, "iterations": steps, "batch_size": 5, "dtype": "float64"}
    spec = spec_of("2-3 softmax", average=average, **keys)
    state, records = trained(spec, blobs(rows=20, validation=10))
    assert state.average.tobytes() == state.vector.tobytes() == parameters_after(steps).tobytes()
    assert records[-1]["average_validation_loss"] == records[-1]["validation_loss"]


def test_shares_that_updates_keep_by_hand():
    """With a decay of 1/2: 0, 1/2 (1/2)/(3/4) = 1/3, 1/2 (3/4)/(7/8) = 3/7; so 1, 2, 3 have the mean 17/7."""
    assert [averaging.kept(0.5, update) for update in (1, 2, 3)] == pytest.approx([0, 1 / 3, 3 / 7])
    assert averaging.kept(0.9, 10_000) == 0.9
    assert [averaging.kept(0.0, update) for update in (1, 2)] == [0, 0]
    mean, settings = np.array([100.0]), AverageSpec(decay=0.5, every=1)
    for steps, value in enumerate([1.0, 2.0, 3.0], 1):
        averaging.follow(mean, np.array([value]), settings, steps)
    assert mean[0] == pytest.approx((1 * 1 + 2 * 2 + 4 * 3) / 7)


@pytest.mark.parametrize("decay", [0.5, 0.95, 0.9999999999999999])
def test_the_average_of_what_does_not_change_is_that(decay):
    mean, settings = np.zeros(1), AverageSpec(decay=decay, every=3)
    for steps in range(1, 40):
        averaging.follow(mean, np.array([0.7]), settings, steps)
    assert mean[0] == pytest.approx(0.7)


def test_a_schedule_is_what_the_steps_take():
    """Two linear steps by hand: eta is 1 and then 1/2."""
    dataset = blobs(x=[[1.0]], y=[[2.0]])
    spec = spec_of(
        "1-1 identity", epochs=2, batch_size=1, eta=0.1, schedule="linear", initializer="zeros"
    )
    state, _ = trained(spec, dataset)
    # w = b = 0: gradient 2 (0 - 2) = -4 for both; with eta 0.1, w = b = 0.4.
    # Then the answer is 0.8, the gradient -2.4; with eta 0.05, w = b = 0.52.
    assert state.vector == pytest.approx([0.52, 0.52])


@pytest.mark.parametrize(
    "track", [["validation", "test"], ["test", "validation"], ["test", "train", "validation"]]
)
def test_the_best_is_told_by_validation_whatever_the_order(track):
    spec = spec_of("2-3 softmax", track=track, keep="best")
    names = figure_names(spec, blobs(rows=9, validation=9, test=9))
    assert best_figure(spec, names) == "validation_accuracy"
    assert (
        best_figure(spec, [name for name in names if "validation" not in name]) == "test_accuracy"
    )


def test_of_equal_records_the_first_is_the_best():
    """eta is too small to change anything."""
    keys = {"epochs": 4, "eta": 1e-30, "track": ["validation"], "keep": "best"}
    state, records = trained(spec_of("2-3 softmax", **keys), blobs(rows=30, validation=9))
    assert len({record["validation_accuracy"] for record in records}) == 1
    assert state.best.epoch == 1
    assert best_epochs(records, "validation_accuracy") == [1]


def test_the_epochs_that_were_the_best_so_far():
    values = [None, 0.5, 0.75, 0.75, float("nan"), 0.625, 1.0]
    records = [{"epoch": n, "a_loss": v, "a_r2": v} for n, v in enumerate(values, 1)]
    assert best_epochs(records, "a_r2") == [2, 3, 7]
    assert best_epochs(records, "a_loss") == [2]
    assert best_epochs([], "a_loss") == []


@pytest.mark.parametrize("restore", [True, False])
def test_restore_best_decides_what_is_kept(restore):
    stopping = {"monitor": "validation_loss", "patience": 2, "restore_best": restore}
    assert keeps_best(spec_of("2-3 softmax", early_stopping=stopping)) is restore
    assert keeps_best(spec_of("2-3 softmax", keep="best"))
    assert not keeps_best(spec_of("2-3 softmax"))
