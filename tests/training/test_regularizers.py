"""Penalties, limits and dropout: their gradients, their draws, and that they are off in evaluation."""

import numpy as np
import pytest
from support import blobs, spec_of

from nncli.errors import DivergedError
from nncli.network.gradcheck import central_differences
from nncli.network.initializers import init_params
from nncli.network.params import flatten, views
from nncli.streams import Purpose, stream
from nncli.training import loop
from nncli.training.dropout import draw_masks
from nncli.training.evaluation import Evaluator
from nncli.training.length import Block
from nncli.training.regularizers import limit_norms, penalize
from nncli.training.step import Network, gradient_of
from nncli.training.trainer import Trainer


def initial(spec):
    rng = stream(spec.seed, Purpose.INITIAL_WEIGHTS)
    params = init_params(spec.architecture, **spec.initializer.model_dump(), rng=rng)
    return flatten(params, spec.architecture, spec.dtype)


def trained(spec, dataset):
    state = loop.start(spec, dataset, initial(spec))
    return state, list(loop.train(Trainer.of(spec, dataset, state)))


def test_penalty_is_the_slope_of_its_formula_and_spares_biases():
    params = {"W1": np.array([[1.0, -2.0, 0.0]]), "b1": np.array([5.0])}
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    penalize(params, grads, l1=0.5, l2=0.1, pace=np.array(1.0))
    # l1 sign(w) + l2 w: 0.5 + 0.1, -0.5 - 0.2, 0
    assert grads["W1"].tolist() == [[0.6, -0.7, 0.0]]
    assert grads["b1"].tolist() == [0.0]


def test_max_norm_scales_long_rows_back_and_leaves_short_ones():
    w = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    limit_norms({"W1": w, "b1": np.array([9.0])}, max_norm=1.0)
    np.testing.assert_allclose(w, [[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]])


def test_l2_in_training_is_weight_decay_for_sgd():
    """One step: w <- w - eta (g + l2 w)."""
    dataset = blobs(rows=10)
    plain, _ = trained(spec_of("2-3 softmax", batch_size="full", dtype="float64"), dataset)
    spec = spec_of("2-3 softmax", batch_size="full", dtype="float64", regularizer={"l2": 0.5})
    decayed, records = trained(spec, dataset)
    w0 = views(initial(spec), spec.architecture)["W1"]
    np.testing.assert_allclose(
        views(decayed.vector, spec.architecture)["W1"],
        views(plain.vector, spec.architecture)["W1"] - 0.1 * 0.5 * w0,
    )
    assert (
        records[0]["train_loss"]
        == trained(spec_of("2-3 softmax", batch_size="full", dtype="float64"), dataset)[1][0][
            "train_loss"
        ]
    )


def test_max_norm_holds_at_the_end_of_training():
    spec = spec_of("2-8-3 relu softmax", epochs=5, eta=1.0, regularizer={"max_norm": 0.5})
    state, _ = trained(spec, blobs(rows=60))
    for name, value in views(state.vector, spec.architecture).items():
        if name.startswith("W"):
            assert np.linalg.norm(value, axis=1).max() <= 0.5 * (1 + 1e-6)


def dropout_spec(**keys):
    layers = [
        {"input_dim": 2, "output_dim": 16, "activation": "tanh", "dropout": 0.5},
        {"input_dim": 16, "output_dim": 8, "activation": "relu", "dropout": 0.25},
        {"input_dim": 8, "output_dim": 3, "activation": "softmax"},
    ]
    return spec_of("2-3 softmax", **({"architecture": layers} | keys))


def block(epoch=1, number=0, rows=640, done=0):
    return Block(epoch, number, np.arange(rows), done)


def test_masks_keep_the_right_share_and_scale_it_up():
    masks = draw_masks(dropout_spec(), block(rows=64000), "float32")
    assert set(masks) == {1, 2}
    assert set(np.unique(masks[1])) == {0.0, 2.0}
    assert np.unique(masks[2]) == pytest.approx([0, 4 / 3])
    assert (masks[1] > 0).mean() == pytest.approx(0.5, abs=0.005)
    assert (masks[2] > 0).mean() == pytest.approx(0.75, abs=0.005)


def test_masks_are_a_function_of_seed_epoch_and_block():
    spec = dropout_spec()
    first = draw_masks(spec, block(), "float32")[1]
    assert np.array_equal(first, draw_masks(spec, block(), "float32")[1])
    assert np.array_equal(first[130:], draw_masks(spec, block(done=130), "float32")[1])
    for other in (block(epoch=2), block(number=1)):
        assert not np.array_equal(first, draw_masks(spec, other, "float32")[1])
    assert draw_masks(spec_of("2-3 softmax"), block(), "float32") == {}


