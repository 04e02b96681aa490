"""The loop: what a record holds, what a step does, how a training ends."""

import numpy as np
import pytest
from support import blobs, spec_of

from nncli.errors import DivergedError, SpecError
from nncli.network.initializers import init_params
from nncli.network.params import flatten, views
from nncli.streams import Purpose, stream
from nncli.training import loop
from nncli.training.evaluation import CHUNK, Evaluator, tracked
from nncli.training.length import Length
from nncli.training.trainer import Trainer


def train(dataset, spec, **kwargs):
    rng = stream(spec.seed, Purpose.INITIAL_WEIGHTS)
    settings = spec.initializer.model_dump()
    params = init_params(spec.architecture, **settings, rng=rng)
    state = loop.start(spec, dataset, flatten(params, spec.architecture, spec.dtype))
    return state, list(loop.train(Trainer.of(spec, dataset, state), **kwargs))


def test_one_step_by_hand():
    # One linear unit, w = 0, b = 0, one batch of two rows: x = 1, 3 and y = 2, 4; mse with one output.
    # Loss = (4 + 16)/2 = 10. dL/dz = 2 (0 - y)/2 = -2, -4; dW = -2*1 - 4*3 = -14; db = -6.
    # With eta 0.1: w = 1.4, b = 0.6.
    dataset = blobs(x=[[1.0], [3.0]], y=[[2.0], [4.0]])
    spec = spec_of("1-1 identity", batch_size="full", eta=0.1, epochs=1, initializer="zeros")
    state, records = train(dataset, spec)
    assert state.vector == pytest.approx([1.4, 0.6])
    assert records[0]["train_loss"] == pytest.approx(10)
    assert records[0]["train_mae"] == pytest.approx(3)


def test_record_holds_what_the_design_says():
    spec = spec_of("2-3-3 tanh softmax", epochs=2, batch_size=7, track=["train", "test"])
    _, records = train(blobs(rows=50, test=20), spec)
    keys = ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"]
    assert [list(record) for record in records] == [
        [*keys, "eta", "seconds", "samples_per_second"]
    ] * 2
    assert [record["epoch"] for record in records] == [1, 2]


def test_train_figures_are_means_over_rows_of_the_networks_as_they_were():
    """Three batches of 4, 4 and 2 rows at eta almost 0: the mean is that of one evaluation."""
    dataset = blobs(rows=10)
    spec = spec_of("2-4-3 tanh softmax", epochs=1, batch_size=4, eta=1e-30, dtype="float64")
    state, records = train(dataset, spec)
    evaluator = Evaluator(dataset, "train", spec.architecture, spec.loss, spec.dtype)
    figures = evaluator.figures(views(state.vector, spec.architecture))
    assert records[0]["train_loss"] == pytest.approx(figures["loss"], rel=1e-12)
    assert records[0]["train_accuracy"] == figures["accuracy"]


@pytest.mark.parametrize("record_every", [1, 2, 3])
def test_records_come_every_so_many_epochs_and_at_the_end(record_every):
    spec = spec_of("2-3 softmax", epochs=5, batch_size=5, record_every=record_every)
    _, records = train(blobs(rows=20), spec)
    expected = sorted({*range(record_every, 6, record_every), 5})
    assert [record["epoch"] for record in records] == expected


def test_iterations_may_end_inside_an_epoch():
    spec = spec_of("2-3 softmax", iterations=7, epochs=None, batch_size=5)
    state, records = train(blobs(rows=15), spec)  # 3 batches an epoch: 3 + 3 + 1
    assert [record["epoch"] for record in records] == [1, 2, 3]
    assert Length.of(spec, 15).epochs == 3
    straight, _ = train(blobs(rows=15), spec_of("2-3 softmax", epochs=2, batch_size=5))
    assert not np.array_equal(state.vector, straight.vector)


