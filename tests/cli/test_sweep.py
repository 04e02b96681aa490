"""`nncli sweep`: real worker processes, a row for each trial, the same command goes on."""

import json
from pathlib import Path

import pytest
from support import same_bytes

from nncli.errors import UsageError
from nncli.spec.sweeps import SweepSpec
from nncli.sweep.grid import read_grid, sweep_id, trial_id
from nncli.sweep.space import space


def sweep_dir() -> Path:
    (path,) = Path("runs").glob("spec-sweep-*")
    return path


def test_each_trial_is_a_run_and_the_ranking_is_by_the_tracked_split(nncli):
    result = nncli("sweep", "spec.yaml")
    assert result.exit_code == 0, result.output
    value = json.loads((sweep_dir() / "sweep.json").read_text())
    assert value["metric"] == "test_accuracy"
    assert [trial["point"] for trial in value["trials"]] == [{"eta": 0.5}, {"eta": 0.001}]
    assert value["best"] == value["trials"][0]["id"] == trial_id({"eta": 0.5})
    for trial in value["trials"]:
        shown = nncli("eval", sweep_dir() / trial["run"], "--json")
        assert json.loads(shown.stdout)["accuracy"] == trial["figures"]["test_accuracy"]
    assert "best: eta=0.5" in result.stdout
    assert (sweep_dir() / "sweep.yaml").read_bytes() == Path("spec.yaml").read_bytes()
    single = Path(nncli("train", "spec.yaml", "-q", "--set", "threads=1").stdout.strip())
    best = sweep_dir() / value["trials"][0]["run"]
    assert (single / "weights.npz").read_bytes() == (best / "weights.npz").read_bytes()


def test_trials_are_ranked_by_validation_rows_and_have_the_same_weights(nncli):
    """The spec tracks the test rows alone: what each trial has in addition changes no byte of its weights."""
    rows = ("--set", "data.validation=20")
    result = nncli("sweep", "spec.yaml", *rows, "--json")
    told = json.loads(result.stdout)
    assert told["metric"] == "validation_accuracy"
    assert "ranked by" not in result.stderr
    best = sweep_dir() / told["trials"][0]["run"]
    assert (best / "spec.yaml").read_text().count("track: [validation, test]") == 1
    eta = told["trials"][0]["point"]["eta"]
    words = (*rows, "--set", f"eta={eta}", "--set", "threads=1", "-q")
    single = Path(nncli("train", "spec.yaml", *words).stdout.strip())
    assert "track: [test]" in (single / "spec.yaml").read_text()
    assert (single / "weights.npz").read_bytes() == (best / "weights.npz").read_bytes()
    without = nncli("sweep", "spec.yaml", "--json")
    assert "ranked by test accuracy, for want of validation figures" in without.stderr


def test_the_same_command_goes_on_and_fresh_starts_another(nncli):
    assert nncli("sweep", "spec.yaml", "--grid", "eta=0.1,0.2").exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in sweep_dir().rglob("weights.npz")}
    result = nncli("sweep", "spec.yaml", "--grid", "eta=0.1,0.2,0.3", "--json")
    assert "3 trials, 1 to run" in result.stderr
    assert len(json.loads(result.stdout)["trials"]) == 3
    after = {path: path.stat().st_mtime_ns for path in sweep_dir().rglob("weights.npz")}
    assert before.items() < after.items()
    result = nncli("sweep", "spec.yaml", "--grid", "eta=0.1", "--fresh")
    assert "1 trial, 1 to run" in result.stderr
    assert len(list(Path("runs").glob("spec-sweep-*"))) == 2


def test_a_trial_cut_short_goes_on_and_one_that_is_damaged_is_kept_aside(nncli):
    nncli("sweep", "spec.yaml", "--grid", "eta=0.1", "-q")
    trial = sweep_dir() / "trials" / trial_id({"eta": 0.1})
    whole = (trial / "weights.npz").read_bytes()
    run = json.loads((trial / "run.json").read_text())
    (trial / "run.json").write_text(json.dumps(run | {"status": "running", "pid": 2**22 + 1}))
    (trial / "summary.json").unlink()
    (trial / "weights.npz").unlink()
    assert nncli("sweep", "spec.yaml", "--grid", "eta=0.1").exit_code == 0
    assert (trial / "weights.npz").read_bytes() == whole
    assert len(json.loads((trial / "run.json").read_text())["sessions"]) == 1
    (trial / "summary.json").unlink()
    (trial / "run.json").write_text(json.dumps(run | {"status": "running", "pid": 2**22 + 1}))
    (trial / "checkpoint.npz").write_bytes(b"damaged")
    assert nncli("sweep", "spec.yaml", "--grid", "eta=0.1").exit_code == 0
    assert (trial / "weights.npz").read_bytes() == whole
    assert trial.with_name(trial.name + ".stale-1").is_dir()


