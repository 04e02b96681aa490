"""`nncli resume --epochs`: a finished run becomes the run that it would have been with more epochs."""

import json
from pathlib import Path

import pytest
from dying import Killed, kill, refused, without_a_word
from support import same_bytes

from nncli import files
from nncli.runs import rundir


def test_a_complete_run_is_said_to_be_complete(nncli, run_path):
    before = {path.name: path.read_bytes() for path in run_path.iterdir()}
    result = nncli("resume", run_path, "--json")
    assert result.exit_code == 0
    assert "already complete" in result.stderr
    assert json.loads(result.stdout)["final"]["epoch"] == 3
    assert {path.name: path.read_bytes() for path in run_path.iterdir()} == before


def test_more_epochs_are_those_of_a_straight_run(nncli, run_path):
    straight = nncli("train", "spec.yaml", "-q", "--set", "epochs=5").stdout.strip()
    result = nncli("resume", run_path, "--epochs", 5)
    assert result.exit_code == 0, result.output
    assert "goes on   after epoch 3" in result.stderr
    same_bytes(Path(straight), run_path)
    assert json.loads((run_path / "summary.json").read_text())["epochs"] == 5
    assert "epochs: 5" in (run_path / "spec.yaml").read_text()
    assert len(json.loads((run_path / "run.json").read_text())["sessions"]) == 1


def test_run_json_says_who_worked_on_it_and_when(nncli, run_path):
    nncli("resume", run_path, "--epochs", 4)
    nncli("resume", run_path, "--epochs", 5)
    run = json.loads((run_path / "run.json").read_text())
    first, second = run["sessions"]
    times = [run["started"], first["ended"], second["started"], second["ended"], run["resumed"]]
    assert times == sorted(times)
    assert first["started"] == run["started"]
    assert [first["status"], second["status"]] == ["finished", "finished"]


def test_an_extension_that_was_killed_goes_on(nncli, run_path, monkeypatch):
    straight = nncli("train", "spec.yaml", "-q", "--set", "epochs=6").stdout.strip()
    kill(nncli, monkeypatch, 20, "resume", run_path, "--epochs", 6)
    gone_on = "has gone on since its last end, and is running; weights.npz is of epoch 3, batch 0"
    assert gone_on in nncli("eval", run_path).stderr
    assert gone_on not in nncli("eval", run_path, "--weights", "last").stderr
    assert nncli("resume", run_path).exit_code == 0
    assert gone_on not in nncli("eval", run_path).stderr
    same_bytes(Path(straight), run_path)


@pytest.mark.parametrize("name", ["spec.yaml", "run.json", "checkpoint.npz"])
def test_an_extension_that_died_before_a_file_was_there_goes_on(nncli, run_path, monkeypatch, name):
    straight = nncli("train", "spec.yaml", "-q", "--set", "epochs=5").stdout.strip()
    replace = files.replace

    def dying(path, data):
        if path.name == name:
            raise Killed
        replace(path, data)

    with monkeypatch.context() as patch:
        without_a_word(patch)
        patch.setattr(files, "replace", dying)
        with pytest.raises(Killed):
            nncli("resume", run_path, "--epochs", 5)
    assert nncli("resume", run_path, "--epochs", 5).exit_code == 0
    same_bytes(Path(straight), run_path)


def test_an_extension_that_broke_before_spec_yaml_was_written_goes_on(nncli, run_path, monkeypatch):
    """run.json says so, and is still that of the shorter run, as spec.yaml is."""
    straight = nncli("train", "spec.yaml", "-q", "--set", "epochs=5").stdout.strip()

    def breaking(path, text):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rundir, "write_spec", breaking)
        assert nncli("resume", run_path, "--epochs", 5).exit_code == 130
    run = json.loads((run_path / "run.json").read_text())
    assert (run["status"], run["reason"]) == ("failed", "KeyboardInterrupt")
    assert run["spec"]["epochs"] == 3
    assert nncli("resume", run_path, "--epochs", 5).exit_code == 0
    same_bytes(Path(straight), run_path)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("schedule=cosine", "schedule: cosine goes down over the whole training"),
        ("schedule={name: linear}", "schedule: linear goes down over the whole training"),
        ("warmup=0.1", "warmup: 0.1 is a share of the whole training"),
        ("record_every=2", "record_every: 2 does not divide the 3 epochs done"),
    ],
)
def test_what_depends_on_the_length_cannot_become_longer(nncli, setting, message):
    run = nncli("train", "spec.yaml", "-q", "--set", setting).stdout.strip()
    refused(nncli, 2, message, "resume", run, "--epochs", 5)
    assert Path(run, "summary.json").exists()


def test_lengths_that_cannot_be(nncli, run_path):
    refused(nncli, 2, "It can only become longer", "resume", run_path, "--epochs", 2)
    assert "already complete" in nncli("resume", run_path, "--epochs", 3).stderr
    run = nncli("train", "spec.yaml", "-q", "--set", "epochs=null", "--set", "iterations=5")
    refused(nncli, 2, "counts iterations", "resume", run.stdout.strip(), "--epochs", 5)


def test_early_stopping_stays_the_end(nncli):
    stopping = "early_stopping={monitor: test_loss, patience: 1, min_delta: 9}"
    run = Path(nncli("train", "spec.yaml", "-q", "--set", stopping).stdout.strip())
    before = (run / "weights.npz").read_bytes()
    result = nncli("resume", run, "--epochs", 9)
    assert result.exit_code == 0
    assert "early stopping ended it after epoch 2: more epochs change nothing" in result.stderr
    assert (run / "weights.npz").read_bytes() == before
