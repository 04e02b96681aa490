"""Checkpoints hold everything that training needs to go on."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from support import blobs, spec_of

from nncli.errors import DamagedError
from nncli.network.params import count
from nncli.runs import archive, checkpoint
from nncli.training import loop
from nncli.training.state import Patience
from nncli.training.trainer import Trainer


def state_of(dataset, **keys):
    spec = spec_of("2-3 softmax", epochs=3, batch_size=10, **keys)
    vector = np.full(count(spec.architecture), 0.1, spec.dtype)
    state = loop.start(spec, dataset, vector)
    list(loop.train(Trainer.of(spec, dataset, state)))
    return state


def test_everything_is_in_it_and_the_same_state_is_the_same_bytes(tmp_path):
    dataset = blobs(rows=40, validation=10)
    keys = {
        "optimizer": "adam",
        "average": {"every": 2},
        "keep": "best",
        "schedule": {"name": "plateau", "patience": 1, "min_delta": 9.0},
    }
    state = state_of(dataset, **keys)
    checkpoint.write(tmp_path / "a.npz", state, records=3)
    checkpoint.write(tmp_path / "b.npz", state_of(dataset, **keys), records=3)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    position, arrays = checkpoint.read(tmp_path / "a.npz")
    assert (position.epoch, position.batch, position.stopped, position.records) == (3, 0, False, 3)
    assert position.best.epoch == state.best.epoch
    assert position.plateau.model_dump() == asdict(state.plateau)
    assert position.plateau.height < 1
    expected = {"vector": state.vector, "average": state.average, "best": state.best.vector}
    expected |= {f"optimizer.{name}": slot for name, slot in state.optimizer.items()}
    assert set(arrays) == set(expected)
    assert all(np.array_equal(arrays[name], expected[name]) for name in expected)


STOPPING = {"monitor": "validation_loss", "patience": 2, "min_delta": 9.0}


def position_changed(path, state, change):
    """A checkpoint of a state, with its position changed and its digest with it."""
    checkpoint.write(path, state, records=3)
    arrays = archive.unpack(path.read_bytes(), path)
    position = json.loads(arrays["meta"].tobytes())
    change(position)
    arrays["meta"] = np.frombuffer(json.dumps(position).encode(), np.uint8)
    path.write_bytes(archive.pack(arrays))


def put_back(path, dataset, **keys):
    """A fresh state of that training, restored."""
    spec = spec_of("2-3 softmax", epochs=3, batch_size=10, **keys)
    fresh = loop.start(spec, dataset, np.zeros(9, spec.dtype))
    length = Trainer.of(spec, dataset, fresh).length
    checkpoint.restore(path, fresh, length, 3)
    return fresh


def test_what_early_stopping_waits_on_comes_back(tmp_path):
    dataset = blobs(rows=40, validation=10)
    state = state_of(dataset, early_stopping=STOPPING)
    assert state.stopped
    assert (state.patience.since, state.best.epoch) == (1, 3)
    checkpoint.write(tmp_path / "a.npz", state, records=3)
    fresh = put_back(tmp_path / "a.npz", dataset, early_stopping=STOPPING)
    assert fresh.patience == state.patience
    with pytest.raises(DamagedError, match="belongs to a training with early stopping"):
        put_back(tmp_path / "a.npz", dataset, keep="best")


def test_in_checkpoints_of_earlier_versions_early_stopping_waits_on_the_best(tmp_path):
    dataset = blobs(rows=40, validation=10)
    state = state_of(dataset, early_stopping=STOPPING)
    position_changed(tmp_path / "a.npz", state, lambda position: position.pop("patience"))
    fresh = put_back(tmp_path / "a.npz", dataset, early_stopping=STOPPING)
    assert fresh.patience == Patience(state.best.value, state.best.epoch)


def test_without_early_stopping_a_checkpoint_is_as_earlier_versions_wrote_it(tmp_path):
    kept = state_of(blobs(rows=40, validation=10), keep="best")
    keys = []
    position_changed(tmp_path / "a.npz", kept, keys.extend)
    assert "best" in keys
    assert "patience" not in keys


def test_running_sums_of_a_regression_come_along(tmp_path):
    rng = np.random.default_rng(0)
    dataset = blobs(x=rng.standard_normal((40, 2)), y=rng.standard_normal((40, 3)))
    spec = spec_of("2-3 identity", epochs=1, batch_size=10)
    state = loop.start(spec, dataset, np.zeros(9, "float32"))
    stops = iter([False, True])
    list(loop.train(Trainer.of(spec, dataset, state), pause=lambda: next(stops)))
    checkpoint.write(tmp_path / "a.npz", state, records=0)
    position, _ = checkpoint.read(tmp_path / "a.npz")
    assert (position.batch, position.tally["rows"]) == (2, 20)
    assert position.tally["squared"] == state.tally.squared.tolist()


def test_running_sums_of_another_kind_are_refused(tmp_path):
    for classes, sums in [
        (True, {"rows": 20, "loss": 1.0, "correct": [3]}),
        (True, {"rows": 20, "loss": [1.0], "correct": 3}),
        (True, {"rows": -20, "loss": 1.0, "correct": 3}),
        (True, {"rows": 10**30, "loss": 1.0, "correct": 3}),
        (True, {"rows": 20, "loss": 1.0, "correct": 10**400}),
        (True, {"rows": 20, "loss": 1.0}),
        (False, {key: [1.0, 2.0] for key in SUMS} | {"rows": 20, "loss": 1.0}),
        (False, {key: [1.0] for key in SUMS} | {"rows": 20, "loss": 1.0}),
        (False, dict.fromkeys(SUMS, 1.0) | {"rows": 20, "loss": 1.0}),
    ]:
        with pytest.raises(DamagedError, match=r"running sums|meta"):
            restored(tmp_path, classes, tally=sums)


SUMS = ("squared", "absolute", "target", "target_squared")


def restored(folder, classes, **position):
    """The state in a checkpoint of two batches whose position was changed, its digest with it."""
    x = np.random.default_rng(0).standard_normal((40, 2))
    dataset = blobs(rows=40) if classes else blobs(x=x, y=np.ones((40, 3)))
    spec = spec_of(
        "2-3 softmax" if classes else "2-3 identity", epochs=1, batch_size=10, optimizer="adam"
    )
    state = loop.start(spec, dataset, np.zeros(9, "float32"))
    trainer = Trainer.of(spec, dataset, state)
    stops = iter([False, True])
    list(loop.train(trainer, pause=lambda: next(stops)))
    path = folder / "a.npz"
    checkpoint.write(path, state, records=0)
    arrays = archive.unpack(path.read_bytes(), path)
    meta = json.loads(arrays["meta"].tobytes()) | position
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    path.write_bytes(archive.pack(arrays))
    fresh = loop.start(spec, dataset, np.zeros(9, "float32"))
    checkpoint.restore(path, fresh, trainer.length, 3)
    return fresh


@pytest.mark.parametrize("classes", [True, False])
def test_running_sums_of_its_kind_come_back(tmp_path, classes):
    state = restored(tmp_path, classes)
    assert (state.batch, state.tally.rows) == (2, 20)


def test_what_is_not_finite_is_refused(tmp_path):
    dataset = blobs(rows=20)
    state = state_of(dataset)
    checkpoint.write(tmp_path / "a.npz", state, records=3)
    arrays = archive.unpack((tmp_path / "a.npz").read_bytes(), tmp_path)
    (tmp_path / "b.npz").write_bytes(archive.pack(arrays | {"vector": np.full(9, np.inf)}))
    with pytest.raises(DamagedError, match="vector holds numbers that are not finite"):
        checkpoint.read(tmp_path / "b.npz")
