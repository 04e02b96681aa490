"""A sweep that has been run, looked at: `show`, `runs`, `eval` and `plot` take its folder."""

import json
from pathlib import Path

import pytest
from listed import Told, write_sweep

ON_TEST = (
    "ranked by test accuracy, for want of validation figures: the test accuracy of the best is optimistic. "
    "Set data.validation or, where it is set, train anew with --fresh.\n"
)


@pytest.fixture
def sweep_path(nncli) -> Path:
    """A finished sweep of two rates."""
    result = nncli("sweep", "spec.yaml", "-q", "--workers", "1")
    assert result.exit_code == 0, result.output
    return Path(result.stdout.strip())


def test_show_is_the_ranking_and_what_was_swept(nncli, sweep_path):
    result = nncli("show", sweep_path)
    assert (result.exit_code, result.stderr) == (0, ON_TEST)
    lines = result.stdout.splitlines()
    assert lines[0] == str(sweep_path)
    assert lines[1].split(maxsplit=1) == ["eta", "0.001, 0.5"]
    assert "2 trials: 2 finished" in lines[2]
    assert "test accuracy" in lines[3]
    best = json.loads((sweep_path / "sweep.json").read_text())["best"]
    assert lines[-1] == f"best: eta=0.5  {sweep_path}/trials/{best}"
    ranked = [line.split()[:2] for line in lines[6:8]]
    assert ranked == [["0.5", "finished"], ["0.001", "finished"]]


def test_show_as_json(nncli, sweep_path):
    value = json.loads(nncli("show", sweep_path, "--json").stdout)
    told = json.loads((sweep_path / "sweep.json").read_text())
    assert value["trials"] == told["trials"]
    assert (value["metric"], value["best"]) == (told["metric"], told["best"])
    assert value["swept"] == {"eta": [0.001, 0.5]}
    assert (value["statuses"], value["go_on"]) == ({"finished": 2}, None)


def test_show_says_how_to_go_on(nncli, sweep_path):
    told = json.loads((sweep_path / "sweep.json").read_text())
    first, second = told["trials"]
    second |= {"status": "waiting", "figures": None}
    (sweep_path / "sweep.json").write_text(json.dumps(told))
    run = sweep_path / second["run"] / "run.json"
    info = json.loads(run.read_text()) | {"status": "running", "pid": 2**22 + 1}
    info["command"] = ["/bin/nncli", "sweep", "spec.yaml", "--fresh", "--grid", "eta=0.5, 0.001"]
    run.write_text(json.dumps(info))
    (sweep_path / second["run"] / "summary.json").unlink()
    result = nncli("show", sweep_path)
    assert "1 finished, 1 lost" in result.stdout, "its process is gone"
    command = "nncli sweep spec.yaml --grid 'eta=0.5, 0.001'"
    assert result.stderr == f"{ON_TEST}not all has been trained. Go on with: {command}\n"
    assert json.loads(nncli("show", sweep_path, "--json").stdout)["go_on"] == command
    assert "1 of 2" in nncli("runs").stdout
    assert nncli("eval", sweep_path, "-q").exit_code == 0
    for trial in (first, second):
        (sweep_path / trial["run"] / "run.json").unlink()
    assert "Go on with: the same `nncli sweep` command" in nncli("show", sweep_path).stderr


def test_show_of_what_went_wrong(nncli):
    path = write_sweep(Path("s"), [Told({"eta": 1, "a\x1b[2J": "x\ny"}, None, "failed")])
    told = json.loads((path / "sweep.json").read_text())
    told["trials"][0]["reason"] = "it broke\x1b[2J"
    (path / "sweep.json").write_text(json.dumps(told))
    result = nncli("show", path)
    assert result.exit_code == 0
    assert "it broke\\x1b[2J" in result.stdout
    assert "\x1b" not in result.stdout
    assert "best:" not in result.stdout
    result = nncli("eval", path)
    assert (result.exit_code, "no trial has finished: 1 failed" in result.stderr) == (2, True)
    (path / "sweep.json").write_text("{}")
    for command in ("show", "eval", "plot"):
        result = nncli(command, path)
        assert (result.exit_code, result.stdout) == (6, "")
        assert "sweep.json: is damaged" in result.stderr


