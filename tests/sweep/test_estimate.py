"""How long a sweep takes: what the guess follows from, that it is cheap, and that it writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import blobs, spec_of

from nncli.network.params import count
from nncli.runs import rundir
from nncli.spec.dump import plain_spec
from nncli.spec.sweeps import HalvingSpec
from nncli.sweep import estimate as estimates
from nncli.sweep.estimate import Estimate, TimeLeft, estimate, work
from nncli.sweep.study import Study, Trial

DATA = blobs(rows=120, test=40)
SHAPE = "2-8-3 tanh softmax"


def trial(number: int, path: Path = Path("nowhere"), status: str = "waiting", **keys) -> Trial:
    spec = spec_of(keys.pop("shape", SHAPE), track=["test"], threads=1, **keys)
    return Trial(f"{number:012x}", {"eta": number}, path / str(number), spec, status)


def study_of(*trials: Trial) -> Study:
    return Study(Path("nowhere"), trials)


@pytest.mark.parametrize(
    "keys",
    [
        {"epochs": 30},
        {"epochs": 3000, "batch_size": "full"},
        {"epochs": None, "iterations": 1000},
        {"epochs": 5, "eta": 1e300},
        {"epochs": 5, "optimizer": "adam", "regularizer": {"max_norm": 1}, "average": {}},
        {"epochs": 5, "schedule": {"name": "plateau", "monitor": "test_loss"}},
        {"epochs": 5, "early_stopping": {"monitor": "test_loss"}, "dtype": "float64"},
        {"epochs": 5, "shape": "2-4000-4000-3 relu relu softmax"},
    ],
)
def test_steps_are_timed_and_nothing_is_written(tmp_path, monkeypatch, keys):
    monkeypatch.chdir(tmp_path)
    found = estimate(study_of(trial(1, **keys), trial(2, **keys)), DATA, workers=2)
    assert found is not None
    assert found.seconds > estimates.STARTUP
    assert str(found).endswith(", by a few timed steps")
    assert list(tmp_path.iterdir()) == []


def test_the_timing_is_short():
    many = study_of(*(trial(i, epochs=100, seed=i) for i in range(200)))
    took = []
    for _ in range(5):
        begun = datetime.now(UTC)
        estimate(many, DATA, workers=2)
        took.append((datetime.now(UTC) - begun).total_seconds())
    assert min(took) < 0.2


def test_the_state_of_the_parent_stays_as_it_is():
    spec = trial(1).spec
    before = {name: split.x.copy() for name, split in DATA.splits.items()}
    estimate(study_of(trial(1)), DATA, workers=1)
    assert spec == trial(1).spec
    assert all((DATA.splits[name].x == x).all() for name, x in before.items())


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [trial(1, gradient="numerical")],
        [trial(1, shape="5-8-3 tanh softmax")],  # not the width of the data
        [trial(1, early_stopping={"monitor": "validation_loss"})],
    ],
)
def test_where_nothing_tells_nothing_is_said(trials):
    found = estimate(study_of(*trials), DATA, workers=2)
    assert found is None or found.seconds == estimates.STARTUP


def test_without_shared_data_only_finished_trials_tell():
    assert estimate(study_of(trial(1)), None, workers=2) is None


def test_a_large_network_is_timed_by_a_narrow_one():
    large = spec_of("2-4000-4000-3 relu relu softmax")
    narrow = estimates._narrow(large)
    assert estimates.WEIGHTS / 2 < count(narrow.architecture) < 1.1 * estimates.WEIGHTS
    assert (narrow.architecture[0].input_dim, narrow.architecture[-1].output_dim) == (2, 3)
    assert narrow.architecture[1].input_dim == narrow.architecture[0].output_dim
    small = spec_of(SHAPE)
    assert estimates._narrow(small) is small


START = datetime(2026, 1, 1, tzinfo=UTC)


def finished(
    path: Path, number: int, began: float, ended: float, pid: int = 1, changes=()
) -> Trial:
    """A trial whose run says when it was trained, in seconds from some moment."""
    one = trial(number, path, "finished", epochs=10)
    words = ("cpu", "name", "nncli", "numpy", "platform", "python", "blas")
    times = [(START + timedelta(seconds=at)).isoformat() for at in (began, ended)]
    run = {
        **dict.fromkeys(words, "x"),
        "format": 1,
        "status": "finished",
        "started": times[0],
        "ended": times[1],
        "host": estimates.gethostname(),
        "pid": pid,
        "command": [],
        "sessions": [],
        "cores": 2,
        "threads": 1,
        "parameters": 1,
        "data": {"sha256": "0", "sampled": False},
        "spec": plain_spec(one.spec),
    }
    one.path.mkdir(parents=True)
    rundir.write_json(one.path / rundir.RUN, run | dict(changes))
    summary = {"format": 1, "status": "finished", "epochs": 10, "seconds": 0.1}
    rundir.write_json(one.path / rundir.SUMMARY, summary | {"final": {}, "best": {}})
    return one


def test_finished_trials_tell(tmp_path):
    done = [finished(tmp_path, 1, 0, 10), finished(tmp_path, 2, 10, 20)]
    found = estimate(study_of(*done, trial(3, epochs=10)), DATA, workers=1)
    assert found.seconds == pytest.approx(estimates.STARTUP + estimates.EACH + 10)
    assert found.basis == "what finished trials took"
    twice = estimate(study_of(*done, trial(3, epochs=20)), None, workers=1)
    assert twice.seconds == pytest.approx(estimates.STARTUP + estimates.EACH + 20)


@pytest.mark.parametrize(
    ("others", "seconds"),
    [
        ([(0, 10, 1)], 5),  # in lockstep: two in ten seconds
        ([(0, 10, 2)], 10),  # beside it, in a worker of its own
        ([(5, 15, 1)], 7.5),
        ([(20, 30, 1)], 10),  # a pause between them does not count
        ([(2, 3, 1), (20, 23, 1)], 13 / 3),
    ],
)
def test_a_worker_may_train_several_at_a_time(tmp_path, others, seconds):
    done = [finished(tmp_path, 0, 0, 10)]
    done += [finished(tmp_path, i, *times) for i, times in enumerate(others, 1)]
    found = estimate(study_of(*done, trial(9, epochs=10)), DATA, workers=1)
    assert found.seconds == pytest.approx(estimates.STARTUP + estimates.EACH + seconds)


@pytest.mark.parametrize("changes", [{"host": "elsewhere"}, {"sessions": [{}]}, {"ended": None}])
def test_trials_that_tell_nothing(tmp_path, changes):
    done = finished(tmp_path, 1, 0, 1000, changes=changes)
    assert estimate(study_of(done, trial(2)), DATA, workers=1).basis == "a few timed steps"


def test_workers_share_what_is_to_do(tmp_path):
    done = finished(tmp_path, 1, 0, 10)
    todo = [trial(i, epochs=10) for i in range(2, 6)]
    alone = estimate(study_of(done, *todo), DATA, workers=1).seconds - estimates.STARTUP
    shared = estimate(study_of(done, *todo), DATA, workers=2).seconds - estimates.STARTUP
    assert alone == pytest.approx(2 * shared)


def test_the_slowest_worker_ends_it():
    assert estimates._makespan([3, 1, 1, 1], 2) == 3
    assert estimates._makespan([1, 1, 5], 2) == 6
    assert estimates._makespan([], 2) == 0


def test_what_is_done_of_a_trial_is_not_done_again(tmp_path):
    done = finished(tmp_path, 1, 0, 10)
    half = replace(trial(2, epochs=10, status="interrupted"), figures={"epoch": 5})
    found = estimate(study_of(done, half), DATA, workers=1)
    assert found.seconds == pytest.approx(estimates.STARTUP + estimates.EACH + 5)


@pytest.mark.parametrize(
    ("rungs", "keep", "trials", "share"),
    [
        ((1, 3, 9, 30), 1 / 3, 9, (9 * 1 + 3 * 2 + 6 + 21) / 270),
        ((1, 3, 9), 1 / 3, 9, (9 * 1 + 3 * 2 + 6 + 21) / 270),
        ((30,), 0.5, 4, 1),
        ((15,), 0.5, 3, (3 * 15 + 2 * 15) / 90),
    ],
)
def test_halving_leaves_a_share(rungs, keep, trials, share):
    halved = HalvingSpec(rungs=rungs, keep=keep)
    todo = [trial(i, epochs=30) for i in range(trials)]
    assert estimates._after_halving(halved, [one.spec for one in todo]) == pytest.approx(share)


def test_halving_shortens_the_estimate_and_what_is_left(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(estimates, "monotonic", lambda: now[0])
    halved = HalvingSpec(rungs=(5,), keep=0.5)
    done = finished(tmp_path, 1, 0, 10)
    study = study_of(done, trial(2, epochs=10), trial(3, epochs=10))
    found = estimate(study, DATA, workers=1, halved=halved)
    assert found.seconds == pytest.approx(estimates.STARTUP + 0.75 * 20, rel=0.01)
    left = TimeLeft(study, DATA, found, halved)
    now[0] += 10
    at_rung = [replace(one, status="stopped", figures={"epoch": 5}) for one in study.trials[1:]]
    going = replace(at_rung[0], status="running")
    assert left(study_of(done, going, at_rung[1])) == "about 5 s left"
    ended = replace(going, status="finished", figures={"epoch": 10})
    now[0] += 5
    assert left(study_of(done, ended, at_rung[1])) == "less than a second left"


def test_work_grows_with_all_that_takes_time():
    least = work(spec_of(SHAPE), DATA)
    for keys in (
        {"epochs": 2},
        {"batch_size": 1},
        {"track": ["test"]},
        {"gradient": "numerical"},
        {"epochs": None, "iterations": 100},
    ):
        assert work(spec_of(SHAPE, **keys), DATA) > least, keys
    assert work(spec_of("2-9-3 tanh softmax"), DATA) > least


def test_time_left_follows_the_estimate_then_the_speed(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(estimates, "monotonic", lambda: now[0])
    study = study_of(
        trial(1, epochs=10), trial(2, epochs=10), trial(3, Path("x"), "finished", epochs=10)
    )
    left = TimeLeft(study, DATA, Estimate(60, "a guess"))
    assert left(study) == "about 60 s left"
    now[0] += 20
    assert left(study) == "about 40 s left"
    now[0] += 50
    assert left(study) == ""  # it was wrong, and nothing else tells yet
    first, second, third = study.trials
    running = replace(first, status="running", figures={"epoch": 5})
    assert left(study_of(running, second, third)) == "about 4 min left"  # a quarter took 70 s
    ended = replace(first, status="diverged")
    assert left(study_of(ended, second, third)) == "about 70 s left"
    assert left(study_of(ended, replace(second, status="finished"), third)) == (
        "less than a second left"
    )
