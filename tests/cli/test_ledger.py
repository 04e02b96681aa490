"""`nncli compare`, and the conditions and the order of `nncli runs`."""

import json
import re
import shutil
from pathlib import Path

import pytest


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
    assert not any(line.startswith(("seed", "name", "epochs", "optimizer.beta1")) for line in lines)
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
    lines = nncli("compare", sweep).stdout.splitlines()
    assert len(lines) == 7
    assert lines[0].split()[:2] == ["run", "eta"]
    assert {line.split()[1] for line in lines[1:]} == {f"0.{n}" for n in range(1, 7)}


def test_a_run_that_has_not_ended_is_compared_by_its_records(nncli, run_path):
    other = run_path.with_name("other")
    shutil.copytree(run_path, other)
    (other / "summary.json").unlink()
    told = json.loads(nncli("compare", run_path, other, "--json").stdout)
    for first, second in told["figures"].values():
        assert first == second


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


def test_a_wrong_condition_is_one_line(nncli, three):
    for words, message in (
        (("--where", "eta"), "--where eta: has no comparison"),
        (("--sort", "lr"), "lr: no run here has that. Did you mean `eta`?"),
    ):
        result = nncli("runs", *words)
        assert result.exit_code == 2
        assert message in result.stderr
        assert result.stderr.count("\n") == 1
