"""Targets far from 0 beside their spread: figures compare with them as the data hold them, whatever the network's type
rounds them to, in records, in a stack, after a checkpoint, and beside a divergence."""

import json

import numpy as np
import pytest
from sklearn.metrics import r2_score
from support import blobs, spec_of

from nncli import fit
from nncli.errors import DivergedError, SpecError
from nncli.network.baselines import mean_target
from nncli.network.metrics import RegressionTally
from nncli.runs import archive, checkpoint
from nncli.training import loop
from nncli.training.stack import Member, Stack, train_stack
from nncli.training.trainer import Trainer


@pytest.mark.parametrize(
    ("offset", "deviation", "error", "before", "expected"),
    [(1.7e9, 1.0, 0.16, 0.998, -0.026), (1e8, 1.0, 0.92, 0.453, -0.846), (0.1, 0.0, 1e-9, -1.5e17, 0.0)],
)  # fmt: skip
def test_r_squared_is_no_difference_of_large_sums(offset, deviation, error, before, expected):
    """`before` is about what sums of squares about 0 gave."""
    rng = np.random.default_rng(1)
    y = offset + deviation * rng.standard_normal((1000, 1))
    answers = y.mean() + error * rng.standard_normal((1000, 1))
    tally = RegressionTally()
    for start in range(0, 1000, 250):
        rows = slice(start, start + 250)
        tally.add(np.zeros(250), answers[rows], y[rows], "identity", batch=50)
    r2 = tally.figures()["r2"]
    assert r2 == pytest.approx(expected, abs=0.05)
    assert abs(r2 - before) > 0.4
    if deviation:
        assert r2 == pytest.approx(r2_score(y, answers), rel=1e-9)


def test_a_target_that_never_varies_is_predicted_or_not():
    y = np.full((30, 1), 0.1)
    assert mean_target(y, y) == {"rmse": 0, "mae": 0, "r2": 1}
    tally = RegressionTally()
    tally.add(np.zeros(30), y + 1e-9, y, "identity", batch=30)
    assert tally.figures()["r2"] == 0
    assert tally.figures()["r2"] <= mean_target(y, y + 1.0)["r2"]


def far(rows=60):
    rng = np.random.default_rng(2)
    return blobs(x=rng.standard_normal((rows, 2)), y=1.7e9 + rng.standard_normal((rows, 2)))


START = np.array([0, 0, 0, 0, 1.7e9, 1.7e9])
"""W1 and b1 that answer the number around which the targets lie, which float32 holds."""


def expected_figures(dataset):
    y, said = dataset.splits["train"].y, 1.7e9
    errors = said - y
    return {
        "train_loss": np.square(errors).mean(),
        "train_rmse": np.sqrt(np.square(errors).mean()),
        "train_mae": np.abs(errors).mean(),
        "train_r2": r2_score(y, np.full_like(y, said)),
    }


@pytest.mark.parametrize("track", [[], ["train"]])
@pytest.mark.parametrize("stacked", [False, True])
def test_records_compare_with_targets_as_the_data_hold_them(stacked, track):
    """In float32 all of these targets are the same number; the figures would say that nothing is wrong."""
    dataset = far()
    spec = spec_of("2-2 identity", eta=1e-30, batch_size=7, track=track)
    state = loop.start(spec, dataset, START.astype("float32"))
    if stacked:
        members = [
            Member(spec, state),
            Member(spec, loop.start(spec, dataset, state.vector.copy())),
        ]
        record = next(train_stack(Stack(members, dataset))).outcome
    else:
        (record,) = loop.train(Trainer.of(spec, dataset, state))
    figures = {name: record[name] for name in expected_figures(dataset)}
    assert figures == pytest.approx(expected_figures(dataset), rel=1e-9)


def test_what_was_trained_before_a_divergence_is_counted_by_the_same_targets():
    """The replay of a block, batch by batch."""
    dataset = far()
    spec = spec_of("2-2 identity", eta=1e-30, batch_size=7, sampling="sequential")
    broken = dataset.splits["train"].x
    broken[30:] = 1e38
    state = loop.start(spec, dataset, START.astype("float32") + np.float32(10))
    with pytest.raises(DivergedError, match="batch 5"):
        list(loop.train(Trainer.of(spec, dataset, state)))
    y = dataset.splits["train"].y[:28]
    assert state.tally.rows == 28
    assert state.tally.center.tolist() == y[0].tolist()
    assert state.tally.target_squared == pytest.approx(np.square(y - y[0]).sum(axis=0))


@pytest.mark.parametrize("batches", [0, 3])
def test_a_checkpoint_of_an_earlier_version_goes_on(tmp_path, batches):
    """Its sums are about 0, and so are those that come after."""
    rng = np.random.default_rng(3)
    dataset = blobs(x=rng.standard_normal((60, 2)), y=5 + rng.standard_normal((60, 2)))
    spec = spec_of("2-2 identity", batch_size=10)
    (straight,) = loop.train(Trainer.of(spec, dataset, loop.start(spec, dataset, np.zeros(6, "float32"))))  # fmt: skip
    state = loop.start(spec, dataset, np.zeros(6, "float32"))
    stops = iter([False] * (batches - 1) + [True])
    if batches:
        list(loop.train(Trainer.of(spec, dataset, state), pause=lambda: next(stops)))
    path = tmp_path / "checkpoint.npz"
    checkpoint.write(path, state, records=0)
    arrays = archive.unpack(path.read_bytes(), path)
    meta = json.loads(arrays["meta"].tobytes())
    sums, y = meta["tally"], dataset.splits["train"].y
    order = Trainer.of(spec, dataset, state).order(1)[: 10 * batches]
    if batches:
        sums["target"] = y[order].sum(axis=0).tolist()
        sums["target_squared"] = np.square(y[order]).sum(axis=0).tolist()
    del sums["center"]
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    path.write_bytes(archive.pack(arrays))
    again = loop.start(spec, dataset, np.zeros(6, "float32"))
    trainer = Trainer.of(spec, dataset, again)
    checkpoint.restore(path, again, trainer.length, 2)
    (record,) = loop.train(trainer)
    figures = {name: value for name, value in record.items() if name.startswith("train_")}
    assert figures == pytest.approx({name: straight[name] for name in figures}, rel=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_that_would_become_infinite_are_refused(dtype):
    largest = {"float32": 1e39, "float64": 1e151}[dtype]
    spec = spec_of("2-2 identity", dtype=dtype)
    x, y = np.zeros((4, 2)), np.zeros((4, 2))
    y[2, 1] = -largest
    with pytest.raises(SpecError, match=f"data: has targets up to .* too large for {dtype}"):
        fit.check(spec, blobs(x=x, y=y), None)
    if dtype == "float32":
        with pytest.raises(SpecError, match=r"data: has inputs up to 1e.39 in the train rows"):
            fit.check(spec, blobs(x=y, y=x), None)
    fit.check(spec, blobs(x=x, y=y / 10), None)


def test_targets_that_float32_rounds_are_warned_of():
    def warned(dataset, **keys):
        return list(fit.warnings(spec_of("2-2 identity", **keys), dataset))

    lines = warned(far())
    assert len(lines) == 2
    assert lines[0].startswith(
        "dtype: is float32, which rounds targets of 1.7e+09 to multiples of 128"
    )
    assert warned(far(), dtype="float64") == []
    constant = blobs(x=np.zeros((30, 2)), y=np.full((30, 2), 0.1))
    assert warned(constant) == []