def test_the_gradient_with_masks_matches_central_differences():
    spec = dropout_spec(dtype="float64")
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((6, 2)), np.eye(3)[rng.integers(0, 3, 6)]
    masks = draw_masks(spec, block(rows=6), "float64")
    network = Network.of(spec.architecture, spec.loss, initial(spec))
    gradient_of(network, x, y, np.empty_like(y), masks)
    numerical = central_differences(network.params, spec.architecture, spec.loss, x, y, masks)
    for name, slope in numerical.items():
        assert slope.any()
        np.testing.assert_allclose(network.grads[name], slope, rtol=1e-6, atol=1e-9)


def test_dropout_is_off_in_evaluation_and_changes_training():
    dataset = blobs(rows=200, validation=50)
    state, records = trained(dropout_spec(epochs=2), dataset)
    spec = dropout_spec(epochs=2)
    evaluator = Evaluator(dataset, "validation", spec.architecture, spec.loss, "float32")
    figures = evaluator.figures(views(state.vector, spec.architecture))
    assert figures == evaluator.figures(views(state.vector, spec.architecture))
    assert records[-1]["validation_loss"] == figures["loss"]
    plain = spec_of("2-16-8-3 tanh relu softmax", epochs=2)
    assert trained(plain, dataset)[0].vector.tobytes() != state.vector.tobytes()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam"])
def test_stopping_inside_a_block_and_going_on_gives_the_same_bytes(optimizer):
    spec = dropout_spec(
        epochs=3, batch_size=2, optimizer=optimizer, eta=0.01, schedule="cosine", warmup=1,
        average={"decay": 0.9, "every": 7}, regularizer={"l2": 0.01, "max_norm": 2.0},
    )  # fmt: skip
    dataset = blobs(rows=200, validation=30)
    whole, records = trained(spec, dataset)
    state, seen = loop.start(spec, dataset, initial(spec)), []
    for stop_after in (30, 70, 71, 10**9):
        seen += loop.train(Trainer.of(spec, dataset, state), pause=countdown(stop_after))
    assert state.vector.tobytes() == whole.vector.tobytes()
    assert state.average.tobytes() == whole.average.tobytes()
    times = ("seconds", "samples_per_second")
    strip = [[{k: v for k, v in r.items() if k not in times} for r in rs] for rs in (seen, records)]
    assert strip[0] == strip[1]


def countdown(batches):
    left = iter(range(batches, -1, -1))
    return lambda: next(left) <= 1


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "rmsprop"])
def test_a_divergence_puts_everything_back_to_the_batch_before(optimizer):
    """Row 200 is too large: the state is that of 100 batches of two rows, slots, average and sums included."""
    dataset = blobs(rows=400)
    dataset.splits["train"].x[200] = 1e38
    keys = {"batch_size": 2, "eta": 1e-3, "sampling": "sequential", "average": {"every": 3},
            "optimizer": optimizer, "dtype": "float32"}  # fmt: skip
    spec = spec_of("2-3 identity", epochs=1, **keys)
    state = loop.start(spec, dataset, initial(spec))
    with pytest.raises(DivergedError, match="epoch 1, batch 101: "):
        list(loop.train(Trainer.of(spec, dataset, state)))
    good = spec_of("2-3 identity", epochs=None, iterations=100, **keys)
    whole = loop.start(good, dataset, initial(good))
    list(loop.train(Trainer.of(good, dataset, whole), pause=countdown(100)))
    assert state.vector.tobytes() == whole.vector.tobytes()
    assert state.average.tobytes() == whole.average.tobytes()
    for name, slot in whole.optimizer.items():
        assert state.optimizer[name].tobytes() == slot.tobytes(), name
    assert state.tally.rows == 200


def test_a_moment_that_overflows_is_a_divergence_and_named():
    dataset = blobs(x=[[1e15]], y=[[0.0]])
    spec = spec_of(
        "1-1 identity",
        batch_size=1,
        optimizer="adam",
        eta=1e-30,
        initializer={"weights": "normal", "std": 1e-5},
    )
    with pytest.raises(DivergedError, match="the optimizer's mean square was not finite"):
        trained(spec, dataset)


def test_penalties_count_under_the_numerical_gradient_too():
    keys = {"batch_size": "full", "dtype": "float64", "regularizer": {"l2": 0.5}}
    first, second = (
        trained(spec_of("2-3 softmax", gradient=way, **keys), blobs(rows=20))[0].vector
        for way in ("backprop", "numerical")
    )
    np.testing.assert_allclose(first, second, rtol=1e-6)