def test_a_sweep_of_an_earlier_nncli_is_told_what_may_be_wrong(nncli):
    """It let one trial's penalty count for all; whoever goes on with a trial of it does not make it right."""
    words = ("sweep", "spec.yaml", "--grid", "regularizer.l2=0,0.1")
    assert "warning" not in nncli(*words).stderr
    for run in sweep_dir().glob("trials/*/run.json"):
        value = json.loads(run.read_text())
        assert value.pop("stacking") == 1
        run.write_text(json.dumps(value | {"status": "interrupted"}))
        (run.parent / "summary.json").unlink()
    for _ in range(2):
        result = nncli(*words, "-q")
        assert "2 trials with another trial's regularizer.l2: regularizer.l2=0" in result.stderr
        assert result.exit_code == 0
    assert "warning" not in nncli(*words, "--fresh").stderr


def test_a_diverging_or_failing_trial_is_a_row(nncli):
    text = Path("spec.yaml").read_text().replace("tanh", "identity")
    Path("spec.yaml").write_text(text.replace("softmax", "identity"))
    result = nncli("sweep", "spec.yaml", "--grid", "eta=0.01,1e300", "--json")
    assert result.exit_code == 0
    finished, diverged = json.loads(result.stdout)["trials"]
    assert (finished["point"], finished["status"]) == ({"eta": 0.01}, "finished")
    assert (diverged["point"], diverged["status"]) == ({"eta": 1e300}, "diverged")
    assert "epoch 1, batch" in diverged["reason"]
    result = nncli("sweep", "spec.yaml", "--grid", "eta=1e300", "--fresh")
    assert result.exit_code == 3


def test_refusals(nncli):
    def refused(message: str, *words: object) -> None:
        result = nncli("sweep", "spec.yaml", *words)
        assert result.exit_code == 2, result.output
        assert message in result.stderr
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        assert not Path("runs").exists()

    refused("--grid eta: write it as key=value,value", "--grid", "eta")
    refused("--grid eta: has no values", "--grid", "eta=")
    refused("trial eta=-1: eta: ", "--grid", "eta=1,-1")
    refused(
        "--grid: sweep.etta: is not a key that can be swept. Did you mean `eta`?",
        "--grid",
        "etta=1",
    )
    refused("--grid: sweep.threads: is not a key that can be swept", "--grid", "threads=1,2")
    refused("the sweep has 1,000,000 trials, more than 1,000", "--grid", "eta=" + ",".join(["1"] * 1000),
            "--grid", "seed=" + ",".join(["1"] * 1000))  # fmt: skip
    refused("spec.yaml: has no `sweep:`", "--set", "sweep=null")
    refused("there is no file or folder", "--set", "data={source: mnist, path: nowhere}")


def test_points_are_every_combination_once():
    grid = read_grid(["eta=0.1,1e-3,0.1", "optimizer.name=sgd", "seed=0,1"])
    found = space(SweepSpec(**grid), seed=0)
    assert list(found.points) == [
        {"eta": eta, "optimizer.name": "sgd", "seed": seed}
        for eta in (0.1, 0.001)
        for seed in (0, 1)
    ]
    assert found.notice == "2 points were listed twice"
    with pytest.raises(UsageError, match="--max-trials 4"):
        space(SweepSpec(a=[1, 2], b=[1, 2]), seed=0, most=3)


def test_identities_do_not_depend_on_how_things_are_written():
    assert trial_id({"a": 1, "b": [2.0]}) == trial_id({"b": [2], "a": 1.0})
    assert trial_id({"a": 1}) != trial_id({"a": 2})
    base = {"eta": 1.0, "name": "x", "threads": None}
    assert sweep_id(base) == sweep_id({"eta": 1, "name": "y", "threads": 2, "sweep": {"eta": [1]}})
    assert sweep_id(base) != sweep_id({"eta": 2})
    assert len(sweep_id(base)) == 8


@pytest.mark.parametrize(
    "grid",
    [
        ["eta=0.001,0.01,0.1,1,30"],
        ["seed=0,1,2", "eta=0.1,0.5"],
        ["optimizer.mu=0.5,0.9", "regularizer.l2=0,0.01,0.3"],
        ["batch_size=10,20", "eta=0.1,0.5"],
    ],
)
def test_each_trial_has_the_bytes_of_the_run_alone(nncli, grid):
    """On one worker, whose stacks hold all that may be together: two may be dealt what is alike."""
    base = ["--set", "optimizer={name: momentum, mu: 0.8}", "--set", "sweep=null"]
    words = [word for one in grid for word in ("--grid", one)]
    result = nncli("sweep", "spec.yaml", *base, *words, "--workers", 1, "--json")
    assert result.exit_code == 0, result.output
    for trial in json.loads(result.stdout)["trials"]:
        settings = [f"{key}={json.dumps(value)}" for key, value in trial["point"].items()]
        words = [word for one in [*settings, "threads=1"] for word in ("--set", one)]
        alone = Path(nncli("train", "spec.yaml", *base, *words, "-q").stdout.strip())
        same_bytes(alone, sweep_dir() / trial["run"])
