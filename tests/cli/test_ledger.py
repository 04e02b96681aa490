"""`nncli compare`, and the conditions and the order of `nncli runs`."""

import json
import re
import shutil
from pathlib import Path

import pytest
from listed import Told, write_sweep

from nncli.cli import listing

STATUSES = ("finished", "finished", "diverged", "waiting")


@pytest.fixture
def three(nncli, run_path) -> tuple[Path, ...]:
    """Runs that differ in eta and optimizer."""
    changed = (("eta=0.01",), ("optimizer=adam", "eta=0.01"))
    settings = [[word for one in ones for word in ("--set", one)] for ones in changed]
    others = (Path(nncli("train", "spec.yaml", "-q", *words).stdout.strip()) for words in settings)
    return (run_path, *others)


def test_what_differs_stands_beside_the_figures(nncli, three):
    result = nncli("compare", *three)
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[:3] == [f"{number} {path} finished" for number, path in enumerate(three, 1)]
    eta = json.loads(nncli("show", three[0], "--json").stdout)["spec"]["eta"]
    assert f"eta {eta:g} 0.01 0.01" in lines
    assert "optimizer.name sgd sgd adam" in lines
    assert "optimizer.beta1 - - 0.9" in lines
    assert not any(line.startswith(("seed", "name", "epochs")) for line in lines)
    assert any(line.startswith("train loss ") for line in lines)


def test_as_json_each_value_is_there(nncli, three):
    told = json.loads(nncli("compare", *three, "--json").stdout)
    assert told["runs"] == [str(path) for path in three]
    assert told["status"] == ["finished"] * 3
    assert told["spec"]["optimizer.name"] == ["sgd", "sgd", "adam"]
    assert told["machine"] == {}
    assert told["other_data"] is False
    for path, loss in zip(three, told["figures"]["train_loss"], strict=True):
        assert json.loads((path / "summary.json").read_text())["final"]["train_loss"] == loss


def test_the_same_spec_twice_is_said(nncli, run_path):
    again = nncli("train", "spec.yaml", "--quiet").stdout.strip()
    result = nncli("compare", run_path, again)
    assert "their specs are the same" in result.stderr
    assert json.loads(nncli("compare", run_path, again, "--json").stdout)["spec"] == {}


