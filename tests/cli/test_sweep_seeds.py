"""`nncli sweep` over seeds: a row for each setting, with mean and spread."""

import json
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

import pytest

from nncli.sweep.grid import trial_id
from nncli.sweep.settings import settings_of
from nncli.sweep.study import Study, Trial

SEEDS = ["--grid", "eta=0.01,0.5", "--grid", "seed=0,1,2"]


def test_a_row_for_each_setting(nncli):
    result = nncli("sweep", "spec.yaml", *SEEDS)
    assert result.exit_code == 0, result.output
    found = json.loads(nncli("sweep", "spec.yaml", *SEEDS, "--json").stdout)
    by_eta = {
        eta: [one["figures"] for one in found["trials"] if one["point"]["eta"] == eta]
        for eta in (0.01, 0.5)
    }
    assert [setting["point"] for setting in found["settings"]] == [{"eta": 0.5}, {"eta": 0.01}]
    for setting in found["settings"]:
        figures = by_eta[setting["point"]["eta"]]
        assert (setting["seeds"], setting["finished"], len(setting["trials"])) == (3, 3, 3)
        for key in ("test_accuracy", "test_loss", "train_loss"):
            values = [one[key] for one in figures]
            assert setting["mean"][key] == pytest.approx(fmean(values))
            assert setting["std"][key] == pytest.approx(stdev(values))
            assert setting["sem"][key] == pytest.approx(stdev(values) / sqrt(3))
    header, first, second, *rest = result.stdout.splitlines()
    assert header.split()[:3] == ["eta", "seeds", "train"]
    assert "status" not in header
    best = found["settings"][0]
    mean = f"{best['mean']['test_accuracy']:.2%} ± {best['sem']['test_accuracy']:.2%}"
    assert first.startswith("0.5")
    assert first.endswith("best")
    assert "3 of 3" in first
    assert mean in first
    assert second.startswith("0.01")
    assert "mean ± standard error (s / sqrt(n)) over the seeds that finished" in rest
    assert f"best: eta=0.5  test accuracy {mean} over 3 seeds" in rest
    trial = next(one for one in found["trials"] if one["id"] == found["best"])
    assert trial["point"]["eta"] == 0.5
    assert any(
        line.startswith("its best seed: eta=0.5 seed=") and found["best"] in line for line in rest
    )


def test_each_shows_the_trials(nncli):
    result = nncli("sweep", "spec.yaml", *SEEDS, "--each")
    header, *rows = result.stdout.splitlines()
    assert header.split()[:4] == ["eta", "seed", "status", "epoch"]
    assert sum(row.split()[2:3] == ["finished"] for row in rows) == 6
    assert [row.split()[0] for row in rows[:6]] == ["0.5"] * 3 + ["0.01"] * 3
    assert [row.endswith("best") for row in rows[:6]] == [True] * 3 + [False] * 3


def test_one_seed_is_a_trial_as_any_other(nncli):
    result = nncli("sweep", "spec.yaml", "--grid", "eta=0.01,0.5", "--grid", "seed=3")
    assert result.stdout.splitlines()[0].split()[:4] == ["eta", "seed", "status", "epoch"]
    assert json.loads(next(Path("runs").glob("*/sweep.json")).read_text())["settings"] == []


def test_nothing_but_seeds(nncli):
    result = nncli("sweep", "spec.yaml", "--grid", "seed=0,1")
    assert result.stdout.splitlines()[0].split()[0] == "seeds"
    assert "2 of 2" in result.stdout
    assert "best: seed=" in result.stdout


def test_a_seed_that_diverges_is_counted(nncli):
    text = Path("spec.yaml").read_text().replace("tanh", "identity")
    Path("spec.yaml").write_text(text.replace("softmax", "identity"))
    result = nncli("sweep", "spec.yaml", "--grid", "eta=0.01,1e300", "--grid", "seed=0,1")
    assert result.exit_code == 0, result.output
    _, first, second, *_ = result.stdout.splitlines()
    assert first.split()[:4] == ["0.01", "2", "of", "2"]
    assert second.split()[:6] == ["1e+300", "0", "of", "2,", "2", "diverged"]


def trial(eta: float, seed: int, accuracy: float | None, status: str = "finished") -> Trial:
    point = {"eta": eta, "seed": seed}
    figures = None if accuracy is None else {"test_accuracy": accuracy, "test_loss": 1 - accuracy}
    return Trial(trial_id(point), point, Path(), status=status, figures=figures)


def order(*trials: Trial) -> list[float]:
    study = Study(Path(), trials)
    return [one.point["eta"] for one in settings_of(study.trials, study.metric)]


def test_the_best_mean_is_first_not_the_best_trial():
    trials = [trial(1, 0, 0.99), trial(1, 1, 0.5), trial(2, 0, 0.8), trial(2, 1, 0.9)]
    assert order(*trials) == [2, 1]
    study = Study(Path(), tuple(trials))
    assert study.best.point == {"eta": 2, "seed": 1}
    assert study.ranking()[0] == study.best


def test_a_setting_whose_seeds_did_not_all_finish_comes_behind():
    assert order(
        trial(1, 0, 0.99),
        trial(1, 1, 0.1, "diverged"),
        trial(2, 0, 0.4),
        trial(2, 1, 0.5),
        trial(3, 0, None, "failed"),
        trial(3, 1, None, "waiting"),
        trial(4, 0, 0.995),
        trial(4, 1, None, "interrupted"),
    ) == [2, 4, 1, 3]


def test_the_mean_is_of_what_finished_and_one_has_no_spread():
    study = Study(Path(), (trial(1, 0, 0.9), trial(1, 1, 0.1, "diverged")))
    (setting,) = study.settings
    assert (setting.mean("test_accuracy"), setting.standard_error("test_accuracy")) == (0.9, None)
    assert setting.as_json(["test_accuracy"]) == {
        "point": {"eta": 1},
        "seeds": 2,
        "finished": 1,
        "mean": {"test_accuracy": 0.9},
        "std": {"test_accuracy": None},
        "sem": {"test_accuracy": None},
        "trials": [one.id for one in study.trials],
    }


def test_trials_of_an_earlier_sweep_without_seeds_stand_apart():
    alone = {"eta": 1}
    earlier = Trial(trial_id(alone), alone, Path(), status="finished")
    study = Study(Path(), (trial(1, 0, 0.9), trial(1, 1, 0.8), earlier))
    assert [len(setting.trials) for setting in study.settings] == [2, 1]
