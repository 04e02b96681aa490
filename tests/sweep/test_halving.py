"""Successive halving: the best go on from their checkpoints, with the bytes of trials that were never compared."""

import contextlib
import json
import shutil
from pathlib import Path

import dying
import halved
import pytest
from inline import Inline
from support import SPEC, same_bytes
from typer.testing import CliRunner, Result

from nncli.cli.app import app
from nncli.interrupts import Stop, asked_by
from nncli.runs.status import STATUSES
from nncli.sweep import halving, places, running
from nncli.sweep.study import Study, Trial

GRID = ("--grid", "eta=0.001,0.003,0.01,0.03,0.1,0.3,0.5,1,3")


def command(folder: Path, *words: str) -> Result:
    with contextlib.chdir(folder):
        return CliRunner().invoke(app, ["sweep", "spec.yaml", *GRID, "--workers", "1", *words])


def sweep(folder: Path, *words: str) -> dict:
    done = command(folder, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def make(folder: Path) -> Path:
    folder.mkdir()
    (folder / "spec.yaml").write_text(SPEC.replace("epochs: 3", "epochs: 6\nschedule: cosine"))
    return folder


def epochs(folder: Path, trial: dict) -> int:
    (path,) = folder.glob(f"runs/*/{trial['run']}/metrics.jsonl")
    return len(path.read_text().splitlines())


def test_the_best_of_each_rung_go_on_to_the_same_bytes(tmp_path):
    whole, halved = make(tmp_path / "whole"), make(tmp_path / "halved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "LocalWorkers", Inline)
        every = {trial["id"]: trial for trial in sweep(whole)["trials"]}
    listing = sweep(halved, "--halving", "1,3", "--keep", "0.34")
    lengths = [epochs(halved, trial) for trial in listing["trials"]]
    assert sorted(lengths) == [
        1,
        1,
        1,
        1,
        1,
        3,
        3,
        6,
        6,
    ]  # 9, ceil(9 x 0.34) = 4, ceil(4 x 0.34) = 2
    statuses = [trial["status"] for trial in listing["trials"]]
    assert statuses.count("finished") == 2
    assert statuses.count("stopped") == 7
    for trial in listing["trials"]:
        if trial["status"] == "finished":
            assert trial["figures"]["test_loss"] == every[trial["id"]]["figures"]["test_loss"]
            (one,), (other,) = (list(f.glob(f"runs/*/{trial['run']}")) for f in (whole, halved))
            same_bytes(one, other)
        else:
            assert "go on" in trial["reason"]
    best = [t["id"] for t in sorted(every.values(), key=lambda t: first(whole, t))]
    climbed = [t["id"] for t in listing["trials"] if epochs(halved, t) > 1]
    assert set(climbed) == set(best[:4])


def test_a_rung_without_figures_is_refused(tmp_path):
    folder = make(tmp_path / "a")
    done = command(folder, "--halving", "2,3", "--set", "record_every=2")
    assert done.exit_code == 2
    assert "rungs[1]: is 3, but figures are recorded every 2 epochs" in done.stderr
    assert not (folder / "runs").exists()


def first(folder: Path, trial: dict) -> tuple[float, float]:
    """How a trial stood after its first epoch: smaller is better."""
    (path,) = folder.glob(f"runs/*/{trial['run']}/metrics.jsonl")
    record = json.loads(path.read_text().splitlines()[0])
    return -record["test_accuracy"], record["test_loss"]


def test_the_same_command_goes_on_and_without_halving_all_are_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "LocalWorkers", Inline)
    folder = make(tmp_path / "a")
    first = sweep(folder, "--halving", "1,3", "--keep", "0.34")
    again = sweep(folder, "--halving", "1,3", "--keep", "0.34")
    assert again == first
    (listing,) = folder.glob("runs/*/sweep.json")
    listing.write_text(json.dumps(json.loads(listing.read_text()) | {"halving": None}))
    assert (
        sweep(folder, "--halving", "1,3", "--keep", "0.34") == first
    )  # each rung is decided again
    assert {t["status"] for t in sweep(folder)["trials"]} == {"finished"}


def test_the_seeds_of_a_setting_go_on_or_stop_together(monkeypatch):
    """A lucky seed does not outlast a better mean."""
    figures = {(1, 0): 0.95, (1, 1): 0.1, (2, 0): 0.7, (2, 1): 0.6, (3, 0): 0.2, (3, 1): 0.3}
    trials = [
        Trial(
            f"{eta}-{seed}",
            {"eta": eta, "seed": seed},
            Path(),
            status="interrupted",
            figures={"test_accuracy": figure},
        )
        for (eta, seed), figure in figures.items()
    ]
    monkeypatch.setattr(halving, "_at", lambda trial, rung: trial.figures)
    ended: list[Trial] = []
    study = halving.halve(Study(Path(), tuple(trials)), 1, 0.33, ended.append)
    going = [trial.point["eta"] for trial in study.trials if trial.status == "interrupted"]
    assert going == [2, 2]
    assert sorted(trial.reason for trial in ended) == [
        *["place 2 of 3 after epoch 1: 1 go on"] * 2,
        *["place 3 of 3 after epoch 1: 1 go on"] * 2,
    ]


QUESTIONS = (5, 25, 47, 65, 85)
"""After so many batches a sweep dies: in every rung, and behind each of them."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = halved.make(tmp_path_factory.mktemp("halved") / "undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "LocalWorkers", Inline)
        assert given(folder).exit_code == 0
    return folder


def given(folder: Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in halved.words(folder)])


def die(folder: Path, monkeypatch: pytest.MonkeyPatch, questions: int) -> bool:
    """The sweep dies once it has asked so often whether to stop; whether it lived so long."""
    with monkeypatch.context() as patch:
        patch.setattr(Stop, "__call__", dying.raising(dying.Killed, questions))
        try:
            given(folder)
        except dying.Killed:
            return True
    return False


def test_a_sweep_that_died_anywhere_comes_to_the_same_table_and_bytes(
    undisturbed, tmp_path, monkeypatch
):
    monkeypatch.setattr(places, "LocalWorkers", Inline)
    died = []
    for questions in QUESTIONS:
        folder = halved.make(tmp_path / str(questions))
        died.append(die(folder, monkeypatch, questions))
        assert given(folder).exit_code == 0
        halved.same_sweep(folder, undisturbed)
    assert died[:-1] == [True] * (len(died) - 1), "it ends before"


@pytest.mark.parametrize("status", [name for name, one in STATUSES.items() if one.again] + ["new"])
def test_however_a_trial_stands_it_counts_as_it_would_undisturbed(
    status, undisturbed, tmp_path, monkeypatch
):
    """The leader died in the last rung, past a checkpoint of every rung, and run.json says so or otherwise."""
    monkeypatch.setattr(places, "LocalWorkers", Inline)
    folder = halved.make(tmp_path / "a")
    best = halved.listing(undisturbed)["best"]
    shutil.copytree(undisturbed / "runs", folder / "runs")
    (run,) = folder.glob(f"runs/*/trials/{best}")
    kept = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(
        json.dumps(kept | {"status": status, "pid": 2**31 - 1, "weights_epoch": None})
    )
    (run / "summary.json").unlink()
    (run / "weights.npz").unlink()
    assert given(folder).exit_code == 0
    halved.drop_stale(folder)
    halved.same_sweep(folder, undisturbed)
    assert halved.listing(folder)["best"] == best


def test_no_rung_is_decided_without_a_trial_that_is_on_its_way(undisturbed, tmp_path, monkeypatch):
    """A worker was told to end: the sweep ends there, and the same command goes on."""
    monkeypatch.setattr(places, "LocalWorkers", Inline)
    folder = halved.make(tmp_path / "a")
    train = running.run_trials

    def told_to_end(*arguments):
        with asked_by(iter([False, False, True, *[True] * 1000]).__next__):
            return train(*arguments)

    monkeypatch.setattr(running, "run_trials", told_to_end)
    given(folder)
    statuses = {trial["status"] for trial in halved.listing(folder)["trials"]}
    assert statuses == {"interrupted", "waiting"}
    monkeypatch.undo()
    monkeypatch.setattr(places, "LocalWorkers", Inline)
    given(folder)
    halved.same_sweep(folder, undisturbed)