def test_a_sweep_is_all_of_its_trials_in_lines(nncli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    nncli("sweep", "spec.yaml", "--quiet", "--grid", "eta=0.1,0.2,0.3,0.4,0.5,0.6")
    (sweep,) = Path("runs").glob("*-sweep-*")
    runs, table = nncli("compare", sweep).stdout.split("\n\n")[:2]
    assert [line.split()[0] for line in runs.splitlines()] == list("123456")
    assert {Path(line.split()[1]).name for line in runs.splitlines()} == {
        path.name for path in (sweep / "trials").iterdir()
    }
    head, *lines = table.splitlines()
    assert head.split()[:2] == ["run", "eta"]
    assert {line.split()[1] for line in lines} == {f"0.{n}" for n in range(1, 7)}


def test_of_many_runs_the_best_are_shown_and_no_line_is_too_wide(nncli, monkeypatch):
    nncli("sweep", "spec.yaml", "-q", "--grid", "eta=0.01,0.1,1", "--grid", "optimizer=sgd,adam")
    (sweep,) = Path("runs").glob("*-sweep-*")
    monkeypatch.setenv("COLUMNS", "80")
    result = nncli("compare", sweep, "--limit", "3")
    assert "the best 3 of 6 runs by test accuracy; --limit 0 shows them all" in result.stderr
    told = json.loads(nncli("compare", sweep, "--json").stdout)
    ranked = sorted(told["figures"]["test_accuracy"], reverse=True)
    shown = [line.split()[1] for line in result.stdout.splitlines()[:3]]
    values = [told["figures"]["test_accuracy"][told["runs"].index(path)] for path in shown]
    assert (len(told["runs"]), values) == (6, ranked[:3])
    whole = nncli("compare", sweep, "--limit", "0").stdout.splitlines()
    assert len([line for line in whole if line.split()[:1] == ["6"]]) >= 3, "in several tables"
    assert max(map(len, whole)) <= 80


def test_the_best_has_a_star(nncli, three):
    told = json.loads(nncli("compare", *three, "--json").stdout)["figures"]["train_loss"]
    (line,) = (
        line for line in nncli("compare", *three).stdout.splitlines() if line[:10] == "train loss"
    )
    assert [cell.endswith("*") for cell in line.split()[2:]] == [
        value == min(told) for value in told
    ]


def test_what_only_one_spec_has_is_a_difference(nncli, run_path):
    stop = "early_stopping={monitor: test_loss}"
    other = nncli("train", "spec.yaml", "-q", "--set", stop).stdout.strip()
    result = nncli("compare", run_path, other)
    assert "the same" not in result.stderr
    assert re.search(r"^early_stopping.monitor +- +test_loss$", result.stdout, re.MULTILINE)


def test_a_run_that_has_not_ended_is_compared_by_its_checkpoint(nncli, run_path):
    other, begun = (run_path.with_name(name) for name in ("other", "begun"))
    for path in (other, begun):
        shutil.copytree(run_path, path)
        (path / "summary.json").unlink()
    (begun / "checkpoint.npz").unlink()
    record = json.loads((other / "metrics.jsonl").read_text().splitlines()[-1])
    with (other / "metrics.jsonl").open("a") as file:  # as it goes on, until it is resumed
        file.write(json.dumps(record | {"epoch": 4, "train_loss": 9.0}) + "\n")
    result = nncli("compare", run_path, other, begun)
    assert f"{other}  finished, as of its last checkpoint, epoch 3\n" in result.stdout
    assert f"{begun}  finished, no record saved yet\n" in result.stdout
    told = json.loads(nncli("compare", run_path, other, begun, "--json").stdout)
    for first, second, third in told["figures"].values():
        assert (second, third) == (first, None)


def test_a_trial_that_cannot_be_read_or_has_not_begun_is_left_out(nncli, run_path):
    trials = [Told({"eta": n}, 0.1, status) for n, status in enumerate(STATUSES)]
    sweep = write_sweep(Path("s"), trials, like=run_path)
    (sweep / "trials/t0/run.json").write_text("{")
    result = nncli("compare", sweep)
    assert result.exit_code == 0
    assert "warning: s: 1 trial not begun yet\n" in result.stderr
    assert "warning: s/trials/t0/run.json: is damaged" in result.stderr
    assert len(json.loads(nncli("compare", sweep, "--json").stdout)["runs"]) == 2
    result = nncli("compare", sweep, sweep / "trials/t0")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (6, "", 1)
    for name in ("t1", "t2"):
        (sweep / "trials" / name / "run.json").unlink()
    result = nncli("compare", sweep)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "s: has no trial that could be compared" in result.stderr


def test_other_data_and_machines_are_told(nncli, run_path):
    other = run_path.with_name("other")
    shutil.copytree(run_path, other)
    told = json.loads((other / "run.json").read_text())
    told["data"]["sha256"], told["numpy"] = "0" * 64, "1.0"
    (other / "run.json").write_text(json.dumps(told))
    result = nncli("compare", run_path, other)
    assert "not all of these runs were trained on the same data" in result.stderr
    assert re.search(r"^numpy +\S+ +1\.0$", result.stdout, re.MULTILINE)


def test_what_cannot_be_compared(nncli, run_path):
    for words, message in (
        ([run_path], "is one run; to compare, name another"),
        ([run_path, run_path], "is one run"),
        ([run_path, "gone"], "gone: no such run directory"),
    ):
        result = nncli("compare", *words)
        assert result.exit_code == 2
        assert message in result.stderr
        assert result.stderr.count("\n") == 1
    assert nncli("compare", run_path, ".").exit_code == 6


def listed(nncli, *words) -> list[str]:
    result = nncli("runs", *words, "--json")
    assert result.exit_code == 0, result.output
    return [one["run"] for one in json.loads(result.stdout)["runs"]]


def test_runs_that_were_asked_for(nncli, three):
    first, second, third = map(str, three)
    assert listed(nncli, "--where", "optimizer=adam") == [third]
    assert listed(nncli, "--where", "eta=0.01", "--where", "optimizer=sgd") == [second]
    assert set(listed(nncli, "--sort", "eta")) == {first, second, third}
    assert listed(nncli, "--sort", "eta")[-1] == first
    assert listed(nncli, "--sort", "eta", "--reverse", "--limit", "1") == [first]
    assert listed(nncli, "--sort", "-eta") == listed(nncli, "--sort", "eta", "--reverse")
    assert listed(nncli, "--where", "source=moons") == listed(nncli)
    assert listed(nncli, "--limit", "2") == listed(nncli)[-2:]


def test_the_list_shows_what_was_asked_for_and_what_it_leaves_out(nncli, three):
    result = nncli("runs", "--sort", "train_loss", "--where", "eta<=1", "--limit", "1")
    head, line = result.stdout.splitlines()
    assert head.split()[-3:] == ["train", "loss", "eta"]
    assert "1 of 3 runs; --limit 0 lists them all" in result.stderr
    assert float(line.split()[-1]) <= 1
    assert len(nncli("runs", "--limit", "0").stdout.splitlines()) == 4
    assert "none of 3 runs matches" in nncli("runs", "--where", "eta=77").stderr


def test_very_many_lines_look_like_a_few(nncli, three, monkeypatch):
    words = ("runs", "--sort", "eta", "--where", "optimizer!=none")
    drawn = nncli(*words).stdout
    monkeypatch.setattr(listing, "MOST_DRAWN", 1)
    assert nncli(*words).stdout == drawn
    assert listing.aligned([["漢字", "1"], ["a", "23"]], left=1) == "漢字   1\na     23"


def test_a_wrong_condition_is_one_line(nncli, three):
    for words, message in (
        (("--where", "eta"), "--where eta: has no comparison"),
        (("--sort", "lr"), "lr: no run here has that. Did you mean `eta`?"),
    ):
        result = nncli("runs", *words)
        assert result.exit_code == 2
        assert message in result.stderr
        assert result.stderr.count("\n") == 1