def test_runs_lists_sweeps_too(nncli, sweep_path):
    lines = nncli("runs").stdout.splitlines()
    assert lines[0].startswith("sweep")
    assert sweep_path.name in lines[1]
    for word in ("2 of 2", "test accuracy", "eta=0.5"):
        assert word in lines[1]
    run = Path(nncli("train", "spec.yaml", "-q").stdout.strip())
    lines = nncli("runs").stdout.splitlines()
    assert [bool(line) for line in lines] == [True, True, False, True, True]
    assert run.name in lines[1]
    value = json.loads(nncli("runs", "--json").stdout)
    assert [entry["run"] for entry in value["runs"]] == [str(run)]
    (entry,) = value["sweeps"]
    assert (entry["sweep"], entry["done"], entry["trials"]) == (str(sweep_path), 2, 2)
    assert entry["best"]["point"] == {"eta": 0.5}
    (sweep_path / "sweep.json").write_text("{")
    result = nncli("runs")
    assert result.exit_code == 0
    assert f"warning: {sweep_path}: cannot be read as a sweep" in result.stderr
    assert run.name in result.stdout


def test_eval_takes_the_best_trial_and_says_which(nncli, sweep_path):
    best = json.loads((sweep_path / "sweep.json").read_text())["trials"][0]
    result = nncli("eval", sweep_path)
    trial = sweep_path / best["run"]
    said = f"the best trial of {sweep_path}, by test accuracy: eta=0.5  {trial}\n"
    assert result.stderr == said + ON_TEST
    assert result.stdout == nncli("eval", trial).stdout
    value = json.loads(nncli("eval", sweep_path, "--json").stdout)
    assert (value["run"], value["accuracy"]) == (str(trial), best["figures"]["test_accuracy"])
    assert nncli("eval", sweep_path, "-q").stderr == ""


def test_plot_draws_into_the_sweep(nncli, sweep_path):
    result = nncli("plot", sweep_path)
    assert (result.exit_code, result.stderr) == (0, "")
    drawn = [sweep_path / f"plots/{name}.png" for name in ("sweep", "curves")]
    assert result.stdout.splitlines() == [*map(str, drawn)]
    before = [path.read_bytes() for path in drawn]
    assert nncli("plot", sweep_path).exit_code == 0
    assert [path.read_bytes() for path in drawn] == before
    result = nncli("plot", sweep_path, "--only", "sweep", "--format", "svg", "--out", "here")
    assert result.stdout == "here/sweep.svg\n"
    result = nncli("plot", sweep_path, "--only", "confusion")
    assert (result.exit_code, "nncli plot runs/" in result.stderr) == (2, True)


def test_plot_of_a_sweep_beside_a_run_and_of_nothing_yet(nncli, sweep_path):
    run = Path(nncli("train", "spec.yaml", "-q").stdout.strip())
    assert nncli("plot", sweep_path, run).stdout == "curves.png\n"
    result = nncli("plot", run, "--only", "sweep")
    assert (result.exit_code, "sweep: not drawn: it shows a sweep" in result.stderr) == (2, True)
    path = write_sweep(Path("s"), [Told({"eta": 1}, None, "waiting")])
    result = nncli("plot", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "sweep: not drawn: no trial has a figure yet" in result.stderr
    assert not (path / "plots").exists()


def test_a_trial_that_cannot_be_read_is_said(nncli, sweep_path):
    trial = json.loads((sweep_path / "sweep.json").read_text())["trials"][1]["run"]
    (sweep_path / trial / "run.json").write_text("{")
    result = nncli("plot", sweep_path)
    assert result.exit_code == 0
    assert f"{trial}/run.json: is damaged" in result.stderr
