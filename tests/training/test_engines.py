"""The engine `numba`: NumPy's numbers within rounding, its own to the byte."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from support import TIMES, blobs, spec_of

from nncli.errors import DivergedError
from nncli.network.activations import ACTIVATIONS
from nncli.network.calls import run
from nncli.network.initializers import init_params
from nncli.network.losses import CANONICAL, LOSSES
from nncli.network.params import flatten
from nncli.streams import Purpose, stream
from nncli.training import engines, loop, memory
from nncli.training.optimizers import OPTIMIZERS
from nncli.training.stack import Member, Stack, train_stack
from nncli.training.step import Network, Step, make_optimizer, rehearse
from nncli.training.trainer import Trainer

numba = pytest.importorskip("numba", reason="needs numba: pip install 'nncli[fast]'")
from nncli.training import kernel_updates, kernels, sparse  # noqa: E402

ELEMENTWISE = [name for name, activation in ACTIVATIONS.items() if activation.pull_back]
PAIRS = [*CANONICAL.items()] + [
    (loss, last) for loss in LOSSES if loss not in CANONICAL for last in ELEMENTWISE
]


def begin(spec, dataset):
    rng = stream(spec.seed, Purpose.INITIAL_WEIGHTS)
    params = init_params(spec.architecture, **spec.initializer.model_dump(), rng=rng)
    return loop.start(spec, dataset, flatten(params, spec.architecture, spec.dtype))


def trained(spec, dataset, state=None, **kwargs):
    state = state or begin(spec, dataset)
    records = list(loop.train(Trainer.of(spec, dataset, state), **kwargs))
    return state, [
        {key: value for key, value in one.items() if key not in TIMES} for one in records
    ]


def gradients(spec, scale=1):
    """The gradient that each engine comes to, for a batch and a network drawn at random, and the logits."""
    rng, layers = np.random.default_rng(3), spec.architecture
    count = sum((layer.input_dim + 1) * layer.output_dim for layer in layers)
    vector = (scale * rng.standard_normal(count)).astype(spec.dtype)
    x, y = (
        rng.random((7, dim)).astype(spec.dtype)
        for dim in (layers[0].input_dim, layers[-1].output_dim)
    )
    for engine in engines.ENGINES:
        own = spec.model_copy(update={"engine": engine})
        network = Network.of(layers, spec.loss, vector.copy())
        step, optimizer = Step(own, network, {}), make_optimizer(own)
        step.prepare(0, optimizer.numbers(0.1, 0))
        z = np.empty_like(y)
        run(step.calls(x, y, z, {}, np.arange(7))[: -len(step.update_calls)])
        yield network.gradient, z


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", [*ELEMENTWISE, None])
@pytest.mark.parametrize(("loss", "last"), PAIRS)
def test_gradients_are_those_of_numpy(dtype, hidden, loss, last):
    shape = f"6-5-4-3 {hidden} {hidden} {last}" if hidden else f"6-3 {last}"
    (expected, logits), (got, z) = gradients(spec_of(shape, loss=loss, dtype=dtype))
    assert np.abs(expected).max() > 1e-3, "dead case: proves nothing"
    close = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(got, expected, rtol=close, atol=close)
    np.testing.assert_allclose(z, logits, rtol=close, atol=close)


@pytest.mark.parametrize(("loss", "last"), PAIRS)
def test_sums_too_large_for_exp_are_those_of_numpy(loss, last):
    with np.errstate(all="ignore"):
        (expected, _), (got, _) = gradients(
            spec_of(f"6-5-3 {last} {last}".replace("softmax", "tanh", 1), loss=loss), scale=1000
        )
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains_to_the_numbers_of_numpy(optimizer, dtype):
    dataset = blobs(rows=90, validation=30)
    results = [
        trained(
            spec_of(
                "2-8-3 tanh softmax",
                optimizer=optimizer,
                engine=engine,
                dtype=dtype,
                epochs=3,
                eta=0.02,
                regularizer={"l2": 0.01},
            ),
            dataset,
        )
        for engine in engines.ENGINES
    ]
    (numpy, records), (numba, others) = results
    start = begin(spec_of("2-8-3 tanh softmax", dtype=dtype), dataset).vector
    assert np.abs(numpy.vector - start).max() > 0.01
    close = 1e-4 if dtype == "float32" else 1e-11
    np.testing.assert_allclose(numba.vector, numpy.vector, rtol=close, atol=close)
    for name, slot in numpy.optimizer.items():
        np.testing.assert_allclose(numba.optimizer[name], slot, rtol=close, atol=close)
    assert others[-1]["validation_loss"] == pytest.approx(records[-1]["validation_loss"], 1e-3)


def test_every_activation_and_every_optimizer_but_sgd_is_compiled():
    assert set(kernels.KINDS) == set(ACTIVATIONS)
    assert set(kernel_updates.UPDATES) == set(OPTIMIZERS) - {"sgd"}


def pictures(rows):
    """Bytes of which nine in ten are zero, and three classes."""
    rng = np.random.default_rng(8)
    x = rng.integers(1, 256, (rows, 50)) * (rng.random((rows, 50)) < 0.1)
    y = rng.integers(0, 3, rows)
    x[:, 0] = 80 * y
    return replace(blobs(x=x.astype(np.uint8), y=y), scale=255.0)


ADAM = {"shape": "2-4-3 tanh softmax", "optimizer": "adam"}
SPARSE = {"shape": "50-37-3 relu softmax", "eta": 0.3}
PROBLEMS = [pytest.param(blobs, ADAM, id="adam"), pytest.param(pictures, SPARSE, id="sparse")]


@pytest.mark.parametrize(
    "shape", ["50-37-3 relu softmax", "50-3 sigmoid", "50-8-4-3 tanh elu softmax"]
)
def test_a_first_layer_that_skips_zeros_trains_to_the_numbers_of_numpy(shape):
    """Also where the last batch is short, and for rows of nothing but zeros."""
    dataset = pictures(135)
    dataset.splits["train"].x[:20] = 0
    dataset.splits["train"].x[20:40] = np.arange(50) % 13 == 0
    specs = [spec_of(shape, engine=engine, epochs=4, eta=0.5) for engine in engines.ENGINES]
    assert sparse.pick(specs[1], dataset)
    (numpy, records), (numba, others) = (trained(spec, dataset) for spec in specs)
    assert np.abs(numpy.vector - begin(specs[0], dataset).vector).max() > 0.1
    np.testing.assert_allclose(numba.vector, numpy.vector, rtol=1e-4, atol=1e-5)
    assert others[-1]["train_loss"] == pytest.approx(records[-1]["train_loss"], 1e-4)
    assert others[-1]["train_loss"] < 0.9 * others[0]["train_loss"]


@pytest.mark.parametrize(
    "keys",
    [
        {"optimizer": "momentum"},
        {"dtype": "float64"},
        {"regularizer": {"l2": 0.1}},
        {"regularizer": {"max_norm": 2}},
        {"average": {"decay": 0.9, "every": 2}},
        {"class_weight": "balanced"},
        {"gradient": "numerical"},
        {"batch_size": "full"},
        {"batch_size": 1000},
    ],
    ids=lambda keys: next(iter(keys)),
)
def test_where_more_than_the_gradient_changes_the_weights_no_zeros_are_skipped(keys):
    assert sparse.pick(spec_of("50-8-3 relu softmax"), pictures(30)) is not None
    assert sparse.pick(spec_of("50-8-3 relu softmax", **keys), pictures(30)) is None


def test_the_memory_that_it_takes_is_foretold():
    dataset, picked = pictures(300), sparse.pick(spec_of("50-8-3 relu softmax"), pictures(300))
    sizes = {
        engine: memory.of_training(spec_of("50-8-3 relu softmax", engine=engine), dataset)
        for engine in engines.ENGINES
    }
    rows = picked.places.nbytes + picked.values.nbytes
    assert sizes["numba"] - sizes["numpy"] == rows + sparse.NUMBA_MEMORY


def test_zeros_are_skipped_only_in_bytes_that_are_mostly_zero():
    spec, full = spec_of("2-8-3 relu softmax"), np.ones((30, 2), np.uint8)
    y = np.arange(30) % 3
    assert sparse.pick(spec, blobs(x=full, y=y)) is None
    few = np.where(np.arange(30) % 3, 0, full.T).T.astype(np.uint8)
    few[:, 1] = 0
    assert sparse.pick(spec, blobs(x=few, y=y)) is not None
    assert sparse.pick(spec, blobs(x=0 * full, y=y)) is None
    assert sparse.pick(spec, blobs(x=np.zeros((30, 2)), y=y)) is None


def test_a_network_that_skips_zeros_diverges_as_numpys_does():
    ends = []
    for engine in engines.ENGINES:
        spec = spec_of("50-8-3 relu identity", engine=engine, eta=1e18, epochs=3)
        state = begin(spec, pictures(700))
        with pytest.raises(DivergedError) as raised:
            trained(spec, pictures(700), state)
        ends.append((str(raised.value), state.epoch, state.batch))
        assert np.isfinite(state.vector).all()
    assert ends[0] == ends[1]
    assert ends[0][2] > 0


@pytest.mark.parametrize("stop_after", [1, 63, 64, 65, 100])
@pytest.mark.parametrize(("data", "keys"), PROBLEMS)
def test_stopping_and_going_on_gives_the_same_bytes(data, keys, stop_after):
    spec = spec_of(**keys, batch_size=2, engine="numba")
    dataset = data(240)
    whole, records = trained(spec, dataset)
    calls = iter(range(10**6))
    state, none = trained(spec, dataset, pause=lambda: next(calls) + 1 >= stop_after)
    assert (none, state.batch) == ([], stop_after)
    state, rest = trained(spec, dataset, state)
    assert rest == records
    assert state.vector.tobytes() == whole.vector.tobytes()


@pytest.mark.parametrize("seeds", [(0, 0, 0), (0, 1, 2)])
@pytest.mark.parametrize(("data", "keys"), PROBLEMS)
def test_each_of_a_stack_ends_with_the_bytes_that_it_has_alone(data, keys, seeds):
    dataset, etas = data(150), (0.001, 0.01, 1e30)
    specs = [
        spec_of(**keys | {"eta": eta}, engine="numba", epochs=2, seed=seed)
        for eta, seed in zip(etas, seeds, strict=True)
    ]
    members = [Member(spec, begin(spec, dataset)) for spec in specs]
    stack = Stack(members, dataset)
    assert bool(stack.step.picked) == (data is pictures)
    assert list(train_stack(stack))
    for spec, state in members:
        own = begin(spec, dataset)
        with suppress(DivergedError):
            trained(spec, dataset, own)
        assert state.vector.tobytes() == own.vector.tobytes()
        assert (state.epoch, state.batch) == (own.epoch, own.batch)


@pytest.mark.parametrize(
    "keys", [{}, {"optimizer": "adam"}, {"optimizer": "momentum", "dtype": "float64"}]
)
def test_all_is_compiled_before_training_begins(monkeypatch, keys):
    """What a kernel is compiled for are the types of its arguments, and how they lie in memory."""
    seen = set()

    def noted(kernel):
        def call(*arguments):
            seen.add((kernel.__name__, *map(numba.typeof, arguments)))
            kernel(*arguments)

        return call

    names = {kernels: ("between", "gather"), sparse: ("_pick", "_forward", "_backward")}
    for module, some in names.items():
        for name in some:
            monkeypatch.setattr(module, name, noted(getattr(module, name)))
    for name, update in kernel_updates.UPDATES.items():
        monkeypatch.setitem(kernel_updates.UPDATES, name, noted(update))
    spec = spec_of("50-6-3 relu softmax", engine="numba", batch_size=7, **keys)
    rehearse(spec)
    rehearsed = frozenset(seen)
    seen.clear()
    dataset = pictures(30)
    dataset.splits["train"].x.flags.writeable = False
    trained(spec, dataset)
    assert len(seen) >= 3
    assert seen <= rehearsed


@pytest.mark.parametrize(
    ("shape", "keys"),
    [
        ("2-4-3 relu softmax", {"class_weight": "balanced"}),
        ("2-900-3 relu softmax", {"batch_size": 60}),
    ],
)
def test_what_the_engine_has_no_calls_for_is_left_to_numpy(shape, keys):
    dataset = blobs(rows=60)
    (numpy, _), (numba, _) = (
        trained(spec_of(shape, engine=engine, **keys), dataset) for engine in engines.ENGINES
    )
    assert numba.vector.tobytes() == numpy.vector.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["uint8", "float64"])
def test_rows_are_gathered_to_the_bits_of_numpy(dtype, kind):
    rng = np.random.default_rng(0)
    x, rows = rng.integers(0, 256, (20, 9)).astype(kind), rng.permutation(20)[:8]
    out = [np.empty((8, 9), dtype) for _ in engines.ENGINES]
    for engine, room in zip(engines.ENGINES, out, strict=True):
        engines.load(engine).gather(x, rows, 255.0, room)
    assert out[0].tobytes() == out[1].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_fades_is_cleared_and_what_is_not_finite_stays(dtype):
    values = np.array([1e-37, -1e-35, 1e-33, -2, 0, np.nan, -np.inf], dtype)
    kernels._clear_smallest(values)
    np.testing.assert_array_equal(values, np.array([0, 0, 1e-33, -2, 0, np.nan, -np.inf], dtype))
