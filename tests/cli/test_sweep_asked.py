"""A sweep answers what its last command asked: earlier trials are used again, and shown where that is asked for."""

import json
from pathlib import Path

import pytest
from listed import Told, write_sweep

from nncli.report.swept import Swept
from nncli.sweep import reading
from nncli.sweep.grid import trial_id


@pytest.fixture
def regression(nncli):
    """The small experiment, so that a large eta diverges."""
    text = Path("spec.yaml").read_text().replace("tanh", "identity")
    Path("spec.yaml").write_text(text.replace("softmax", "identity"))
    return nncli


def sweep(nncli, *grid: str, exit_code: int = 0):
    words = [word for one in grid for word in ("--grid", one)]
    result = nncli("sweep", "spec.yaml", *words, "--json", "--workers", "1")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout), result.stderr


def folder() -> Path:
    (path,) = Path("runs").glob("spec-sweep-*")
    return path


def etas(told) -> list[float]:
    return sorted({trial["point"]["eta"] for trial in told})


def test_another_grid_is_another_question(nncli):
    sweep(nncli, "eta=0.1,0.5", "seed=0,1,2")
    told, said = sweep(nncli, "eta=0.2", "seed=7")
    assert said.startswith(f"1 trial, 1 to run, on 1 worker: {folder()}")
    assert f"6 trials of earlier commands left out. With them: nncli show {folder()} --all" in said
    assert (etas(told["trials"]), told["settings"]) == ([0.2], [])
    assert etas(told["earlier"]) == [0.1, 0.5]
    assert told["best"] == trial_id({"eta": 0.2, "seed": 7})
    shown = nncli("show", folder())
    assert "1 trial: 1 finished" in shown.stdout
    assert "6 trials of earlier commands" in shown.stderr
    every = nncli("show", folder(), "--all")
    assert "7 trials: 7 finished" in every.stdout
    assert "earlier commands" not in every.stderr


def test_what_was_asked_for_again_is_not_trained_again(nncli):
    sweep(nncli, "eta=0.1,0.5")
    before = {path: path.stat().st_mtime_ns for path in folder().rglob("weights.npz")}
    sweep(nncli, "eta=0.2")
    told, said = sweep(nncli, "eta=0.1,0.2")
    assert said.startswith("2 trials, 0 to run")
    assert (etas(told["trials"]), etas(told["earlier"])) == ([0.1, 0.2], [0.5])
    after = {path: path.stat().st_mtime_ns for path in folder().rglob("weights.npz")}
    assert before.items() < after.items()


def test_every_trial_that_was_asked_for_diverged(regression):
    sweep(regression, "eta=0.01")
    told, _ = sweep(regression, "eta=1e300,1e299", exit_code=3)
    assert (told["best"], etas(told["trials"])) == (None, [1e299, 1e300])
    result = regression("eval", folder())
    assert (result.exit_code, "no trial has finished: 2 diverged" in result.stderr) == (2, True)
    assert "best:" not in regression("show", folder()).stdout


def test_pictures_and_pages_have_the_columns_of_the_last_grid(nncli):
    sweep(nncli, "eta=0.1,0.5", "seed=0,1")
    sweep(nncli, "eta=0.2,0.3", "batch_size=10,20")
    swept = Swept(folder())
    assert {key.name: key.values for key in swept.keys} == {
        "eta": (0.2, 0.3),
        "batch_size": (10, 20),
    }
    assert len(swept.rows) == 4
    assert len(Swept(folder(), every=True).rows) == 8
    result = nncli("plot", folder(), "--only", "sweep")
    assert "4 trials of earlier commands left out. With them: nncli plot" in result.stderr
    page = Path(nncli("report", folder()).stdout.strip()).read_text()
    assert "Sweep of 4 trials" in page
    assert "4 trials of earlier commands left out" in page
    page = Path(nncli("report", folder(), "--all").stdout.strip()).read_text()
    assert "Sweep of 8 trials" in page
    assert len(json.loads(nncli("compare", folder(), "--json").stdout)["runs"]) == 4
    assert len(json.loads(nncli("compare", folder(), "--json", "--all").stdout)["runs"]) == 8


def test_a_name_tells_two_questions_apart(nncli):
    def named(name: str, grid: str):
        return nncli("sweep", "spec.yaml", "--name", name, "--grid", grid, "--workers", "1")

    assert named("lr", "eta=0.1,0.5").exit_code == 0
    assert named("sizes", "batch_size=10,20").exit_code == 0
    result = named("lr", "eta=0.1,0.5,0.2")
    assert "3 trials, 1 to run" in result.stderr
    folders = sorted(Path("runs").iterdir())
    assert [path.name.rpartition("-")[0] for path in folders] == ["lr-sweep", "sizes-sweep"]
    assert [len(reading.look(path).trials) for path in folders] == [3, 2]
    for name in ("", "a/b", "x" * 101):
        result = named(name, "eta=1")
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert result.stderr.startswith("error: --name: name: is ")


def test_in_a_sweep_of_an_earlier_version_all_trials_were_asked_for(tmp_path):
    path = write_sweep(tmp_path, [Told({"eta": eta}, eta) for eta in (0.1, 0.2)])
    for every in (False, True):
        study = reading.open_sweep(path, every)
        assert (len(study.trials), study.earlier, study.command) == (2, (), ())


def test_going_on_asks_the_same_again(nncli, monkeypatch):
    def ask(*words: str) -> None:
        monkeypatch.setattr("sys.argv", ["/bin/nncli", "sweep", "spec.yaml", *words])
        assert nncli("sweep", "spec.yaml", *words).exit_code == 0

    ask("--grid", "eta=0.1,0.2")
    ask("--grid", "eta=0.2")
    listing = json.loads((folder() / "sweep.json").read_text())
    assert listing["command"][1:] == ["sweep", "spec.yaml", "--grid", "eta=0.2"]
    (trial,) = listing["trials"]
    trial |= {"status": "interrupted"}
    (folder() / "sweep.json").write_text(json.dumps(listing))
    assert reading.going_on(reading.open_sweep(folder())) == "nncli sweep spec.yaml --grid eta=0.2"
    for word in ("\x1b[31mx.yaml", "a\nb", "tcp://elsewhere:8786"):
        listing["command"][2] = word
        (folder() / "sweep.json").write_text(json.dumps(listing))
        offered = reading.going_on(reading.open_sweep(folder()))
        assert offered == "the same `nncli sweep` command"


def test_what_halving_stopped_among_others_is_decided_again(nncli):
    def halved(grid: str):
        words = ("--grid", grid, "--halving", "1", "--keep", "0.3", "--workers", "1", "--json")
        result = nncli("sweep", "spec.yaml", *words)
        assert result.exit_code == 0, result.output
        return {
            trial["point"]["eta"]: trial["status"] for trial in json.loads(result.stdout)["trials"]
        }

    first = halved("eta=0.001,0.002,0.5")
    assert first == {0.001: "stopped", 0.002: "stopped", 0.5: "finished"}
    assert halved("eta=0.001,0.002,0.5") == first
    assert sorted(halved("eta=0.001,0.002").values()) == ["finished", "stopped"]