@pytest.mark.parametrize("sampling", ["shuffled", "sequential", "with_replacement"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_seed_same_bytes_other_seed_other_bytes(sampling, dtype):
    spec = spec_of("2-8-3 relu softmax", epochs=3, batch_size=4, sampling=sampling, dtype=dtype)
    first, _ = train(blobs(rows=30), spec)
    second, _ = train(blobs(rows=30), spec)
    other, _ = train(blobs(rows=30), spec.model_copy(update={"seed": 1}))
    assert first.vector.tobytes() == second.vector.tobytes() != other.vector.tobytes()


def test_a_batch_larger_than_the_data_is_the_whole_data():
    large, _ = train(blobs(rows=30), spec_of("2-3 softmax", epochs=2, batch_size=1000))
    full, _ = train(blobs(rows=30), spec_of("2-3 softmax", epochs=2, batch_size="full"))
    assert large.vector.tobytes() == full.vector.tobytes()


@pytest.mark.parametrize("stop_after", [1, 63, 64, 65, 100])
def test_stopping_and_going_on_gives_the_same_bytes(stop_after):
    """A training stopped after any batch goes on to the records and parameters of one that never stopped."""
    spec = spec_of("2-4-3 tanh softmax", epochs=1, batch_size=2)
    dataset = blobs(rows=240)
    whole, records = train(dataset, spec)
    calls = iter(range(10**6))
    state, none = train(dataset, spec, pause=lambda: next(calls) + 1 >= stop_after)
    assert none == []
    assert state.batch == stop_after
    rest = list(loop.train(Trainer.of(spec, dataset, state)))
    assert state.vector.tobytes() == whole.vector.tobytes()
    times = ("seconds", "samples_per_second")
    for record in (*rest, *records):
        for key in times:
            del record[key]
    assert rest == records


def test_divergence_names_epoch_batch_and_layer_and_keeps_the_last_finite_state():
    dataset = blobs(rows=640)
    spec = spec_of("2-4-3 identity identity", epochs=5, batch_size=2, eta=1e12)
    params = init_params(
        spec.architecture,
        weights="auto",
        biases="zeros",
        std=1.0,
        rng=stream(0, Purpose.INITIAL_WEIGHTS),
    )
    state = loop.start(spec, dataset, flatten(params, spec.architecture, spec.dtype))
    message = r"epoch 1, batch (\d+): .*layer \d.*eta 1e\+12.*Try a smaller eta: --set eta=1e\+11"
    with pytest.raises(DivergedError, match=message) as caught:
        list(loop.train(Trainer.of(spec, dataset, state)))
    assert np.isfinite(state.vector).all()
    assert f"batch {state.batch + 1}:" in str(caught.value)
    assert 0 < state.batch < 64


def test_divergence_in_a_later_block_is_found_at_its_batch():
    """Row 200 of a sequential epoch is not finite once scaled up: batch 101 of two rows each."""
    dataset = blobs(rows=400)
    dataset.splits["train"].x[200] = 1e38
    spec = spec_of("2-3 identity", epochs=1, batch_size=2, eta=1e-3, sampling="sequential")
    with pytest.raises(DivergedError, match="epoch 1, batch 101: "):
        train(dataset, spec)


def test_tracked_is_validation_by_default():
    spec = spec_of("2-3 softmax")
    assert tracked(spec, blobs(rows=10)) == ()
    assert tracked(spec, blobs(rows=10, validation=5, test=5)) == ("validation",)
    with pytest.raises(SpecError, match=r"track\[1\]: the data has no validation rows"):
        tracked(spec_of("2-3 softmax", track=["test", "validation"]), blobs(rows=10, test=5))


def test_evaluation_takes_every_row_once_whatever_the_chunk():
    dataset = blobs(rows=CHUNK * 2 + 17)
    spec = spec_of("2-4-3 tanh softmax", dtype="float64")
    params = init_params(
        spec.architecture, weights="auto", biases="zeros", std=1.0, rng=np.random.default_rng(0)
    )
    evaluator = Evaluator(dataset, "train", spec.architecture, spec.loss, spec.dtype)
    confusion = evaluator.examine(params).confusion
    assert confusion.counts.sum() == CHUNK * 2 + 17
    assert confusion.support.tolist() == np.bincount(dataset.splits["train"].y).tolist()
    accuracy = np.trace(confusion.counts) / (CHUNK * 2 + 17)
    assert evaluator.figures(params)["accuracy"] == accuracy


def test_progress_counts_up_to_the_whole_epoch():
    seen = []
    train(blobs(rows=300), spec_of("2-3 softmax", epochs=2, batch_size=2), watch=seen.append)
    assert [(p.epoch, p.batch) for p in seen] == [
        (1, 64), (1, 128), (1, 150), (2, 64), (2, 128), (2, 150)
    ]  # fmt: skip
    assert all(p.batches == 150 and p.epochs == 2 for p in seen)
    assert set(seen[0].figures) == {"loss", "accuracy"}


def test_each_epoch_has_an_order_of_its_own():
    trainer = Trainer.of(spec_of("2-3 softmax", epochs=3), blobs(rows=50), fresh_state())
    orders = [trainer.order(epoch) for epoch in (1, 2, 3)]
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[1], orders[2])
    assert all(sorted(order) == list(range(50)) for order in orders)


def fresh_state():
    spec = spec_of("2-3 softmax")
    return loop.start(spec, blobs(rows=50), np.zeros(9, "float32"))


def test_parameters_after_two_epochs_stay_as_they_are():
    """A golden value: tolerance, because another CPU may round otherwise; the same machine repeats to the byte."""
    spec = spec_of("2-4-3 tanh softmax", epochs=2, batch_size=7, dtype="float64")
    state, _ = train(blobs(rows=50), spec)
    np.testing.assert_allclose(state.vector, GOLDEN, rtol=1e-9)


def test_iterations_that_end_inside_an_epoch_can_go_on():
    """The state after 7 of 15 steps, trained on, is that of 15 straight."""
    dataset, keys = blobs(rows=15), {"epochs": None, "batch_size": 5}
    state, _ = train(dataset, spec_of("2-3 softmax", iterations=7, **keys))
    assert (state.epoch, state.batch) == (2, 1)
    list(loop.train(Trainer.of(spec_of("2-3 softmax", iterations=15, **keys), dataset, state)))
    straight, _ = train(dataset, spec_of("2-3 softmax", iterations=15, **keys))
    assert state.vector.tobytes() == straight.vector.tobytes()


GOLDEN = [
    0.8998485153205352,
    -0.610177796561052,
    0.7959046453018779,
    -0.269092953015568,
    -0.21426940039682404,
    0.6632805367492316,
    -0.9347680149313373,
    0.4341813756313633,
    -0.13593272822302363,
    -0.13476918316629302,
    0.11131709486231167,
    -0.04592940712614023,
    -0.6000380254193517,
    0.12283483034184266,
    0.8743073356962544,
    -0.5721348556756005,
    0.9376697188345399,
    0.9046910136767025,
    -0.765078775889501,
    -0.14384937067556608,
    0.30661817073104275,
    -0.828375509492565,
    -0.26684619042237984,
    -0.08912450895335737,
    0.09726428371393149,
    -0.07119212861840896,
    -0.026072155095522534,
]
